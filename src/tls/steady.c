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

enum tls_step
tls_goes_on(struct tls *t, uint32_t handle, unsigned side, struct cur c, struct tls_event *ev)
{
	struct half *h = handle && handle != TLS_NOT ? half_at(t, handle) : NULL;
	struct full *f;

	if (!h || !(h->stage & HALF_STEADY))
		return TLS_STEP_NOT;
	if (cur_left(&c) <= h->left[side]) {
		h->left[side] = (uint16_t)(h->left[side] - cur_left(&c));
		return TLS_STEP_QUIET;
	}
	cur_skip(&c, h->left[side]);
	if ((ev->length = only_length(&c)) == UINT32_MAX)
		return TLS_STEP_NOT;
	h->left[side] = (uint16_t)(ev->length - cur_left(&c));
	f = full_at(t, h->full);
	conn_count(f, side, 1, ev->length);
	ev->application = steady_talks(f, ev->length);
	ev->plain = plain_of(f, ev->length);
	return TLS_STEP_TOLD;
}
