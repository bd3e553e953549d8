/*
 * cur: a read cursor over bytes that somebody else wrote.
 *
 * Every parser reads through it and through nothing else.  A read past the end gives zero, sets
 * `bad` and empties the cursor, so straight-line reads need one check at the end and every
 * `while (cur_left(&c))` terminates.  A length prefix yields a sub-cursor, so a child cannot see
 * its sibling's bytes.  A cursor borrows: it never owns, and is never freed.
 */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cur {
	const uint8_t *p, *end;
	bool bad; /* a read went past the end: nothing read since then counts */
};

static inline struct cur
cur_of(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	/* NULL and nothing is an empty cursor; C11 6.5.6 has no sum for it. */
	return (struct cur){p, len ? p + len : p, false};
}

/* Bytes still to read. */
static inline size_t
cur_left(const struct cur *c)
{
	return (size_t)(c->end - c->p);
}

/* True when everything was read and no read failed: the one check at the end of a parser. */
static inline bool
cur_done(const struct cur *c)
{
	return !c->bad && c->p == c->end;
}

/* The one function that advances: n bytes, or NULL and a collapsed cursor. */
static inline const uint8_t *
cur_take(struct cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (cur_left(c) < n) {
		c->p = c->end;
		c->bad = true;
		return NULL;
	}
	c->p = p + n;
	return p;
}

static inline bool
cur_skip(struct cur *c, size_t n)
{
	return cur_take(c, n) != NULL;
}

static inline uint8_t
cur_u8(struct cur *c)
{
	const uint8_t *p = cur_take(c, 1);

	return p ? p[0] : 0;
}

/* Unaligned loads by memcpy: armhf traps on a cast pointer, and compilers fold this into one load. */
static inline uint16_t
cur_u16(struct cur *c)
{
	const uint8_t *p = cur_take(c, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t
cur_u24(struct cur *c)
{
	const uint8_t *p = cur_take(c, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t
cur_u32(struct cur *c)
{
	const uint8_t *p = cur_take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t
cur_u64(struct cur *c)
{
	const uint8_t *p = cur_take(c, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

/* The little-endian twins: capture files, RDP. */
static inline uint16_t
cur_u16le(struct cur *c)
{
	return __builtin_bswap16(cur_u16(c));
}

static inline uint32_t
cur_u32le(struct cur *c)
{
	return __builtin_bswap32(cur_u32(c));
}

/* A view of the next n bytes; past the end: the view is empty and bad, and so is the parent. */
static inline struct cur
cur_sub(struct cur *c, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	if (!p)
		return (struct cur){c->end, c->end, true};
	return (struct cur){p, p + n, false};
}

/* Looks at byte i ahead without reading it; 0 past the end. */
static inline uint8_t
cur_peek(const struct cur *c, size_t i)
{
	return i < cur_left(c) ? c->p[i] : 0;
}

/* True when the next bytes are exactly these; nothing is read. */
static inline bool
cur_starts(const struct cur *c, const void *with, size_t n)
{
	return cur_left(c) >= n && memcmp(c->p, with, n) == 0;
}

/* Copies out at most max bytes and returns how many; the cursor advances by that. */
static inline size_t
cur_copy(struct cur *c, void *to, size_t max)
{
	size_t n = cur_left(c) < max ? cur_left(c) : max;

	if (n)
		memcpy(to, c->p, n);
	c->p += n;
	return n;
}

#endif
