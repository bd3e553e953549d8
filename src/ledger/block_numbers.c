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
	for (size_t i = 0; i < b->sessions; i++)
		add_one(b, c->mode & MODE_BEFORE && b->before[i] ? before : by, v, i);
	return true;
}

/* The laters all as the record before: what most columns are. */
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
	if (same_later)
		add_as_before(b, first, told, v);
	else
		add_both(b, first, later, told, v);
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
