/*
 * intern: equal bytes under one handle, counted by users, within a fixed share of memory.  Internal to src/tls.
 *
 *	share = table of pages | index | pages of 16 KiB, each cut into slots of one size class
 *
 * What nobody uses any more stays until room is needed.  Then the longest unused goes: the oldest of the same size
 * class, or, when that is older, a whole page without a user (so memory can change its class).  All in constant time
 * but for emptying a page.  It must not know what the bytes mean.
 */
#ifndef TLS_INTERN_H
#define TLS_INTERN_H

#include "base/hash.h"
#include "base/pool.h"
#include "base/text.h"

struct intern;

enum { INTERN_MAX = 16384 - 32 }; /* key and body together */

/* What is looked for.  The hash is over kind and bytes, by intern_key. */
struct intern_key {
	uint64_t hash;
	const void *bytes;
	uint32_t len;
	uint8_t kind; /* 0 to 3 */
};

size_t intern_bytes(size_t share);
struct intern *intern_new(struct carve *c, size_t share, const struct hash_key *key);

struct intern_key intern_key(const struct intern *in, uint8_t kind, const void *bytes, size_t len);

/* One more user of what is there; 0: it is not. */
uint32_t intern_find(struct intern *in, const struct intern_key *k);
void intern_again(struct intern *in, uint32_t handle); /* one more user of what has one */
/* A new entry with one user, its body uncleared; 0: no room. */
uint32_t intern_add(struct intern *in, const struct intern_key *k, size_t body_len);
void intern_drop(struct intern *in, uint32_t handle);

/* The body is aligned to 8 bytes. */
void *intern_body(const struct intern *in, uint32_t handle);
struct text intern_text(const struct intern *in, uint32_t handle); /* the key's bytes */
uint64_t intern_hash(const struct intern *in, uint32_t handle);    /* the key's hash */

#endif
