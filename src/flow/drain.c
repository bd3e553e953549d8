/*
 * drain: the order in which connections leave: by the first packet's time, among equals by their key's hash, never by
 * place in the table.  So whoever sees one part of the connections and whoever sees all agree on it.
 *
 * Sorted are the queue links of the flows themselves: no memory of its own.
 */
#include "base/sort.h"
#include "flow/table.h"

uint64_t
flow_tie(const struct flows *t, const struct flow *f)
{
	uint64_t word[5];

	memcpy(word, f->addr, sizeof(f->addr));
	word[4] = (uint64_t)f->port[0] << 32 | (uint32_t)f->port[1] << 8 | f->proto;
	return hash_words(&t->tie, word, 5);
}

enum { AHEAD = 12 };

/* Lists of flows mostly lie in memory as they are linked: those that come are sent for. */
static uint32_t
link_after(void *arg, uint32_t item)
{
	const struct flow *f = flow_at(arg, item);

	__builtin_prefetch((const uint8_t *)f + AHEAD * sizeof(*f) + FLOW_HOT);
	return f->after;
}

static void
link_set(void *arg, uint32_t item, uint32_t after)
{
	flow_at(arg, item)->after = after;
}

bool
flow_goes_after(const struct flows *t, const struct flow *a, const struct flow *b)
{
	return a->first.ns != b->first.ns ? a->first.ns > b->first.ns : flow_tie(t, a) > flow_tie(t, b);
}

static bool
goes_after(void *arg, uint32_t a, uint32_t b)
{
	return flow_goes_after(arg, flow_at(arg, a), flow_at(arg, b));
}

static uint32_t
sorted(struct flows *t, uint32_t head)
{
	return sort_list(&(struct sort_list){t, link_after, link_set, goes_after}, head);
}

void
queue_sort(struct flows *t, unsigned queue)
{
	struct queue *q = &t->queue[queue];
	uint32_t before = 0;

	if (q->head == q->tail)
		return;
	q->head = sorted(t, q->head);
	for (uint32_t h = q->head; h; h = flow_at(t, h)->after) {
		flow_at(t, h)->prev = before;
		before = h;
	}
	q->tail = before;
}

/* All that are open, as a list in the order of their items, which mostly is that of time. */
static uint32_t
list_open(const struct flows *t)
{
	uint32_t head = 0;

	for (uint32_t h = t->items.fresh; h > 0; h--) {
		struct flow *f = flow_at(t, h);

		if (h > AHEAD)
			pool_prefetch(&t->items, h - AHEAD, 0, sizeof(*f));
		if (f->queue >= QUEUE_TIMED)
			continue;
		f->queue = QUEUE_DRAIN;
		f->after = head;
		head = h;
	}
	return head;
}

/* That queue is left from its head only, and needs no way back. */
static void
drain_start(struct flows *t)
{
	t->queue[QUEUE_DRAIN].head = sorted(t, list_open(t));
	for (unsigned q = 0; q < QUEUE_TIMED; q++)
		t->queue[q] = (struct queue){0, 0};
	map_init(&t->map, t->map.slot, t->items.count);
}

const struct flow *
flow_follower(const struct flows *t, const struct flow *f)
{
	return f->after ? flow_at(t, f->after) : NULL;
}

static struct flow *
drain_next(struct flows *t)
{
	struct queue *q = &t->queue[QUEUE_DRAIN];
	struct flow *f = q->head ? flow_at(t, q->head) : NULL;

	if (!f)
		return NULL;
	q->head = f->after;
	f->queue = QUEUE_OUT;
	flow_mark(t, f, flow_is_silent(f, t->now) ? FLOW_TIMEOUT : FLOW_INPUT_END);
	return f;
}

struct flow *
flow_drain(struct flows *t)
{
	struct flow *f = queue_take(t, QUEUE_ENDED);

	if (f)
		return f;
	if (!t->queue[QUEUE_DRAIN].head)
		drain_start(t);
	return drain_next(t);
}
