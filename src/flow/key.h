/*
 * key: whose packet it is, in the fewest steps: the table's hash, and what tells a packet from its copy.
 * Internal to src/flow; inline, because table.c and glance.c ask it of each packet.  Must not change a flow.
 */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include "flow/table.h"

static inline uint64_t
load_64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint64_t
load_32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/*
 * Multilinear hashing of 32-bit words with random 64-bit factors, upper half taken: two keys that are chosen without
 * knowing the factors meet with probability 2^-32 (Lemire, Kaser 2014), and nobody outside sees anything that
 * would tell the factors.  A tenth of SipHash's cost, on each packet.
 */
static inline uint64_t
hash_v4(const struct flows *t, uint64_t x, uint64_t y, uint8_t proto)
{
	const uint64_t *k = t->factor;
	uint64_t low = x < y ? x : y, high = x < y ? y : x; /* so that both directions agree */

	return (k[0] + k[1] * (uint32_t)low + k[2] * (low >> 32 | (uint64_t)proto << 16) + k[3] * (uint32_t)high +
		k[4] * (high >> 32)) >>
	       32;
}

/* table.c */
uint64_t hash_ordered(const struct flows *t, const uint8_t *a, const uint8_t *b, uint32_t ports, uint8_t proto);

static inline uint64_t
hash_ends(const struct flows *t, const struct addr *a, const struct addr *b, uint32_t ports, uint8_t proto)
{
	if (!addr_is_v4(a) || !addr_is_v4(b))
		return hash_ordered(t, a->b, b->b, ports, proto);
	return hash_v4(t, load_32(a->b + 12) << 16 | ports >> 16, load_32(b->b + 12) << 16 | (ports & 0xffff), proto);
}

/* The first with that hash, most likely the one. */
static inline struct flow *
first_of(const struct flows *t, uint64_t hash)
{
	struct map_at at = map_first(&t->map, hash);

	return map_found(&at) ? flow_at(t, at.handle) : NULL;
}

/*
 * Of a segment, as its bytes stand in the frame (a big-endian number read by this machine): sequence and
 * acknowledgement | flags (bit 8), window (16), IP id (32), MSS (48), window scale (0) | timestamp, payload bytes (32).
 * Not keyed: a read gives the same result each time.  An attacker can make two segments collide, which is
 * why a segment with news is never taken for a copy (stream_has_news).
 */
static inline uint32_t
identity_of(uint64_t numbers, uint64_t said, uint64_t rest)
{
	return (uint32_t)((said * UINT64_C(0x165667b19e3779f9) + numbers * UINT64_C(0x9e3779b97f4a7c15) +
			   rest * UINT64_C(0xc2b2ae3d27d4eb4f)) >>
			  32);
}

/* Ends and middle of the TCP header's options and checksum: with no IP id, SACK blocks tell two equal ACKs apart. */
static inline uint32_t
identity_options(struct cur tcp)
{
	uint64_t sum = 0;

	cur_skip(&tcp, 16);
	for (unsigned i = 0; i < 5 && cur_left(&tcp) >= 8; i++)
		sum = sum * UINT64_C(0x9e3779b97f4a7c15) + cur_u64(&tcp);
	return (uint32_t)(sum >> 32);
}

#endif
