/*
 * query_records: sessions, records, exchanges and pulses as tables over blocks.  Only columns that are asked for are
 * unpacked; a block that cannot have a row that is asked for, by its times, ranges and filters, is not opened.
 */
#include <stdlib.h>

#include "ledger/beside.h"
#include "ledger/query_rows.h"

static struct query_view RECORDS = {.what = OF_RECORDS}, SESSIONS = {.what = OF_SESSIONS},
			 EXCHANGES = {.what = OF_EXCHANGES}, PULSES = {.what = OF_PULSES};

const struct block_column *
query_column(const struct rows *r, struct source s)
{
	return s.from == FROM_PULSE ? &r->scan.block.pulse[s.column] : &r->scan.block.session[s.column];
}

bool
query_need(struct rows *r, struct source s)
{
	bool fine = s.from == FROM_PULSE ? block_need_pulse(&r->scan.block, s.column) :
		    s.from == FROM_FIELD ? block_need(&r->scan.block, s.column) :
					   block_need_exchanges(&r->scan.block);

	if (!fine)
		scan_damaged(&r->scan, "a block cannot be read");
	return fine;
}

/* The range that a comparison leaves. */
static void
set_range(struct test *t, uint8_t op, uint64_t v)
{
	t->least = op == SQL_EQ || op == SQL_GE || op == SQL_GT ? v : 0;
	t->most = op == SQL_EQ || op == SQL_LE || op == SQL_LT ? v : UINT64_MAX;
	if (op == SQL_GT)
		t->least = v == UINT64_MAX ? v : v + 1;
	if (op == SQL_LT)
		t->most = v ? v - 1 : 0;
}

static bool
keep_text(struct test *t, const char *p, uint32_t len)
{
	t->kind = TEST_TEXT;
	t->len = len;
	t->text = malloc((size_t)len + 1);
	if (t->text && len)
		memcpy(t->text, p, len);
	return t->text != NULL;
}

/* Numbers below 0 and fractions SQLite compares itself. */
static bool
take_number(struct test *t, const struct sql_test *of, uint8_t type)
{
	bool is_time = type == SQL_TIME || type == SQL_MICROS;

	if (of->value.kind != SQL_NUMBER || (of->value.number < 0 && type == SQL_INTEGER))
		return false;
	t->turn = is_time ? UINT64_C(1) << 63 : 0;
	set_range(t, of->op, (uint64_t)of->value.number ^ t->turn);
	return true;
}

/* False: this test is not for a block to answer. */
static bool
take_test(struct rows *r, const struct sql_test *of, struct test *t)
{
	struct source s = r->view->source[of->column];
	uint8_t type = r->view->column[of->column].type;
	uint64_t code;

	*t = (struct test){.kind = TEST_NUMBER, .source = s};
	if (s.from != FROM_FIELD && s.from != FROM_PULSE)
		return false;
	if (type == SQL_ADDR)
		return keep_text(t, (const char *)of->addr.b, sizeof(of->addr));
	if (type != SQL_TEXT)
		return take_number(t, of, type);
	if (of->value.kind != SQL_WORDS)
		return false;
	if (!query_has_words(s.column))
		return keep_text(t, of->value.text.p, of->value.text.len);
	if (!query_code(s.column, of->value.text, &code))
		return false;
	set_range(t, SQL_EQ, code);
	return true;
}

static void
take_times(struct scan *s, const struct test *t)
{
	int64_t least = (int64_t)(t->least ^ t->turn), most = (int64_t)(t->most ^ t->turn);

	s->since_us = least > s->since_us ? least : s->since_us;
	s->until_us = most < s->until_us ? most : s->until_us;
}

static bool
may_have(const struct test *t, const struct scan_about *a)
{
	if (t->source.from != FROM_FIELD)
		return true;
	return t->kind == TEST_TEXT ? beside_text(a, t->source.column, t->text, t->len) :
				      beside_number(a, t->source.column, t->least, t->most);
}

static bool
wants(void *arg, const struct scan_about *a)
{
	const struct rows *r = arg;

	if (a->tail)
		return true;
	if ((r->view->what == OF_PULSES ? a->rows - a->sessions : a->sessions) == 0)
		return false;
	for (unsigned i = 0; i < r->tests; i++)
		if (!may_have(&r->test[i], a))
			return false;
	return true;
}

/* Which of the column's texts is meant, once a block. */
static bool
match_texts(struct rows *r, struct test *t)
{
	const struct block_column *c = query_column(r, t->source);
	bool any = false;

	if (!c->which)
		return false;
	if (t->match_room < c->texts) {
		free(t->match);
		t->match_room = c->texts;
		t->match = malloc(t->match_room);
		if (!t->match)
			t->match_room = 0;
	}
	if (!t->match)
		return false;
	for (uint32_t i = 0; i < c->texts; i++) {
		t->match[i] = c->text[i].p && c->text[i].len == t->len && memcmp(c->text[i].p, t->text, t->len) == 0;
		any |= t->match[i];
	}
	return any;
}

/* What the tests of a column leave of the rows: one test after the other over all of them. */
static void
keep_texts(const struct block_column *c, const uint8_t *match, uint8_t *pass, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pass[i] &= match[c->which[i]];
}

/* has_time: 0 is the lack of one. */
static void
keep_numbers(const uint64_t *v, const struct test *t, bool has_time, uint8_t *pass, size_t n)
{
	uint64_t turn = t->turn, least = t->least, most = t->most;

	if (has_time)
		for (size_t i = 0; i < n; i++)
			pass[i] &= v[i] != 0;
	for (size_t i = 0; i < n; i++)
		pass[i] &= (v[i] ^ turn) >= least && (v[i] ^ turn) <= most;
}

/* False: none. */
static bool
keep_rows(struct rows *r, struct test *t, uint8_t *pass, size_t n)
{
	const struct block_column *c = query_column(r, t->source);
	bool has_time = t->turn && t->source.from == FROM_FIELD;

	if (!query_need(r, t->source))
		return false;
	if (t->kind == TEST_TEXT) {
		if (!match_texts(r, t))
			return false;
		keep_texts(c, t->match, pass, n);
		return true;
	}
	if (c->v)
		keep_numbers(c->v, t, has_time, pass, n);
	return c->v || (!has_time && t->turn >= t->least && t->turn <= t->most);
}

/* Which rows of this block pass: none, if what they are tested for cannot be read. */
static void
begin_block(struct rows *r)
{
	const struct block_rows *b = &r->scan.block;
	size_t n = r->view->what == OF_PULSES ? b->pulses : b->sessions;
	uint8_t pass[BLOCK_ROWS];

	r->picks = r->at = r->k = r->many = 0;
	memset(pass, true, n);
	for (unsigned i = 0; i < r->tests; i++)
		if (!keep_rows(r, &r->test[i], pass, n))
			return;
	if (r->view->what == OF_EXCHANGES && !query_need(r, (struct source){.from = FROM_PART}))
		return;
	for (size_t i = 0; i < n; i++) {
		r->pick[r->picks] = (uint16_t)i;
		r->picks += pass[i];
	}
}

bool
query_next_block(struct rows *r)
{
	if (sql_due() || !scan_next(&r->scan))
		return false;
	begin_block(r);
	return true;
}

static inline bool
next_row(struct rows *r)
{
	if (r->at == r->picks)
		return false;
	r->i = r->pick[r->at++];
	return true;
}

static bool
next_exchange(struct rows *r)
{
	const struct block_many *m = &r->scan.block.exchanges;

	if (++r->k < r->many)
		return true;
	while (next_row(r)) {
		r->k = 0;
		r->many = m->at ? m->at[r->i + 1] - m->at[r->i] : 0;
		if (r->many)
			return true;
	}
	return false;
}

static bool
next(void *cursor)
{
	struct rows *r = cursor;

	if (r->group)
		return query_group_next(r);
	do {
		if (r->view->what == OF_EXCHANGES ? next_exchange(r) : next_row(r))
			return true;
	} while (query_next_block(r));
	return false;
}

void
query_show(struct rows *r, struct source s, uint64_t number, struct text text, struct sql_value *to)
{
	bool pulse = s.from == FROM_PULSE;

	if (!pulse && !number && !text.p && !query_has_zero(s.column))
		return;
	to->kind = SQL_NUMBER;
	to->number = (int64_t)number;
	if (!pulse && query_has_words(s.column))
		text = query_words(s.column, number, text, r->words);
	if (!text.p)
		return;
	to->kind = SQL_WORDS;
	to->text = text;
}

static void
value_of(struct rows *r, struct source s, struct sql_value *to)
{
	const struct block_column *c = query_column(r, s);

	query_show(r, s, c->v ? c->v[r->i] : 0, c->which ? c->text[c->which[r->i]] : (struct text){NULL, 0}, to);
}

static void
value(void *cursor, unsigned column, struct sql_value *to)
{
	struct rows *r = cursor;
	struct source s = r->view->source[column];
	const struct block_many *m = &r->scan.block.exchanges;

	if (r->group)
		query_group_value(r, column, to);
	else if (s.from == FROM_NUMBER)
		*to = (struct sql_value){.kind = SQL_NUMBER, .number = r->k + 1};
	else if (s.from == FROM_PART)
		*to = (struct sql_value){.kind = SQL_NUMBER,
					 .number = ((const uint32_t *)&m->exchange[m->at[r->i] + r->k])[s.column]};
	else if (query_need(r, s))
		value_of(r, s, to);
}

/* Day, block, row and exchange in one number. */
static int64_t
row(void *cursor)
{
	const struct rows *r = cursor;

	if (r->group)
		return query_group_row(r->group);
	return ((r->scan.day.day & 0xfffff) << 42) | ((r->scan.no & 0x3fffff) << 20 & 0x3fffff00000) |
	       (int64_t)(r->i << 5 | (r->k & 31));
}

/* What it read, and what it could not read, is told. */
static void
end_scan(struct rows *r)
{
	r->source->blocks += r->scan.blocks;
	r->source->passed_over += r->scan.passed_over;
	if (r->scan.damaged && !r->source->damaged)
		memcpy(r->source->error, r->scan.error, sizeof(r->source->error));
	r->source->damaged += r->scan.damaged;
	scan_end(&r->scan);
}

static void
close_rows(void *cursor)
{
	struct rows *r = cursor;

	end_scan(r);
	query_group_free(r->group);
	for (unsigned i = 0; i < r->tests; i++) {
		free(r->test[i].text);
		free(r->test[i].match);
	}
	free(r);
}

/* What the tests ask of a block, and what the table itself does. */
static void
take_tests(struct rows *r, const struct sql_asked *asked)
{
	for (unsigned i = 0; i < asked->tests; i++) {
		struct test *t = &r->test[r->tests];

		if (!take_test(r, &asked->test[i], t)) {
			free(t->text);
			continue;
		}
		r->tests++;
		if (t->source.column == (t->source.from == FROM_PULSE ? AT_PULSE_time : AT_time))
			take_times(&r->scan, t);
	}
	if (r->view->what == OF_SESSIONS || r->view->what == OF_EXCHANGES)
		r->test[r->tests++] = (struct test){.kind = TEST_NUMBER,
						    .source = {FROM_FIELD, AT_kind},
						    .least = SESSION_CLOSE,
						    .most = SESSION_CLOSE};
}

void
query_first_block(struct rows *r)
{
	struct scan again = {.folder = r->source->folder,
			     .since_us = r->scan.since_us,
			     .until_us = r->scan.until_us,
			     .arg = r,
			     .wants = wants};

	end_scan(r);
	r->scan = again;
	r->picks = r->at = 0;
	scan_begin(&r->scan);
}

static void *
open_rows(const struct query_view *view, void *source, const struct sql_asked *asked)
{
	struct rows *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->source = source;
	r->view = view;
	r->scan.since_us = INT64_MIN;
	r->scan.until_us = INT64_MAX;
	take_tests(r, asked);
	r->source->no_time |= r->scan.since_us > r->scan.until_us;
	query_first_block(r);
	if (asked->by != SQL_UNGROUPED && !(r->group = query_group_new(r, asked))) {
		close_rows(r);
		return NULL;
	}
	return r;
}

#define OPEN(name, view)                                                                                               \
	static void *name(void *source, const struct sql_asked *asked)                                                 \
	{                                                                                                              \
		return open_rows(&(view), source, asked);                                                              \
	}
OPEN(open_records, RECORDS)
OPEN(open_sessions, SESSIONS)
OPEN(open_exchanges, EXCHANGES)
OPEN(open_pulses, PULSES)

static bool
groups_records(unsigned column, const bool *used)
{
	return query_can_group(&RECORDS, column, used);
}

/* How many rows have one value, about: what joins are planned by. */
static unsigned
alike(unsigned column)
{
	switch (column) {
	case AT_id:
		return 1;
	case AT_src:
	case AT_ja4:
	case AT_sni:
	case AT_id_offered:
	case AT_id_issued:
		return 1000;
	default:
		return 0;
	}
}

static const double MANY = 1e7;

struct sql_table QUERY_SESSIONS = {.name = "sessions",
				   .doc = "one row a connection: its last record",
				   .exact = true,
				   .open = open_sessions,
				   .groups = groups_records,
				   .next = next,
				   .value = value,
				   .row = row,
				   .close = close_rows,
				   .rows = MANY,
				   .alike = alike};
struct sql_table QUERY_RECORDS = {.name = "records",
				  .doc = "every record of the sessions: open, update, close",
				  .exact = true,
				  .open = open_records,
				  .groups = groups_records,
				  .next = next,
				  .value = value,
				  .row = row,
				  .close = close_rows,
				  .rows = 2 * MANY,
				  .alike = alike};
struct sql_table QUERY_EXCHANGES = {.name = "exchanges",
				    .doc = "the first turns of each session's conversation",
				    .exact = true,
				    .open = open_exchanges,
				    .next = next,
				    .value = value,
				    .row = row,
				    .close = close_rows,
				    .rows = 2 * MANY};
struct sql_table QUERY_PULSES = {.name = "pulses",
				 .doc = "ten seconds of a gateway",
				 .exact = true,
				 .open = open_pulses,
				 .next = next,
				 .value = value,
				 .row = row,
				 .close = close_rows,
				 .rows = MANY / 10};

static void
finish(struct sql_table *t, struct query_view *v)
{
	query_view_fill(v);
	t->column = v->column;
	t->columns = v->columns;
}

void
query_records_columns(void)
{
	finish(&QUERY_SESSIONS, &SESSIONS);
	finish(&QUERY_RECORDS, &RECORDS);
	finish(&QUERY_EXCHANGES, &EXCHANGES);
	finish(&QUERY_PULSES, &PULSES);
}
