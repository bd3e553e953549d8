/*
 * shape: the canonical form of a ClientHello.  On the path of every hello, so it is one pass without a decision
 * that is not needed.  Must not compute a fingerprint: that is done once for each distinct shape.
 */
#include "tls/shape.h"

struct fill {
	uint8_t *p, *end;
	bool full;
	uint8_t grease;
};

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

static void
put_value(struct fill *f, const uint8_t *p)
{
	if ((p[0] & 0x0f) == 0x0a && p[0] == p[1]) {
		f->grease = SHAPE_GREASE;
		return;
	}
	memcpy(f->p, p, 2);
	f->p += 2;
}

static uint16_t
put_values(struct fill *f, struct cur list)
{
	const uint8_t *start = f->p;

	if ((size_t)(f->end - f->p) < cur_left(&list)) {
		f->full = true;
		return 0;
	}
	while (cur_left(&list) >= 8 && !has_grease(four_of(list.p))) {
		cur_copy(&list, f->p, 8);
		f->p += 8;
	}
	while (cur_left(&list) >= 2)
		put_value(f, cur_take(&list, 2));
	return (uint16_t)(f->p - start);
}

static uint16_t
put_bytes(struct fill *f, struct cur list)
{
	size_t n = cur_left(&list);

	if ((size_t)(f->end - f->p) < n) {
		f->full = true;
		return 0;
	}
	f->p += cur_copy(&list, f->p, n);
	return (uint16_t)n;
}

/* Also the type of an extension whose body is cut: it was sent. */
static uint16_t
put_types(struct fill *f, struct cur list)
{
	const uint8_t *start = f->p;

	while (cur_left(&list) >= 4) {
		const uint8_t *type = cur_take(&list, 2);

		cur_skip(&list, cur_u16(&list));
		if (f->end - f->p < 2) {
			f->full = true;
			break;
		}
		put_value(f, type);
	}
	return (uint16_t)(f->p - start);
}

/* Of SSLv2's three-byte kinds those that begin with 0 are TLS suites (RFC 5246 E.2). */
static uint16_t
put_kinds(struct fill *f, struct cur list)
{
	const uint8_t *start = f->p;

	while (cur_left(&list) >= 3) {
		const uint8_t *kind = cur_take(&list, 3);

		if (f->end - f->p < 3) {
			f->full = true;
			break;
		}
		memcpy(f->p, kind, 3);
		f->p += 3;
	}
	return (uint16_t)(f->p - start);
}

size_t
shape_of(struct shape *s, const struct hello *h, char letter)
{
	struct fill f = {s->bytes, s->bytes + SHAPE_MAX, false, 0};
	uint16_t *len = s->head.len;

	len[SHAPE_CIPHERS] = h->sslv2 ? put_kinds(&f, h->ciphers) : put_values(&f, h->ciphers);
	len[SHAPE_EXTENSIONS] = put_types(&f, h->extensions);
	len[SHAPE_GROUPS] = put_values(&f, h->groups);
	len[SHAPE_POINT_FORMATS] = put_bytes(&f, h->point_formats);
	len[SHAPE_SIG_ALGS] = put_values(&f, h->sig_algs);
	len[SHAPE_VERSIONS] = put_values(&f, h->versions);
	len[SHAPE_ALPNS] = put_bytes(&f, h->alpns);
	s->head.version = h->version;
	s->head.letter = (uint8_t)letter;
	s->head.flags = (uint8_t)(f.grease | (h->sslv2 ? SHAPE_SSLV2 : 0) | (h->alpns.p ? SHAPE_HAS_ALPN : 0));
	return f.full ? 0 : (size_t)(f.p - (const uint8_t *)s);
}
