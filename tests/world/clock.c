/*
 * clock: what happens when: a binary heap of tasks, by time and then by the order in which they were asked for.
 */
#include "world.h"

#include <stdlib.h>

static bool
sooner(const struct task *a, const struct task *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
sift_up(struct clock *c, uint32_t i)
{
	struct task t = c->heap[i];

	for (; i && sooner(&t, &c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		c->heap[i] = c->heap[(i - 1) / 2];
	c->heap[i] = t;
}

static void
sift_down(struct clock *c, struct task t)
{
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < c->count) {
		child += child + 1 < c->count && sooner(&c->heap[child + 1], &c->heap[child]);
		if (!sooner(&c->heap[child], &t))
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = t;
}

void
clock_add(struct world *w, int64_t at, void (*run)(struct world *w, void *arg), void *arg)
{
	struct clock *c = &w->clock;

	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 1024;
		c->heap = realloc(c->heap, c->room * sizeof(*c->heap));
	}
	c->heap[c->count] = (struct task){at < w->now ? w->now : at, c->order++, run, arg};
	sift_up(c, c->count++);
}

bool
clock_step(struct world *w, int64_t until)
{
	struct clock *c = &w->clock;
	struct task t;

	if (!c->count || c->heap[0].at >= until)
		return false;
	t = c->heap[0];
	c->count--;
	if (c->count)
		sift_down(c, c->heap[c->count]);
	w->now = t.at;
	t.run(w, t.arg);
	return true;
}

void
clock_free(struct clock *c)
{
	free(c->heap);
	*c = (struct clock){0};
}
