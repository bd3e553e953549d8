/*
 * map: adding and removing; the lookup is inline in map.h.
 * Must not allocate, and must not look at what a handle means.
 */
#include "base/map.h"

#include <string.h>

uint32_t
map_slots(uint32_t items)
{
	uint64_t want = (uint64_t)items + items / 3 + 1;
	uint64_t n = 16;

	while (n < want)
		n *= 2;
	return (uint32_t)n;
}

size_t
map_bytes(uint32_t items)
{
	return (size_t)map_slots(items) * sizeof(struct map_slot);
}

void
map_init(struct map *m, void *memory, uint32_t items)
{
	m->slot = memory;
	m->mask = map_slots(items) - 1;
	m->used = 0;
	memset(memory, 0, map_bytes(items));
}

void
map_add(struct map *m, uint64_t hash, uint32_t handle)
{
	uint32_t tag = (uint32_t)hash, pos = tag & m->mask;

	if (handle == 0 || m->used == m->mask)
		__builtin_trap();
	while (m->slot[pos].handle != 0)
		pos = (pos + 1) & m->mask;
	m->slot[pos] = (struct map_slot){tag, handle};
	m->used++;
}

void
map_remove(struct map *m, uint64_t hash, uint32_t handle)
{
	uint32_t hole = (uint32_t)hash & m->mask;

	while (m->slot[hole].handle != handle || m->slot[hole].tag != (uint32_t)hash) {
		if (m->slot[hole].handle == 0)
			__builtin_trap();
		hole = (hole + 1) & m->mask;
	}
	/* Knuth, TAOCP 6.4 algorithm R: close the gap, so that no probe sequence is cut. */
	for (uint32_t pos = (hole + 1) & m->mask; m->slot[pos].handle != 0;
	     pos = (pos + 1) & m->mask) {
		uint32_t home = m->slot[pos].tag & m->mask;

		if (((pos - home) & m->mask) >= ((pos - hole) & m->mask)) {
			m->slot[hole] = m->slot[pos];
			hole = pos;
		}
	}
	m->slot[hole].handle = 0;
	m->used--;
}
