/*
 * query_carry: what rows in groups carry: of a block's columns the values that are asked for, texts by their numbers in a
 * dictionary.  Must not keep a text that no row has, beyond what memory holds.
 */
#include <stdlib.h>

#include "ledger/query_group.h"

enum { ROOM_FIRST = 1 << 16 };
static const uint32_t UNKNOWN = DICTIONARY_FAILED, UNWANTED = DICTIONARY_FAILED - 1;

/* Has it few values?  A list's order is that of its words; Chrome's JA3 strings are another in each session. */
static bool
can_be_key(struct source s)
{
	if (s.from != FROM_FIELD || s.column == AT_ja3_string)
		return false;
	if (group_is_text(s.column))
		return !query_has_words(s.column);
	return SESSION_TABLE.field[s.column].kind == FIELD_NUMBER && SESSION_TABLE.field[s.column].size <= 2;
}

bool
query_can_group(const struct query_view *view, unsigned column, const bool *used)
{
	unsigned n = 1;

	for (unsigned i = 0; i < view->columns; i++)
		n += used[i] && i != column;
	return n <= GROUP_CARRIED && can_be_key(view->source[column]);
}

void
group_carry(struct query_group *g, const struct query_view *view, unsigned column)
{
	struct carried *c = &g->carried[g->columns++];

	c->column = column;
	c->source = view->source[column];
	c->coded = g->columns == 1 || group_is_text(c->source.column);
	c->size = c->coded || SESSION_TABLE.field[c->source.column].size <= sizeof(uint32_t) ? sizeof(uint32_t) :
											       sizeof(uint64_t);
	c->offset = g->stride;
	g->failed |= dictionary_know(&c->texts, (struct text){NULL, 0}) != 0;
	g->stride += c->size;
	g->place[column] = (uint8_t)g->columns;
}

void
group_forget_keys(struct query_group *g)
{
	for (unsigned i = 0; i < GROUP_RECENT; i++)
		g->recent[i].code = UNKNOWN;
}

static uint32_t
know(struct query_group *g, struct carried *c, struct text t)
{
	uint32_t code = dictionary_know(&c->texts, t);

	g->failed |= code == DICTIONARY_FAILED;
	return code == DICTIONARY_FAILED ? 0 : code;
}

static uint32_t
know_key(struct query_group *g, struct text t)
{
	return group_has_its_turn(g, t) ? know(g, &g->carried[0], t) : UNWANTED;
}

/* Room for the numbers of a column's texts, all unknown. */
static bool
begin_codes(struct query_group *g, const struct block_column *c)
{
	if (g->code_room < c->texts) {
		free(g->code);
		g->code = malloc(c->texts * sizeof(*g->code));
		g->code_room = g->code ? c->texts : 0;
		g->failed |= !g->code;
	}
	for (size_t i = 0; i < c->texts && g->code; i++)
		g->code[i] = UNKNOWN;
	return g->code != NULL;
}

static uint32_t
number_key(struct query_group *g, uint64_t v)
{
	unsigned at = v % GROUP_RECENT;

	if (g->recent[at].number != v || g->recent[at].code == UNKNOWN) {
		bool none = !v && !query_has_zero(g->carried[0].source.column);

		g->recent[at].number = v;
		g->recent[at].code =
			know_key(g, none ? (struct text){NULL, 0} : (struct text){(const char *)&v, sizeof(v)});
	}
	return g->recent[at].code;
}

/* A column of the block; NULL: it is absent from all rows, or cannot be read. */
static const struct block_column *
column_there(struct rows *r, const struct carried *c)
{
	const struct block_column *of = query_column(r, c->source);

	return query_need(r, c->source) && (of->v || of->which) ? of : NULL;
}

/* The rows of the block whose value has its turn, and its number; how many. */
static size_t
pick_rows(struct rows *r)
{
	struct query_group *g = r->group;
	const struct block_column *c = column_there(r, &g->carried[0]);
	size_t n = 0;

	if (c && c->which && !begin_codes(g, c))
		return 0;
	for (size_t k = 0; k < r->picks; k++) {
		size_t i = r->pick[k];
		uint32_t key;

		if (c && c->which) {
			key = g->code[c->which[i]];
			if (key == UNKNOWN)
				key = g->code[c->which[i]] = know_key(g, c->text[c->which[i]]);
		} else if (group_is_text(g->carried[0].source.column)) {
			key = know_key(g, (struct text){NULL, 0});
		} else {
			key = number_key(g, c ? c->v[i] : 0);
		}
		g->pick[n] = (uint16_t)i;
		g->key[n] = key;
		n += key != UNWANTED;
	}
	return n;
}

static bool
make_room(struct query_group *g, size_t n)
{
	size_t room = g->room ? g->room : ROOM_FIRST;
	uint8_t *row;

	while (room - g->rows < n)
		room *= 2;
	if (room == g->room)
		return true;
	row = realloc(g->row, room * g->stride);
	g->failed |= !row;
	if (!row)
		return false;
	g->row = row;
	g->room = room;
	return true;
}

static void
put_codes(struct query_group *g, struct carried *c, const struct block_column *of, uint8_t *to, size_t n)
{
	if (of && !begin_codes(g, of))
		of = NULL;
	for (size_t k = 0; k < n; k++, to += g->stride) {
		uint32_t which = of ? of->which[g->pick[k]] : 0, code = of ? g->code[which] : 0;

		if (code == UNKNOWN)
			code = g->code[which] = know(g, c, of->text[which]);
		memcpy(to, &code, sizeof(code));
	}
}

static void
put_values(const struct query_group *g, const struct carried *c, const struct block_column *of, uint8_t *to, size_t n)
{
	for (size_t k = 0; k < n; k++, to += g->stride) {
		uint64_t v = of ? of->v[g->pick[k]] : 0;

		if (c->size == sizeof(uint32_t))
			memcpy(to, &v, sizeof(uint32_t));
		else
			memcpy(to, &v, sizeof(uint64_t));
	}
}

void
group_take_block(struct rows *r)
{
	struct query_group *g = r->group;
	size_t n = pick_rows(r);
	uint8_t *to;

	if (!n || !make_room(g, n))
		return;
	to = g->row + g->rows * g->stride;
	for (size_t k = 0; k < n; k++)
		memcpy(to + k * g->stride, &g->key[k], sizeof(g->key[k]));
	for (unsigned i = 1; i < g->columns; i++) {
		struct carried *c = &g->carried[i];

		if (c->coded)
			put_codes(g, c, column_there(r, c), to + c->offset, n);
		else
			put_values(g, c, column_there(r, c), to + c->offset, n);
	}
	g->rows += n;
}

static void
forget_texts(struct query_group *g, struct carried *c)
{
	struct dictionary old = c->texts;
	uint32_t *code = malloc((old.n + 1) * sizeof(*code));
	uint8_t *at = g->row + c->offset;

	if (!code) {
		g->failed = true;
		return;
	}
	c->texts = (struct dictionary){.n = 0};
	g->failed |= dictionary_know(&c->texts, (struct text){NULL, 0}) != 0;
	for (uint32_t i = 0; i < old.n; i++)
		code[i] = UNKNOWN;
	for (size_t i = 0; i < g->rows; i++, at += g->stride) {
		uint32_t own;

		memcpy(&own, at, sizeof(own));
		if (code[own] == UNKNOWN)
			code[own] = know(g, c, old.text[own]);
		memcpy(at, &code[own], sizeof(own));
	}
	dictionary_free(&old);
	free(code);
}

void
group_forget_texts(struct query_group *g)
{
	for (unsigned i = 0; i < g->columns; i++)
		if (g->carried[i].coded)
			forget_texts(g, &g->carried[i]);
	group_forget_keys(g);
}

void
query_group_value(struct rows *r, unsigned column, struct sql_value *to)
{
	const struct query_group *g = r->group;
	const struct carried *c = &g->carried[g->place[column] - 1];
	struct text text = {NULL, 0};
	uint64_t number = 0;

	memcpy(&number, g->now + c->offset, c->size);
	if (c->coded) {
		text = c->texts.text[number];
		number = 0;
	}
	if (!group_is_text(c->source.column) && c->coded) {
		number = group_number(text);
		text.p = NULL;
	}
	query_show(r, c->source, number, text, to);
}
