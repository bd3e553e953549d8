/*
 * sql_module: a struct sql_table as an eponymous virtual table of SQLite (sqlite.org/vtab.html).  One of the files that
 * know SQLite, as ledger/database.c.  Must not know what a table holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/sql_parts.h"

struct table {
	sqlite3_vtab base;
	const struct sql_module *module;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct sql_table *table;
	void *rows;
	struct sql_test test[SQL_TESTS];
	unsigned tests;
	bool over;
};

static const struct sql_table *
table_of(const sqlite3_vtab *v)
{
	return ((const struct table *)(const void *)v)->module->table;
}

static int
fail(sqlite3_vtab *v, const char *words, const char *what)
{
	sqlite3_free(v->zErrMsg);
	v->zErrMsg = sqlite3_mprintf("\"%.60s\" %s", what, words);
	return SQLITE_ERROR;
}

static const char *
declared(uint8_t type)
{
	switch ((enum sql_type)type) {
	case SQL_INTEGER:
		return "INTEGER";
	case SQL_ADDR:
		return "TEXT COLLATE address";
	case SQL_MICROS:
		return "INTEGER HIDDEN";
	case SQL_TEXT:
	case SQL_HEX:
	case SQL_TIME:
		break;
	}
	return "TEXT";
}

static int
connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **to, char **error)
{
	struct sql_module *m = aux;
	struct table *t = sqlite3_malloc(sizeof(*t));
	sqlite3_str *sql = sqlite3_str_new(db);
	int code;
	char *text;

	(void)argc, (void)argv;
	m->asked = true;
	sqlite3_str_appendall(sql, "CREATE TABLE t(");
	for (unsigned i = 0; i < m->table->columns; i++)
		sqlite3_str_appendf(sql, "%s\"%w\" %s", i ? "," : "", m->table->column[i].name,
				    declared(m->table->column[i].type));
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	code = t && text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
	sqlite3_free(text);
	if (code != SQLITE_OK) {
		*error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
		sqlite3_free(t);
		return code;
	}
	*t = (struct table){.module = m};
	*to = &t->base;
	return SQLITE_OK;
}

static int
disconnect(sqlite3_vtab *v)
{
	sqlite3_free(v);
	return SQLITE_OK;
}

static int
op_of(unsigned char op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return SQL_EQ;
	case SQLITE_INDEX_CONSTRAINT_LT:
		return SQL_LT;
	case SQLITE_INDEX_CONSTRAINT_LE:
		return SQL_LE;
	case SQLITE_INDEX_CONSTRAINT_GT:
		return SQL_GT;
	case SQLITE_INDEX_CONSTRAINT_GE:
		return SQL_GE;
	default:
		return -1;
	}
}

/* Can the table judge it?  Texts only as bytes, addresses only for equality. */
static bool
can_test(sqlite3_index_info *info, int i, uint8_t type, int op)
{
	if (op < 0)
		return false;
	switch ((enum sql_type)type) {
	case SQL_TEXT:
	case SQL_HEX:
		return op == SQL_EQ && strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
	case SQL_ADDR:
		return op == SQL_EQ;
	case SQL_INTEGER:
	case SQL_TIME:
	case SQL_MICROS:
		break;
	}
	return true;
}

/* What each test leaves, about. */
static double
share(const struct sql_table *t, unsigned column, int op, double rows)
{
	unsigned alike = t->alike && op == SQL_EQ ? t->alike(column) : 0;

	if (alike)
		return (double)alike / rows;
	return t->column[column].type == SQL_TIME || t->column[column].type == SQL_MICROS ? 0.1 : 0.5;
}

/* The columns that SQLite says are used, those from the 64th on all as one, are all noted. */
static bool
are_noted(const struct sql_module *m, sqlite3_uint64 used)
{
	bool above = false;

	for (unsigned i = 63; i < m->table->columns; i++)
		above |= m->used[i];
	for (unsigned i = 0; i < 63 && i < m->table->columns; i++)
		if (used >> i & 1 && !m->used[i])
			return false;
	return above || !(used >> 63);
}

/* GROUP BY one column: without a table that has its rows in groups SQLite sorts them all.  In distinct's other cases the
   order of what is answered would change. */
static unsigned
group_of(const struct sql_module *m, sqlite3_index_info *info)
{
	const struct sql_table *t = m->table;

	if (!t->groups || info->nOrderBy != 1 || info->aOrderBy[0].desc || info->aOrderBy[0].iColumn < 0 ||
	    sqlite3_vtab_distinct(info) != 1 || m->rows_are_named || !are_noted(m, info->colUsed) ||
	    !t->groups((unsigned)info->aOrderBy[0].iColumn, m->used))
		return SQL_UNGROUPED;
	return (unsigned)info->aOrderBy[0].iColumn;
}

static int
best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
	const struct sql_module *m = ((const struct table *)(const void *)v)->module;
	const struct sql_table *t = m->table;
	char plan[SQL_TESTS * 8 + 1], *p = plan;
	double rows = t->rows, left = rows;
	int used = 0;

	*p = '\0';
	for (int i = 0; i < info->nConstraint && used < SQL_TESTS; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];
		int op = op_of(c->op);

		if (!c->usable || c->iColumn < 0 || !can_test(info, i, t->column[c->iColumn].type, op))
			continue;
		p += snprintf(p, 8, "%03d%d,", c->iColumn & 0x3ff, op);
		info->aConstraintUsage[i].argvIndex = ++used;
		info->aConstraintUsage[i].omit = t->column[c->iColumn].type == SQL_TIME;
		left *= share(t, (unsigned)c->iColumn, op, rows);
	}
	info->idxNum = (int)group_of(m, info);
	info->orderByConsumed = info->idxNum != SQL_UNGROUPED;
	info->idxStr = sqlite3_mprintf("%s", plan);
	info->needToFreeIdxStr = 1;
	info->estimatedRows = left < 1 ? 1 : (sqlite3_int64)left;
	info->estimatedCost = rows / 100 + left * 2; /* passing over is cheap */
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int
open_cursor(sqlite3_vtab *v, sqlite3_vtab_cursor **to)
{
	struct cursor *c = sqlite3_malloc(sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	memset(c, 0, sizeof(*c));
	c->table = table_of(v);
	*to = &c->base;
	return SQLITE_OK;
}

static void
close_rows(struct cursor *c)
{
	if (c->rows)
		c->table->close(c->rows);
	c->rows = NULL;
}

static int
close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	close_rows(c);
	sqlite3_free(c);
	return SQLITE_OK;
}

static bool
parse_hex(struct text t, int64_t *to)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < t.len; i++) {
		char c = t.p[i];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*to = (int64_t)v;
	return t.len == 16;
}

/* A time or an address in words becomes one in numbers. */
static int
convert(sqlite3_vtab *v, struct sql_test *t, uint8_t type)
{
	struct when time;
	char words[ADDR_TEXT_MAX];

	if (t->value.kind == SQL_NONE) {
		t->never = true;
	} else if (type == SQL_TIME) {
		if (t->value.kind != SQL_WORDS || !when_parse(&time, t->value.text.p, t->value.text.len))
			return fail(v, "is no time such as '2025-05-01' or '2025-05-01T22:00:00+02:00'",
				    t->value.kind == SQL_WORDS ? t->value.text.p : "a number");
		t->value = (struct sql_value){.kind = SQL_NUMBER, .number = time.ns / NS_PER_US};
	} else if (type == SQL_ADDR) {
		if (t->value.kind != SQL_WORDS)
			return fail(v, "is no address", "a number");
		snprintf(words, sizeof(words), "%.*s", (int)t->value.text.len, t->value.text.p);
		if (!addr_parse(&t->addr, words))
			return fail(v, "is no address; in_net(src, '10.0.0.0/8') asks for a network", words);
		t->value.text = (struct text){(const char *)t->addr.b, sizeof(t->addr)};
	} else if (type == SQL_HEX) {
		t->never = t->value.kind != SQL_WORDS || !parse_hex(t->value.text, &t->value.number);
		t->value.kind = SQL_NUMBER;
	}
	return SQLITE_OK;
}

static struct sql_value
value_of(sqlite3_value *v)
{
	struct sql_value to = {.kind = SQL_NONE};

	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		to.kind = SQL_NUMBER;
		to.number = sqlite3_value_int64(v);
		break;
	case SQLITE_FLOAT:
		to.kind = SQL_REAL;
		to.real = sqlite3_value_double(v);
		break;
	case SQLITE_NULL:
		break;
	default:
		to.kind = SQL_WORDS;
		to.text.p = (const char *)sqlite3_value_text(v);
		to.text.len = (uint32_t)sqlite3_value_bytes(v);
	}
	return to;
}

/* Tests of times in a table that leaves them to us. */
static bool
passes(struct cursor *c)
{
	for (unsigned i = 0; i < c->tests && !c->table->exact; i++) {
		struct sql_value v = {.kind = SQL_NONE};

		if (c->table->column[c->test[i].column].type != SQL_TIME)
			continue;
		c->table->value(c->rows, c->test[i].column, &v);
		if (v.kind == SQL_NONE || !sql_holds(&c->test[i], &v))
			return false;
	}
	return true;
}

static int
next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	do {
		c->over = sql_stopped() || !c->table->next(c->rows);
	} while (!c->over && !passes(c));
	return sql_stopped() ? SQLITE_INTERRUPT : SQLITE_OK;
}

static int
filter(sqlite3_vtab_cursor *base, int by, const char *plan, int argc, sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)base;
	const struct sql_module *m = ((struct table *)base->pVtab)->module;
	struct sql_asked asked = {.test = c->test, .by = (unsigned)by, .used = m->used};
	bool never = false;
	int code;

	close_rows(c);
	c->tests = 0;
	c->over = false;
	for (int i = 0; i < argc && i < SQL_TESTS; i++, plan += 5) {
		struct sql_test *t = &c->test[c->tests++];

		*t = (struct sql_test){.column = (uint16_t)strtoul((char[]){plan[0], plan[1], plan[2], 0}, NULL, 10),
				       .op = (uint8_t)(plan[3] - '0'),
				       .value = value_of(argv[i])};
		code = convert(base->pVtab, t, m->table->column[t->column].type);
		if (code != SQLITE_OK)
			return code;
		never |= t->never;
	}
	c->over = never;
	if (never)
		return SQLITE_OK;
	asked.tests = c->tests;
	c->rows = m->table->open(m->source, &asked);
	return c->rows ? next(base) : SQLITE_NOMEM;
}

static int
eof(sqlite3_vtab_cursor *base)
{
	return ((struct cursor *)base)->over;
}

static void
result_time(sqlite3_context *to, int64_t us)
{
	char text[SQL_TIME_MAX];

	sqlite3_result_text(to, text, (int)sql_time(us, text), SQLITE_TRANSIENT);
}

static void
result_addr(sqlite3_context *to, const char *bytes)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	memcpy(&a, bytes, sizeof(a));
	sqlite3_result_text(to, text, (int)addr_print(&a, text), SQLITE_TRANSIENT);
}

static int
column(sqlite3_vtab_cursor *base, sqlite3_context *to, int i)
{
	struct cursor *c = (struct cursor *)base;
	struct sql_value v = {.kind = SQL_NONE};
	char hex[17];

	c->table->value(c->rows, (unsigned)i, &v);
	if (v.kind == SQL_NONE)
		return SQLITE_OK;
	switch ((enum sql_type)c->table->column[i].type) {
	case SQL_TIME:
		result_time(to, v.number);
		return SQLITE_OK;
	case SQL_ADDR:
		result_addr(to, v.text.p);
		return SQLITE_OK;
	case SQL_HEX:
		snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)v.number);
		sqlite3_result_text(to, hex, 16, SQLITE_TRANSIENT);
		return SQLITE_OK;
	case SQL_INTEGER:
	case SQL_MICROS:
	case SQL_TEXT:
		break;
	}
	if (v.kind == SQL_NUMBER)
		sqlite3_result_int64(to, v.number);
	else
		sqlite3_result_text64(to, v.text.p, v.text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	return SQLITE_OK;
}

static int
rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *to)
{
	struct cursor *c = (struct cursor *)base;

	*to = c->table->row(c->rows);
	return SQLITE_OK;
}

const sqlite3_module SQL_MODULE = {
	.xConnect = connect,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = eof,
	.xColumn = column,
	.xRowid = rowid,
};
