/*
 * attempt: shapes of failed logins.  Must not count who makes them.
 */
#include "detect/attempt.h"
#include "detect/visit.h"

enum {
	REQUEST_MIN = 100,
	REQUEST_MAX = 4096,
	ANSWER_MAX = 16384,
	SIZES = 3, /* distinct sizes of requests; block ciphers leave few */
	TTL_CLASS = 32
};

void
heap_add(struct heap *h, const struct turn *t)
{
	if (h->count == 0) {
		*h = (struct heap){.sizes = size_bit(t->request, 1),
				   .count = t->count,
				   .request_min = t->request,
				   .request_max = t->request,
				   .answer_min = t->answer,
				   .answer_max = t->answer,
				   .size = t->request,
				   .size_votes = t->count};
		return;
	}
	h->request_min = least(h->request_min, t->request);
	h->request_max = most(h->request_max, t->request);
	h->answer_min = least(h->answer_min, t->answer);
	h->answer_max = most(h->answer_max, t->answer);
	h->sizes |= size_bit(t->request, 1);
	h->count += least(t->count, UINT32_MAX - h->count);
	if (h->size == t->request) {
		h->size_votes += least(t->count, UINT32_MAX - h->size_votes);
	} else if (h->size_votes < t->count) {
		h->size = t->request;
		h->size_votes = t->count - h->size_votes;
	} else {
		h->size_votes -= t->count;
	}
}

/* Seven in ten alike leave at least four votes in ten. */
bool
heap_varies(const struct heap *h)
{
	return set_has(h->sizes, SIZES) && h->size_votes * UINT64_C(10) < h->count * UINT64_C(4);
}

bool
attempts_possible(const struct view *v)
{
	const struct session *s = v->s;
	const struct visit *w = v->visit;

	if (s->role != ROLE_INBOUND || v->from >= v->until || v->familiar || v->monitor || v->degraded || v->hidden ||
	    (s->carrier != CARRIER_TCP && s->carrier != CARRIER_STARTTLS))
		return false;
	return !w || (!(w->phases & (PHASE_ASSETS | PHASE_TUNNEL)) &&
		      w->bytes_down <= (uint64_t)ANSWER_MAX * (w->exchanges + 1));
}

bool
is_attempt(const struct turn *t)
{
	return t->request >= REQUEST_MIN && t->request <= REQUEST_MAX && t->answer > 0 && t->answer <= ANSWER_MAX;
}

uint64_t
tcp_signature(const struct session *s)
{
	uint64_t ttl = ((uint64_t)s->ttl_src + TTL_CLASS - 1) / TTL_CLASS;

	return (uint64_t)s->window_src << 32 | (uint64_t)s->mss_src << 16 | (uint64_t)s->wscale_src << 8 | ttl;
}
