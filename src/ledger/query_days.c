/*
 * query_days: findings, incidents, peers, coverage and settings as tables over the days' summaries.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/query_parts.h"

/* A column, and what it is in the file's table. */
struct stored {
	struct sql_column column;
	const char *sql;
};

#define SEVERITY                                                                                                       \
	"CASE severity WHEN 0 THEN 'info' WHEN 1 THEN 'low' WHEN 2 THEN 'medium' WHEN 3 THEN 'high' ELSE 'critical' "  \
	"END"
#define JSON_IDS "CASE WHEN sessions = '' THEN '[]' ELSE '[\"' || replace(sessions, ' ', '\",\"') || '\"]' END"

static const struct stored FINDINGS[] = {
	{{"time", SQL_TIME, "", "of the last evidence"}, "time_us"},
	{{"id", SQL_TEXT, "", ""}, "id"},
	{{"incident", SQL_TEXT, "", "id of the incident it belongs to"}, "incident"},
	{{"detector", SQL_TEXT, "", ""}, "detector"},
	{{"severity", SQL_TEXT, "", "info, low, medium, high, critical"}, SEVERITY},
	{{"severity_rank", SQL_INTEGER, "", "0 to 4"}, "severity"},
	{{"confidence", SQL_INTEGER, "%", ""}, "confidence"},
	{{"gateway", SQL_INTEGER, "", "number of the gateway, 0: none"}, "gateway"},
	{{"opens", SQL_INTEGER, "", "it opened its incident"}, "opens"},
	{{"worsens", SQL_INTEGER, "", "it made its incident worse"}, "worsens"},
	{{"learning", SQL_INTEGER, "", "while the detector was learning"}, "learning"},
	{{"degraded", SQL_INTEGER, "", "traffic was being lost"}, "degraded"},
	{{"weak", SQL_INTEGER, "", "evidence only: no alert by itself"}, "weak"},
	{{"suppressed", SQL_TEXT, "", "name of the suppression that applied"}, "suppressed"},
	{{"actor", SQL_ADDR, "", "whose doing it is"}, "actor"},
	{{"target", SQL_ADDR, "", ""}, "target"},
	{{"text", SQL_TEXT, "", "the finding in words"}, "text"},
	{{"sessions", SQL_TEXT, "", "ids of the sessions to look at: a JSON array, for json_each"}, JSON_IDS},
	{{"coverage", SQL_INTEGER, "%", "of the time it looks at that was watched"}, "coverage"},
	{{"time_us", SQL_MICROS, "us", ""}, "time_us"},
};

static const struct stored INCIDENTS[] = {
	{{"id", SQL_TEXT, "", ""}, "id"},
	{{"opened", SQL_TIME, "", ""}, "opened_us"},
	{{"last", SQL_TIME, "", "of the last evidence"}, "last_us"},
	{{"actor", SQL_ADDR, "", ""}, "actor"},
	{{"gateway", SQL_INTEGER, "", "number of the gateway"}, "gateway"},
	{{"severity", SQL_TEXT, "", "info, low, medium, high, critical"}, SEVERITY},
	{{"severity_rank", SQL_INTEGER, "", "0 to 4"}, "severity"},
	{{"findings", SQL_INTEGER, "findings", "how many"}, "findings"},
	{{"opened_us", SQL_MICROS, "us", ""}, "opened_us"},
	{{"last_us", SQL_MICROS, "us", ""}, "last_us"},
};

static const struct stored PEERS[] = {
	{{"first", SQL_TIME, "", "of its sessions that ended that day"}, "first_us"},
	{{"last", SQL_TIME, "", ""}, "last_us"},
	{{"peer", SQL_TEXT, "", "its address; of strangers their network; others: what found no room"}, "peer"},
	{{"addr", SQL_ADDR, "", "the same where it is one address"}, "peer"},
	{{"role", SQL_TEXT, "", "inbound, outbound"}, "role"},
	{{"gateway", SQL_INTEGER, "", "number of the gateway"}, "gateway"},
	{{"sessions", SQL_INTEGER, "sessions", ""}, "sessions"},
	{{"established", SQL_INTEGER, "sessions", "in which both sides spoke"}, "established"},
	{{"bytes_to_gateway", SQL_INTEGER, "bytes", ""}, "bytes_to_gateway"},
	{{"bytes_from_gateway", SQL_INTEGER, "bytes", ""}, "bytes_from_gateway"},
	{{"programs", SQL_INTEGER, "", "client programs, at least so many"}, "programs"},
	{{"ja4", SQL_TEXT, "", "of more than half of them"}, "ja4"},
	{{"first_us", SQL_MICROS, "us", ""}, "first_us"},
	{{"last_us", SQL_MICROS, "us", ""}, "last_us"},
};

static const struct stored COVERAGE[] = {
	{{"begin", SQL_TIME, "", "of a minute that was watched, or of an event"}, "begin_us"},
	{{"end", SQL_TIME, "", ""}, "end_us"},
	{{"cause", SQL_TEXT, "", "what happened: started, stopped, expired ...; of a minute none"}, "cause"},
	{{"frames", SQL_INTEGER, "frames", ""}, "frames"},
	{{"bytes", SQL_INTEGER, "bytes", ""}, "bytes"},
	{{"lost_ring", SQL_INTEGER, "frames", "lost by the kernel's ring"}, "lost_ring"},
	{{"lost_interface", SQL_INTEGER, "frames", "lost by the network card"}, "lost_interface"},
	{{"lost_upstream", SQL_INTEGER, "bytes", "of streams that were never seen"}, "lost_upstream"},
	{{"lost_memory", SQL_INTEGER, "", "things given up for want of memory"}, "lost_memory"},
	{{"rows", SQL_INTEGER, "rows", "records written in that minute"}, "rows"},
	{{"begin_us", SQL_MICROS, "us", ""}, "begin_us"},
	{{"end_us", SQL_MICROS, "us", ""}, "end_us"},
};

static const struct stored SETTINGS[] = {
	{{"time", SQL_TIME, "", "in force from then on"}, "time_us"},
	{{"name", SQL_TEXT, "", ""}, "name"},
	{{"value", SQL_TEXT, "", ""}, "value"},
	{{"time_us", SQL_MICROS, "us", ""}, "time_us"},
};

struct view {
	const char *table; /* in the file */
	const struct stored *stored;
	unsigned columns;
	struct sql_column column[32];
};
#define VIEW(table, stored)                                                                                            \
	{                                                                                                              \
		table, stored, sizeof(stored) / sizeof((stored)[0]),                                                   \
		{                                                                                                      \
			{                                                                                              \
				NULL, 0, NULL, NULL                                                                    \
			}                                                                                              \
		}                                                                                                      \
	}
static struct view VIEWS[] = {VIEW("finding", FINDINGS), VIEW("incident", INCIDENTS), VIEW("peer", PEERS),
			      VIEW("coverage", COVERAGE), VIEW("setting", SETTINGS)};

struct rows {
	struct query_source *source;
	const struct view *view;
	int64_t *days, rowid;
	size_t day_count, next_day;
	struct day day;
	bool open;
	struct statement *s;
	struct addr addr;
};

static void
told_damaged(struct rows *r, const char *words)
{
	if (r->source->damaged++ == 0)
		snprintf(r->source->error, sizeof(r->source->error), "%s", words);
}

static void
end_day(struct rows *r)
{
	if (r->s && !statement_end(r->s))
		told_damaged(r, day_error(&r->day));
	if (r->open)
		day_close(&r->day);
	r->s = NULL;
	r->open = false;
}

/* Which rows of a day are there is settled by its chain, as of when it was opened. */
static void
begin_day(struct rows *r)
{
	char error[DATABASE_ERROR_MAX], sql[2048], *p = sql, *end = sql + sizeof(sql);

	r->open = day_read(&r->day, r->source->folder, r->days[r->next_day++], error);
	if (!r->open) {
		if (!r->day.empty) /* else it is being made */
			told_damaged(r, error);
		return;
	}
	p += snprintf(p, sizeof(sql), "SELECT ");
	for (unsigned i = 0; i < r->view->columns; i++)
		p += snprintf(p, (size_t)(end - p), "%s%s", i ? ", " : "", r->view->stored[i].sql);
	snprintf(p, (size_t)(end - p), " FROM %s WHERE commit_no <= ? ORDER BY rowid", r->view->table);
	r->s = statement_of(r->day.summary, sql);
	statement_i64(r->s, r->day.commits);
}

static bool
next(void *cursor)
{
	struct rows *r = cursor;

	for (;;) {
		if (r->s && statement_next(r->s)) {
			r->rowid++;
			return true;
		}
		end_day(r);
		if (sql_stopped() || r->next_day == r->day_count)
			return false;
		begin_day(r);
	}
}

static int64_t
row(void *cursor)
{
	return ((const struct rows *)cursor)->rowid;
}

static void
close_rows(void *cursor)
{
	struct rows *r = cursor;

	end_day(r);
	free(r->days);
	free(r);
}

static void *
open_rows(const struct view *view, void *source)
{
	struct rows *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->source = source;
	r->view = view;
	r->days = days_in(r->source->folder, &r->day_count);
	return r;
}

static void
set_addr(struct rows *r, const char *text, struct sql_value *to)
{
	static const struct addr none;

	if (addr_parse(&r->addr, text) && !addr_same(&r->addr, &none))
		*to = (struct sql_value){.kind = SQL_WORDS, .text = {(const char *)r->addr.b, sizeof(r->addr)}};
}

static void
value(void *cursor, unsigned column, struct sql_value *to)
{
	struct rows *r = cursor;
	struct cur c;

	if (column_is_null(r->s, column))
		return;
	switch ((enum sql_type)r->view->column[column].type) {
	case SQL_INTEGER:
	case SQL_TIME:
	case SQL_MICROS:
		*to = (struct sql_value){.kind = SQL_NUMBER, .number = column_i64(r->s, column)};
		return;
	case SQL_ADDR:
		set_addr(r, column_text(r->s, column), to);
		return;
	case SQL_TEXT:
	case SQL_HEX:
		break;
	}
	c = column_bytes(r->s, column);
	*to = (struct sql_value){.kind = SQL_WORDS, .text = {c.p ? (const char *)c.p : "", (uint32_t)cur_left(&c)}};
}

#define TABLE(TABLE_NAME, table_name, view, words)                                                                     \
	static void *open_##table_name(void *source, const struct sql_asked *asked)                                    \
	{                                                                                                              \
		(void)asked; /* a day has few: SQLite compares */                                                      \
		return open_rows(&(view), source);                                                                     \
	}                                                                                                              \
	struct sql_table TABLE_NAME = {.name = #table_name,                                                            \
				       .doc = words,                                                                   \
				       .open = open_##table_name,                                                      \
				       .next = next,                                                                   \
				       .value = value,                                                                 \
				       .row = row,                                                                     \
				       .close = close_rows,                                                            \
				       .rows = 10000};
TABLE(QUERY_FINDINGS, findings, VIEWS[0], "what the detectors found")
TABLE(QUERY_INCIDENTS, incidents, VIEWS[1], "findings about one actor, when they were closed")
TABLE(QUERY_PEERS, peers, VIEWS[2], "who talked with a gateway, day by day: what stays of a day that expired")
TABLE(QUERY_COVERAGE, coverage, VIEWS[3], "each minute that was watched, and what happened to the sensor")
TABLE(QUERY_SETTINGS, settings, VIEWS[4], "what was in force, and facts")

static struct sql_table *const ALL[] = {&QUERY_FINDINGS, &QUERY_INCIDENTS, &QUERY_PEERS, &QUERY_COVERAGE,
					&QUERY_SETTINGS};

void
query_days_columns(void)
{
	for (unsigned t = 0; t < sizeof(ALL) / sizeof(ALL[0]); t++) {
		for (unsigned i = 0; i < VIEWS[t].columns; i++)
			VIEWS[t].column[i] = VIEWS[t].stored[i].column;
		ALL[t]->column = VIEWS[t].column;
		ALL[t]->columns = VIEWS[t].columns;
	}
}
