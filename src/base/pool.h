/*
 * pool: items of one size in a block of memory that is given once, named by 32-bit handles (0: none).
 *
 *	memory.limit -> carve -> pool, pool, map, ...		all taken at start, nothing grows
 *
 * Items are handed out uncleared.  Memory of a pool that never fills is never touched, so that resident
 * memory follows use while the bound stays what the user set.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* What is left of the memory given at start. */
struct carve {
	uint8_t *p, *end;
};

/* The next `bytes` bytes, aligned to a cache line; taking more than there is aborts. */
void *carve_take(struct carve *c, size_t bytes);

struct pool {
	uint8_t *base;
	uint32_t size;  /* bytes an item, a multiple of 8 */
	uint32_t count; /* items in all */
	uint32_t fresh; /* items never handed out yet begin here */
	uint32_t freed; /* head of the list of returned items */
	uint32_t used;
};

void pool_init(struct pool *p, void *memory, uint32_t item_bytes, uint32_t count);

/* A handle, or 0 when the pool is full. */
uint32_t pool_get(struct pool *p);

void pool_put(struct pool *p, uint32_t handle);

static inline void *
pool_at(const struct pool *p, uint32_t handle)
{
	return p->base + (size_t)(handle - 1) * p->size;
}

/* Sets the cache lines of an item's bytes [from, to) on their way. */
static inline void
pool_prefetch(const struct pool *p, uint32_t handle, size_t from, size_t to)
{
	const uint8_t *item = pool_at(p, handle);

	for (size_t i = from; i < to; i += 64)
		__builtin_prefetch(item + i);
	__builtin_prefetch(item + to - 1);
}

#endif
