/*
 * steady: the next bytes of a stream of which every further record is application data, by the short way.
 * Must give what tls_next would: at most one record begins in a segment here; more, or another, are its work.
 */
#include "tls/record.h"

/* Of the one record that begins there and goes to the end of the segment or beyond; else UINT32_MAX. */
static inline uint32_t
only_length(struct cur *c)
{
	const uint8_t *h = cur_take(c, RECORD_HEAD);
	uint32_t length;

	if (!h || h[0] != APPLICATION || h[1] != 3 || h[2] > 4)
		return UINT32_MAX;
	length = (uint32_t)h[3] << 8 | h[4];
	return length <= RECORD_MAX && cur_left(c) <= length ? length : UINT32_MAX;
}

bool
tls_steady_begin(const struct tls *t, uint32_t handle, struct tls_steady *s)
{
	const struct half *h = handle && handle != TLS_NOT ? half_at(t, handle) : NULL;
	const struct full *f;

	if (!h || !(h->stage & HALF_STEADY))
		return false;
	f = full_at(t, h->full);
	*s = (struct tls_steady){.left = {h->left[0], h->left[1]},
				 .overhead = f->overhead ? f->overhead : UNKNOWN_OVERHEAD,
				 .alert = f->flags & FULL_13 ? ALERT_13 : 0};
	return true;
}

void
tls_steady_end(struct tls *t, uint32_t handle, const struct tls_steady *s)
{
	struct half *h = half_at(t, handle);
	struct full *f = full_at(t, h->full);

	for (unsigned side = 0; side < 2; side++) {
		h->left[side] = s->left[side];
		conn_count(f, side, s->count[side], s->bytes[side]);
	}
}

static inline void
add(uint32_t *sum, uint32_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT32_MAX;
}

enum tls_step
tls_goes_on(struct tls_steady *s, unsigned side, struct cur c, struct tls_event *ev)
{
	size_t left = s->left[side];

	if (cur_left(&c) <= left) {
		s->left[side] = (uint16_t)(left - cur_left(&c));
		return TLS_STEP_QUIET;
	}
	cur_skip(&c, left);
	if ((ev->length = only_length(&c)) == UINT32_MAX)
		return TLS_STEP_NOT;
	s->left[side] = (uint16_t)(ev->length - cur_left(&c));
	add(&s->count[side], 1);
	add(&s->bytes[side], ev->length);
	ev->application = ev->length != s->alert || !s->alert;
	ev->plain = ev->length > s->overhead ? ev->length - s->overhead : 0;
	return TLS_STEP_TOLD;
}
