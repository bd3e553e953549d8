/*
 * block_rows: columns become records again, some at a time: what all have alike is set once, the rest for each.
 */
#include "ledger/block_parts.h"

/* Columns by how they are set; one that all have alike goes into the base. */
enum way { WAY_NUMBER, WAY_TIME, WAY_TEXT, WAY_ADDR, WAYS };
_Static_assert((int)WAYS == (int)BLOCK_WAYS, "a count for each");

static enum way
way_of(const struct field *f)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT:
		return WAY_TEXT;
	case FIELD_ADDR:
		return WAY_ADDR;
	case FIELD_TIME:
		return WAY_TIME;
	case FIELD_NUMBER:
	case FIELD_HASH:
		break;
	}
	return WAY_NUMBER;
}

void
block_layout(const struct block_rows *b, struct block_layout *l)
{
	struct session base;
	unsigned n = 0;

	memset(&base, 0, sizeof(base));
	memset(l->count, 0, sizeof(l->count));
	for (enum way way = 0; way < WAYS; way++)
		for (unsigned i = 0; i < SESSION_COLUMNS; i++) {
			const struct field *f = &SESSION_TABLE.field[i];
			const struct block_column *c = &b->session[i];

			if ((!c->v && !c->which) || way_of(f) != way)
				continue;
			if (c->v && c->same) {
				field_store(f, &base, c->v[0]);
				continue;
			}
			l->column[n++] = (uint16_t)i;
			l->count[way]++;
		}
	for (unsigned i = 0; i < BLOCK_SOME; i++)
		l->session[i] = base;
}

/* Little-endian, as all that this runs on: the low bytes of a number come first. */
static inline void
store_low(uint8_t *to, const uint64_t *v, size_t n, size_t size)
{
	for (size_t i = 0; i < n; i++, to += sizeof(struct session))
		memcpy(to, &v[i], size);
}

/* The numbers v[0..n) of a field, each to its session; a loop for each size, so that nothing is called for a number. */
static void
store_numbers(uint8_t *to, uint8_t size, const uint64_t *v, size_t n)
{
	switch (size) {
	case 1:
		store_low(to, v, n, 1);
		break;
	case 2:
		store_low(to, v, n, 2);
		break;
	case 4:
		store_low(to, v, n, 4);
		break;
	default:
		store_low(to, v, n, 8);
	}
}

static void
store_times(uint8_t *to, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++, to += sizeof(struct session))
		memcpy(to, &(int64_t){(int64_t)v[i] * NS_PER_US}, sizeof(int64_t));
}

static void
store_texts(uint8_t *to, const struct text *text, const uint32_t *which, size_t n)
{
	for (size_t i = 0; i < n; i++, to += sizeof(struct session))
		memcpy(to, &text[which[i]], sizeof(struct text));
}

static void
store_addrs(uint8_t *to, const struct text *text, const uint32_t *which, size_t n)
{
	static const struct addr none;

	for (size_t i = 0; i < n; i++, to += sizeof(struct session))
		memcpy(to, which[i] ? text[which[i]].p : (const char *)&none, sizeof(struct addr));
}

static void
store_talk(const struct block_rows *b, size_t first, size_t n, struct session *to)
{
	for (size_t i = first; i < first + n; i++, to++) {
		to->exchange_count = block_count(&b->exchanges, i);
		to->pair_count = block_count(&b->pairs, i);
		to->exchange = b->exchanges.at ? b->exchanges.exchange + b->exchanges.at[i] : NULL;
		to->pair = b->pairs.at ? b->pairs.pair + b->pairs.at[i] : NULL;
	}
}

/* Column by column: what a column has lies together, and the records of some sessions stay near. */
static void
store_some(const struct block_rows *b, struct block_layout *l, size_t first, size_t n)
{
	const uint16_t *at = l->column;

	for (enum way way = 0; way < WAYS; way++)
		for (const uint16_t *end = at + l->count[way]; at < end; at++) {
			const struct field *f = &SESSION_TABLE.field[*at];
			const struct block_column *c = &b->session[*at];
			uint8_t *to = (uint8_t *)l->session + f->offset;

			if (way == WAY_NUMBER)
				store_numbers(to, f->size, c->v + first, n);
			else if (way == WAY_TIME)
				store_times(to, c->v + first, n);
			else if (way == WAY_TEXT)
				store_texts(to, c->text, c->which + first, n);
			else
				store_addrs(to, c->text, c->which + first, n);
		}
	store_talk(b, first, n, l->session);
}

const struct session *
block_session(const struct block_rows *b, struct block_layout *l, size_t i)
{
	size_t left = b->sessions - i;

	if (i % BLOCK_SOME == 0)
		store_some(b, l, i, left < BLOCK_SOME ? left : BLOCK_SOME);
	return &l->session[i % BLOCK_SOME];
}

void
block_pulse(const struct block_rows *b, size_t i, struct pulse *p)
{
	memset(p, 0, sizeof(*p));
	for (unsigned k = 0; k < PULSE_COLUMNS; k++)
		if (b->pulse[k].v)
			field_store(&PULSE_TABLE.field[k], p, b->pulse[k].v[i]);
}

void
block_rows(struct bytes *to, const struct block_rows *b)
{
	struct block_layout l;
	struct pulse p;
	size_t session = 0, pulse = 0;

	block_layout(b, &l);
	for (size_t i = 0; i < b->rows; i++)
		if (b->is_pulse[i]) {
			block_pulse(b, pulse++, &p);
			row_put_pulse(to, &p);
		} else {
			row_put_session(to, block_session(b, &l, session++));
		}
}
