/*
 * block_texts: texts and addresses of a column: each told once, then by how long ago it came first.
 *
 *	column	firsts | laters | of JA3 strings: permutations | the texts, compressed
 *	firsts	how the first record of each session is told; laters: how the others are.  Version 2: all as they come
 *	told	0 as the session that it is told by | 1 follows | 2 none | 3 the next text | 4.. one before
 */
#include <stdlib.h>

#include "ledger/block_parts.h"
#include "ledger/squeeze.h"

static const size_t TEXTS_MAX = (size_t)1 << 27;

/* Which session's text is meant by "the same"; 0: none, else 1 + its index. */
static inline uint32_t
same_as(const struct block_rows *b, bool first, size_t i)
{
	return b->before[i] ? b->before[i] : first ? 0 : b->peer[i];
}

static void
put_texts(struct bytes *to, const struct block_known *k, const uint32_t *told, uint32_t n)
{
	struct bytes all = {.p = NULL};

	for (uint32_t i = 0; i < n; i++) {
		struct text t = k->text[told[i]];

		bytes_varint(&all, t.len);
		bytes_add(&all, t.p, t.len);
	}
	squeeze(to, all.p, all.n, all.n > 1 << 16 ? SQUEEZE_FAST : SQUEEZE_SMALL);
	to->failed |= all.failed;
	bytes_free(&all);
}

/* JA3 strings sorted: which is replaced by an index of the sorted ones, order[] has 1 + the number of the permutation.
 */
struct sorting {
	struct block_known known;
	char *memory;
	uint32_t *which;
	uint64_t *order;
};

static bool
sort_orders(struct block_rows *b, struct sorting *s)
{
	const struct block_column *c = &b->session[AT_ja3_string];
	uint32_t *sorted = calloc(c->texts + 1, sizeof(*sorted));
	uint64_t *number = calloc(c->texts + 1, sizeof(*number));
	size_t room = 1;
	char *p;

	for (uint32_t i = 1; i < c->texts; i++)
		room += c->text[i].len;
	p = s->memory = malloc(room);
	s->which = block_keep(b, b->sessions * sizeof(*s->which));
	s->order = block_keep(b, b->sessions * sizeof(*s->order));
	if (!sorted || !number || !p || !s->which || !s->order || !block_known_room(&s->known, c->texts)) {
		free(sorted);
		free(number);
		return false;
	}
	for (uint32_t i = 1; i < c->texts; i++) {
		struct text t = c->text[i];

		if (order_take(t, p, &number[i])) {
			t.p = p;
			p += t.len;
			number[i]++;
		}
		sorted[i] = block_know(&s->known, t);
	}
	for (size_t i = 0; i < b->sessions; i++) {
		s->which[i] = sorted[c->which[i]];
		s->order[i] = number[c->which[i]];
	}
	free(sorted);
	free(number);
	return true;
}

/* Of each text of the column that this one follows from: the index here of what follows from it, 0: nobody has that. */
static uint32_t *
derived_indices(const struct block_rows *b, unsigned column, const struct block_known *k)
{
	const struct block_column *from = &b->session[block_derived_from(column)];
	uint32_t *to = calloc(from->texts + 1, sizeof(*to));
	char derived[DERIVED_MAX];

	for (uint32_t i = 1; to && i < from->texts; i++) {
		size_t n = block_derive(column, from->text[i], derived);

		to[i] = n ? block_find(k, (struct text){derived, (uint32_t)n}) : 0;
	}
	return to;
}

struct telling {
	const uint32_t *which;
	const struct block_known *known;
	uint32_t *derived; /* by the index in the column it follows from; NULL: it follows from none */
	const uint32_t *from;
	uint64_t *how;
	uint32_t *first, *told, n; /* first: 1 + when it was told; told: the texts in that order */
};

static void
tell_all(struct block_rows *b, bool first, struct telling *t)
{
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = same_as(b, first, i), own = t->which[i];

		if (t->derived && own && t->from && t->derived[t->from[i]] == own)
			t->how[i] = TOLD_DERIVED;
		else if (of && t->which[of - 1] == own)
			t->how[i] = TOLD_SAME;
		else if (!own)
			t->how[i] = TOLD_ABSENT;
		else if (t->first[own])
			t->how[i] = TOLD_OLDER + t->n - t->first[own];
		else {
			t->how[i] = TOLD_NEW;
			t->told[t->n++] = own;
			t->first[own] = t->n;
		}
	}
}

/* The firsts, then the laters, in v. */
static void
part_rows(const struct block_rows *b, const uint64_t *how, uint64_t *v)
{
	uint64_t *firsts = v, *laters = v + b->sessions - b->laters;

	for (size_t i = 0; i < b->sessions; i++)
		*(b->before[i] ? laters++ : firsts++) = how[i];
}

static void
join_rows(const struct block_rows *b, const uint64_t *v, uint64_t *how)
{
	const uint64_t *firsts = v, *laters = v + b->sessions - b->laters;

	for (size_t i = 0; i < b->sessions; i++) {
		bool later = b->before[i] != 0;

		how[i] = *(later ? laters : firsts);
		laters += later;
		firsts += !later;
	}
}

static void
put_parts(struct bytes *to, struct block_rows *b, const uint64_t *how, struct column_work *w)
{
	size_t firsts = b->sessions - b->laters;

	part_rows(b, how, b->scratch);
	column_put(to, b->scratch, firsts, w);
	if (b->laters)
		column_put(to, b->scratch + firsts, b->laters, w);
}

/* how: of room for two columns (scratch). */
static bool
get_parts(struct block_rows *b, struct block_column *c, uint64_t *how)
{
	size_t firsts = b->sessions - b->laters;
	uint64_t *v = how + BLOCK_ROWS;

	if (!(c->mode & MODE_SPLIT))
		return column_get(&c->packed, how, b->sessions);
	if (!column_get(&c->packed, v, firsts) || (b->laters && !column_get(&c->packed, v + firsts, b->laters)))
		return false;
	join_rows(b, v, how);
	return true;
}

/* A permutation is not told again where the record before had the same; backwards: who is told by another still finds
   it as it was. */
static void
forget_orders(const struct block_rows *b, const uint64_t *how, uint64_t *order)
{
	for (size_t i = b->sessions; i-- > 0;) {
		uint32_t of = b->before[i];

		if (of && order[i] && order[i] == order[of - 1] && how[i] == TOLD_SAME)
			order[i] = 0;
	}
}

/* The texts of a column that is there, as a table that finds them. */
static bool
known_of(const struct block_column *c, struct block_known *k)
{
	if (!block_known_room(k, c->texts))
		return false;
	for (uint32_t i = 1; i < c->texts; i++)
		block_know(k, c->text[i]);
	return true;
}

static bool
prepare(struct block_rows *b, unsigned column, struct telling *t, struct block_known *known, struct sorting *sorting)
{
	const struct block_column *c = &b->session[column];
	unsigned from = block_derived_from(column);

	t->which = c->which;
	t->known = known;
	if (column == AT_ja3_string) {
		if (!sort_orders(b, sorting))
			return false;
		t->which = sorting->which;
		t->known = &sorting->known;
	} else if (!known_of(c, known)) {
		return false;
	}
	if (from < SESSION_COLUMNS && b->session[from].which) {
		t->from = b->session[from].which;
		if (!(t->derived = derived_indices(b, column, known)))
			return false;
	}
	t->how = block_keep(b, b->sessions * sizeof(*t->how));
	t->first = calloc(t->known->n + 1, sizeof(*t->first));
	t->told = calloc(t->known->n + 1, sizeof(*t->told));
	return t->how && t->first && t->told;
}

void
block_put_texts(struct bytes *to, struct block_rows *b, unsigned column, struct column_work *w)
{
	struct telling t = {.n = 0};
	struct block_known known = {.n = 0};
	struct sorting sorting = {.memory = NULL};

	if (prepare(b, column, &t, &known, &sorting)) {
		tell_all(b, block_is_first(column), &t);
		put_parts(to, b, t.how, w);
		if (column == AT_ja3_string) {
			forget_orders(b, t.how, sorting.order);
			column_put(to, sorting.order, b->sessions, w);
		}
		put_texts(to, t.known, t.told, t.n);
	} else {
		to->failed = true;
	}
	free(t.derived);
	free(t.first);
	free(t.told);
	free(sorting.memory);
	block_known_free(&known);
	block_known_free(&sorting.known);
}

/* The texts, one after the other, in memory of the block. */
static bool
get_texts(struct cur *from, struct block_rows *b, struct block_column *column, uint32_t n)
{
	static _Thread_local struct bytes all;
	bool is_addr = SESSION_TABLE.field[column - b->session].kind == FIELD_ADDR;
	struct cur c;
	char *p;

	all.n = 0;
	all.failed = false;
	if (!unsqueeze(&all, from, TEXTS_MAX) || !(p = block_keep(b, all.n + 1)))
		return false;
	if (all.n)
		memcpy(p, all.p, all.n);
	c = cur_of(p, all.n);
	for (uint32_t i = 1; i <= n; i++) {
		struct cur t = cur_sub(&c, cur_varint(&c));

		if (c.bad || (is_addr && cur_left(&t) != sizeof(struct addr)))
			return false;
		column->text[i] = (struct text){(const char *)t.p, (uint32_t)cur_left(&t)};
	}
	return cur_done(&c);
}

/* What follows from the text of that number in the other column: made when it is first asked for; 0: nothing does. */
static uint32_t
derive(struct block_rows *b, unsigned column, uint32_t of, uint32_t *derived)
{
	struct block_column *c = &b->session[column];
	const struct block_column *from = &b->session[block_derived_from(column)];
	char *p;
	size_t n;

	if (of && !derived[of] && (p = block_keep(b, DERIVED_MAX))) {
		n = block_derive(column, from->text[of], p);
		if (n) {
			derived[of] = c->texts;
			c->text[c->texts++] = (struct text){p, (uint32_t)n};
		}
	}
	return of ? derived[of] : 0;
}

/* What each was told as; the texts that are new lie from 1 on.  No branch for what a row is told as, nor for whether it is
   a first: nothing tells which comes next. */
static bool
resolve(struct block_rows *b, unsigned column, const uint64_t *how, uint32_t news)
{
	uint32_t *which = b->session[column].which;
	bool first = block_is_first(column), bad = false;
	uint64_t next = 0;

	which[0] = 0;
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = same_as(b, first, i), same = which[of ? of - 1 : 0];
		uint64_t h = how[i], older = h - TOLD_OLDER, own;

		next += h == TOLD_NEW;
		own = h == TOLD_NEW ? next : next - older;
		own = h == TOLD_ABSENT ? 0 : own;
		bad |= h == TOLD_SAME ? !of : h == TOLD_DERIVED || (h >= TOLD_OLDER && older >= next);
		which[i] = h == TOLD_SAME ? same : (uint32_t)own;
	}
	return !bad && next == news;
}

/* The same of a column that follows from another: to most rows nothing else is told. */
static bool
resolve_derived(struct block_rows *b, unsigned column, const uint64_t *how, uint32_t news, uint32_t *derived)
{
	const uint32_t *source = b->session[block_derived_from(column)].which;
	uint32_t *which = b->session[column].which, next = 0;
	bool first = block_is_first(column);

	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = same_as(b, first, i);

		if (how[i] == TOLD_SAME) {
			if (!of)
				return false;
			which[i] = which[of - 1];
		} else if (how[i] == TOLD_ABSENT) {
			which[i] = 0;
		} else if (how[i] == TOLD_NEW) {
			which[i] = ++next;
		} else if (how[i] == TOLD_DERIVED) {
			if (!source || !(which[i] = derive(b, column, source[i], derived)))
				return false;
		} else {
			if (how[i] - TOLD_OLDER >= next)
				return false;
			which[i] = (uint32_t)(next - (how[i] - TOLD_OLDER));
		}
	}
	return next == news;
}

/* The permutations put back: into memory of the block, but those that are as another's. */
static bool
give_orders(struct block_rows *b, const uint64_t *how, const uint64_t *order)
{
	struct block_column *c = &b->session[AT_ja3_string];
	uint32_t *full = block_keep(b, b->sessions * sizeof(*full));
	size_t total = 0;
	char *p;

	for (size_t i = 0; i < b->sessions; i++)
		total += order[i] ? c->text[c->which[i]].len : 0;
	if (total > TEXTS_MAX || !full || !(p = block_keep(b, total + 1)))
		return false;
	for (size_t i = 0; i < b->sessions; i++) {
		struct text sorted = c->text[c->which[i]];
		uint32_t of = b->before[i];

		full[i] = c->which[i];
		if (order[i]) {
			if (!order_give(sorted, order[i] - 1, p))
				return false;
			full[i] = c->texts;
			c->text[c->texts++] = (struct text){p, sorted.len};
			p += sorted.len;
		} else if (of && how[i] == TOLD_SAME) {
			full[i] = full[of - 1];
		}
	}
	c->which = full;
	return true;
}

static bool
needs(struct block_rows *b, unsigned column)
{
	unsigned from = block_derived_from(column);

	return block_need_before(b) && (block_is_first(column) || block_need_peers(b)) &&
	       (from == SESSION_COLUMNS || block_need(b, from));
}

bool
block_get_texts(struct block_rows *b, unsigned column)
{
	struct block_column *c = &b->session[column];
	unsigned from = block_derived_from(column);
	size_t more = column == AT_ja3_string ? b->sessions : from < SESSION_COLUMNS ? b->session[from].texts : 0;
	uint64_t *order = NULL, *how = b->scratch;
	uint32_t *derived = NULL, news = 0;

	if (c->mode & ~MODE_SPLIT || !needs(b, column) || !get_parts(b, c, how))
		return false;
	if (column == AT_ja3_string &&
	    (!(order = block_keep(b, b->sessions * sizeof(*order))) || !column_get(&c->packed, order, b->sessions)))
		return false;
	if (from < SESSION_COLUMNS) {
		more = b->session[from].texts;
		derived = block_keep(b, (more + 1) * sizeof(*derived));
		if (!derived)
			return false;
		memset(derived, 0, (more + 1) * sizeof(*derived));
	}
	for (size_t i = 0; i < b->sessions; i++)
		news += how[i] == TOLD_NEW;
	c->which = block_keep(b, b->sessions * sizeof(*c->which));
	c->text = block_keep(b, (news + more + 1) * sizeof(*c->text));
	if (!c->which || !c->text || !get_texts(&c->packed, b, c, news) || !cur_done(&c->packed))
		return false;
	c->text[0] = (struct text){NULL, 0};
	c->texts = news + 1;
	if (!(derived ? resolve_derived(b, column, how, news, derived) : resolve(b, column, how, news)))
		return false;
	return !order || give_orders(b, how, order);
}
