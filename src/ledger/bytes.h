/*
 * bytes: bytes that grow, and the variable-length numbers of the ledger's formats.
 *
 * A number takes seven bits a byte, lowest first, the top bit says that more follow (LEB128, at most ten bytes).  When
 * memory runs out `failed` is set and nothing more is added: one check at the end.  Reading goes through base/cur.h.
 */
#ifndef LEDGER_BYTES_H
#define LEDGER_BYTES_H

#include "base/cur.h"

struct bytes {
	uint8_t *p;
	size_t n, room;
	bool failed;
};

void bytes_free(struct bytes *b);

/* Room for n more bytes at its end, which count once b->n says so; NULL: failed. */
uint8_t *bytes_room(struct bytes *b, size_t n);

void bytes_add(struct bytes *b, const void *bytes, size_t n);
void bytes_u8(struct bytes *b, uint8_t v);
void bytes_u64le(struct bytes *b, uint64_t v);
void bytes_varint(struct bytes *b, uint64_t v);

static inline struct cur
bytes_cur(const struct bytes *b)
{
	return cur_of(b->p, b->n);
}

/* A number that is longer than it needs to be, or does not fit, makes the cursor bad: one form for one number. */
uint64_t cur_long_varint(struct cur *c);
static inline uint64_t
cur_varint(struct cur *c)
{
	if (cur_left(c) && *c->p < 0x80)
		return *c->p++;
	if (cur_left(c) > 1 && c->p[1] && c->p[1] < 0x80) {
		c->p += 2;
		return (c->p[-2] & 0x7fu) | (uint64_t)c->p[-1] << 7;
	}
	return cur_long_varint(c);
}
uint64_t cur_u64le(struct cur *c);

/* Small numbers of either sign as small numbers. */
static inline uint64_t
zigzag(uint64_t v)
{
	return v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t
unzigzag(uint64_t v)
{
	return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

#endif
