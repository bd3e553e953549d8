/*
 * query_sizes: what each column of a ledger's blocks takes, and what stands beside the blocks.
 */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/query.h"
#include "ledger/scan.h"

enum { OTHERS = 6, KINDS_MAX = SESSION_COLUMNS + OTHERS };

struct weighed {
	const char *name;
	uint64_t bytes;
};

struct sizes {
	uint64_t column[BLOCK_NUMBERS], beside, tail, sessions;
	struct weighed weighed[KINDS_MAX];
	unsigned n;
};

static bool
weigh_beside(void *arg, const struct scan_about *a)
{
	((struct sizes *)arg)->beside += cur_left(&a->range) + cur_left(&a->filter) + cur_left(&a->ids);
	return true;
}

static void
add(struct sizes *s, const char *name, uint64_t bytes)
{
	if (bytes)
		s->weighed[s->n++] = (struct weighed){name, bytes};
}

static int
by_bytes(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : strcmp(x->name, y->name);
}

static void
collect(struct sizes *s)
{
	uint64_t pulses = 0;

	for (unsigned i = 0; i < SESSION_TABLE.count; i++)
		add(s, SESSION_TABLE.field[i].name, s->column[SESSION_TABLE.field[i].id]);
	for (unsigned i = COLUMN_OF_PULSE; i < BLOCK_NUMBERS; i++)
		pulses += s->column[i];
	add(s, "(exchanges)", s->column[COLUMN_EXCHANGES]);
	add(s, "(commonest pairs)", s->column[COLUMN_PAIRS]);
	add(s, "(pulses)", pulses);
	add(s, "(ranges and filters)", s->beside);
	add(s, "(tail of the open day)", s->tail);
	add(s, "(order of rows)", s->column[0] + s->column[COLUMN_KINDS] + s->column[COLUMN_BEFORE]);
	qsort(s->weighed, s->n, sizeof(s->weighed[0]), by_bytes);
}

/* A session is its last record. */
static void
count_sessions(struct sizes *s, struct scan *c)
{
	const struct block_column *kind = &c->block.session[AT_kind];

	if (!block_need(&c->block, AT_kind)) {
		scan_damaged(c, "a block cannot be read");
		return;
	}
	for (size_t i = 0; i < c->block.sessions; i++)
		s->sessions += (kind->v ? kind->v[i] : 0) == SESSION_CLOSE;
}

static void
print(const struct sizes *s, struct printing *p)
{
	static const char *const NAMES[] = {"column", "bytes", "bytes_a_session", "percent"};
	uint64_t all = 0;

	p->columns = sizeof(NAMES) / sizeof(NAMES[0]);
	for (unsigned i = 0; i < p->columns; i++)
		p->name[i] = NAMES[i];
	print_begin(p);
	for (unsigned i = 0; i < s->n; i++)
		all += s->weighed[i].bytes;
	for (unsigned i = 0; i <= s->n; i++) {
		struct weighed w = i < s->n ? s->weighed[i] : (struct weighed){"(all)", all};
		struct sql_value v[] = {
			{.kind = SQL_WORDS, .text = {w.name, (uint32_t)strlen(w.name)}},
			{.kind = SQL_NUMBER, .number = (int64_t)w.bytes},
			{.kind = SQL_REAL, .real = s->sessions ? (double)(w.bytes * 1000 / s->sessions) / 1000 : 0},
			{.kind = SQL_REAL, .real = all ? (double)(w.bytes * 10000 / all) / 100 : 0},
		};

		print_row(p, v);
	}
	print_end(p);
}

int
query_sizes(const char *folder, struct printing *p)
{
	struct sizes *s = calloc(1, sizeof(*s));
	struct scan c = {
		.folder = folder, .since_us = INT64_MIN, .until_us = INT64_MAX, .arg = s, .wants = weigh_beside};
	int status = EXIT_DONE;

	if (!s)
		return EXIT_IO;
	scan_begin(&c);
	while (scan_next(&c)) {
		count_sessions(s, &c);
		if (c.no == 0)
			s->tail += c.tail.n;
		else if (!block_weigh(bytes_cur(&c.bytes), s->column))
			scan_damaged(&c, "a block cannot be read");
	}
	collect(s);
	print(s, p);
	if (c.damaged) {
		fprintf(stderr, "gatewitness: %s\n", c.error);
		status = EXIT_IO;
	}
	scan_end(&c);
	free(s);
	return status;
}
