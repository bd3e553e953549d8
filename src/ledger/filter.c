/*
 * filter: see filter.h.  The key is public: who fills it makes a search slower, not wrong.
 */
#include "ledger/filter.h"

#include "base/hash.h"

enum { BITS = FILTER_BYTES * 8, PROBES = 3 };

static uint64_t
hash_of(enum filter_what what, const void *bytes, size_t n)
{
	const struct hash_key key = {11, (uint64_t)what};

	return hash_fast(&key, n ? bytes : "", n);
}

void
filter_add(struct filter *f, enum filter_what what, const void *bytes, size_t n)
{
	uint64_t h = hash_of(what, bytes, n);

	for (unsigned i = 0; i < PROBES; i++, h >>= 16)
		f->bits[h % BITS / 8] |= (uint8_t)(1u << h % 8);
}

bool
filter_may(const struct filter *f, enum filter_what what, const void *bytes, size_t n)
{
	uint64_t h = hash_of(what, bytes, n);

	for (unsigned i = 0; i < PROBES; i++, h >>= 16)
		if (!(f->bits[h % BITS / 8] >> h % 8 & 1))
			return false;
	return true;
}

void
filter_session(struct filter *f, const struct session *s)
{
	static const struct addr none;

	filter_add(f, FILTER_ADDR, &s->src, sizeof(s->src));
	filter_add(f, FILTER_ADDR, &s->dest, sizeof(s->dest));
	if (!addr_same(&s->actor, &none))
		filter_add(f, FILTER_ADDR, &s->actor, sizeof(s->actor));
	if (s->ja4.p)
		filter_add(f, FILTER_JA4, s->ja4.p, s->ja4.len);
	if (s->sni.p)
		filter_add(f, FILTER_SNI, s->sni.p, s->sni.len);
}
