/*
 * query: SQL over a ledger's tables.  Must not write into the ledger.
 */
#include "cmd/query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/ledgers.h"
#include "cmd/tables.h"

enum { ID_CSV = 300, ID_SIZES, ID_TIMEOUT };

static const int64_t MEMORY = INT64_C(256) << 20, TIMEOUT_NS = 600 * NS_PER_S;

struct query {
	const char *dir, *sql;
	char *folder;
	bool sizes, quiet;
	int64_t timeout_ns;
	struct printing print;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int
fail(const char *words)
{
	fprintf(stderr, "gatewitness: %s\n", words);
	return EXIT_IO;
}

static int
find_ledger(struct query *q)
{
	struct ledgers all;
	char error[512];
	int status = EXIT_DONE;

	if (!ledgers_find(&all, q->dir, error, sizeof(error)))
		return fail(error);
	if (all.n > 1) {
		snprintf(error, sizeof(error), "%.200s: holds %zu ledgers; name one, such as %.200s", q->dir, all.n,
			 all.folder[all.n - 1]);
		fail(error);
		status = EXIT_USAGE;
	} else {
		q->folder = strdup(all.folder[0]);
	}
	ledgers_free(&all);
	return status;
}

/* --- without a SELECT: what there is --- */

static void
list_table(const struct query *q, const struct sql_table *t)
{
	static const char *const TYPES[] = {
		[SQL_INTEGER] = "number", [SQL_TEXT] = "text", [SQL_ADDR] = "address",
		[SQL_HEX] = "hex",        [SQL_TIME] = "time", [SQL_MICROS] = "number",
	};
	const struct term *to = &q->print.to;

	fprintf(to->to, "%s%s%s  %s\n", term_style(to, STYLE_BOLD), t->name, term_style(to, STYLE_PLAIN), t->doc);
	for (unsigned i = 0; i < t->columns; i++) {
		const struct sql_column *c = &t->column[i];

		if (c->type == SQL_MICROS)
			continue;
		fprintf(to->to, "  %-26s %-8s ", c->name, TYPES[c->type]);
		if (*c->unit)
			fprintf(to->to, "[%s] ", c->unit);
		tables_doc(to, 38, *c->doc ? c->doc : "-");
	}
	fputc('\n', to->to);
}

static int
list(const struct query *q)
{
	const struct sql_table *const *tables = query_tables();

	for (unsigned t = 0; t < QUERY_TABLES; t++)
		if (strcmp(tables[t]->name, "records") != 0)
			list_table(q, tables[t]);
	fputs("records has the columns of sessions. Each time is there as a number, too: time_us, start_us ...\n"
	      "(microseconds since 1970). in_net(src, '10.0.0.0/8'), net(src, 24): an address in a network, its "
	      "network.\n",
	      q->print.to.to);
	return tables_finish();
}

/* --- a SELECT --- */

static void
print_rows(struct query *q, struct sql *s)
{
	static struct sql_value value[SQL_COLUMNS_MAX];
	struct printing *p = &q->print;

	p->columns = sql_columns(s) < SQL_COLUMNS_MAX ? sql_columns(s) : SQL_COLUMNS_MAX;
	for (unsigned i = 0; i < p->columns; i++)
		p->name[i] = sql_name(s, i);
	print_begin(p);
	while (!ferror(p->to.to) && sql_step(s)) {
		for (unsigned i = 0; i < p->columns; i++)
			sql_get(s, i, &value[i]);
		print_row(p, value);
	}
	print_end(p);
}

static void
print_foot(const struct query *q, const struct query_source *from)
{
	if (q->print.as != PRINT_TABLE || q->quiet)
		return;
	fprintf(q->print.to.to, "%s%" PRIu64 " row%s", q->print.rows ? "\n" : "", q->print.rows,
		q->print.rows == 1 ? "" : "s");
	if (from->blocks)
		fprintf(q->print.to.to, "; %" PRIu64 " of %" PRIu64 " blocks read", from->blocks - from->passed_over,
			from->blocks);
	fputc('\n', q->print.to.to);
}

static int
ended(struct query *q, const struct sql *s, const struct query_source *from)
{
	if (*sql_error(s))
		return sql_stopped() ? fail(sql_error(s)) : usage_error("query", sql_error(s));
	if (q->print.no_memory)
		return fail("no memory for the table");
	print_foot(q, from);
	if (from->no_time && from->blocks == from->passed_over)
		fprintf(stderr, "gatewitness: no row: no time is after and before what was asked for\n");
	return from->damaged ? fail(from->error) : EXIT_DONE;
}

static int
ask(struct query *q)
{
	struct query_source from = {.folder = q->folder};
	const struct sql_bounds bounds = {.memory = MEMORY, .ns = q->timeout_ns, .stop = &stopped};
	struct sql *s = sql_open(query_tables(), QUERY_TABLES, &from, &bounds);
	struct sigaction on = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	int status;

	if (!s)
		return fail("no memory");
	sigaction(SIGINT, &on, NULL);
	sigaction(SIGTERM, &on, NULL);
	if (sql_prepare(s, q->sql)) {
		print_rows(q, s);
		sql_finish(s); /* tables say what they could not read when they are closed */
	}
	status = ended(q, s, &from);
	sql_close(s);
	return status;
}

static int
take_timeout(struct query *q, const char *value)
{
	static const struct option SPAN = {.type = OPTION_TIME, .range = "1s..7d"};
	char words[128];

	if (!option_parse(&SPAN, value, &q->timeout_ns))
		return EXIT_DONE;
	snprintf(words, sizeof(words), "--timeout \"%.40s\" is no time such as 30s, 10m or 2h", value);
	return usage_error("query", words);
}

static int
take_option(void *arg, int id, const char *value)
{
	struct query *q = arg;

	switch (id) {
	case ARGS_FILE:
		if (q->dir && q->sql)
			return usage_error("query", "one ledger and one SELECT; quote the SELECT");
		*(q->dir ? &q->sql : &q->dir) = value;
		return EXIT_DONE;
	case OPT_JSON:
		q->print.as = PRINT_JSON;
		return EXIT_DONE;
	case ID_CSV:
		q->print.as = PRINT_CSV;
		return EXIT_DONE;
	case ID_SIZES:
		q->sizes = true;
		return EXIT_DONE;
	case ID_TIMEOUT:
		return take_timeout(q, value);
	default:
		q->quiet = true;
		return EXIT_DONE;
	}
}

static int
query(struct query *q)
{
	int status = find_ledger(q), written;

	if (status != EXIT_DONE)
		return status;
	if (!q->sql && !q->sizes)
		return list(q);
	status = q->sizes ? query_sizes(q->folder, &q->print) : ask(q);
	written = tables_finish();
	return written != EXIT_DONE ? written : status;
}

static int
query_run(int argc, char **argv)
{
	static struct query q;
	int status;

	q.print.to = term_of(stdout);
	q.timeout_ns = TIMEOUT_NS;
	status = args_take(&CMD_QUERY, argc, argv, take_option, &q);
	if (status == EXIT_DONE && !q.dir)
		status = usage_error("query", "no ledger named: the folder of --ledger");
	else if (status == EXIT_DONE && q.sizes && q.sql)
		status = usage_error("query", "--sizes takes no SELECT");
	else if (status == EXIT_DONE)
		status = query(&q);
	free(q.folder);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{ID_CSV, "csv", NULL, "comma-separated values with a line of names"},
	{OPT_JSON, "json", NULL, "one JSON object a line"},
	{ID_SIZES, "sizes", NULL, "what each column of the ledger takes, in place of a SELECT"},
	{ID_TIMEOUT, "timeout", "TIME", "give up after that long: 10m"},
	{OPT_QUIET, "quiet", NULL, "no line of counts under a table"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_QUERY = {
	"query",
	"[OPTION]... DIR ['SELECT ...']",
	"ask a ledger in SQL",
	OPTIONS,
	"Tables: sessions (one row a connection), records (open, update, close), exchanges, pulses,\n"
	"findings, incidents, peers, coverage, settings; without a SELECT they are listed with their columns.\n"
	"The SQL is SQLite's. Names, types and units are those of gatewitness schema; lists are JSON\n"
	"arrays, for json_each. Times are RFC 3339 in UTC and compare with any time: '2025-05-01',\n"
	"'2025-05-01T22:00+02:00'; time_us, start_us ... are microseconds. Addresses compare as\n"
	"addresses; in_net(src, '10.0.0.0/8') and net(src, 24) know networks.\n"
	"\n"
	"Only columns that are asked for are unpacked. Blocks are passed over by time and by ranges of\n"
	"numbers, by id, src, dest, actor, ja4 and sni: conditions on these make a query fast. Reading\n"
	"goes on while the sensor writes; nothing can be written. At most 256 MiB and --timeout.\n"
	"\n"
	"examples:\n"
	"  gatewitness query DIR\n"
	"  gatewitness query DIR \"SELECT start, src, sni, bytes_in FROM sessions\n"
	"      WHERE role = 'outbound' AND start >= '2025-05-01' ORDER BY bytes_in DESC LIMIT 20\"\n"
	"  gatewitness query DIR \"SELECT ja4, count(*) AS n, count(DISTINCT src) AS clients\n"
	"      FROM sessions WHERE role = 'inbound' GROUP BY ja4 ORDER BY n DESC\"\n"
	"  gatewitness query DIR \"SELECT f.time, f.detector, s.src, s.sni FROM findings f,\n"
	"      json_each(f.sessions) j JOIN sessions s ON s.id = j.value\"\n"
	"  gatewitness query --csv DIR 'SELECT * FROM exchanges' >exchanges.csv\n"
	"\n"
	"exit code: 0 done; 1 part of the ledger cannot be read, stopped, or out of time; 2 wrong usage\n"
	"or a SELECT that is none\n",
	query_run,
};
