/*
 * Fuzz target: one connection of datagrams of DTLS, STUN and what else WebRTC mixes.
 */
#include "../common/fuzz_pieces.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur input = cur_of(data, size), bytes;
	struct drive d;
	uint8_t flags;

	if (!crypt_init())
		abort();
	drive_open(&d, 2);
	while (fuzz_piece(&input, &flags, &bytes))
		drive_feed(&d, flags & 1, bytes.p, cur_left(&bytes));
	fuzz_end(&d);
	return 0;
}
