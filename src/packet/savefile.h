/*
 * savefile: pcap and pcapng read from memory, block by block.
 *
 * libpcap refuses a pcapng file whose interfaces differ in link type, and cannot say where a file was cut;
 * a witness must read both.  Pure: the caller brings bytes and keeps what was not consumed.
 * Formats: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html and -pcapng-02.html
 */
#ifndef PACKET_SAVEFILE_H
#define PACKET_SAVEFILE_H

#include "packet/packet.h"

/* SAVEFILE_NEED: a buffer of this many bytes never sees SAVEFILE_MORE while it is full. */
enum { SAVEFILE_INTERFACES = 256, SAVEFILE_FRAME_MAX = 1 << 18, SAVEFILE_NEED = 2 << 18 };

struct savefile_interface {
	uint32_t link;
	uint32_t snaplen; /* 0: no limit */
	uint64_t units;   /* ticks a second */
	int64_t offset;   /* seconds added (if_tsoffset) */
};

struct savefile {
	bool started;
	bool ng, swapped; /* swapped: not in this machine's byte order */
	uint8_t head;     /* pcap: bytes of a frame's header */
	uint32_t tick_ns; /* pcap: nanoseconds a tick */
	uint32_t skip;    /* bytes of a block nobody needs that were not there yet */
	uint32_t interfaces;
	struct savefile_interface interface[SAVEFILE_INTERFACES];
};

enum savefile_verdict {
	SAVEFILE_FRAME, /* *f is filled, a view into the bytes */
	SAVEFILE_OTHER, /* a header or a block without a frame was read; call again */
	SAVEFILE_MORE,  /* the next block is not whole yet: bring more bytes */
	SAVEFILE_BAD,   /* not a capture, or damaged here: `why` says what */
};

/* At the end of the input: true when it ends inside a block that is being skipped. */
static inline bool
savefile_owed(const struct savefile *s)
{
	return s->skip != 0;
}

/* Reads the next block and advances the cursor over it; SAVEFILE_MORE and _BAD leave it where it is.
   Start with a cleared struct savefile. */
enum savefile_verdict savefile_next(struct savefile *s, struct cur *bytes, struct frame *f, const char **why);

/* The same for many at once: whole frames that follow each other, at most max.  0: savefile_next says why. */
size_t savefile_frames(const struct savefile *s, struct cur *bytes, struct frame *frames, size_t max);

#endif
