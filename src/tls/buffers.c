/*
 * buffers: bytes that wait for the rest of their message, within one share.
 *
 *	handle -> struct buffer { ranges filled } -> one contiguous block of 2 KiB ... 128 KiB (buddy allocation)
 *
 * A block grows by copying, so a view is always contiguous and a ClientHello over two segments costs one small block
 * that is never cleared.  When the share is full the oldest buffer loses its bytes: connections that begin a message
 * and never end it (slowloris) cannot keep the share from everybody else.  Its owner's handle is then stale, which is
 * harmless: nothing is ready, nothing can be put.
 */
#include "tls/conn.h"

enum {
	BLOCK = 2048,
	ORDERS = 7,      /* 2 KiB << 0 ... 6 = BUFFER_MAX */
	RANGES = 24,     /* holes that a message may have at once: Chrome shuffles some ten CRYPTO frames */
	INDEX_BITS = 18, /* of a handle; the rest tells reuse */
	STEALS = 128,    /* oldest buffers to give up for one block */
	SPARES = 32,     /* smallest blocks that are kept as they are, for the next message: most need one */
	NONE = -1,
};

struct range {
	uint32_t from, to;
};

struct buffer {
	uint32_t older, younger; /* indices + 1, by age */
	uint32_t generation;
	int32_t block; /* index of its first block */
	uint8_t order, ranges;
	bool used;
	struct range range[RANGES];
};

/* One a block; only a block that begins a free run is in a list. */
struct block {
	int32_t next, prev;
	uint8_t order;
	bool free;
};

struct buffers {
	struct buffer *item; /* item 0 is not used */
	struct block *block;
	uint8_t *memory;
	struct counts *counts;
	uint32_t items, blocks;
	uint32_t fresh, freed; /* items never used begin at fresh; returned ones are chained by `older` */
	uint32_t oldest, youngest;
	int32_t list[ORDERS];
	int32_t spare[SPARES];
	uint32_t spares;
};

_Static_assert(BLOCK << (ORDERS - 1) == BUFFER_MAX, "the largest block holds the largest message");

static uint32_t
blocks_of(size_t share)
{
	size_t n = share / BLOCK;
	size_t max = (1u << INDEX_BITS) - 2;

	return (uint32_t)(n > max ? max : n);
}

size_t
buffers_bytes(size_t share)
{
	size_t n = blocks_of(share);

	return sizeof(struct buffers) + (n + 1) * sizeof(struct buffer) + n * sizeof(struct block) + n * BLOCK + 4 * 64;
}

static void
list_add(struct buffers *b, int32_t at, unsigned order)
{
	struct block *k = &b->block[at];

	*k = (struct block){b->list[order], NONE, (uint8_t)order, true};
	if (k->next != NONE)
		b->block[k->next].prev = at;
	b->list[order] = at;
}

static void
list_remove(struct buffers *b, int32_t at)
{
	struct block *k = &b->block[at];

	if (k->prev != NONE)
		b->block[k->prev].next = k->next;
	else
		b->list[k->order] = k->next;
	if (k->next != NONE)
		b->block[k->next].prev = k->prev;
	k->free = false;
}

struct buffers *
buffers_new(struct carve *c, size_t share, struct counts *counts)
{
	struct buffers *b = carve_take(c, sizeof(*b));
	uint32_t n = blocks_of(share);

	*b = (struct buffers){.counts = counts, .items = n, .blocks = n};
	b->item = carve_take(c, (n + 1) * sizeof(struct buffer));
	b->block = carve_take(c, n * sizeof(struct block));
	b->memory = carve_take(c, (size_t)n * BLOCK);
	for (unsigned order = 0; order < ORDERS; order++)
		b->list[order] = NONE;
	for (uint32_t at = 0; at < n;) {
		unsigned order = ORDERS - 1;

		while ((uint32_t)1 << order > n - at)
			order--;
		list_add(b, (int32_t)at, order);
		for (uint32_t i = 1; i < (uint32_t)1 << order; i++)
			b->block[at + i].free = false;
		at += (uint32_t)1 << order;
	}
	return b;
}

static int32_t
block_split(struct buffers *b, unsigned order)
{
	unsigned from = order;
	int32_t at;

	while (from < ORDERS && b->list[from] == NONE)
		from++;
	if (from == ORDERS)
		return NONE;
	at = b->list[from];
	list_remove(b, at);
	while (from > order) {
		from--;
		list_add(b, at + (1 << from), from);
	}
	return at;
}

static void
block_merge(struct buffers *b, int32_t at, unsigned order)
{
	while (order + 1 < ORDERS) {
		int32_t buddy = at ^ (1 << order);

		if ((uint32_t)buddy >= b->blocks || !b->block[buddy].free || b->block[buddy].order != order)
			break;
		list_remove(b, buddy);
		at &= ~(1 << order);
		order++;
	}
	list_add(b, at, order);
}

static void
block_put(struct buffers *b, int32_t at, unsigned order)
{
	if (order == 0 && b->spares < SPARES)
		b->spare[b->spares++] = at;
	else
		block_merge(b, at, order);
}

/* A free run of this order, splitting a larger one; NONE: there is none. */
static int32_t
block_get(struct buffers *b, unsigned order)
{
	int32_t at;

	if (order == 0 && b->spares)
		return b->spare[--b->spares];
	at = block_split(b, order);
	if (at != NONE || !b->spares)
		return at;
	while (b->spares)
		block_merge(b, b->spare[--b->spares], 0);
	return block_split(b, order);
}

static struct buffer *
buffer_of(const struct buffers *b, uint32_t handle)
{
	uint32_t i = handle & ((1u << INDEX_BITS) - 1);
	struct buffer *f = &b->item[i];

	if (i == 0 || i > b->fresh || !f->used || f->generation != handle >> INDEX_BITS)
		return NULL;
	return f;
}

static void
item_put(struct buffers *b, struct buffer *f)
{
	uint32_t i = (uint32_t)(f - b->item);

	if (f->block != NONE)
		block_put(b, f->block, f->order);
	if (f->older)
		b->item[f->older].younger = f->younger;
	else
		b->oldest = f->younger;
	if (f->younger)
		b->item[f->younger].older = f->older;
	else
		b->youngest = f->older;
	f->used = false;
	f->generation = (f->generation + 1) & ((1u << (32 - INDEX_BITS)) - 1);
	f->older = b->freed;
	b->freed = i;
}

static bool
steal_oldest(struct buffers *b, const struct buffer *spare)
{
	struct buffer *f = b->oldest ? &b->item[b->oldest] : NULL;

	if (f && f == spare)
		f = f->younger ? &b->item[f->younger] : NULL;
	if (!f)
		return false;
	item_put(b, f);
	b->counts->tls_no_memory++;
	return true;
}

static uint32_t
item_get(struct buffers *b)
{
	uint32_t i = b->freed;

	if (i) {
		b->freed = b->item[i].older;
	} else if (b->fresh < b->items) {
		i = ++b->fresh;
		b->item[i].generation = 0;
	}
	return i;
}

uint32_t
buffer_new(struct buffers *b)
{
	uint32_t i = item_get(b);
	struct buffer *f;

	if (!i && steal_oldest(b, NULL))
		i = item_get(b);
	if (!i)
		return 0;
	f = &b->item[i];
	f->older = b->youngest;
	f->younger = 0;
	f->block = NONE;
	f->ranges = 0;
	f->order = 0;
	f->used = true;
	if (b->youngest)
		b->item[b->youngest].younger = i;
	else
		b->oldest = i;
	b->youngest = i;
	return f->generation << INDEX_BITS | i;
}

void
buffer_free(struct buffers *b, uint32_t handle)
{
	struct buffer *f = buffer_of(b, handle);

	if (f)
		item_put(b, f);
}

static uint8_t *
memory_of(const struct buffers *b, const struct buffer *f)
{
	return b->memory + (size_t)f->block * BLOCK;
}

/* Room for bytes 0 ... size. */
static bool
grow(struct buffers *b, struct buffer *f, uint32_t size)
{
	unsigned order = 0;
	int32_t at = NONE;

	if (f->block != NONE && size <= (uint32_t)BLOCK << f->order)
		return true;
	while ((uint32_t)BLOCK << order < size)
		order++;
	for (unsigned i = 0; i < STEALS; i++) {
		at = block_get(b, order);
		if (at != NONE || !steal_oldest(b, f))
			break;
	}
	if (at == NONE)
		return false;
	if (f->block != NONE) {
		memcpy(b->memory + (size_t)at * BLOCK, memory_of(b, f), f->ranges ? f->range[f->ranges - 1].to : 0);
		block_put(b, f->block, f->order);
	}
	f->block = at;
	f->order = (uint8_t)order;
	return true;
}

/* Adds [from, to) to the sorted, disjoint ranges; false: too many holes. */
static bool
range_add(struct buffer *f, struct range add)
{
	unsigned first = 0, after;

	if (f->ranges == 1 && f->range[0].to == add.from) { /* in order, as nearly all come */
		f->range[0].to = add.to;
		return true;
	}
	while (first < f->ranges && f->range[first].to < add.from)
		first++;
	for (after = first; after < f->ranges && f->range[after].from <= add.to; after++) {
		if (f->range[after].from < add.from)
			add.from = f->range[after].from;
		if (f->range[after].to > add.to)
			add.to = f->range[after].to;
	}
	if (after == first && f->ranges == RANGES)
		return false;
	memmove(&f->range[first + 1], &f->range[after], (f->ranges - after) * sizeof(struct range));
	f->range[first] = add;
	f->ranges = (uint8_t)(f->ranges + 1 - (after - first));
	return true;
}

bool
buffer_put(struct buffers *b, uint32_t handle, uint32_t offset, struct cur bytes)
{
	struct buffer *f = buffer_of(b, handle);
	size_t n = cur_left(&bytes);

	if (!f || offset > BUFFER_MAX || n > BUFFER_MAX - offset)
		return false;
	if (n == 0)
		return true;
	if (!grow(b, f, offset + (uint32_t)n) || !range_add(f, (struct range){offset, offset + (uint32_t)n}))
		return false;
	cur_copy(&bytes, memory_of(b, f) + offset, n);
	return true;
}

uint32_t
buffer_ready(const struct buffers *b, uint32_t handle)
{
	const struct buffer *f = buffer_of(b, handle);

	return f && f->ranges && f->range[0].from == 0 ? f->range[0].to : 0;
}

struct cur
buffer_view(struct buffers *b, uint32_t handle, uint32_t n)
{
	const struct buffer *f = buffer_of(b, handle);

	if (n == 0 || n > buffer_ready(b, handle))
		return cur_of(b->memory, 0);
	return cur_of(memory_of(b, f), n);
}

void
buffer_consume(struct buffers *b, uint32_t handle, uint32_t n)
{
	struct buffer *f = buffer_of(b, handle);
	uint32_t end;
	unsigned kept = 0;

	if (!f || n == 0 || !f->ranges || f->block == NONE)
		return;
	end = f->range[f->ranges - 1].to;
	if (n < end)
		memmove(memory_of(b, f), memory_of(b, f) + n, end - n);
	for (unsigned i = 0; i < f->ranges; i++) {
		struct range r = f->range[i];

		if (r.to > n)
			f->range[kept++] = (struct range){r.from > n ? r.from - n : 0, r.to - n};
	}
	f->ranges = (uint8_t)kept;
}
