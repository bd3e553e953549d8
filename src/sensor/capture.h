/*
 * capture: frames from interfaces, live.  Only capture*.c know libpcap.
 *
 *	eth1 --ring--> frames \
 *	                        by time --> frames		the two legs of a tap are one capture
 *	eth2 --ring--> frames /
 *
 * TPACKET_V3 with blocks: no immediate mode (it falls back to V2 and wakes a packet at a time), a large ring,
 * nanosecond stamps, VLAN tags put back where the kernel took them off.  An interface that goes down or away is waited
 * for; the time without it is a loss with its cause.
 */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include "base/loss.h"
#include "packet/packet.h"

enum {
	CAPTURE_SNAPLEN = 1 << 18,
	CAPTURE_TIMEOUT_MS = 100,
	CAPTURE_ERROR_MAX = 512,
	CAPTURE_PORTS = 8,
	CAPTURE_NAME = 64,
	CAPTURE_COPIES = 8 << 20, /* room for a batch of the largest frames; only what is used is ever touched */
};

struct capture;

/* One of n processes that share the traffic of the same interfaces; both directions of a connection reach the same. */
struct capture_fan {
	unsigned members; /* 0 or 1: alone */
	uint16_t group;   /* of the first interface; the next one's is one more.  The same for all members */
	uint32_t seed;    /* as fanout_live; the same for all members */
};

struct capture_config {
	const char *iface;  /* one or several, comma */
	const char *filter; /* BPF, NULL: all */
	size_t buffer;      /* capture.buffer, of all members and interfaces together */
	bool promiscuous;
	void *copies; /* CAPTURE_PORTS * CAPTURE_COPIES bytes that frames are copied into; NULL: its own */
	bool beside;  /* another member counts what the card and the kernel's queue lose: that is once for all */
	bool once;    /* an interface that is gone ends the capture: who is confined cannot open it again */
	struct capture_fan fan;
};

struct capture_drops {
	uint64_t packets;   /* that came to the ring, also those for which it had no room */
	uint64_t ring;      /* lost: the ring was full */
	uint64_t interface; /* lost before: by the card or the kernel's queue */
	struct losses loss; /* by cause; upstream and memory are not known here */
};

/* The next name of such a list, and what is behind it; NULL: there is none, or it is too long. */
const char *capture_name(const char *names, char name[CAPTURE_NAME]);

/* NULL: error is one line.  An interface that is there but down is waited for. */
struct capture *capture_open(const struct capture_config *cfg, char error[CAPTURE_ERROR_MAX]);
void capture_close(struct capture *c);

/*
 * At most max frames; waits at most CAPTURE_TIMEOUT_MS.  The frames are copies in a buffer of the capture's
 * and live until the next call: the ring hands its blocks back to the kernel as it goes.
 * False: the capture is over; error says why.
 */
bool capture_frames(struct capture *c, struct frame *frames, size_t max, size_t *n);
const char *capture_error(const struct capture *c);

/* An interface went away or came back: one line to tell, once.  False: nothing. */
bool capture_news(struct capture *c, char line[CAPTURE_ERROR_MAX]);

uint32_t capture_link(const struct capture *c);
struct capture_drops capture_drops(struct capture *c);

/*
 * The packet sockets; n at most CAPTURE_PORTS.  Whoever else holds a socket when its process dies keeps that member's
 * place in the group: the others' connections stay where they are, and the member that joins next, before the held
 * one is closed, takes the place over (the kernel moves the last member into the gap).
 */
size_t capture_sockets(const struct capture *c, int fds[CAPTURE_PORTS]);

/*
 * How long a ring of that many bytes lasts at that rate when nobody reads, in ms; bytes as on the wire.  However little
 * there is, a block is closed after CAPTURE_TIMEOUT_MS, and a ring has a block each 256 KiB.
 */
uint64_t capture_bridges_ms(size_t buffer, uint64_t frames_s, uint64_t bytes_s);

#endif
