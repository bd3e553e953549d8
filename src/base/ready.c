/*
 * ready: where a text is kept.  Must not know what a text says.
 */
#include "base/ready.h"

#include <string.h>

static inline uint64_t
hash_of(const struct ready_key *k)
{
	uint64_t h = k->said ^ k->rest[0] * UINT64_C(0x9e3779b97f4a7c15) ^ k->rest[1] * UINT64_C(0xc2b2ae3d27d4eb4f);

	return h * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool
is_same(const struct ready_key *a, const struct ready_key *b)
{
	return ((a->said ^ b->said) | (a->rest[0] ^ b->rest[0]) | (a->rest[1] ^ b->rest[1])) == 0;
}

struct text
ready_find(struct ready *r, const struct ready_key *k)
{
	size_t set;

	if (!r || !k->said)
		return (struct text){NULL, 0};
	set = hash_of(k) >> (64 - READY_SET_BITS);
	for (uint8_t way = 0; way < READY_WAYS; way++) {
		const struct ready_entry *e = &r->entry[set][way];

		if (is_same(&e->key, k)) {
			r->last[set] = way;
			return (struct text){e->text, e->len};
		}
	}
	return (struct text){NULL, 0};
}

void
ready_keep(struct ready *r, const struct ready_key *k, const char *text, size_t n)
{
	uint64_t hash;
	uint32_t *met;
	struct ready_entry *e;
	size_t set;

	if (!r || !k->said || n > READY_TEXT)
		return;
	hash = hash_of(k);
	met = &r->met[hash >> 32 & ((1 << READY_MET_BITS) - 1)];
	if (*met != (uint32_t)hash) {
		*met = (uint32_t)hash;
		return;
	}
	set = hash >> (64 - READY_SET_BITS);
	r->last[set] ^= 1;
	e = &r->entry[set][r->last[set]];
	e->key = *k;
	e->len = (uint32_t)n;
	memcpy(e->text, text, n);
}
