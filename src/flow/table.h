/*
 * table: what the files of this folder share: the flow table's body, its timeout queues, held segments.
 * Nothing outside src/flow includes it.
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include "base/map.h"
#include "flow/flow.h"

/* Kept out of the way of the packet that is like all others: no registers saved for it. */
#define COLD __attribute__((noinline))

/* In the order in which a full table gives up connections. */
enum flow_queue {
	QUEUE_SYN,         /* opening, nothing said */
	QUEUE_UDP_ONE = 2, /* UDP without an answer */
	QUEUE_CLOSING = 4, /* FIN or RST seen, kept for late packets */
	QUEUE_HALF = 6,    /* TCP of which only one side speaks, or only one is visible */
	QUEUE_UDP = 8,
	QUEUE_TCP = 10,
	QUEUE_OWN = 1,             /* added to any of these: a gateway's, given up after the others of its kind */
	QUEUE_TIMED = 12,          /* how many of them; the rest have no time */
	QUEUE_ENDED = QUEUE_TIMED, /* over, waits for flow_ended */
	QUEUE_DRAIN,               /* sorted, waits for flow_drain */
	QUEUES,
	QUEUE_OUT = QUEUES, /* given to the caller, who frees it */
	QUEUE_FREE          /* an item nobody uses */
};

/* struct flow_side.seen */
enum side_seen {
	SIDE_STARTED = 1,  /* `next` is known */
	SIDE_DATA = 2,     /* has sent payload */
	SIDE_FINISHED = 4, /* its FIN came in order: nothing follows */
	SIDE_ACKED = 8,    /* the peer acknowledged bytes beyond `next` */
	SIDE_SKIP = 16,    /* give up the first hole */
	SIDE_RESYNC = 32,  /* the peer acknowledges a stretch far from `next` */
};

enum { FAR = 1 << 24 /* further from `next` than a window that anybody uses */ };

/* And payload came, the next there was. */
static inline uint8_t
seen_data(uint8_t seen)
{
	return (uint8_t)((seen | SIDE_DATA) & ~(SIDE_ACKED | SIDE_SKIP | SIDE_RESYNC));
}

/* struct flow_side.recent_time */
static inline uint32_t
copy_time(struct when t)
{
	return (uint32_t)((uint64_t)t.ns >> 16);
}

struct queue {
	uint32_t head, tail;
};

/* What flow_chunk has to give. */
enum pieces { PIECES_NONE, PIECES_ONE, PIECES_HELD };

struct flows {
	struct hash_key key, tie;
	uint64_t factor[10]; /* of the table hash, random */
	struct map map;
	struct pool items, blocks;
	struct counts *counts;
	struct queue queue[QUEUES];
	struct when now;        /* of the last packet */
	struct when next_check; /* when the first queue's head is due */
	struct chunk piece;     /* in order, of the packet just fed */
	struct chunk waited;    /* in order now, given before or after it */
	bool piece_ready;
	bool ended_sorted; /* QUEUE_ENDED is in order */
	uint8_t pieces;    /* enum pieces */
};

/* A segment on its way into a stream. */
struct segment {
	uint32_t seq, len; /* len: on the wire */
	struct cur bytes;  /* what was captured of it */
};

/* Negative, 0 or positive on the circle of sequence numbers (RFC 9293 3.4). */
static inline int32_t
seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline struct flow *
flow_at(const struct flows *t, uint32_t handle)
{
	return (struct flow *)(void *)t->items.base + (handle - 1); /* pool_at, of a size that is known */
}

static inline uint32_t
flow_handle(const struct flows *t, const struct flow *f)
{
	return (uint32_t)((size_t)((const uint8_t *)f - t->items.base) / t->items.size) + 1;
}

/* table.c */
uint64_t flow_hash_of(const struct flows *t, const struct flow *f);

/* queue.c: timeouts, eviction, ends */
bool flow_is_silent(const struct flow *f, struct when now); /* longer than its state allows */
void queue_put(struct flows *t, struct flow *f, unsigned queue, struct when now);
void queue_move(struct flows *t, struct flow *f); /* to where its state belongs */
void queue_sweep(struct flows *t, struct when now);
struct flow *queue_take(struct flows *t, unsigned queue);           /* its head, NULL: empty */
void flow_mark(struct flows *t, struct flow *f, enum flow_end how); /* says how it ended, if nothing did */
void flow_end(struct flows *t, struct flow *f, enum flow_end how);

/* drain.c: the order in which they leave */
void queue_sort(struct flows *t, unsigned queue);

/* stream.c: TCP */
bool stream_is_new(const struct flow *f, const struct packet *p, unsigned side);
bool stream_has_news(const struct flows *t, const struct flow *f, const struct packet *p, unsigned side);
bool stream_feed(struct flows *t, struct flow *f, const struct packet *p, unsigned side); /* true: fed.plain */

static inline void
count_up(uint16_t *n)
{
	*n = (uint16_t)(*n + (*n != UINT16_MAX));
}

/* held.c: segments that wait for an earlier one */
void segment_skip(struct segment *seg, uint32_t n); /* drops its first n bytes */
size_t held_bytes(size_t bytes);
void held_init(struct flows *t, void *memory, size_t bytes);
/* Keeps what is new of the segment; false: no memory for it. */
bool held_put(struct flows *t, struct flow_side *s, const struct segment *seg);
bool held_has(const struct flows *t, const struct flow_side *s, uint32_t seq, uint32_t len);
uint32_t held_first(const struct flows *t, const struct flow_side *s); /* sequence number; there is one */
unsigned held_count(const struct flows *t, const struct flow_side *s);
int64_t held_since(const struct flows *t, const struct flow_side *s); /* time of the first, ns */
/* Takes the first block out; its bytes stay until the next held_put. */
struct segment held_take(struct flows *t, struct flow_side *s);
void held_free(struct flows *t, struct flow_side *s);

#endif
