/*
 * fuzz_pieces: how the fuzz targets of src/tls cut their input: a flag byte (bit 0: side), a 16-bit length, bytes.
 */
#ifndef TESTS_FUZZ_PIECES_H
#define TESTS_FUZZ_PIECES_H

#include "base/crypt.h"
#include "base/cur.h"
#include "tls_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool
fuzz_piece(struct cur *input, uint8_t *flags, struct cur *bytes)
{
	size_t n;

	*flags = cur_u8(input);
	n = cur_u16(input);
	*bytes = cur_sub(input, n < cur_left(input) ? n : cur_left(input));
	return !input->bad;
}

/* Facts at every step; and all that was taken is given back. */
static inline void
fuzz_end(struct drive *d)
{
	const struct tls_facts *f = drive_facts(d);

	if (f->server_hello && !f->carrier)
		abort();
	drive_close(d);
}

#endif
