/*
 * column: see column.h.  Same numbers, same bytes: what is frequent is counted, ties go to the smaller number.
 */
#include "ledger/column.h"

#include <stdlib.h>

#include "ledger/squeeze.h"

enum { CLASSES = 65, FREQUENT_MAX = 256 - CLASSES, FEW = 4 };

/* A table of the numbers of a column: open addressing, twice as many slots. */
struct seen {
	uint64_t value;
	uint32_t count;
	uint8_t symbol; /* 0: its class */
};

struct counted {
	struct seen *slot;
	size_t slots;
};

static size_t
home(const struct counted *c, uint64_t v)
{
	return (v * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (c->slots - 1);
}

static struct seen *
find(const struct counted *c, uint64_t v)
{
	size_t at = home(c, v);

	while (c->slot[at].count && c->slot[at].value != v)
		at = (at + 1) & (c->slots - 1);
	return &c->slot[at];
}

static bool
count(struct counted *c, const uint64_t *v, size_t n)
{
	for (c->slots = 16; c->slots < 2 * n;)
		c->slots *= 2;
	c->slot = calloc(c->slots, sizeof(*c->slot));
	for (size_t i = 0; c->slot && i < n; i++) {
		struct seen *s = find(c, v[i]);

		s->value = v[i];
		s->count++;
	}
	return c->slot != NULL;
}

/* Bits saved by a symbol of its own: its bits each time, less what a rarer symbol costs and what the value costs
   once. */
static int64_t
benefit(const struct seen *s, size_t n)
{
	int64_t bits = column_bits(s->value), rarity = column_bits(n / s->count);

	return bits < 2 ? 0 : s->count * (bits + 1 - rarity) - 8 * ((bits + 6) / 7) - 8;
}

struct candidate {
	uint64_t value;
	int64_t benefit;
};

static int
by_benefit(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->benefit != y->benefit)
		return x->benefit > y->benefit ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* Gives the best their symbols; how many.  Into `to`: their values in that order. */
static size_t
choose(struct counted *c, size_t n, uint64_t to[FREQUENT_MAX], bool *failed)
{
	struct candidate *all = malloc(c->slots / 2 * sizeof(*all) + sizeof(*all));
	size_t found = 0, best;

	*failed |= !all;
	for (size_t i = 0; all && i < c->slots && found < c->slots / 2; i++)
		if (c->slot[i].count >= FEW && benefit(&c->slot[i], n) > 0)
			all[found++] = (struct candidate){c->slot[i].value, benefit(&c->slot[i], n)};
	if (found)
		qsort(all, found, sizeof(*all), by_benefit);
	best = found < FREQUENT_MAX ? found : FREQUENT_MAX;
	for (size_t i = 0; i < best; i++) {
		to[i] = all[i].value;
		find(c, to[i])->symbol = (uint8_t)(CLASSES + i);
	}
	free(all);
	return best;
}

/* Bits from the lowest of each byte on. */
struct bits {
	struct bytes *to;
	uint64_t held;
	unsigned n;
};

static void
put_bits(struct bits *b, uint64_t v, unsigned n)
{
	while (n) {
		unsigned take = n < 8 - b->n ? n : 8 - b->n;

		b->held |= (v & ((UINT64_C(1) << take) - 1)) << b->n;
		b->n += take;
		v >>= take;
		n -= take;
		if (b->n == 8) {
			bytes_u8(b->to, (uint8_t)b->held);
			b->held = b->n = 0;
		}
	}
}

static void
put_values(struct bytes *to, const struct counted *c, const uint64_t *v, size_t n, int level)
{
	struct bytes bytes = {.p = NULL};
	struct bits bits = {.to = &bytes};
	uint8_t *symbol = malloc(n + 1);

	to->failed |= !symbol;
	for (size_t i = 0; symbol && i < n; i++) {
		unsigned class = column_bits(v[i]);

		symbol[i] = find(c, v[i])->symbol;
		if (symbol[i])
			continue;
		symbol[i] = (uint8_t) class;
		if (class > 1)
			put_bits(&bits, v[i], class - 1);
	}
	if (bits.n)
		put_bits(&bits, 0, 8 - bits.n);
	if (symbol)
		squeeze(to, symbol, n, level);
	bytes_varint(to, bytes.n);
	bytes_add(to, bytes.p, bytes.n);
	to->failed |= bytes.failed;
	bytes_free(&bytes);
	free(symbol);
}

static void
put(struct bytes *to, const uint64_t *v, size_t n, int level)
{
	struct counted c = {.slots = 0};
	uint64_t frequent[FREQUENT_MAX];
	size_t best;

	if (!count(&c, v, n)) {
		to->failed = true;
		return;
	}
	best = choose(&c, n, frequent, &to->failed);
	bytes_varint(to, best);
	for (size_t i = 0; i < best; i++)
		bytes_varint(to, frequent[i]);
	put_values(to, &c, v, n, level);
	free(c.slot);
}

void
column_put(struct bytes *to, const uint64_t *v, size_t n)
{
	put(to, v, n, SQUEEZE_SMALL);
}

size_t
column_weigh(const uint64_t *v, size_t n)
{
	struct bytes b = {.p = NULL};
	size_t size;

	put(&b, v, n, SQUEEZE_TRY);
	size = b.failed ? SIZE_MAX : b.n;
	bytes_free(&b);
	return size;
}

/* The way back: bits are taken eight bytes at a time. */
struct taken {
	struct cur from;
	uint64_t held;
	unsigned n;
};

static uint64_t
take_bits(struct taken *t, unsigned n)
{
	uint64_t v = 0;

	for (unsigned have = 0; have < n;) {
		unsigned take = n - have;

		if (t->n == 0) {
			bool whole = cur_left(&t->from) >= 8;

			t->held = whole ? cur_u64le(&t->from) : cur_u8(&t->from);
			t->n = whole ? 64 : 8;
		}
		if (take > t->n)
			take = t->n;
		v |= (take == 64 ? t->held : t->held & ((UINT64_C(1) << take) - 1)) << have;
		t->held = take == 64 ? 0 : t->held >> take;
		t->n -= take;
		have += take;
	}
	return v;
}

static bool
get_values(const uint8_t *symbol, struct taken *t, const uint64_t *frequent, size_t best, uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned s = symbol[i];

		if (s >= CLASSES + best)
			return false;
		if (s >= CLASSES)
			v[i] = frequent[s - CLASSES];
		else if (s < 2)
			v[i] = s;
		else
			v[i] = take_bits(t, s - 1) | UINT64_C(1) << (s - 1);
	}
	return !t->from.bad;
}

bool
column_get(struct cur *from, uint64_t *v, size_t n)
{
	uint64_t frequent[FREQUENT_MAX], best = cur_varint(from);
	struct bytes symbols = {.p = NULL};
	struct taken t = {.n = 0};
	bool fine;

	if (best > FREQUENT_MAX)
		return false;
	for (size_t i = 0; i < best; i++)
		frequent[i] = cur_varint(from);
	fine = unsqueeze(&symbols, from, n) && symbols.n == n;
	t.from = cur_sub(from, cur_varint(from));
	fine = fine && !from->bad && get_values(symbols.p, &t, frequent, best, v, n);
	bytes_free(&symbols);
	return fine;
}
