/*
 * block_rows: columns become records again, one at a time: what all have alike is copied, the rest is set.
 */
#include "ledger/block_parts.h"

/* Columns by how they are set; one that all have alike goes into the base. */
enum way { WAY_WIDE, WAY_NARROW, WAY_TEXT, WAY_ADDR, WAY_TIME, WAYS };

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
	return f->size == 8 ? WAY_WIDE : WAY_NARROW;
}

void
block_layout(const struct block_rows *b, struct block_layout *l)
{
	uint16_t *count[WAYS] = {&l->wide, &l->narrow, &l->text, &l->addr, &l->time};
	unsigned n = 0;

	memset(l, 0, sizeof(*l));
	for (enum way way = 0; way < WAYS; way++)
		for (unsigned i = 0; i < SESSION_COLUMNS; i++) {
			const struct field *f = &SESSION_TABLE.field[i];
			const struct block_column *c = &b->session[i];

			if ((!c->v && !c->which) || way_of(f) != way)
				continue;
			if (c->v && c->same) {
				field_store(f, &l->base, c->v[0]);
				continue;
			}
			l->column[n++] = (uint16_t)i;
			++*count[way];
		}
}

/* A number of 1, 2 or 4 bytes. */
static void
store_narrow(void *to, uint8_t size, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;
	uint16_t v16 = (uint16_t)v;

	if (size == 1)
		*(uint8_t *)to = (uint8_t)v;
	else if (size == 2)
		memcpy(to, &v16, 2);
	else
		memcpy(to, &v32, 4);
}

void
block_session(const struct block_rows *b, const struct block_layout *l, size_t i, struct session *s)
{
	const uint16_t *at = l->column, *end;
	uint8_t *to = (uint8_t *)s;

	memcpy(s, &l->base, sizeof(*s));
	for (end = at + l->wide; at < end; at++)
		memcpy(to + SESSION_TABLE.field[*at].offset, &b->session[*at].v[i], 8);
	for (end = at + l->narrow; at < end; at++)
		store_narrow(to + SESSION_TABLE.field[*at].offset, SESSION_TABLE.field[*at].size, b->session[*at].v[i]);
	for (end = at + l->text; at < end; at++) {
		const struct block_column *c = &b->session[*at];

		memcpy(to + SESSION_TABLE.field[*at].offset, &c->text[c->which[i]], sizeof(struct text));
	}
	for (end = at + l->addr; at < end; at++) {
		const struct block_column *c = &b->session[*at];

		if (c->which[i])
			memcpy(to + SESSION_TABLE.field[*at].offset, c->text[c->which[i]].p, sizeof(struct addr));
	}
	for (end = at + l->time; at < end; at++) {
		int64_t ns = (int64_t)b->session[*at].v[i] * NS_PER_US;

		memcpy(to + SESSION_TABLE.field[*at].offset, &ns, sizeof(ns));
	}
	s->exchange_count = block_count(&b->exchanges, i);
	s->pair_count = block_count(&b->pairs, i);
	s->exchange = b->exchanges.at ? b->exchanges.exchange + b->exchanges.at[i] : NULL;
	s->pair = b->pairs.at ? b->pairs.pair + b->pairs.at[i] : NULL;
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
	struct session s;
	struct pulse p;
	size_t session = 0, pulse = 0;

	block_layout(b, &l);
	for (size_t i = 0; i < b->rows; i++)
		if (b->is_pulse[i]) {
			block_pulse(b, pulse++, &p);
			row_put_pulse(to, &p);
		} else {
			block_session(b, &l, session++, &s);
			row_put_session(to, &s);
		}
}
