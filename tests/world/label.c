/*
 * label: what really happens in a world, and whose addresses take part: the truth that alerts are held against.
 */
#include "world.h"

#include <stdlib.h>

static uint32_t
place_of(const struct names *n, const struct addr *a)
{
	static const struct hash_key KEY = {1, 2};

	return (uint32_t)hash_fast(&KEY, a->b, sizeof(a->b)) & (n->room - 1);
}

static struct name *
name_find(const struct names *n, const struct addr *a)
{
	uint32_t i = place_of(n, a);

	while (n->slot[i].label >= 0 && !addr_same(&n->slot[i].addr, a))
		i = (i + 1) & (n->room - 1);
	return &n->slot[i];
}

static void
names_grow(struct names *n)
{
	struct names old = *n;

	n->room = old.room ? old.room * 2 : 1024;
	n->slot = malloc(n->room * sizeof(*n->slot));
	for (uint32_t i = 0; i < n->room; i++)
		n->slot[i].label = -1;
	for (uint32_t i = 0; i < old.room; i++)
		if (old.slot[i].label >= 0)
			*name_find(n, &old.slot[i].addr) = old.slot[i];
	free(old.slot);
}

int
label_begin(struct world *w, const struct label *l)
{
	if (w->labels == LABELS)
		abort();
	w->label[w->labels] = *l;
	if (!w->label[w->labels].start)
		w->label[w->labels].start = w->now;
	return w->labels++;
}

void
label_addr(struct world *w, int label, const struct addr *a)
{
	struct name *n;

	if (w->names.used * 2 >= w->names.room)
		names_grow(&w->names);
	n = name_find(&w->names, a);
	w->names.used += n->label < 0;
	*n = (struct name){*a, (int16_t)label};
}

int
label_of(const struct world *w, const struct addr *a)
{
	return w->names.room ? name_find(&w->names, a)->label : -1;
}

void
label_happened(struct world *w, int label)
{
	if (label >= 0 && !w->label[label].happened)
		w->label[label].happened = w->now;
}

void
label_end(struct world *w, int label, int64_t at)
{
	if (label >= 0 && w->label[label].end < at)
		w->label[label].end = at;
}
