/*
 * beside: see beside.h.  Must not say no of a block that could have one.
 */
#include "ledger/beside.h"

#include "ledger/filter.h"

bool
beside_text(const struct scan_about *a, unsigned column, const void *bytes, size_t n)
{
	switch (column) {
	case AT_src:
	case AT_dest:
	case AT_actor:
		return filter_may(a->filter, FILTER_ADDR, bytes, n);
	case AT_ja4:
		return filter_may(a->filter, FILTER_JA4, bytes, n);
	case AT_sni:
		return filter_may(a->filter, FILTER_SNI, bytes, n);
	default:
		return true;
	}
}

bool
beside_number(const struct scan_about *a, unsigned column, uint64_t least, uint64_t most)
{
	const struct field *f = &SESSION_TABLE.field[column];
	uint64_t turn = f->kind == FIELD_TIME ? UINT64_C(1) << 63 : 0;
	struct block_range range = {0, 0};

	if (column == AT_id)
		return least != most || filter_may(a->ids, FILTER_ID, &least, sizeof(least));
	if (f->kind == FIELD_HASH)
		return true;
	block_range(a->range, f->id, &range); /* none: all are 0 */
	return (range.most ^ turn) >= least && (range.least ^ turn) <= most;
}

/* --- questions --- */

static bool
may_addr(const struct scan_about *a, const struct where *w, unsigned column, const struct where_value *v)
{
	if (v->net.bits < 128 || (w->privacy_key && v->hidden.bits < 128))
		return true;
	return beside_text(a, column, v->net.addr.b, sizeof(v->net.addr)) ||
	       (w->privacy_key && beside_text(a, column, v->hidden.addr.b, sizeof(v->hidden.addr)));
}

/* Compared without regard to case; absent is the same as empty. */
static bool
may_text(const struct scan_about *a, const struct where *w, unsigned column, const struct where_value *v)
{
	char lower[FILTER_TEXT_MAX];
	struct block_range has;

	if (!v->text.len || v->text.len > FILTER_TEXT_MAX || !block_range(a->range, BLOCK_LOWER, &has))
		return true;
	for (uint32_t i = 0; i < v->text.len; i++)
		lower[i] = filter_lower(w->text[v->text.at + i]);
	return beside_text(a, column, lower, v->text.len);
}

static bool
may_number(const struct scan_about *a, unsigned column, uint8_t op, uint64_t v)
{
	switch ((enum where_op)op) {
	case WHERE_EQ:
		return beside_number(a, column, v, v);
	case WHERE_LT:
	case WHERE_LE:
		return beside_number(a, column, 0, v);
	case WHERE_GT:
	case WHERE_GE:
		return beside_number(a, column, v, UINT64_MAX);
	case WHERE_PREFIX:
	case WHERE_NE:
	case WHERE_IN:
	case WHERE_OPS:
		break;
	}
	return true;
}

/* Nanoseconds are kept as whole microseconds: those next to it are within. */
static bool
may_time(const struct scan_about *a, unsigned column, uint8_t op, uint64_t v)
{
	const uint64_t turn = UINT64_C(1) << 63;
	uint64_t us = (uint64_t)((int64_t)(v ^ turn) / NS_PER_US) ^ turn;

	switch ((enum where_op)op) {
	case WHERE_EQ:
		return beside_number(a, column, us - 1, us + 1);
	case WHERE_LT:
	case WHERE_LE:
		return may_number(a, column, op, us + 1);
	case WHERE_GT:
	case WHERE_GE:
		return may_number(a, column, op, us - 1);
	case WHERE_PREFIX:
	case WHERE_NE:
	case WHERE_IN:
	case WHERE_OPS:
		break;
	}
	return true;
}

static bool
may_value(const struct scan_about *a, const struct where *w, const struct where_test *t, const struct where_value *v)
{
	switch ((enum where_type)WHERE_SESSION.field[t->field].type) {
	case WHERE_ADDR:
		return may_addr(a, w, t->field, v);
	case WHERE_STRING:
		return t->op != WHERE_EQ || may_text(a, w, t->field, v);
	case WHERE_TIME:
		return may_time(a, t->field, t->op, v->number);
	case WHERE_VERSION: /* their order is not that of their numbers */
		return t->op != WHERE_EQ || may_number(a, t->field, t->op, v->number);
	case WHERE_BOOL:
	case WHERE_NUMBER:
	case WHERE_HEX64:
	case WHERE_CIPHER:
	case WHERE_GROUP:
	case WHERE_ENUM:
	case WHERE_RANK:
		return may_number(a, t->field, t->op, v->number);
	case WHERE_LIST:
	case WHERE_LIST16:
	case WHERE_DIGESTS:
	case WHERE_VERSIONS:
		break;
	}
	return true;
}

static bool
may_pass(const struct scan_about *a, const struct where *w, const struct where_test *t)
{
	for (unsigned i = 0; i < t->values; i++)
		if (may_value(a, w, t, &w->value[t->value + i]))
			return true;
	return false;
}

/* The tests are walked as for a session, both ways where both are open: "no" always is. */
bool
beside_where(const struct scan_about *a, const struct where *w)
{
	bool reached[WHERE_NO + 1] = {true};

	for (unsigned i = 0; i < w->tests; i++) {
		const struct where_test *t = &w->test[i];

		if (!reached[i])
			continue;
		reached[t->no] = true;
		reached[t->yes] |= may_pass(a, w, t);
	}
	return !w->tests || reached[WHERE_YES];
}
