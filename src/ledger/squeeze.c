/*
 * squeeze: see squeeze.h.  Must not believe a length that the bytes themselves tell: the caller says what is possible.
 *
 * zstd's contexts are kept, one a thread: setting them up costs more than most columns.
 */
#include "ledger/squeeze.h"

#include <zstd.h>

void
squeeze(struct bytes *to, const void *bytes, size_t n, int level)
{
	static _Thread_local ZSTD_CCtx *context;
	static _Thread_local struct bytes packed;
	size_t room = ZSTD_compressBound(n), got = n;
	uint8_t *p;

	packed.failed = false;
	p = n ? bytes_room(&packed, room) : NULL;
	if (!context)
		context = ZSTD_createCCtx();
	if (p && context)
		got = ZSTD_compressCCtx(context, p, room, bytes, n, level);
	to->failed |= packed.failed || !context;
	bytes_varint(to, n);
	if (ZSTD_isError(got) || got >= n) {
		bytes_varint(to, n);
		bytes_add(to, bytes, n);
	} else {
		bytes_varint(to, got);
		bytes_add(to, p, got);
	}
}

bool
unsqueeze(struct bytes *to, struct cur *from, size_t most)
{
	static _Thread_local ZSTD_DCtx *context;
	uint64_t n = cur_varint(from), packed = cur_varint(from);
	struct cur in = cur_sub(from, packed);
	uint8_t *p;

	if (from->bad || n > most || packed > n)
		return false;
	if (packed == n) {
		bytes_add(to, in.p, cur_left(&in));
		return !to->failed;
	}
	if (!context)
		context = ZSTD_createDCtx();
	p = bytes_room(to, n);
	if (!p || !context || ZSTD_decompressDCtx(context, p, n, in.p, cur_left(&in)) != n)
		return false;
	to->n += n;
	return true;
}
