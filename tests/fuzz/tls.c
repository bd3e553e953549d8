/*
 * Fuzz target: one TCP connection in pieces for two sides.  Flag bits: 0 side, 1 bytes lost before, 2 bytes cut behind
 * (as many as the piece has), 3 the connection ends and another one begins.
 */
#include "../common/fuzz_pieces.h"

static void
piece_feed(struct drive *d, uint8_t flags, struct cur bytes)
{
	uint32_t n = (uint32_t)cur_left(&bytes);
	uint8_t *copy = malloc(n ? n : 1);
	struct tls_piece piece = {.side = flags & 1, .lost = flags & 2 ? n : 0, .cut_bytes = flags & 4 ? n : 0};
	struct tls_event ev;
	uint64_t told = 0;

	if (!copy)
		abort();
	cur_copy(&bytes, copy, n);
	piece.bytes = cur_of(copy, n);
	while (tls_next(d->tls, &d->handle, &piece, &ev)) {
		if (ev.plain > ev.length || (ev.plain && !ev.application) || ++told > n + 8)
			abort();
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur input = cur_of(data, size), bytes;
	struct drive d;
	uint8_t flags;

	if (!crypt_init())
		abort();
	drive_open(&d, 2);
	while (fuzz_piece(&input, &flags, &bytes)) {
		piece_feed(&d, flags, bytes);
		drive_facts(&d);
		if (flags & 8) {
			tls_close(d.tls, d.handle);
			d.handle = 0;
		}
	}
	fuzz_end(&d);
	return 0;
}
