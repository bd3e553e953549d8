/*
 * block_numbers: differences become the numbers of a column again, each by what it was told by (block_parts.h).  Hostile
 * input: as block_get.c.
 */
#include "ledger/block_parts.h"

bool
block_sound(const struct field *f, unsigned column, const uint64_t *v, size_t n)
{
	uint64_t most = column == AT_gateway ? GATEWAYS_MAX : column == AT_kind ? SESSION_CLOSE : f->most, all = 0;

	if (f->kind == FIELD_TIME) {
		for (size_t i = 0; i < n; i++)
			all |= v[i] + INT64_MAX / NS_PER_US > 2 * (uint64_t)(INT64_MAX / NS_PER_US);
		return !all;
	}
	for (size_t i = 0; i < n; i++)
		all |= v[i];
	if (all <= most || (most & (most + 1)) == 0) /* bits that all fit are numbers that all fit */
		return all <= most;
	for (size_t i = 0; i < n; i++)
		if (v[i] > most)
			return false;
	return true;
}

/* In place: v has the differences in the order of the rows. */
static inline void
add_one(const struct block_rows *b, struct block_told_by by, uint64_t *v, size_t i)
{
	uint64_t expected;

	if (block_expect(b, by, v, i, &expected))
		v[i] = expected + unzigzag(v[i]);
}

/* What a base needs to be there; near: which way. */
static bool
need_base(struct block_rows *b, unsigned column, struct block_way w)
{
	if (w.base == BASE_NEAR || w.base == BASE_CHANGE)
		return block_need_near(b, column, w.near);
	return w.base < BASES && (w.base != BASE_PEER || (!block_is_first(column) && block_need_peers(b)));
}

/* Only after all that is needed is there: scratch is everybody's. */
static struct block_told_by
told_by(struct block_rows *b, unsigned column, struct block_way w, unsigned room)
{
	uint64_t *near = b->scratch + (size_t)room * BLOCK_ROWS;

	if (w.base == BASE_NEAR || w.base == BASE_CHANGE)
		block_near(b, column, w.near, near);
	return (struct block_told_by){w.base, near};
}

/* All rows told in one way, each v[i] the difference. */
static void
add_alike(const struct block_rows *b, struct block_told_by by, uint64_t *v)
{
	uint64_t last = 0;

	switch (by.base) {
	case BASE_NONE:
		return;
	case BASE_ROW:
		for (size_t i = 0; i < b->sessions; i++)
			v[i] = last = i ? last + unzigzag(v[i]) : v[i];
		return;
	case BASE_NEAR:
		for (size_t i = 0; i < b->sessions; i++)
			v[i] = by.near[i] + unzigzag(v[i]);
		return;
	case BASE_PEER:
	case BASE_BEFORE:
	case BASE_CHANGE:
	case BASES:
		for (size_t i = 0; i < b->sessions; i++)
			add_one(b, by, v, i);
	}
}

/* As version 2 wrote: firsts and laters alike, but that the record before may be asked first. */
static bool
get_together(struct block_rows *b, unsigned column, uint64_t *v)
{
	struct block_column *c = &b->session[column];
	struct block_way w = {c->mode & (MODE_BEFORE - 1), 0};
	struct block_told_by before = {BASE_BEFORE, NULL}, by;

	c->same = c->mode == BASE_NONE && column_same(&c->packed);
	if (w.base > BASE_PEER || !block_need_before(b) || !need_base(b, column, w) ||
	    !column_get(&c->packed, v, b->sessions))
		return false;
	by = told_by(b, column, w, 0);
	if (!(c->mode & MODE_BEFORE))
		add_alike(b, by, v);
	for (size_t i = 0; c->mode & MODE_BEFORE && i < b->sessions; i++)
		add_one(b, b->before[i] ? before : by, v, i);
	return true;
}

/* The laters all as the record before, the firsts not told by another: what most columns are.  No branch for which of
   them a row is: nothing tells. */
static void
copy_before(const struct block_rows *b, const uint64_t *firsts, uint64_t *v)
{
	v[0] = 0;
	for (size_t i = 0; i < b->sessions; i++) {
		uint32_t of = b->before[i];
		uint64_t same = v[of ? of - 1 : 0], own = *firsts;

		v[i] = of ? same : own;
		firsts += !of;
	}
}

/* The laters all as the record before, the firsts told by what is before them. */
static void
add_as_before(const struct block_rows *b, struct block_told_by first, const uint64_t *firsts, uint64_t *v)
{
	for (size_t i = 0; i < b->sessions; i++)
		if (b->before[i]) {
			v[i] = v[b->before[i] - 1];
		} else {
			v[i] = *firsts++;
			add_one(b, first, v, i);
		}
}

/* Firsts and laters as they come, in the order of the rows. */
static void
merge(const struct block_rows *b, const uint64_t *firsts, uint64_t *v)
{
	const uint64_t *laters = firsts + b->sessions - b->laters;

	for (size_t i = 0; i < b->sessions; i++) {
		bool later = b->before[i] != 0;

		v[i] = *(later ? laters : firsts);
		laters += later;
		firsts += !later;
	}
}

static void
add_both(const struct block_rows *b, struct block_told_by first, struct block_told_by later, const uint64_t *told,
	 uint64_t *v)
{
	const uint64_t *laters = told + b->sessions - b->laters;

	for (size_t i = 0; i < b->sessions; i++)
		if (b->before[i]) {
			v[i] = *laters++;
			add_one(b, later, v, i);
		} else {
			v[i] = *told++;
			add_one(b, first, v, i);
		}
}

static bool
get_split(struct block_rows *b, unsigned column, uint64_t *v)
{
	struct block_column *c = &b->session[column];
	struct block_way of_first = block_way_of(c->mode, MODE_FIRSTS), of_later = block_way_of(c->mode, MODE_LATERS);
	struct block_told_by first, later;
	uint64_t *told = b->scratch;
	bool same_first, same_later;
	size_t firsts;

	if (!block_need_before(b) || !need_base(b, column, of_first) || !need_base(b, column, of_later))
		return false;
	firsts = b->sessions - b->laters;
	first = told_by(b, column, of_first, 1);
	later = told_by(b, column, of_later, 2);
	same_first = column_same(&c->packed);
	if (!column_get(&c->packed, told, firsts))
		return false;
	same_later = !b->laters || column_same(&c->packed);
	if (b->laters && !column_get(&c->packed, told + firsts, b->laters))
		return false;
	same_later = same_later && of_later.base == BASE_BEFORE && (!b->laters || told[firsts] == 0);
	c->same = same_first && same_later && of_first.base == BASE_NONE;
	if (same_later && first.base == BASE_NONE) {
		copy_before(b, told, v);
	} else if (same_later) {
		add_as_before(b, first, told, v);
	} else if (of_first.base == of_later.base && of_first.near == of_later.near) {
		merge(b, told, v);
		add_alike(b, first, v);
	} else {
		add_both(b, first, later, told, v);
	}
	return true;
}

/* No bit is set that the form of its packing does not have. */
static bool
is_known(unsigned mode)
{
	return mode & MODE_SPLIT ? mode < MODES && !(mode & (MODE_SPLIT - 1)) : mode < MODE_SPLIT;
}

bool
block_get_numbers(struct block_rows *b, unsigned column)
{
	const struct field *f = &SESSION_TABLE.field[column];
	struct block_column *c = &b->session[column];
	uint64_t *v = block_keep(b, b->sessions * sizeof(*v));

	if (!is_known(c->mode) || !v ||
	    !(c->mode & MODE_SPLIT ? get_split(b, column, v) : get_together(b, column, v)) || !cur_done(&c->packed))
		return false;
	c->v = v;
	return block_sound(f, column, v, b->sessions);
}
