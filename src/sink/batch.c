/*
 * batch: see batch.h.  Must not know what a message looks like.
 */
#include "sink/batch.h"

#define PATIENCE_NS (3600 * NS_PER_S)

struct batch
batch_of(struct http *h, batch_fn *send, unsigned most)
{
	return (struct batch){.http = h, .send = send, .most = most, .now = most, .patience_ns = PATIENCE_NS};
}

static size_t
at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A receiver that refuses one event may refuse them all: nginx answers 400 to whoever lacks a client certificate.  It is the
   event's own fault where another one is taken in the same breath; those that were tried for it are sent again in their turn. */
static bool
takes_others(struct batch *b, void *state, const struct sender_event *e, size_t n)
{
	enum { TRIES = 16 };
	char words[SENDER_WORDS];

	for (size_t i = 0; i < at_most(n, TRIES) && !http_late(b->http); i++) {
		const struct batch_sent s = b->send(state, e + i, 1, words);

		if (s.outcome != SENDER_REFUSED)
			return s.outcome == SENDER_DONE;
	}
	return false;
}

/* There is none beside it that is taken.  To be refused for so long is enough, so that what comes after it does not wait for
   ever. */
static bool
is_given_up(struct batch *b, uint64_t id)
{
	if (b->alone != id) {
		b->alone = id;
		b->alone_since = http_now();
	}
	return http_now() - b->alone_since >= b->patience_ns;
}

/* Is it the event's own fault?  It is the first that is not acknowledged. */
static bool
is_guilty(struct batch *b, void *state, const struct sender_event *e, size_t n, size_t acknowledged)
{
	const size_t behind = acknowledged + 1;
	const bool guilty = behind < n ? takes_others(b, state, e + behind, n - behind) : acknowledged > 0;

	return guilty || is_given_up(b, e[acknowledged].id);
}

/* What is left of n events, after one message of some of them. */
static bool
goes_on(struct batch *b, void *state, const struct sender_event *e, size_t n, const struct batch_sent *s,
	struct sender_result *r)
{
	if (s->outcome == SENDER_DONE) {
		b->now = at_most(b->most, 2 * b->now);
		return true;
	}
	if (s->outcome == SENDER_REFUSED && s->together && s->took > 1) {
		b->now = s->took / 2;
		return true;
	}
	r->outcome = s->outcome;
	if (s->outcome == SENDER_REFUSED && s->together && !is_guilty(b, state, e, n, r->acknowledged))
		r->outcome = SENDER_AGAIN;
	return false;
}

void
batch_send(struct batch *b, void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	*r = (struct sender_result){.outcome = SENDER_DONE};
	http_begin(b->http);
	while (r->acknowledged < n) {
		const struct batch_sent s =
			b->send(state, e + r->acknowledged, at_most(n - r->acknowledged, b->now), r->words);

		r->acknowledged += s.acknowledged;
		if (!goes_on(b, state, e, n, &s, r))
			return;
		if (r->acknowledged < n && http_late(b->http)) {
			http_say(b->http, r->words, "took a part of it in the time it has", (struct text){0});
			r->outcome = SENDER_AGAIN;
			return;
		}
	}
}

struct batch_sent
batch_post(struct http *h, const struct http_request *q, struct http_answer *a, size_t took, char words[SENDER_WORDS])
{
	struct batch_sent s = {.took = took, .outcome = SENDER_AGAIN};

	if (!http_post(h, q, a)) {
		memcpy(words, a->words, SENDER_WORDS);
		return s;
	}
	s.outcome = http_meaning(h, a, words);
	s.acknowledged = s.outcome == SENDER_DONE ? took : 0;
	s.together = true;
	return s;
}
