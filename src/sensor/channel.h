/*
 * channel: messages between two of our processes over a socket or pipe, framed, bounded, checked.
 *
 *	message	type (1 byte) | length (3 bytes, lowest first) | so many bytes
 *
 * Both ends know one table of types, which says how short and how long each may be.  A reader never trusts a length: a
 * type that is none, or a length outside its bounds, breaks the channel for good, and says so.  One end of a channel
 * writes and reads; a pipe has one direction, and the other is not used.
 *
 * Nobody waits unless they say so: writing collects messages, many for a write(2); reading gives what is there.  Two
 * ends that both wait for room would wait for ever, so of two ends one at most may use channel_drain.
 * The process ignores SIGPIPE: a peer that is gone is CHANNEL_ENDED to who reads, and broken to who writes.
 */
#ifndef SENSOR_CHANNEL_H
#define SENSOR_CHANNEL_H

#include "base/cur.h"

enum { CHANNEL_TYPES_MAX = 32, CHANNEL_MESSAGE_MAX = (1 << 24) - 1, CHANNEL_HEAD = 4, CHANNEL_ERROR_MAX = 160 };

/* A type of message; its number is its place in the table.  A table's gaps have no name. */
struct channel_kind {
	const char *name;
	uint32_t least, most; /* bytes */
};
struct channel_kinds {
	const struct channel_kind *kind;
	unsigned n; /* at most CHANNEL_TYPES_MAX */
};

struct channel_message {
	uint8_t type;
	struct cur bytes;
};

enum channel_result {
	CHANNEL_MESSAGE, /* here is one */
	CHANNEL_NOTHING, /* none is whole yet: poll for reading */
	CHANNEL_ENDED,   /* the peer closed it, between two messages */
	CHANNEL_BROKEN   /* channel_error says why; so is every call from now on */
};

/* Pure: the next message of these bytes, which advance behind it; NOTHING: more are needed, the cursor stays.  BROKEN:
   `error` says in one line what these bytes are instead. */
enum channel_result channel_parse(const struct channel_kinds *kinds, struct cur *bytes, struct channel_message *m,
				  char error[CHANNEL_ERROR_MAX]);

struct channel;

/* Takes fd, a connected stream socket or a pipe, and makes it non-blocking.  The table must outlive it.  `held`: so many
   bytes may wait to be written, and so many that were read to be taken; at least one message of the longest kind fits.
   NULL: no memory, or fd is none (errno). */
struct channel *channel_new(int fd, const struct channel_kinds *kinds, size_t held);
void channel_free(struct channel *c); /* closes fd; what waits is lost */
int channel_fd(const struct channel *c);

/* What broke it, "": nothing did. */
const char *channel_error(const struct channel *c);

/* Puts it behind what waits to be written.  False: broken, or there is no room: channel_flush or channel_drain makes some.
   A message that its table does not allow is our own mistake: abort. */
bool channel_send(struct channel *c, uint8_t type, const void *bytes, size_t n);

size_t channel_waiting(const struct channel *c); /* bytes that were put and not yet written */
/* Writes what can be written without waiting.  False: broken. */
bool channel_flush(struct channel *c);
/* Waits until all is written.  False: broken. */
bool channel_drain(struct channel *c);

/* The next message, valid until the next call.  At most one read(2) a call, and none while a whole message is here. */
enum channel_result channel_next(struct channel *c, struct channel_message *m);

/* For who keeps messages here until their turn comes: reads on as far as there is room; MESSAGE: something came, ENDED:
   nothing will, but what was read is still there. */
enum channel_result channel_read(struct channel *c);
/* The next of those, valid until the next call; it stays the next until channel_taken. */
enum channel_result channel_peek(struct channel *c, struct channel_message *m);
void channel_taken(struct channel *c);
bool channel_has_room(const struct channel *c); /* channel_read would read */

#endif
