/*
 * answers: what a broker has answered to each message of one batch, by packet identifiers.  Pure; whoever shares it locks.
 */
#ifndef SINK_ANSWERS_H
#define SINK_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

enum { ANSWERS_WAITING = -1 };

struct answer {
	int id;     /* packet identifier */
	int reason; /* ANSWERS_WAITING: there is none yet */
};

struct answers {
	struct answer *of;
	size_t count, settled, next;
};

/* For so many messages at most.  False: no memory. */
bool answers_init(struct answers *a, size_t most);
void answers_fini(struct answers *a);

/* A batch begins; the next message of it; the answer to one of them.  False: to none of them. */
void answers_begin(struct answers *a);
void answers_expect(struct answers *a, int id);
bool answers_take(struct answers *a, int id, int reason);

/* Are all there? */
bool answers_whole(const struct answers *a);

/* The batch is over, and what comes late is of no account; then the answer to its i-th message. */
void answers_end(struct answers *a);
int answers_to(const struct answers *a, size_t i);

#endif
