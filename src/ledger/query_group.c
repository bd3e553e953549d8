/*
 * query_group: rows that have one value of a column side by side, so that GROUP BY sorts nothing: what of them is asked
 * for is copied, a few bytes a row, and given value after value, in SQLite's order.
 *
 *	blocks --rows that pass--> row: value's number | what else is asked for --by value--> order --> SQLite
 *
 * Memory is bounded: where it is full the values of the upper half wait for another turn over all blocks.  A value that
 * fills it alone has a turn of its own, and its rows are given whenever it is full.  Must not lose or double a row.
 */
#include <stdlib.h>

#include "ledger/query_group.h"

static const size_t MEMORY = (size_t)128 << 20;

struct query_group *
query_group_new(const struct rows *r, const struct sql_asked *asked)
{
	struct query_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->memory = r->source->memory ? r->source->memory : MEMORY;
	group_carry(g, r->view, asked->by);
	for (unsigned i = 0; i < r->view->columns && g->columns < GROUP_CARRIED; i++)
		if (asked->used[i] && i != asked->by)
			group_carry(g, r->view, i);
	group_forget_keys(g);
	return g;
}

static void
unbind(struct bound *b)
{
	free((char *)(uintptr_t)b->text.p);
	*b = (struct bound){.is = false};
}

static void
bind(struct query_group *g, struct bound *b, struct text t)
{
	char *copy = t.p ? malloc((size_t)t.len + 1) : NULL;

	unbind(b);
	g->failed |= t.p && !copy;
	if (copy)
		memcpy(copy, t.p, t.len);
	*b = (struct bound){true, {copy, copy ? t.len : 0}};
}

void
query_group_free(struct query_group *g)
{
	if (!g)
		return;
	for (unsigned i = 0; i < g->columns; i++)
		dictionary_free(&g->carried[i].texts);
	unbind(&g->after);
	unbind(&g->high);
	unbind(&g->only);
	free(g->row);
	free(g->order);
	free(g->code);
	free(g);
}

static int
compare_texts(struct text a, struct text b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* As SQLite orders what it is shown: nothing first, then numbers, addresses as theirs, texts by their bytes. */
static int
compare(const struct query_group *g, struct text a, struct text b)
{
	unsigned field = g->carried[0].source.column;
	uint64_t x, y;

	if (!a.p || !b.p)
		return (a.p != NULL) - (b.p != NULL);
	if (SESSION_TABLE.field[field].kind == FIELD_ADDR)
		return addr_order((const struct addr *)(const void *)a.p, (const struct addr *)(const void *)b.p);
	if (group_is_text(field))
		return compare_texts(a, b);
	x = group_number(a);
	y = group_number(b);
	if (query_has_words(field)) {
		char of_a[QUERY_WORDS], of_b[QUERY_WORDS];

		return compare_texts(query_words(field, x, (struct text){NULL, 0}, of_a),
				     query_words(field, y, (struct text){NULL, 0}, of_b));
	}
	return (x > y) - (x < y);
}

bool
group_has_its_turn(const struct query_group *g, struct text key)
{
	if (g->only.is)
		return compare(g, key, g->only.text) == 0;
	if (g->after.is && compare(g, key, g->after.text) <= 0)
		return false;
	return !g->high.is || compare(g, key, g->high.text) < (int)g->high_too;
}

/* The values that rows have, in order, and how many rows each. */
struct tally {
	uint32_t *key, n;
	size_t *count; /* by the key's number */
};

static int
by_key(const void *a, const void *b, void *arg)
{
	const struct query_group *g = arg;
	const struct text *text = g->carried[0].texts.text;

	return compare(g, text[*(const uint32_t *)a], text[*(const uint32_t *)b]);
}

static bool
tally(struct query_group *g, struct tally *t)
{
	uint32_t keys = g->carried[0].texts.n;

	*t = (struct tally){.key = malloc((keys + 1) * sizeof(*t->key)), .count = calloc(keys + 1, sizeof(*t->count))};
	if (!t->key || !t->count) {
		g->failed = true;
		return false;
	}
	for (size_t i = 0; i < g->rows; i++)
		t->count[group_key(g, i)]++;
	for (uint32_t k = 0; k < keys; k++)
		if (t->count[k])
			t->key[t->n++] = k;
	qsort_r(t->key, t->n, sizeof(*t->key), by_key, g);
	return true;
}

static void
tally_free(struct tally *t)
{
	free(t->key);
	free(t->count);
}

/* Only the rows stay whose value still has its turn. */
static void
forget_rows(struct query_group *g)
{
	const struct text *text = g->carried[0].texts.text;
	uint32_t keys = g->carried[0].texts.n;
	bool *stays = calloc(keys + 1, sizeof(*stays));
	size_t n = 0;

	g->failed |= !stays;
	for (uint32_t k = 0; stays && k < keys; k++)
		stays[k] = group_has_its_turn(g, text[k]);
	for (size_t i = 0; stays && i < g->rows; i++)
		if (stays[group_key(g, i)])
			memmove(g->row + n++ * g->stride, g->row + i * g->stride, g->stride);
	g->rows = n;
	free(stays);
	group_forget_texts(g);
}

static bool
is_full(const struct query_group *g)
{
	size_t bytes = g->rows * (g->stride + sizeof(*g->order));

	for (unsigned i = 0; i < g->columns; i++)
		bytes += g->carried[i].texts.bytes;
	return bytes > g->memory;
}

/* Half of the rows, or as few as can be, have to wait for another turn. */
static void
put_off(struct query_group *g)
{
	const struct text *text = g->carried[0].texts.text;
	struct tally t;
	size_t rows = 0;
	uint32_t k = 0;

	if (tally(g, &t) && t.n) {
		while (k + 2 < t.n && rows + t.count[t.key[k]] < g->rows / 2)
			rows += t.count[t.key[k++]];
		g->high_too = t.n > 1;
		bind(g, &g->high, text[t.key[k]]);
		forget_rows(g);
	}
	tally_free(&t);
}

/* Which values have their turn after these; false: there are no others. */
static bool
next_turn(struct query_group *g)
{
	struct bound done = g->only.is ? g->only : g->high;
	bool alone = !g->only.is && g->high.is && !g->high_too;

	if (!done.is)
		return false;
	if (!g->only.is)
		g->high = (struct bound){.is = false};
	g->only = (struct bound){.is = false};
	if (alone) {
		g->only = done;
	} else {
		unbind(&g->after);
		g->after = done;
	}
	return true;
}

/* The rows in the order of their values, and as they came. */
static void
sort_rows(struct query_group *g)
{
	struct tally t;
	size_t first = 0;
	uint32_t *order = realloc(g->order, (g->rows + 1) * sizeof(*order));

	g->failed |= !order || g->rows > UINT32_MAX;
	g->next = g->ordered = 0;
	if (order)
		g->order = order;
	if (tally(g, &t) && !g->failed) {
		for (uint32_t k = 0; k < t.n; k++) {
			size_t own = t.count[t.key[k]];

			t.count[t.key[k]] = first;
			first += own;
		}
		for (size_t i = 0; i < g->rows; i++)
			order[t.count[group_key(g, i)]++] = (uint32_t)i;
		g->ordered = g->rows;
	}
	tally_free(&t);
}

/* Rows to give, if there are any before the values of the next turn. */
static void
gather(struct rows *r)
{
	struct query_group *g = r->group;
	bool more = false;

	g->rows = 0;
	forget_rows(g);
	while (!g->failed && (more = query_next_block(r))) {
		group_take_block(r);
		if (is_full(g) && g->only.is)
			break;
		if (is_full(g))
			put_off(g);
	}
	if (!more && (sql_stopped() || g->failed))
		g->over = true;
	else
		sort_rows(g);
	if (g->failed)
		scan_damaged(&r->scan, "no memory to group its rows");
	g->over |= g->failed || (!more && !next_turn(g));
	if (!more && !g->over) {
		group_forget_keys(g);
		query_first_block(r);
	}
}

bool
query_group_next(struct rows *r)
{
	struct query_group *g = r->group;

	while (g->next == g->ordered) {
		if (g->over)
			return false;
		gather(r);
	}
	g->now = g->row + g->order[g->next++] * g->stride;
	g->given++;
	return true;
}

int64_t
query_group_row(const struct query_group *g)
{
	return g->given;
}
