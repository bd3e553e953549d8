/*
 * capture: frames from an interface, live.  The only part that knows libpcap.
 *
 * TPACKET_V3 with blocks: no immediate mode (it falls back to V2 and wakes a packet at a time), a large
 * ring, nanosecond stamps.
 */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include "packet/packet.h"

enum { CAPTURE_SNAPLEN = 1 << 18, CAPTURE_TIMEOUT_MS = 100, CAPTURE_ERROR_MAX = 512 };

struct capture;

struct capture_config {
	const char *iface;
	const char *filter; /* BPF, NULL: all */
	size_t buffer;      /* capture.buffer */
	bool promiscuous;
};

struct capture_drops {
	uint64_t packets;   /* delivered by the kernel */
	uint64_t ring;      /* lost: the ring was full */
	uint64_t interface; /* lost by the interface */
};

/* NULL: error is one line. */
struct capture *capture_open(const struct capture_config *cfg, char error[CAPTURE_ERROR_MAX]);
void capture_close(struct capture *c);

/*
 * At most max frames; waits at most CAPTURE_TIMEOUT_MS.  The frames are copies in a buffer of the capture's
 * and live until the next call: the ring hands its blocks back to the kernel as it goes.
 * False: the capture is over; error says why.
 */
bool capture_frames(struct capture *c, struct frame *frames, size_t max, size_t *n);
const char *capture_error(const struct capture *c);

uint32_t capture_link(const struct capture *c);
struct capture_drops capture_drops(struct capture *c);

#endif
