/*
 * pool: carving the one budget, and fixed-size items within a share of it.
 * Must not call malloc: what does not fit is the caller's decision (evict, or count and go without).
 */
#include "base/pool.h"

#include <string.h>

enum { CACHE_LINE = 64 };

void *
carve_take(struct carve *c, size_t bytes)
{
	size_t skip = (size_t)(-(uintptr_t)c->p & (CACHE_LINE - 1));
	uint8_t *at = c->p + skip;

	if ((size_t)(c->end - c->p) < skip || (size_t)(c->end - at) < bytes)
		__builtin_trap();
	c->p = at + bytes;
	return at;
}

void
pool_init(struct pool *p, void *memory, uint32_t item_bytes, uint32_t count)
{
	*p = (struct pool){.base = memory, .size = item_bytes, .count = count};
}

/* The next to be handed out is on its way until somebody wants it: its first lines. */
static inline void
prefetch_next(const struct pool *p)
{
	enum { FIRST = 3 * CACHE_LINE };
	uint32_t next = p->freed ? p->freed : p->fresh + 1;

	if (next <= p->count)
		pool_prefetch(p, next, 0, p->size < FIRST ? p->size : FIRST);
}

uint32_t
pool_get(struct pool *p)
{
	uint32_t handle = p->freed;

	if (handle)
		memcpy(&p->freed, pool_at(p, handle), sizeof(p->freed));
	else if (p->fresh < p->count)
		handle = ++p->fresh;
	else
		return 0;
	p->used++;
	prefetch_next(p);
	return handle;
}

void
pool_put(struct pool *p, uint32_t handle)
{
	memcpy(pool_at(p, handle), &p->freed, sizeof(p->freed));
	p->freed = handle;
	p->used--;
}
