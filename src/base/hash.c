/*
 * hash: SipHash-c-d after its specification (https://cr.yp.to/siphash/siphash-20120918.pdf).
 * Pure arithmetic; reads exactly the bytes given.
 */
#include "base/hash.h"

#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotl(uint64_t x, unsigned b)
{
	return x << b | x >> (64 - b);
}

static inline void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline struct sip
sip_start(const struct hash_key *key)
{
	return (struct sip){key->k0 ^ UINT64_C(0x736f6d6570736575), key->k1 ^ UINT64_C(0x646f72616e646f6d),
			    key->k0 ^ UINT64_C(0x6c7967656e657261), key->k1 ^ UINT64_C(0x7465646279746573)};
}

/* One round or two; straight, because no compiler unrolls a loop whose bound it knows at -O2. */
static inline void
sip_word(struct sip *s, uint64_t m, unsigned c)
{
	s->v3 ^= m;
	sip_round(s);
	if (c == 2)
		sip_round(s);
	s->v0 ^= m;
}

static inline uint64_t
sip_end(struct sip *s, uint64_t last, unsigned c, unsigned d)
{
	sip_word(s, last, c);
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	if (d == 4)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t
load_le(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* The last bytes, fewer than eight: no call for a copy whose length only the run knows. */
static inline uint64_t
load_rest(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n)
		v = v << 8 | p[--n];
	return v;
}

static inline uint64_t
sip(const struct hash_key *key, const uint8_t *p, size_t len, unsigned c, unsigned d)
{
	struct sip s = sip_start(key);
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(&s, load_le(p), c);
	return sip_end(&s, load_rest(p, left) | (uint64_t)len << 56, c, d);
}

/* One copy of each, however long what is hashed: in-line they would push everything else out of the processor's
   instruction cache. */
#define ONCE __attribute__((noinline))

ONCE uint64_t
hash_fast(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 1, 3);
}

ONCE uint64_t
hash_keep(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 2, 4);
}

uint64_t
hash_words(const struct hash_key *key, const uint64_t *words, size_t n)
{
	struct sip s = sip_start(key);

	for (size_t i = 0; i < n; i++)
		sip_word(&s, words[i], 1);
	return sip_end(&s, (uint64_t)n << 59, 1, 3);
}
