/*
 * netset: a set of networks that forgets by halves.
 * Must not know what a network did.
 */
#include "detect/netset.h"

enum { PROBES = 3 };

void
netset_init(struct detect *d, struct carve *c, struct netset *n, size_t words, int64_t span)
{
	n->bits = (uint32_t)words * 64;
	n->span = span;
	n->set[0] = detect_array(d, c, words * sizeof(uint64_t), 3);
	n->set[1] = detect_array(d, c, words * sizeof(uint64_t), 3);
	n->age = detect_array(d, c, sizeof(*n->age), 3);
}

static uint32_t
place_of(const struct netset *n, uint64_t key, unsigned probe)
{
	return ((uint32_t)key + probe * ((uint32_t)(key >> 32) | 1)) & (n->bits - 1);
}

static bool
half_has(const struct netset *n, unsigned half, uint64_t key)
{
	for (unsigned i = 0; i < PROBES; i++) {
		uint32_t at = place_of(n, key, i);

		if (!(n->set[half][at / 64] >> (at % 64) & 1))
			return false;
	}
	return true;
}

bool
netset_has(const struct netset *n, uint64_t key)
{
	return half_has(n, 0, key) || half_has(n, 1, key);
}

void
netset_add(struct netset *n, uint64_t key, int64_t day)
{
	unsigned now = n->age->set & 1;

	if (day - n->age->day >= n->span || (n->age->day == 0 && day)) {
		if (n->age->day)
			now = ++n->age->set & 1;
		n->age->day = day;
		n->age->taken = 0;
		for (uint32_t i = 0; i < n->bits / 64; i++)
			n->set[now][i] = 0;
	}
	if (half_has(n, now, key) || n->age->taken >= n->bits / 2)
		return;
	for (unsigned i = 0; i < PROBES; i++) {
		uint32_t at = place_of(n, key, i);
		uint64_t *word = &n->set[now][at / 64], bit = UINT64_C(1) << (at % 64);

		n->age->taken += !(*word & bit);
		*word |= bit;
	}
}
