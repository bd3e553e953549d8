/*
 * evidence_ring: the latest frames of gateways' connections, in a fixed piece of memory of their own.
 *
 *	told frame --cut--> record | record | record ...	the oldest make room
 *	                       \_ session: who, its id, where its records begin and end
 *
 * After the handshake of a connection only headers are kept, unless payload is asked for: what is encrypted tells an
 * analyst nothing, and takes the room of minutes.  Where there is no handshake, it ends when both sides have spoken;
 * and after 64 KiB in any case.  Must not touch a file.
 */
#ifndef SENSOR_EVIDENCE_RING_H
#define SENSOR_EVIDENCE_RING_H

#include "pipeline.h"

enum { RING_MIN = 1 << 20, RING_WHOLE_MAX = 1 << 16, RING_PIECES = 32 };

/* A connection with frames in the ring. */
struct ring_session {
	struct addr addr[2], named[2]; /* named: as records may name them */
	uint16_t port[2];
	uint8_t proto;
	bool over;      /* its handshake is: what comes is cut */
	bool fresh;     /* the owner's: to be written */
	uint32_t whole; /* bytes of payload kept so far */
	struct when first;
	uint64_t id, named_id, hash;
	uint64_t begin, last; /* places of its records; last 0: the item is free */
	uint64_t files;       /* the owner's: bits of incidents that it belongs to */
};

struct ring_frame {
	struct frame frame;
	uint32_t session; /* 0: a piece of a packet that never became whole */
};

struct ring;

/* All of it lies in `size` bytes, at least RING_MIN; sensor as in session_id. */
struct ring *ring_new(void *memory, size_t size, uint64_t sensor, bool payload);

/* Records name addresses by others (pseudonyms) that this says; NULL: as they are.  Before the first frame. */
void ring_names(struct ring *r, struct addr (*named)(void *arg, const struct addr *a), void *arg);

/* Is it a connection of that address, or the session with that id, by either name?  Whether a record had pseudonyms is
   known when it is finished only. */
bool ring_is_of(const struct ring_session *s, const struct addr *a);
bool ring_is_called(const struct ring_session *s, uint64_t id);

/* What became of a frame: its session, and the place from which on records are new of it: its own, and those of pieces
   that it completes.  session 0: a piece that waits. */
struct ring_kept {
	uint32_t session;
	bool is_new;
	uint64_t from;
};
struct ring_kept ring_put(struct ring *r, const struct told_frame *t);

/* The record at or after *at, which moves behind it; false: there are no more. */
bool ring_next(const struct ring *r, uint64_t *at, struct ring_frame *f);

/* Sessions by handle, 1 to ring_sessions; some are free. */
uint32_t ring_sessions(const struct ring *r);
struct ring_session *ring_session(const struct ring *r, uint32_t handle);

/* How far back it reaches: the oldest frame's time; INT64_MAX: it is empty. */
struct when ring_since(const struct ring *r);

#endif
