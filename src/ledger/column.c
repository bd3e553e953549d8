/*
 * column: see column.h.  Same numbers, same bytes: what is frequent is counted, ties go to the smaller number.
 */
#include "ledger/column.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/squeeze.h"

enum {
	CLASSES = 65,
	FREQUENT_MAX = 256 - CLASSES,
	FEW = 4,
	SMALL = 256,
	NEAR_BITS = 57,
	ALL_SAME = 255,
	LEVEL = SQUEEZE_FAST
};

/* How often a number comes; of what an earlier column left behind the stamp is an older one. */
struct seen {
	uint64_t value;
	uint32_t count, stamp;
	uint8_t symbol; /* 0: its class */
};

struct candidate {
	uint64_t value;
	int64_t benefit;
};

struct column_work {
	struct seen small[SMALL], *slot; /* small numbers have a place of their own, others are hashed */
	size_t slots;
	uint32_t stamp;
	struct candidate *candidate;
	size_t candidates, candidate_room;
	struct bytes symbols, bits;
};

struct column_work *
column_work(void)
{
	return calloc(1, sizeof(struct column_work));
}

void
column_work_free(struct column_work *w)
{
	if (!w)
		return;
	free(w->slot);
	free(w->candidate);
	bytes_free(&w->symbols);
	bytes_free(&w->bits);
	free(w);
}

/* A table that takes n different numbers, all forgotten. */
static bool
begin_count(struct column_work *w, size_t n)
{
	size_t slots = w->slots ? w->slots : 256;

	while (slots < 2 * n)
		slots *= 2;
	if (slots != w->slots) {
		free(w->slot);
		w->slot = calloc(slots, sizeof(*w->slot));
		w->slots = w->slot ? slots : 0;
	}
	w->stamp++;
	return w->slot != NULL;
}

static struct seen *
find(struct column_work *w, uint64_t v)
{
	size_t at;

	if (v < SMALL)
		return &w->small[v];
	at = (v * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (w->slots - 1);
	while (w->slot[at].stamp == w->stamp && w->slot[at].value != v)
		at = (at + 1) & (w->slots - 1);
	return &w->slot[at];
}

static void
count_one(struct column_work *w, uint64_t v)
{
	struct seen *s = find(w, v);

	if (s->stamp != w->stamp)
		*s = (struct seen){.value = v, .stamp = w->stamp};
	s->count++;
}

/* Bits saved by a symbol of its own: its bits each time, less what a rarer symbol costs and what the value costs
   once. */
static int64_t
benefit(const struct seen *s, size_t n)
{
	int64_t bits = column_bits(s->value), rarity = column_bits(n / s->count);

	return bits < 2 ? 0 : s->count * (bits + 1 - rarity) - 8 * ((bits + 6) / 7) - 8;
}

static int
by_benefit(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->benefit != y->benefit)
		return x->benefit > y->benefit ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static bool
add_candidate(struct column_work *w, uint64_t value, int64_t saved)
{
	struct candidate *more;

	if (w->candidates == w->candidate_room) {
		w->candidate_room = w->candidate_room ? w->candidate_room * 2 : 256;
		more = realloc(w->candidate, w->candidate_room * sizeof(*more));
		if (!more)
			return false;
		w->candidate = more;
	}
	w->candidate[w->candidates++] = (struct candidate){value, saved};
	return true;
}

/* Numbers that come often enough are candidates as their count is reached: no walk over the whole table. */
static bool
count(struct column_work *w, const uint64_t *v, size_t n)
{
	w->candidates = 0;
	if (!begin_count(w, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct seen *s = find(w, v[i]);

		if (s->stamp != w->stamp)
			*s = (struct seen){.value = v[i], .stamp = w->stamp};
		if (++s->count == FEW && v[i] > 1 && !add_candidate(w, v[i], 0))
			return false;
	}
	return true;
}

/* Gives the best their symbols; how many.  Into `to`: their values in that order. */
static size_t
choose(struct column_work *w, size_t n, uint64_t to[FREQUENT_MAX])
{
	size_t best = 0;

	for (size_t i = 0; i < w->candidates; i++)
		w->candidate[i].benefit = benefit(find(w, w->candidate[i].value), n);
	if (w->candidates)
		qsort(w->candidate, w->candidates, sizeof(*w->candidate), by_benefit);
	for (; best < w->candidates && best < FREQUENT_MAX && w->candidate[best].benefit > 0; best++) {
		to[best] = w->candidate[best].value;
		find(w, to[best])->symbol = (uint8_t)(CLASSES + best);
	}
	return best;
}

/* Bits from the lowest of each byte on; there is room for all of them. */
struct bits {
	uint8_t *p;
	uint64_t held;
	unsigned n; /* < 8 */
};

static void
put_bits(struct bits *b, uint64_t v, unsigned n)
{
	while (n) {
		unsigned take = n < 56 ? n : 56;

		b->held |= (v & ((UINT64_C(1) << take) - 1)) << b->n;
		b->n += take;
		v >>= take;
		n -= take;
		for (; b->n >= 8; b->n -= 8, b->held >>= 8)
			*b->p++ = (uint8_t)b->held;
	}
}

static void
put_values(struct bytes *to, struct column_work *w, const uint64_t *v, size_t n)
{
	uint8_t *symbol, *room;
	struct bits bits = {.n = 0};

	w->symbols.n = w->bits.n = 0;
	symbol = bytes_room(&w->symbols, n);
	room = bytes_room(&w->bits, n * 8 + 8);
	if (!symbol || !room) {
		to->failed = true;
		return;
	}
	bits.p = room;
	for (size_t i = 0; i < n; i++) {
		unsigned class = column_bits(v[i]);

		symbol[i] = class > 1 ? find(w, v[i])->symbol : 0;
		if (symbol[i])
			continue;
		symbol[i] = (uint8_t) class;
		if (class > 1)
			put_bits(&bits, v[i] ^ UINT64_C(1) << (class - 1), class - 1);
	}
	if (bits.n)
		put_bits(&bits, 0, 8 - bits.n);
	squeeze(to, symbol, n, LEVEL);
	bytes_varint(to, (size_t)(bits.p - room));
	bytes_add(to, room, (size_t)(bits.p - room));
}

static bool
all_same(const uint64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i] != v[0])
			return false;
	return n > 0;
}

void
column_put(struct bytes *to, const uint64_t *v, size_t n, struct column_work *w)
{
	uint64_t frequent[FREQUENT_MAX];
	size_t best;

	if (all_same(v, n)) {
		bytes_varint(to, ALL_SAME);
		bytes_varint(to, v[0]);
		return;
	}
	if (!count(w, v, n)) {
		to->failed = true;
		return;
	}
	best = choose(w, n, frequent);
	bytes_varint(to, best);
	for (size_t i = 0; i < best; i++)
		bytes_varint(to, frequent[i]);
	put_values(to, w, v, n);
}

/* The number that comes often costs its rarity, one that does not its bits and its class. */
uint64_t
column_weigh(const uint64_t *v, size_t n, struct column_work *w)
{
	uint64_t bits = 0;

	if (!begin_count(w, n))
		return UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		count_one(w, v[i]);
	for (size_t i = 0; i < n; i++) {
		const struct seen *s = find(w, v[i]);
		unsigned own = column_bits(v[i]) + 3, rarity = column_bits(n / s->count);

		bits += s->count >= FEW && rarity < own ? (n == s->count ? 0 : rarity) : own;
	}
	return bits;
}

bool
column_same(const struct cur *from)
{
	return cur_peek(from, 0) == ((ALL_SAME & 0x7f) | 0x80) && cur_peek(from, 1) == 1;
}

/* The way back: bits from the lowest of each byte on. */
struct taken {
	const uint8_t *p;
	size_t bytes, at; /* at: bits so far; beyond bytes: there were too few */
};

/* The eight bytes in which bit `at` is, from that bit on: 57 bits at least. */
static inline uint64_t
next_bits(const struct taken *t)
{
	uint64_t v;

	memcpy(&v, t->p + (t->at >> 3), sizeof(v)); /* little-endian, as all that this runs on */
	return v >> (t->at & 7);
}

static uint64_t
take_bits(struct taken *t, unsigned n)
{
	uint64_t v = 0;

	for (unsigned have = 0; have < n; have++, t->at++)
		if (t->at >> 3 < t->bytes)
			v |= (uint64_t)(t->p[t->at >> 3] >> (t->at & 7) & 1) << have;
	return v;
}

/* What each symbol stands for: a value, or how many bits follow. */
struct symbols {
	uint64_t value[256];
	uint8_t bits[256], known[256];
};

static bool
get_symbols(struct symbols *s, struct cur *from, uint64_t best)
{
	if (best > FREQUENT_MAX)
		return false;
	memset(s, 0, sizeof(*s)); /* a symbol that a damaged column has and no table knows takes no bits */
	for (unsigned i = 0; i < CLASSES; i++) {
		s->value[i] = i ? UINT64_C(1) << (i - 1) : 0;
		s->bits[i] = (uint8_t)(i ? i - 1 : 0);
		s->known[i] = 1;
	}
	for (uint64_t i = 0; i < best; i++) {
		s->value[CLASSES + i] = cur_varint(from);
		s->bits[CLASSES + i] = 0;
		s->known[CLASSES + i] = 1;
	}
	return !from->bad;
}

/* No branch for how many bits a number has: nothing tells which comes next. */
static bool
get_values(const struct symbols *s, const uint8_t *symbol, struct taken *t, uint64_t *v, size_t n)
{
	uint8_t known = 1;

	for (size_t i = 0; i < n; i++) {
		uint8_t k = symbol[i];
		unsigned bits = s->bits[k];

		known &= s->known[k];
		if ((t->at >> 3) + sizeof(uint64_t) <= t->bytes && bits <= NEAR_BITS) {
			v[i] = s->value[k] | (next_bits(t) & ((UINT64_C(1) << bits) - 1));
			t->at += bits;
		} else {
			v[i] = s->value[k] | take_bits(t, bits);
		}
	}
	return known && t->at <= t->bytes * 8;
}

static bool
get_same(struct cur *from, uint64_t *v, size_t n)
{
	uint64_t value = cur_varint(from);

	for (size_t i = 0; i < n; i++)
		v[i] = value;
	return !from->bad && n > 0;
}

bool
column_get(struct cur *from, uint64_t *v, size_t n)
{
	static _Thread_local struct bytes packed;
	uint64_t best = cur_varint(from);
	struct symbols s;
	struct taken t;
	struct cur bits;
	bool fine;

	if (best == ALL_SAME)
		return get_same(from, v, n);
	packed.n = 0;
	packed.failed = false;
	fine = get_symbols(&s, from, best) && unsqueeze(&packed, from, n) && packed.n == n;
	bits = cur_sub(from, cur_varint(from));
	t = (struct taken){.p = bits.p, .bytes = cur_left(&bits)};
	return fine && !from->bad && get_values(&s, packed.p, &t, v, n);
}
