/*
 * squeeze: see squeeze.h.  Must not believe a length that the bytes themselves tell: the caller says what is possible.
 */
#include "ledger/squeeze.h"

#include <zstd.h>

void
squeeze(struct bytes *to, const void *bytes, size_t n, int level)
{
	struct bytes packed = {.p = NULL};
	size_t room = ZSTD_compressBound(n), got = n;
	uint8_t *p = n ? bytes_room(&packed, room) : NULL;

	if (p)
		got = ZSTD_compress(p, room, bytes, n, level);
	to->failed |= packed.failed;
	bytes_varint(to, n);
	if (ZSTD_isError(got) || got >= n) {
		bytes_varint(to, n);
		bytes_add(to, bytes, n);
	} else {
		bytes_varint(to, got);
		bytes_add(to, p, got);
	}
	bytes_free(&packed);
}

bool
unsqueeze(struct bytes *to, struct cur *from, size_t most)
{
	uint64_t n = cur_varint(from), packed = cur_varint(from);
	struct cur in = cur_sub(from, packed);
	uint8_t *p;

	if (from->bad || n > most || packed > n)
		return false;
	if (packed == n) {
		bytes_add(to, in.p, cur_left(&in));
		return !to->failed;
	}
	p = bytes_room(to, n);
	if (!p || ZSTD_decompress(p, n, in.p, cur_left(&in)) != n)
		return false;
	to->n += n;
	return true;
}
