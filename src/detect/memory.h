/*
 * memory: what a detector remembers: a table of fixed size, keyed, that forgets the oldest.  Internal to src/detect.
 *
 *	new item -> passing --memory_keep--> kept
 *	room needed: the oldest passing item goes; a kept one only when nothing passes
 *
 * So a flood of strangers cannot wash out what is known.  Age is the order of use, never the hash: the table's
 * random key decides no outcome.
 */
#ifndef DETECT_MEMORY_H
#define DETECT_MEMORY_H

#include "base/addr.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/when.h"

/* Every key has this form; unused words are 0. */
struct memory_key {
	struct addr addr;
	uint64_t a, b;
};

struct memory_list {
	uint32_t oldest, newest, count;
};

/* What hides the places of keys; tables may share one. */
struct memory_secret {
	uint64_t word[8];
};
struct memory_secret memory_secret(const struct hash_key *key);

/* A key with its hash, for those who ask several tables of one secret. */
struct memory_hashed {
	struct memory_key key;
	uint64_t hash;
};
struct memory_hashed memory_hashed(const struct memory_secret *secret, const struct memory_key *k);

struct memory {
	struct pool pool;
	struct map map;
	const struct memory_secret *secret;
	struct memory_list list[2]; /* passing, kept */
	uint32_t payload;
	uint32_t evicted;
};

struct memory_plan {
	size_t bytes;     /* this share, all inclusive */
	uint32_t payload; /* bytes an item */
	uint16_t version; /* of its layout, for snapshots */
	const struct memory_secret *secret;
};

void memory_init(struct memory *m, struct carve *c, const struct memory_plan *plan);

/* The item of a key, NULL when it is not known. */
void *memory_find(const struct memory *m, const struct memory_key *k);
void *memory_find_hashed(const struct memory *m, const struct memory_hashed *k);

/* The item of a key, made when it is not known (zeroed, *fresh set), and the newest from now on. */
void *memory_use(struct memory *m, const struct memory_key *k, bool *fresh);
void *memory_use_hashed(struct memory *m, const struct memory_hashed *k, bool *fresh);

/* The newest of those that pass, when it has this key: of a table with an item a gateway mostly the one wanted. */
void *memory_newest(const struct memory *m, const struct memory_key *k);

/* An item that was found is the newest from now on. */
void memory_touch(struct memory *m, void *item);

/* Puts it among the kept; at most three quarters of the items are, beyond that the oldest kept one passes. */
void memory_keep(struct memory *m, void *item);
void memory_drop(struct memory *m, void *item);

/* The oldest passing item, NULL: none.  The oldest kept one.  And the one used after it. */
void *memory_oldest(const struct memory *m);
void *memory_oldest_kept(const struct memory *m);
void *memory_newer(const struct memory *m, const void *item);
bool memory_full(const struct memory *m);
uint32_t memory_count(const struct memory *m);

/* Every item, first those that pass, each list from the oldest on: what a copy needs to be used alike. */
struct memory_item {
	struct memory_key key;
	const void *payload;
	bool kept;
};
struct memory_at {
	uint32_t list, handle;
	struct memory_item item;
};
const struct memory_item *memory_walk(const struct memory *m, struct memory_at *at); /* NULL: that was all */

#endif
