/*
 * held: segments that arrived before an earlier one, in blocks of one size from a share given at start.
 *
 *	side->segments -> last block -> first block -> ... -> last block	a ring, in sequence order, no overlaps
 *
 * The ring's handle is the last block, so that the usual case (one hole, everything after it in order) is
 * appended without a walk.  First copy wins (a rewritten copy is an evasion, Ptacek and Newsham 1998).
 * Must not know why a segment waits or when a hole is given up.
 */
#include "flow/table.h"

enum { BLOCK_BYTES = 512, BLOCK_HEAD = 24 };

struct block {
	uint32_t after; /* ring; first, because a freed block's first bytes are the pool's */
	uint32_t seq;
	uint32_t cut; /* bytes that the capture cut off behind these */
	uint16_t len;
	uint16_t count; /* of the last block: blocks in the ring */
	int64_t since;  /* packet time, ns */
	uint8_t bytes[BLOCK_BYTES - BLOCK_HEAD];
};

_Static_assert(sizeof(struct block) == BLOCK_BYTES, "a block is as large as planned");

size_t
held_bytes(size_t bytes)
{
	return bytes / BLOCK_BYTES * BLOCK_BYTES;
}

void
held_init(struct flows *t, void *memory, size_t bytes)
{
	pool_init(&t->blocks, memory, BLOCK_BYTES, (uint32_t)(bytes / BLOCK_BYTES));
}

static struct block *
block_at(const struct flows *t, uint32_t handle)
{
	return pool_at(&t->blocks, handle);
}

static uint32_t
block_end(const struct block *b)
{
	return b->seq + b->len + b->cut;
}

static uint32_t
ring_first(const struct flows *t, const struct flow_side *s)
{
	return block_at(t, s->segments)->after;
}

/* Links a block behind `prev` (0: in front of all). */
static void
ring_insert(struct flows *t, struct flow_side *s, uint32_t prev, uint32_t handle)
{
	struct block *b = block_at(t, handle), *last = s->segments ? block_at(t, s->segments) : b;
	struct block *before = prev ? block_at(t, prev) : last;
	uint16_t count = s->segments ? last->count : 0;

	if (!s->segments)
		b->after = handle;
	else
		b->after = before->after;
	before->after = handle;
	if (!s->segments || prev == s->segments)
		s->segments = handle;
	block_at(t, s->segments)->count = (uint16_t)(count + 1);
}

void
segment_skip(struct segment *seg, uint32_t n)
{
	size_t have = cur_left(&seg->bytes);

	cur_skip(&seg->bytes, n < have ? n : have);
	seg->seq += n;
	seg->len -= n;
}

/* Stores the first n bytes of the segment behind *prev, which follows; the last block tells what was cut off. */
static bool
insert(struct flows *t, struct flow_side *s, uint32_t *prev, struct segment *seg, uint32_t n)
{
	while (n) {
		uint32_t handle = pool_get(&t->blocks), left = (uint32_t)cur_left(&seg->bytes);
		uint32_t have = left < n ? left : n;
		struct block *b;

		if (!handle)
			return false;
		b = block_at(t, handle);
		b->seq = seg->seq;
		b->since = t->now.ns;
		b->len = (uint16_t)(have < sizeof(b->bytes) ? have : sizeof(b->bytes));
		b->cut = b->len == have ? n - have : 0;
		n -= b->len + b->cut;
		cur_copy(&(struct cur){seg->bytes.p, seg->bytes.end, false}, b->bytes, b->len);
		segment_skip(seg, b->len + b->cut);
		ring_insert(t, s, *prev, handle);
		*prev = handle;
	}
	return true;
}

/* The segment begins inside block b: drops the bytes that both have; false: they differ. */
static bool
drop_common(const struct block *b, struct segment *seg)
{
	uint32_t at = seg->seq - b->seq, n = block_end(b) - seg->seq;
	size_t both = at < b->len ? b->len - at : 0;
	bool same;

	n = n < seg->len ? n : seg->len;
	both = both < n ? both : n;
	both = both < cur_left(&seg->bytes) ? both : cur_left(&seg->bytes);
	same = !both || cur_starts(&seg->bytes, b->bytes + at, both);
	segment_skip(seg, n);
	return same;
}

/* Goes from the first block on until the segment is used up. */
static bool
weave(struct flows *t, struct flow_side *s, struct segment *seg)
{
	uint32_t prev = 0, at = ring_first(t, s), used = t->blocks.used;
	bool touched = false, same = true, ok = true;

	while (seg->len && at && ok) {
		const struct block *b = block_at(t, at);
		int32_t before = seq_diff(b->seq, seg->seq);

		if (before > 0) {
			ok = insert(t, s, &prev, seg, (uint32_t)before < seg->len ? (uint32_t)before : seg->len);
			continue;
		}
		if (seq_diff(block_end(b), seg->seq) > 0) {
			same &= drop_common(b, seg);
			touched = true;
		}
		prev = at;
		at = at == s->segments ? 0 : b->after;
	}
	ok = ok && insert(t, s, &prev, seg, seg->len);
	t->counts->overlap_differs += !same;
	t->counts->overlap += touched && t->blocks.used != used;
	return ok;
}

bool
held_put(struct flows *t, struct flow_side *s, const struct segment *segment)
{
	struct segment seg = *segment;
	uint32_t prev = s->segments;

	if (!prev || seq_diff(seg.seq, block_end(block_at(t, prev))) >= 0)
		return insert(t, s, &prev, &seg, seg.len);
	return weave(t, s, &seg);
}

bool
held_has(const struct flows *t, const struct flow_side *s, uint32_t seq, uint32_t len)
{
	uint32_t at = s->segments ? ring_first(t, s) : 0;

	while (at && len) {
		const struct block *b = block_at(t, at);
		int32_t into = seq_diff(seq, b->seq), rest = seq_diff(block_end(b), seq);

		if (into < 0)
			return false;
		if (rest > 0) {
			seq += (uint32_t)rest;
			len -= (uint32_t)rest < len ? (uint32_t)rest : len;
		}
		at = at == s->segments ? 0 : b->after;
	}
	return len == 0;
}

uint32_t
held_first(const struct flows *t, const struct flow_side *s)
{
	return block_at(t, ring_first(t, s))->seq;
}

unsigned
held_count(const struct flows *t, const struct flow_side *s)
{
	return s->segments ? block_at(t, s->segments)->count : 0;
}

int64_t
held_since(const struct flows *t, const struct flow_side *s)
{
	return block_at(t, ring_first(t, s))->since;
}

struct segment
held_take(struct flows *t, struct flow_side *s)
{
	struct block *last = block_at(t, s->segments);
	uint32_t handle = last->after;
	struct block *b = block_at(t, handle);
	struct segment seg = {b->seq, b->len + b->cut, cur_of(b->bytes, b->len)};

	last->after = b->after;
	last->count--;
	if (handle == s->segments)
		s->segments = 0;
	pool_put(&t->blocks, handle);
	return seg;
}

void
held_free(struct flows *t, struct flow_side *s)
{
	while (s->segments)
		held_take(t, s);
}
