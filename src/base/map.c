/*
 * map: adding and removing; the lookup is inline in map.h.
 * Must not allocate, and must not look at what a handle means.
 */
#include "base/map.h"

#include <string.h>

uint32_t
map_slots(uint32_t items)
{
	return items + items / 3 + 2;
}

size_t
map_bytes(uint32_t items)
{
	return (size_t)map_slots(items) * sizeof(struct map_slot);
}

static uint32_t
roomy_slots(uint32_t items)
{
	return items * 2 + 2;
}

size_t
map_roomy_bytes(uint32_t items)
{
	return (size_t)roomy_slots(items) * sizeof(struct map_slot);
}

static void
init(struct map *m, void *memory, uint32_t slots)
{
	*m = (struct map){.slot = memory, .slots = slots};
	memset(memory, 0, slots * sizeof(struct map_slot));
}

void
map_init(struct map *m, void *memory, uint32_t items)
{
	init(m, memory, map_slots(items));
}

void
map_init_roomy(struct map *m, void *memory, uint32_t items)
{
	init(m, memory, roomy_slots(items));
}

void
map_add(struct map *m, uint64_t hash, uint32_t handle)
{
	uint32_t tag = (uint32_t)hash, pos = map_home(m, tag);

	if (handle == 0 || m->used + 1 == m->slots)
		__builtin_trap();
	while (m->slot[pos].handle != 0)
		pos = map_step(m, pos);
	m->slot[pos] = (struct map_slot){tag, handle};
	m->used++;
}

/* How far `pos` lies behind `from`, around the end. */
static inline uint32_t
distance(const struct map *m, uint32_t from, uint32_t pos)
{
	return pos - from + (pos < from ? m->slots : 0);
}

void
map_remove(struct map *m, uint64_t hash, uint32_t handle)
{
	const uint32_t tag = (uint32_t)hash;
	uint32_t hole = map_home(m, tag), pos, gap = 1; /* gap: how far pos lies behind the hole */
	struct map_slot s;

	while (m->slot[hole].handle != handle || m->slot[hole].tag != tag) {
		if (m->slot[hole].handle == 0)
			__builtin_trap();
		hole = map_step(m, hole);
	}
	/* Knuth, TAOCP 6.4 algorithm R: close the gap, so that no probe sequence is cut. */
	for (pos = map_step(m, hole); (s = m->slot[pos]).handle != 0; pos = map_step(m, pos), gap++) {
		if (distance(m, map_home(m, s.tag), pos) >= gap) {
			m->slot[hole] = s;
			hole = pos;
			gap = 0;
		}
	}
	m->slot[hole].handle = 0;
	m->used--;
}
