/*
 * bytes: see bytes.h.  Must not abort when memory runs out.
 */
#include "ledger/bytes.h"

#include <stdlib.h>

enum { FIRST_ROOM = 256 };

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){.p = NULL};
}

uint8_t *
bytes_room(struct bytes *b, size_t n)
{
	size_t room = b->room ? b->room : FIRST_ROOM;
	uint8_t *p;

	if (b->failed)
		return NULL;
	while (room - b->n < n) {
		if (room > SIZE_MAX / 4) {
			b->failed = true;
			return NULL;
		}
		room *= 2;
	}
	if (room != b->room) {
		p = realloc(b->p, room);
		if (!p) {
			b->failed = true;
			return NULL;
		}
		b->p = p;
		b->room = room;
	}
	return b->p + b->n;
}

void
bytes_add(struct bytes *b, const void *bytes, size_t n)
{
	uint8_t *to = bytes_room(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, bytes, n);
	b->n += n;
}

void
bytes_u8(struct bytes *b, uint8_t v)
{
	bytes_add(b, &v, 1);
}

void
bytes_u64le(struct bytes *b, uint64_t v)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> 8 * i);
	bytes_add(b, bytes, sizeof(bytes));
}

void
bytes_varint(struct bytes *b, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	bytes_add(b, bytes, n);
}

uint64_t
cur_long_varint(struct cur *c)
{
	const uint8_t *p = c->p;
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && p < c->end; shift += 7) {
		uint8_t byte = *p++;

		if ((shift == 63 && byte > 1) || (shift && byte == 0))
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		c->p = p;
		return v;
	}
	c->p = c->end;
	c->bad = true;
	return 0;
}

uint64_t
cur_u64le(struct cur *c)
{
	return __builtin_bswap64(cur_u64(c));
}
