/*
 * Fuzz target: one QUIC connection.  Bit 1 of a piece's flags: the bytes are frames, which are sealed into an Initial
 * packet first (bit 2: version 2, bit 3: another connection id, bits 4-7: packet number); else they are the datagram.
 */
#include "../common/fuzz_pieces.h"
#include "../common/quic_seal.h"

enum { FRAMES_MAX = 4096 };

static void
feed_frames(struct drive *d, uint8_t flags, struct cur bytes)
{
	static const uint8_t ids[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}};
	const uint8_t *id = ids[flags >> 3 & 1];
	struct quic_seal s = {.version = flags & 4 ? 0x6b3343cf : 1,
			      .direction = flags & 1,
			      .number = flags >> 4,
			      .cid = id,
			      .cid_len = 8,
			      .dcid = id,
			      .dcid_len = 8,
			      .scid = id};
	static uint8_t frames[FRAMES_MAX], packet[FRAMES_MAX + 128];
	size_t n = cur_copy(&bytes, frames, sizeof(frames));

	drive_feed(d, flags & 1, packet, quic_seal(&s, frames, n, packet));
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
		if (flags & 2)
			feed_frames(&d, flags, bytes);
		else
			drive_feed(&d, flags & 1, bytes.p, cur_left(&bytes));
	}
	fuzz_end(&d);
	return 0;
}
