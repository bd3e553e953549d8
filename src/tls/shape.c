/*
 * shape: the canonical form of a ClientHello.  On the path of every hello, so it is one pass without a decision
 * that is not needed.  Must not compute a fingerprint: that is done once for each distinct shape.
 */
#include "tls/shape.h"

/* Writers of lists take where to write and give where they ended, NULL when there is no room: kept in registers, as
   stores of bytes through a struct would not let them be. */
static uint64_t
four_of(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/* Is one of four 16-bit values perhaps GREASE?  The form 0x?a?a: its low nibbles are both 10. */
static bool
has_grease(uint64_t four)
{
	uint64_t x = (four & UINT64_C(0x0f0f0f0f0f0f0f0f)) ^ UINT64_C(0x0a0a0a0a0a0a0a0a);

	return ((x - UINT64_C(0x0001000100010001)) & ~x & UINT64_C(0x8000800080008000)) != 0;
}

static inline uint16_t
value_of(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

/* GREASE reads the same in either byte order. */
static inline uint8_t *
put_value(uint8_t *to, uint16_t v, bool *grease)
{
	if (hello_is_grease(v)) {
		*grease = true;
		return to;
	}
	memcpy(to, &v, 2);
	return to + 2;
}

/* Whole values of 16 bits less GREASE. */
static uint8_t *
put_values(uint8_t *to, const uint8_t *end, struct cur list, bool *grease)
{
	const uint8_t *four, *one;

	if (!to || (size_t)(end - to) < cur_left(&list))
		return NULL;
	while (cur_left(&list) >= 8) {
		four = cur_take(&list, 8);
		if (has_grease(four_of(four))) {
			for (unsigned i = 0; i < 8; i += 2)
				to = put_value(to, value_of(four + i), grease);
			continue;
		}
		memcpy(to, four, 8);
		to += 8;
	}
	while (cur_left(&list) >= 2) {
		one = cur_take(&list, 2);
		to = put_value(to, value_of(one), grease);
	}
	return to;
}

static uint8_t *
put_plain_bytes(uint8_t *to, const uint8_t *end, struct cur list)
{
	size_t n = cur_left(&list);

	if (n == 0 || !to)
		return to;
	if ((size_t)(end - to) < n)
		return NULL;
	return to + cur_copy(&list, to, n);
}

/* Also the type of an extension whose body is cut: it was sent. */
static uint8_t *
put_types(uint8_t *to, const uint8_t *end, struct cur list, bool *grease)
{
	while (to && cur_left(&list) >= 4) {
		const uint8_t *head = cur_take(&list, 4);

		cur_skip(&list, __builtin_bswap16(value_of(head + 2)));
		if (end - to < 2)
			return NULL;
		to = put_value(to, value_of(head), grease);
	}
	return to;
}

size_t
shape_of(struct shape *s, const struct hello *h, char letter)
{
	// cppcheck-suppress ctuuninitvar ; the address is taken, no byte read
	const uint8_t *end = s->bytes + SHAPE_MAX;
	uint8_t *at[SHAPE_LISTS + 1] = {s->bytes};
	bool grease = false;

	/* SSLv2's kinds have three bytes and no GREASE. */
	at[1] = h->sslv2 ? put_plain_bytes(at[0], end, h->ciphers) : put_values(at[0], end, h->ciphers, &grease);
	at[2] = put_types(at[1], end, h->extensions, &grease);
	at[3] = put_values(at[2], end, h->groups, &grease);
	at[4] = put_plain_bytes(at[3], end, h->point_formats);
	at[5] = put_values(at[4], end, h->sig_algs, &grease);
	at[6] = put_values(at[5], end, h->versions, &grease);
	at[7] = put_plain_bytes(at[6], end, h->alpns);
	if (!at[7])
		return 0;
	for (unsigned i = 0; i < SHAPE_LISTS; i++)
		s->head.len[i] = (uint16_t)(at[i + 1] - at[i]);
	s->head.version = h->version;
	s->head.letter = (uint8_t)letter;
	s->head.flags = (uint8_t)((grease ? SHAPE_GREASE : 0) | (h->sslv2 ? SHAPE_SSLV2 : 0) |
				  (h->alpns.p ? SHAPE_HAS_ALPN : 0));
	return (size_t)(at[7] - (const uint8_t *)s);
}
