/*
 * der: one element of DER (X.690): a tag byte, a definite length, a body.  Internal to src/tls.
 * No recursion and no depth: who reads a structure names each level.
 */
#ifndef TLS_DER_H
#define TLS_DER_H

#include "base/cur.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_CONTEXT = 0xa0
};

/* The next element's body and tag.  Long tags and indefinite lengths are no DER of a certificate: bad. */
static inline struct cur
der_any(struct cur *c, uint8_t *tag)
{
	uint32_t len;
	uint8_t first;

	*tag = cur_u8(c);
	first = cur_u8(c);
	switch (first) {
	case 0x81:
		len = cur_u8(c);
		break;
	case 0x82:
		len = cur_u16(c);
		break;
	case 0x83:
		len = cur_u24(c);
		break;
	default:
		len = first;
	}
	if (first > 0x83 || first == 0x80 || (*tag & 0x1f) == 0x1f)
		len = UINT32_MAX;
	return cur_sub(c, len);
}

/* The body of an element that has to have this tag; otherwise bad. */
static inline struct cur
der_take(struct cur *c, uint8_t tag)
{
	uint8_t is;
	struct cur body = der_any(c, &is);

	if (is != tag) {
		c->p = c->end;
		c->bad = true;
		return (struct cur){c->end, c->end, true};
	}
	return body;
}

/* The body of an element that may be there: p == NULL when the next one has another tag. */
static inline struct cur
der_maybe(struct cur *c, uint8_t tag)
{
	if (cur_left(c) == 0 || cur_peek(c, 0) != tag)
		return (struct cur){0};
	return der_take(c, tag);
}

#endif
