/*
 * queue: when a connection is over: timeouts by state, eviction from a full table, the end of the input.
 *
 * A packet never moves its flow in a queue.  A flow is looked at when its queue's period has passed, and then
 * ends or goes to the tail of the queue that its state belongs to.  Looks happen at their due time, in order
 * of it, so that what ends and when does not depend on how often anybody asks.
 * Must not let the table's random key decide an order.
 */
#include "flow/table.h"

struct rule {
	int64_t timeout_s;
	int64_t period_ms; /* between two looks */
};

/* By flow_queue / 2. */
static const struct rule RULE[QUEUE_TIMED / 2] = {
	{FLOW_SYN_S, 10000}, {FLOW_UDP_ONE_S, 10000}, {FLOW_CLOSING_S, 2000},
	{FLOW_TCP_S, 60000}, {FLOW_UDP_S, 60000},     {FLOW_TCP_S, 60000},
};

enum { CLOCK_STEP_MS = 1000, LOOKS_TO_EVICT = 32 };

/* The state without QUEUE_OWN. */
static unsigned
flow_class(const struct flow *f)
{
	bool both = f->side[0].packets && f->side[1].packets;

	if (f->proto != PROTO_TCP)
		return both ? QUEUE_UDP : QUEUE_UDP_ONE;
	if (f->end != FLOW_OPEN)
		return QUEUE_CLOSING;
	if (f->flags & FLOW_ESTABLISHED)
		return QUEUE_TCP;
	if ((f->side[0].seen | f->side[1].seen) & SIDE_DATA || (f->flags & FLOW_MIDSTREAM && both))
		return QUEUE_HALF;
	return QUEUE_SYN;
}

static unsigned
queue_of(const struct flow *f)
{
	return flow_class(f) | (f->flags & FLOW_GATEWAY ? QUEUE_OWN : 0);
}

static int64_t
flow_timeout(const struct flow *f)
{
	bool closing = f->proto == PROTO_TCP && (f->end == FLOW_FIN || f->end == FLOW_RST);
	struct flow open;

	if (closing || f->end == FLOW_OPEN)
		return RULE[flow_class(f) / 2].timeout_s * NS_PER_S;
	open = *f;
	open.end = FLOW_OPEN;
	return RULE[flow_class(&open) / 2].timeout_s * NS_PER_S;
}

bool
flow_is_silent(const struct flow *f, struct when now)
{
	int64_t idle = when_since(now, f->last);

	return idle > FLOW_CLOSING_S * NS_PER_S && idle > flow_timeout(f);
}

struct when
flow_end_time(const struct flow *f)
{
	return f->end == FLOW_TIMEOUT && !(f->flags & FLOW_REPLACED) ? when_add(f->last, flow_timeout(f)) : f->last;
}

static int64_t
age_ms(const struct flow *f, struct when t)
{
	return when_since(t, f->first) / NS_PER_MS;
}

/* When the flow is to be looked at.  queued_ms wraps after 49 days; `now` tells which round it is in. */
static struct when
due(const struct flow *f, struct when now)
{
	int64_t age = age_ms(f, now);
	int32_t waited = (int32_t)((uint32_t)age - f->queued_ms);

	if (waited < -CLOCK_STEP_MS)
		return now; /* the clock was set back */
	return when_add(f->first, (age - waited + RULE[f->queue / 2].period_ms) * NS_PER_MS);
}

void
queue_put(struct flows *t, struct flow *f, unsigned queue, struct when now)
{
	struct queue *q = &t->queue[queue];
	uint32_t handle = flow_handle(t, f);

	f->queue = (uint8_t)queue;
	f->prev = q->tail;
	f->after = 0;
	f->queued_ms = (uint32_t)age_ms(f, now);
	if (q->tail)
		flow_at(t, q->tail)->after = handle;
	else
		q->head = handle;
	q->tail = handle;
	if (queue < QUEUE_TIMED) {
		struct when look = due(f, now);

		if (when_before(look, t->next_check))
			t->next_check = look;
	}
}

static void
queue_leave(struct flows *t, struct flow *f)
{
	struct queue *q = &t->queue[f->queue];

	if (f->prev)
		flow_at(t, f->prev)->after = f->after;
	else
		q->head = f->after;
	if (f->after)
		flow_at(t, f->after)->prev = f->prev;
	else
		q->tail = f->prev;
}

static void
queue_again(struct flows *t, struct flow *f, struct when now)
{
	queue_leave(t, f);
	queue_put(t, f, queue_of(f), now);
}

void
queue_move(struct flows *t, struct flow *f)
{
	if (f->queue != queue_of(f))
		queue_again(t, f, t->now);
}

struct flow *
queue_take(struct flows *t, unsigned queue)
{
	struct flow *f;

	if (!t->queue[queue].head)
		return NULL;
	f = flow_at(t, t->queue[queue].head);
	queue_leave(t, f);
	f->queue = QUEUE_OUT;
	return f;
}

void
flow_mark(struct flows *t, struct flow *f, enum flow_end how)
{
	if (f->end == FLOW_OPEN)
		f->end = (uint8_t)how;
	t->counts->flow_ended += f->end == FLOW_FIN || f->end == FLOW_RST;
	t->counts->flow_timeout += f->end == FLOW_TIMEOUT;
	t->counts->flow_evicted += f->end == FLOW_EVICTED;
}

/* Connections end in the order of their queue, long after they were last looked at: the next one's index slot and the
   one after it are on their way meanwhile. */
static void
prefetch_next(const struct flows *t, const struct flow *f)
{
	const struct flow *next = f->after ? flow_at(t, f->after) : NULL;

	if (!next)
		return;
	map_prefetch(&t->map, flow_hash_of(t, next));
	if (next->after)
		pool_prefetch(&t->items, next->after, 0, sizeof(*next));
}

void
flow_end(struct flows *t, struct flow *f, enum flow_end how)
{
	prefetch_next(t, f);
	f->flags &= (uint8_t)~FLOW_SMOOTH;
	map_remove(&t->map, flow_hash_of(t, f), flow_handle(t, f));
	queue_leave(t, f);
	flow_mark(t, f, how);
	queue_put(t, f, QUEUE_ENDED, t->now);
	t->ended_sorted = false;
}

static struct when
head_due(const struct flows *t, unsigned queue, struct when now)
{
	uint32_t head = t->queue[queue].head;

	return head ? due(flow_at(t, head), now) : (struct when){INT64_MAX};
}

/* The flow that is due first is its queue's head; among equals that of the lower queue.  A look changes the heads of two
   queues at most. */
void
queue_sweep(struct flows *t, struct when now)
{
	struct when at[QUEUE_TIMED];
	unsigned q;

	for (q = 0; q < QUEUE_TIMED; q++)
		at[q] = head_due(t, q, now);
	for (;;) {
		unsigned first = 0;
		struct flow *f;

		for (q = 1; q < QUEUE_TIMED; q++)
			first = when_before(at[q], at[first]) ? q : first;
		t->next_check = at[first];
		if (!t->queue[first].head || when_before(now, at[first]))
			return;
		f = flow_at(t, t->queue[first].head);
		if (flow_is_silent(f, at[first])) {
			flow_end(t, f, FLOW_TIMEOUT);
		} else {
			queue_again(t, f, at[first]);
			at[f->queue] = head_due(t, f->queue, now);
		}
		at[first] = head_due(t, first, now);
	}
}

struct when
flows_due(const struct flows *t)
{
	return t->queue[QUEUE_ENDED].head ? t->now : t->next_check;
}

struct flow *
flow_ended(struct flows *t, struct when now)
{
	if (!when_before(now, t->next_check))
		queue_sweep(t, now);
	if (!t->ended_sorted) {
		queue_sort(t, QUEUE_ENDED);
		t->ended_sorted = true;
	}
	return queue_take(t, QUEUE_ENDED);
}

void
flows_pass(struct flows *t, struct when now)
{
	if (when_before(t->now, now))
		t->now = now;
}

bool
flows_full(const struct flows *t)
{
	return t->items.used == t->items.count;
}

uint32_t
flows_room(const struct flows *t)
{
	return t->items.count - t->items.used;
}

static struct when
queued_at(const struct flow *f)
{
	return when_add(f->first, f->queued_ms * NS_PER_MS);
}

/* By class, a SYN without an answer first; but whoever came within the last second is about to say something: among
   such the oldest goes, so that in a flood a SYN lives until its hello. */
static struct flow *
first_to_go(const struct flows *t)
{
	struct flow *oldest = NULL;

	for (unsigned q = 0; q < QUEUE_TIMED; q++) {
		struct flow *f = t->queue[q].head ? flow_at(t, t->queue[q].head) : NULL;

		if (f && when_since(t->now, queued_at(f)) > NS_PER_S)
			return f;
		if (f && (!oldest || !when_before(queued_at(oldest), queued_at(f))))
			oldest = f;
	}
	return oldest;
}

/* A second chance (Corbato's clock) for who has moved on or was heard since it was queued; bounded. */
void
flow_evict_one(struct flows *t)
{
	struct flow *f = first_to_go(t);

	for (unsigned i = 0; i < LOOKS_TO_EVICT && f; i++) {
		if (f->queue == queue_of(f) && (uint32_t)age_ms(f, f->last) <= f->queued_ms)
			break;
		queue_again(t, f, t->now);
		f = first_to_go(t);
	}
	if (f)
		flow_end(t, f, FLOW_EVICTED);
}

void
flow_free(struct flows *t, struct flow *f)
{
	if (f->queue < QUEUE_TIMED)
		map_remove(&t->map, flow_hash_of(t, f), flow_handle(t, f));
	if (f->queue < QUEUES)
		queue_leave(t, f);
	if (f->proto == PROTO_TCP) {
		held_free(t, &f->side[0]);
		held_free(t, &f->side[1]);
	}
	f->flags &= (uint8_t)~FLOW_SMOOTH;
	f->queue = QUEUE_FREE;
	pool_put(&t->items, flow_handle(t, f));
}

uint32_t
flows_used(const struct flows *t)
{
	return t->items.used;
}
