/*
 * map: a keyed index from 64-bit hashes to 32-bit handles, in memory it is given once.
 *
 * It knows no keys: the owner walks the candidates of a hash and compares by itself.
 *
 *	for (struct map_at at = map_first(m, hash); map_found(&at); map_next(m, &at))
 *		if (same(owner_item(at.handle), key)) ...
 *
 * Linear probing with backward-shift removal: no tombstones, so cost does not grow with age.
 * Never grows: the owner's pool is what bounds it.  A third more slots than items, or twice as many, whatever their
 * number: a hash is scaled to the table (Lemire, "Fast random integer generation in an interval", 2019) and not masked,
 * so that memory is not rounded up to a power of two.
 *
 *	slots a full table looks at (Knuth, TAOCP 6.4)		what is there	what is not; adding, removing
 *	a third more						2.5		8.5
 *	twice as many: where the table is always full		1.5		2.5
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint32_t tag;    /* low 32 bits of the hash; home position is map_home */
	uint32_t handle; /* 0: empty */
};

struct map {
	struct map_slot *slot;
	uint32_t slots;
	uint32_t used;
};

struct map_at {
	uint32_t handle; /* 0: no more candidates */
	uint32_t tag, pos;
};

/* Slots for n items, and their size in bytes. */
uint32_t map_slots(uint32_t items);
size_t map_bytes(uint32_t items);
size_t map_roomy_bytes(uint32_t items);

/* `memory` holds map_bytes(items), or map_roomy_bytes(items), and is cleared here. */
void map_init(struct map *m, void *memory, uint32_t items);
void map_init_roomy(struct map *m, void *memory, uint32_t items);

static inline uint32_t
map_home(const struct map *m, uint32_t tag)
{
	return (uint32_t)((uint64_t)tag * m->slots >> 32);
}

static inline uint32_t
map_step(const struct map *m, uint32_t pos)
{
	return pos + 1 == m->slots ? 0 : pos + 1;
}

static inline void
map_prefetch(const struct map *m, uint64_t hash)
{
	__builtin_prefetch(&m->slot[map_home(m, (uint32_t)hash)]);
}

static inline bool
map_found(const struct map_at *at)
{
	return at->handle != 0;
}

static inline void
map_walk(const struct map *m, struct map_at *at)
{
	for (;; at->pos = map_step(m, at->pos)) {
		const struct map_slot *s = &m->slot[at->pos];

		if (s->handle == 0 || s->tag == at->tag) {
			at->handle = s->handle;
			return;
		}
	}
}

static inline struct map_at
map_first(const struct map *m, uint64_t hash)
{
	struct map_at at = {0, (uint32_t)hash, map_home(m, (uint32_t)hash)};

	map_walk(m, &at);
	return at;
}

static inline void
map_next(const struct map *m, struct map_at *at)
{
	at->pos = map_step(m, at->pos);
	map_walk(m, at);
}

/* handle is not 0.  Adding more than `items` is the owner's mistake and aborts. */
void map_add(struct map *m, uint64_t hash, uint32_t handle);

/* Removes the pair; not there is the owner's mistake and aborts. */
void map_remove(struct map *m, uint64_t hash, uint32_t handle);

#endif
