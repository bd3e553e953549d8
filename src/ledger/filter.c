/*
 * filter: see filter.h.  The key is public: who fills it makes a search slower, not wrong.
 */
#include "ledger/filter.h"

#include "base/hash.h"

enum { BITS_EACH = 10, PROBES = 3, BYTES_MIN = 8 };

static uint64_t
hash_of(enum filter_what what, const void *bytes, size_t n)
{
	const struct hash_key key = {11, (uint64_t)what};

	return hash_fast(&key, n ? bytes : "", n);
}

/* The bit of a probe: Kirsch and Mitzenmacher's two hashes for all probes (2006). */
static size_t
bit_of(uint64_t h, unsigned probe, size_t bits)
{
	return (size_t)((h + probe * (h >> 32 | 1)) % bits);
}

void
filter_room(struct bytes *f, size_t n)
{
	size_t size = (n * BITS_EACH + 7) / 8 + BYTES_MIN;
	uint8_t *p = bytes_room(f, size);

	if (!p)
		return;
	memset(p, 0, size);
	f->n += size;
}

void
filter_add(struct bytes *f, enum filter_what what, const void *bytes, size_t n)
{
	uint64_t h = hash_of(what, bytes, n);

	for (unsigned i = 0; i < PROBES && f->n; i++) {
		size_t bit = bit_of(h, i, f->n * 8);

		f->p[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
}

bool
filter_may(struct cur f, enum filter_what what, const void *bytes, size_t n)
{
	uint64_t h = hash_of(what, bytes, n);
	size_t size = cur_left(&f);

	for (unsigned i = 0; i < PROBES && size; i++) {
		size_t bit = bit_of(h, i, size * 8);

		if (!(f.p[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}
