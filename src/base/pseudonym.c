/*
 * pseudonym: Crypto-PAn over addr's 16 bytes.  Must not keep what it has seen: a cache is its caller's.
 */
#include "base/pseudonym.h"

#include "base/crypt.h"

enum { BLOCK = 16, BITS_MAX = 128, V4_HEAD = 12 };

/* The bytes that count: all of IPv6, the last four of IPv4. */
struct span {
	unsigned from, bits;
};

static struct span
span_of(const struct addr *a)
{
	return addr_is_v4(a) ? (struct span){V4_HEAD, 32} : (struct span){0, BITS_MAX};
}

void
pseudonym_init(struct pseudonym_key *k, const uint8_t bytes[PSEUDONYM_KEY])
{
	static const char WHAT[] = "gatewitness privacy key";
	uint8_t named[sizeof(WHAT) + PSEUDONYM_KEY], digest[CRYPT_SHA256];

	memcpy(k->aes, bytes, sizeof(k->aes));
	crypt_aes128_blocks(k->aes, bytes + sizeof(k->aes), 1, k->pad);
	memcpy(named, WHAT, sizeof(WHAT));
	memcpy(named + sizeof(WHAT), bytes, PSEUDONYM_KEY);
	crypt_sha256(named, sizeof(named), digest);
	memcpy(&k->id, digest, sizeof(k->id));
	k->id += k->id == 0;
	crypt_forget(named, sizeof(named));
}

/* The block that decides bit i: the i bits before it, then the pad's. */
static void
block_for(const struct pseudonym_key *k, const uint8_t *bytes, unsigned i, uint8_t to[BLOCK])
{
	unsigned whole = i / 8;
	uint8_t rest = (uint8_t)(0xff00u >> i % 8);

	memcpy(to, k->pad, BLOCK);
	memcpy(to, bytes, whole);
	if (i % 8)
		to[whole] = (uint8_t)((bytes[whole] & rest) | (k->pad[whole] & ~rest));
}

/* The first `bits` of what lies in the span: no block needs the answer of another, so they are enciphered at once. */
static struct addr
map_bits(const struct pseudonym_key *k, const struct addr *a, struct span s, unsigned bits)
{
	uint8_t block[BITS_MAX * BLOCK];
	struct addr to = *a;

	if (bits == 0)
		return to;
	for (unsigned i = 0; i < bits; i++)
		block_for(k, a->b + s.from, i, block + i * BLOCK);
	crypt_aes128_blocks(k->aes, block, bits, block);
	for (unsigned i = 0; i < bits; i++)
		to.b[s.from + i / 8] ^= (uint8_t)((block[i * BLOCK] >> 7) << (7 - i % 8));
	return to;
}

struct addr
pseudonym_of(const struct pseudonym_key *k, const struct addr *a)
{
	struct span s = span_of(a);

	return map_bits(k, a, s, s.bits);
}

struct addr_net
pseudonym_net(const struct pseudonym_key *k, const struct addr_net *net)
{
	/* ::ffff:0:0/96 and what is shorter holds all of IPv4, whose pseudonyms are IPv4's */
	struct span s = net->bits < V4_HEAD * 8 ? (struct span){0, BITS_MAX} : span_of(&net->addr);
	struct addr_net to = {map_bits(k, &net->addr, s, net->bits - s.from * 8), net->bits};

	to.addr = addr_prefix(&to.addr, to.bits);
	return to;
}

struct addr
pseudonym_reveal(const struct pseudonym_key *k, const struct addr *pseudonym)
{
	struct span s = span_of(pseudonym);
	struct addr a = *pseudonym;
	uint8_t block[BLOCK];

	for (unsigned i = 0; i < s.bits; i++) {
		block_for(k, a.b + s.from, i, block);
		crypt_aes128_blocks(k->aes, block, 1, block);
		a.b[s.from + i / 8] ^= (uint8_t)((block[0] >> 7) << (7 - i % 8));
	}
	return a;
}
