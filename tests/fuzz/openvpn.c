/*
 * Fuzz target: one connection of OpenVPN packets over UDP, or (bit 1 of the first flags) over TCP.
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
	d.stream = cur_peek(&input, 0) & 2;
	while (fuzz_piece(&input, &flags, &bytes))
		drive_feed(&d, flags & 1, bytes.p, cur_left(&bytes));
	fuzz_end(&d);
	return 0;
}
