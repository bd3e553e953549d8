/*
 * pseudonym: Crypto-PAn: addresses that stand for others, under a key.
 *
 *	198.51.100.7   -> 133.9.200.61		two addresses that share k bits have pseudonyms that share k bits,
 *	198.51.100.250 -> 133.9.200.133		so a network stays a network
 *
 * Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization (ICNP 2002).  Bit i of a pseudonym is bit i of the
 * address, turned over or not by AES-128 of the i bits before it; IPv4 goes through its 32 bits, IPv6 through 128.
 * One to one: whoever has the key comes back.  Whoever knows one address and its pseudonym knows something of every
 * address that shares bits with it: a pseudonym is no anonymous address.
 *
 * A key is plain bytes in memory that the caller gives, so that it can be locked; no function here keeps a copy.
 */
#ifndef BASE_PSEUDONYM_H
#define BASE_PSEUDONYM_H

#include "base/addr.h"

enum { PSEUDONYM_KEY = 32 };

struct pseudonym_key {
	uint8_t aes[16], pad[16];
	uint64_t id; /* never 0; says which key it is, and nothing about it */
};

/* The first half is the cipher's key, the second half the pad before it is enciphered. */
void pseudonym_init(struct pseudonym_key *k, const uint8_t bytes[PSEUDONYM_KEY]);

struct addr pseudonym_of(const struct pseudonym_key *k, const struct addr *a);

/* The network in which the pseudonyms of the network's addresses lie. */
struct addr_net pseudonym_net(const struct pseudonym_key *k, const struct addr_net *net);

/* The address behind a pseudonym. */
struct addr pseudonym_reveal(const struct pseudonym_key *k, const struct addr *pseudonym);

#endif
