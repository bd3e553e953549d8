/*
 * hash: SipHash (Aumasson, Bernstein 2012), keyed, so that nobody who picks the input can pick the bucket.
 *
 * 1-3 rounds for tables (what Linux uses for its own flow tables), 2-4 rounds where the result is kept:
 * session ids and resumption identities.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash_fast(const struct hash_key *key, const void *bytes, size_t len); /* SipHash-1-3 */
uint64_t hash_keep(const struct hash_key *key, const void *bytes, size_t len); /* SipHash-2-4 */

/* SipHash-1-3 of n 64-bit words: a flow key without a byte loop. */
uint64_t hash_words(const struct hash_key *key, const uint64_t *words, size_t n);

#endif
