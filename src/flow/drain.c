/*
 * drain: the end of the input: every connection left, in the order of its first packet.
 *
 * A merge sort over the queue links of the flows themselves: no memory of its own.  Ties go by key, never by
 * place in the table.
 */
#include "flow/table.h"

static int
compare_ends(const struct flow *a, const struct flow *b)
{
	int order = memcmp(a->addr, b->addr, sizeof(a->addr));

	if (order == 0)
		order = (a->port[0] > b->port[0]) - (a->port[0] < b->port[0]);
	if (order == 0)
		order = (a->port[1] > b->port[1]) - (a->port[1] < b->port[1]);
	return order ? order : (a->proto > b->proto) - (a->proto < b->proto);
}

static bool
goes_first(const struct flow *a, const struct flow *b)
{
	return a->first.ns != b->first.ns ? a->first.ns < b->first.ns : compare_ends(a, b) <= 0;
}

/* Merges two sorted lists; a's flows come first among equals. */
static uint32_t
merge(const struct flows *t, uint32_t a, uint32_t b)
{
	uint32_t head = 0, *link = &head;

	while (a && b) {
		uint32_t *from = goes_first(flow_at(t, a), flow_at(t, b)) ? &a : &b;

		*link = *from;
		link = &flow_at(t, *from)->after;
		*from = *link;
	}
	*link = a ? a : b;
	return head;
}

/* The flows from *h on that lie in order already, as a list; items are mostly handed out in the order of time. */
static uint32_t
take_run(const struct flows *t, uint32_t *h)
{
	struct flow *last = NULL;
	uint32_t head = 0;

	for (; *h <= t->items.fresh; ++*h) {
		struct flow *f = flow_at(t, *h);

		if (f->queue >= QUEUE_TIMED)
			continue;
		if (last && !goes_first(last, f))
			break;
		if (last)
			last->after = *h;
		else
			head = *h;
		last = f;
		f->after = 0;
	}
	return head;
}

/* bin[i] holds a sorted list of 2^i runs or none, as the digits of a binary counter. */
static uint32_t
sort_open(const struct flows *t)
{
	uint32_t bin[32] = {0}, list, h = 1;

	while ((list = take_run(t, &h))) {
		unsigned i = 0;

		for (; bin[i]; i++) {
			list = merge(t, bin[i], list);
			bin[i] = 0;
		}
		bin[i] = list;
	}
	for (unsigned i = 0; i < 32; i++)
		list = merge(t, bin[i], list);
	return list;
}

static void
drain_start(struct flows *t)
{
	uint32_t next = sort_open(t);

	for (unsigned q = 0; q < QUEUE_TIMED; q++)
		t->queue[q] = (struct queue){0, 0};
	map_init(&t->map, t->map.slot, t->items.count);
	while (next) {
		struct flow *f = flow_at(t, next);

		next = f->after;
		queue_put(t, f, QUEUE_DRAIN, t->now);
	}
}

struct flow *
flow_drain(struct flows *t)
{
	struct flow *f = queue_take(t, QUEUE_ENDED);

	if (f)
		return f;
	if (!t->queue[QUEUE_DRAIN].head)
		drain_start(t);
	f = queue_take(t, QUEUE_DRAIN);
	if (f)
		flow_mark(t, f, flow_is_silent(f, t->now) ? FLOW_TIMEOUT : FLOW_INPUT_END);
	return f;
}
