/*
 * sql: the connection: an empty database in memory that knows our tables and functions, and nothing else.  One of the
 * files that know SQLite, as ledger/database.c.  Must not let a query write.
 */
#include "ledger/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/nearest.h"
#include "base/out.h"
#include "ledger/sql_parts.h"

enum { TABLES_MAX = 16, STEPS = 20000, WORDS = 200 };

struct sql {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	const struct sql_table *const *tables;
	unsigned n;
	struct sql_module module[TABLES_MAX];
	char error[SQL_ERROR_MAX];
};

/* One query at a time: what stops it. */
static struct {
	const volatile sig_atomic_t *stop;
	int64_t until_ns, bound_ns;
	bool late;
} watch;

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

bool
sql_stopped(void)
{
	return watch.late || (watch.stop && *watch.stop);
}

bool
sql_due(void)
{
	watch.late |= watch.until_ns && now_ns() > watch.until_ns;
	return sql_stopped();
}

static int
on_progress(void *arg)
{
	(void)arg;
	return sql_due();
}

/* SQLite asks so for each column that a SELECT names, before it plans. */
static void
note_used(struct sql *s, const char *table, const char *column)
{
	for (unsigned t = 0; t < s->n; t++) {
		struct sql_module *m = &s->module[t];

		if (sqlite3_stricmp(m->table->name, table) != 0)
			continue;
		for (unsigned i = 0; i < m->table->columns; i++)
			m->used[i] |= sqlite3_stricmp(m->table->column[i].name, column) == 0;
		m->rows_are_named |= sqlite3_stricmp(column, "ROWID") == 0;
	}
}

static int
authorize(void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)c, (void)d;
	switch (action) {
	case SQLITE_UPDATE: /* what a virtual table that declares its columns seems to do; nobody can in earnest */
		return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_READ:
		note_used(arg, a, b);
		return SQLITE_OK;
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

static bool
set_up(struct sql *s, void *source, const struct sql_bounds *bounds)
{
	sqlite3_hard_heap_limit64(bounds->memory);
	if (sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return false;
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 1 << 24);
	sqlite3_limit(s->db, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_progress_handler(s->db, STEPS, on_progress, NULL);
	if (sqlite3_create_collation(s->db, "address", SQLITE_UTF8, NULL, sql_compare_addr) != SQLITE_OK ||
	    sqlite3_create_function(s->db, "in_net", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
				    sql_in_net, NULL, NULL) != SQLITE_OK ||
	    sqlite3_create_function(s->db, "net", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
				    sql_net, NULL, NULL) != SQLITE_OK)
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		s->module[i] = (struct sql_module){.table = s->tables[i], .source = source};
		if (sqlite3_create_module(s->db, s->tables[i]->name, &SQL_MODULE, &s->module[i]) != SQLITE_OK)
			return false;
	}
	return sqlite3_set_authorizer(s->db, authorize, s) == SQLITE_OK;
}

struct sql *
sql_open(const struct sql_table *const *tables, unsigned n, void *source, const struct sql_bounds *bounds)
{
	struct sql *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	watch.stop = bounds->stop;
	watch.bound_ns = bounds->ns;
	watch.late = false;
	s->tables = tables;
	s->n = n < TABLES_MAX ? n : TABLES_MAX;
	if (set_up(s, source, bounds))
		return s;
	sql_close(s);
	return NULL;
}

void
sql_close(struct sql *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->stmt);
	sqlite3_close(s->db);
	sqlite3_hard_heap_limit64(0);
	free(s);
}

const char *
sql_error(const struct sql *s)
{
	return s->error;
}

static void
take_nearer(const char *word, const char *name, const char **best, unsigned *least)
{
	unsigned d = text_distance(word, name);

	if (d < *least) {
		*least = d;
		*best = name;
	}
}

static void
say_table(struct sql *s, const char *word)
{
	const char *best = "";
	unsigned least = ~0u;

	for (unsigned t = 0; t < s->n; t++)
		take_nearer(word, s->tables[t]->name, &best, &least);
	snprintf(s->error, sizeof(s->error), "no table \"%.60s\"; the nearest is \"%s\"", word, best);
}

static bool
has_column(const struct sql_table *t, const char *word)
{
	unsigned i = 0;

	while (i < t->columns && sqlite3_stricmp(t->column[i].name, word) != 0)
		i++;
	return i < t->columns;
}

/* The tables that have such a column: "sessions, records". */
static void
name_owners(const struct sql *s, const char *word, char to[WORDS])
{
	struct out o = out_of(to, WORDS - 1);

	for (unsigned t = 0; t < s->n; t++)
		if (has_column(s->tables[t], word)) {
			out_text(&o, out_len(&o) ? ", " : "");
			out_text(&o, s->tables[t]->name);
		}
	*o.p = '\0';
}

/* A column may be there, and not of the table that it is asked of. */
static void
say_column(struct sql *s, const char *word)
{
	const char *dot = strrchr(word, '.'), *name = dot ? dot + 1 : word, *best = NULL;
	char owners[WORDS];
	unsigned least = ~0u;

	name_owners(s, name, owners);
	for (unsigned t = 0; t < s->n; t++)
		for (unsigned i = 0; s->module[t].asked && i < s->tables[t]->columns; i++)
			take_nearer(name, s->tables[t]->column[i].name, &best, &least);
	if (*owners)
		snprintf(s->error, sizeof(s->error), "no column \"%.60s\" there; it is one of %s", word, owners);
	else if (best)
		snprintf(s->error, sizeof(s->error), "no column \"%.60s\"; the nearest is \"%s\"", name, best);
	else
		snprintf(s->error, sizeof(s->error), "no column \"%.60s\"", name);
}

/* SQLite's words for what is not there, with the nearest that is. */
static bool
say_unknown(struct sql *s, const char *words)
{
	static const char COLUMN[] = "no such column: ", TABLE[] = "no such table: ";
	const char *dot;

	if (strncmp(words, COLUMN, sizeof(COLUMN) - 1) == 0) {
		say_column(s, words + sizeof(COLUMN) - 1);
		return true;
	}
	if (strncmp(words, TABLE, sizeof(TABLE) - 1) != 0)
		return false;
	words += sizeof(TABLE) - 1;
	dot = strrchr(words, '.');
	say_table(s, dot ? dot + 1 : words);
	return true;
}

static bool
fail(struct sql *s, int code)
{
	const char *words = sqlite3_errmsg(s->db);

	if (*s->error)
		return false;
	if (watch.late)
		snprintf(s->error, sizeof(s->error), "took longer than %lld s; --timeout allows more",
			 (long long)(watch.bound_ns / NS_PER_S));
	else if (sql_stopped())
		snprintf(s->error, sizeof(s->error), "stopped");
	else if ((code & 0xff) == SQLITE_AUTH)
		snprintf(s->error, sizeof(s->error), "a ledger is only read: SELECT");
	else if ((code & 0xff) == SQLITE_NOMEM)
		snprintf(s->error, sizeof(s->error), "takes more memory than a query may; ask for less at a time");
	else if (!say_unknown(s, words))
		snprintf(s->error, sizeof(s->error), "%.*s", WORDS, words);
	for (char *p = s->error; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return false;
}

/* A join may need rows by their numbers, and with USING columns that it does not name. */
static void
begin_noting(struct sql *s, const char *text)
{
	bool joins = strcasestr(text, "join") || strcasestr(text, "using");

	for (unsigned t = 0; t < s->n; t++) {
		memset(s->module[t].used, 0, sizeof(s->module[t].used));
		s->module[t].rows_are_named = joins;
	}
}

bool
sql_prepare(struct sql *s, const char *text)
{
	const char *rest = NULL;
	int code;

	begin_noting(s, text);
	code = sqlite3_prepare_v2(s->db, text, -1, &s->stmt, &rest);
	if (code != SQLITE_OK)
		return fail(s, code);
	watch.until_ns = watch.bound_ns ? now_ns() + watch.bound_ns : 0;
	if (!s->stmt)
		snprintf(s->error, sizeof(s->error), "is empty: a SELECT belongs there");
	else if (rest && rest[strspn(rest, " \t\r\n;")])
		snprintf(s->error, sizeof(s->error), "one SELECT at a time: \"%.40s\" follows", rest);
	else
		return true;
	return false;
}

unsigned
sql_columns(const struct sql *s)
{
	return (unsigned)sqlite3_column_count(s->stmt);
}

const char *
sql_name(const struct sql *s, unsigned column)
{
	const char *name = sqlite3_column_name(s->stmt, (int)column);

	return name ? name : "";
}

bool
sql_step(struct sql *s)
{
	int code = sqlite3_step(s->stmt);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE || sql_stopped())
		fail(s, code);
	return false;
}

void
sql_finish(struct sql *s)
{
	sqlite3_finalize(s->stmt);
	s->stmt = NULL;
}

void
sql_get(const struct sql *s, unsigned column, struct sql_value *to)
{
	int i = (int)column;

	*to = (struct sql_value){.kind = SQL_NONE};
	switch (sqlite3_column_type(s->stmt, i)) {
	case SQLITE_INTEGER:
		to->kind = SQL_NUMBER;
		to->number = sqlite3_column_int64(s->stmt, i);
		break;
	case SQLITE_FLOAT:
		to->kind = SQL_REAL;
		to->real = sqlite3_column_double(s->stmt, i);
		break;
	case SQLITE_NULL:
		break;
	default:
		to->kind = SQL_WORDS;
		to->text.p = (const char *)sqlite3_column_text(s->stmt, i);
		to->text.len = (uint32_t)sqlite3_column_bytes(s->stmt, i);
	}
}

size_t
sql_time(int64_t us, char to[SQL_TIME_MAX])
{
	struct out o = out_of(to, SQL_TIME_MAX);
	struct when t = {us > INT64_MAX / NS_PER_US ? INT64_MAX :
			 us < INT64_MIN / NS_PER_US ? INT64_MIN :
						      us * NS_PER_US};
	int64_t fraction = us % 1000000;

	out_time_s(&o, t);
	out_char(&o, '.');
	for (int64_t at = 100000, left = fraction < 0 ? fraction + 1000000 : fraction; at; at /= 10)
		out_char(&o, (char)('0' + left / at % 10));
	out_char(&o, 'Z');
	return out_len(&o);
}

static bool
ordered(int order, uint8_t op)
{
	switch ((enum sql_op)op) {
	case SQL_EQ:
		return order == 0;
	case SQL_LT:
		return order < 0;
	case SQL_LE:
		return order <= 0;
	case SQL_GT:
		return order > 0;
	case SQL_GE:
		break;
	}
	return order >= 0;
}

bool
sql_holds(const struct sql_test *t, const struct sql_value *v)
{
	if (t->value.kind == SQL_NUMBER && v->kind == SQL_NUMBER)
		return ordered((v->number > t->value.number) - (v->number < t->value.number), t->op);
	if (t->value.kind == SQL_WORDS && v->kind == SQL_WORDS && t->op == SQL_EQ)
		return v->text.len == t->value.text.len && memcmp(v->text.p, t->value.text.p, v->text.len) == 0;
	return true;
}

static bool
addr_of(const void *p, int n, struct addr *to)
{
	char text[ADDR_TEXT_MAX];

	if (!p || n >= (int)sizeof(text))
		return false;
	memcpy(text, p, (size_t)n);
	text[n] = '\0';
	return addr_parse(to, text);
}

int
sql_compare_addr(void *arg, int n, const void *a, int m, const void *b)
{
	struct addr x, y;
	int order;

	(void)arg;
	if (n == m && memcmp(a, b, (size_t)n) == 0) /* most that grouping and DISTINCT compare */
		return 0;
	if (addr_of(a, n, &x) && addr_of(b, m, &y))
		return addr_order(&x, &y);
	order = memcmp(a, b, (size_t)(n < m ? n : m));
	return order ? order : n - m;
}

void
sql_in_net(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *network = (const char *)sqlite3_value_text(v[1]);
	struct addr_net net;
	struct addr a;

	(void)n;
	if (!network || !addr_net_parse(&net, network)) {
		sqlite3_result_error(c, "in_net wants a network such as '10.0.0.0/8'", -1);
		return;
	}
	if (addr_of(sqlite3_value_text(v[0]), sqlite3_value_bytes(v[0]), &a))
		sqlite3_result_int(c, addr_in(&a, &net));
}

void
sql_net(sqlite3_context *c, int n, sqlite3_value **v)
{
	char text[ADDR_TEXT_MAX + 8];
	int bits = sqlite3_value_int(v[1]);
	struct addr a;
	size_t len;

	(void)n;
	if (!addr_of(sqlite3_value_text(v[0]), sqlite3_value_bytes(v[0]), &a))
		return;
	if (bits < 0 || bits > (addr_is_v4(&a) ? 32 : 128)) {
		sqlite3_result_error(c, "net wants a number of bits that the address has", -1);
		return;
	}
	a = addr_prefix(&a, (unsigned)(addr_is_v4(&a) ? 96 + bits : bits));
	len = addr_print(&a, text);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "/%d", bits);
	sqlite3_result_text(c, text, (int)len, SQLITE_TRANSIENT);
}
