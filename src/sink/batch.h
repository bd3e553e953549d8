/*
 * batch: events in messages over HTTP, as many in one as the receiver takes.
 *
 *	all --refused as one--> half --taken--> twice as many ...
 *
 * So the one event that a receiver will never take is found among a thousand in some ten messages, and what stands before it is
 * taken.
 *
 * That one is given up only where the receiver takes another: else nothing is said against the event, and it is tried again.
 * One that is alone has an hour for it.
 */
#ifndef SINK_BATCH_H
#define SINK_BATCH_H

#include "sink/http.h"

struct batch_sent {
	size_t took;         /* events in the message, from the first on */
	size_t acknowledged; /* of them */
	enum sender_outcome outcome;
	bool together; /* refused, and nobody knows which of them it is */
};

/* One message with some of these events; words say what came of it. */
typedef struct batch_sent batch_fn(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS]);

struct batch {
	struct http *http;
	batch_fn *send;
	size_t most, now;    /* events in a message: ever, and as the receiver was last */
	int64_t patience_ns; /* with one that is refused and alone */
	uint64_t alone;      /* its id, 0: there is none */
	int64_t alone_since; /* of the monotonic clock */
};

struct batch batch_of(struct http *h, batch_fn *send, unsigned most);

/* In cfg->timeout_ns of the link at most. */
void batch_send(struct batch *b, void *state, const struct sender_event *e, size_t n, struct sender_result *r);

/* A message and its answer: SENDER_AGAIN where none came. */
struct batch_sent
batch_post(struct http *h, const struct http_request *q, struct http_answer *a, size_t took, char words[SENDER_WORDS]);

#endif
