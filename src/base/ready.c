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

static void
move_hand(struct ready *r, size_t set)
{
	r->hand[set] = (uint8_t)((r->hand[set] + 1) % READY_WAYS);
}

struct text
ready_find(struct ready *r, const struct ready_key *k)
{
	size_t set;

	if (!r || !k->said)
		return (struct text){NULL, 0};
	set = hash_of(k) >> (64 - READY_SET_BITS);
	for (size_t way = 0; way < READY_WAYS; way++) {
		if (!is_same(&r->key[set][way], k))
			continue;
		if (r->hand[set] == way)
			move_hand(r, set);
		return (struct text){r->text[set][way], r->len[set][way]};
	}
	return (struct text){NULL, 0};
}

/* Was it here lately?  If not, it was now. */
static bool
is_met(uint32_t met[READY_MET_WAYS], uint32_t tag)
{
	for (unsigned i = 0; i < READY_MET_WAYS; i++)
		if (met[i] == tag)
			return true;
	for (unsigned i = READY_MET_WAYS - 1; i > 0; i--)
		met[i] = met[i - 1];
	met[0] = tag;
	return false;
}

void
ready_keep(struct ready *r, const struct ready_key *k, const char *text, size_t n)
{
	uint64_t hash;
	size_t set, way;

	if (!r || !k->said || n > READY_TEXT)
		return;
	hash = hash_of(k);
	if (!is_met(r->met[hash >> 32 & ((1 << READY_MET_BITS) - 1)], (uint32_t)hash))
		return;
	set = hash >> (64 - READY_SET_BITS);
	way = r->hand[set];
	move_hand(r, set);
	r->key[set][way] = *k;
	r->len[set][way] = (uint32_t)n;
	memcpy(r->text[set][way], text, n);
}
