/*
 * join: the two lines of a connection that other sensors write, one of the flow and one of TLS, as one record.
 *
 * Whichever comes first waits for the other, in memory with a limit: when it is reached the one that waited longest goes
 * on alone, and so does what waits at the end.
 */
#ifndef CMD_JOIN_H
#define CMD_JOIN_H

#include "sensor/foreign.h"

enum { JOIN_WAITING = 1 << 16 };

struct join;

struct join_counts {
	uint64_t both, flow_alone, tls_alone; /* records told; flow_alone: though TLS was seen */
	uint64_t plain;                       /* flows without TLS */
	uint64_t pushed_out;                  /* of those alone: there was no room to wait longer */
};

/* waiting: at most so many, JOIN_WAITING unless a test says less.  NULL: no memory. */
struct join *join_new(unsigned waiting, void *arg, void (*tell)(void *arg, const struct session *s));
void join_free(struct join *j);

/* A line that is a part of a connection.  False: no memory. */
bool join_add(struct join *j, const struct foreign *f);
void join_end(struct join *j);
struct join_counts join_counts(const struct join *j);

#endif
