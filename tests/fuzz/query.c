/*
 * Queries and hostile ledgers: any SQL ends, in bounded time and without harm, and any bytes in a ledger's files or in
 * a block are told, not believed.
 *
 *	first byte	's'	the rest is SQL, asked of a small ledger
 *			'b'	the rest is the bytes of its block
 *			'S' 'D'	the rest overwrites the sessions' or the summary's file, from the byte on that the next
 *				two say
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "ledger/query.h"
#include "ledger/reading.h"
#include "ledger/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SESSIONS = 300, ROWS_MAX = 2000, FILE_MAX = 1 << 18 };

static const char *const QUERIES[] = {
	"SELECT * FROM records",
	"SELECT * FROM exchanges",
	"SELECT * FROM pulses",
	"SELECT * FROM findings, coverage, settings, incidents",
	"SELECT count(*) FROM sessions WHERE time > '2025-05-01' AND src = '192.0.2.7' AND "
	"sni = 'a.example' AND bytes_in > 5 AND ja4 = 'x' AND version = 'TLS 1.3'",
	"SELECT src, count(*), sum(bytes_in), max(sni), min(ja4) FROM records GROUP BY src"};

static char folder[] = "/tmp/gatewitness-fuzz-XXXXXX", path[2][64];
static uint8_t *was[2];
static size_t was_size[2];

static struct session
session_of(unsigned i)
{
	static const struct exchange e[] = {{100, 2000, 1, 2, 3}, {70, 900, 4, 5, 6}};
	struct session s = {.kind = i % 3 ? SESSION_CLOSE : SESSION_OPEN,
			    .start = {(INT64_C(1746100000) + i) * NS_PER_S},
			    .src = addr_v4((uint8_t[]){192, 0, 2, (uint8_t)(i % 9)}),
			    .dest = addr_v4((uint8_t[]){198, 51, 100, 1}),
			    .src_port = (uint16_t)(1000 + i / 2),
			    .dest_port = 443,
			    .bytes_in = i * 37,
			    .version = 0x0304,
			    .sni = i % 4 ? TEXT_LIT("a.example") : TEXT_LIT("b.example"),
			    .ja4 = i % 5 ? TEXT_LIT("x") : (struct text){NULL, 0},
			    .client_random = i * UINT64_C(0x9e3779b97f4a7c15),
			    .exchange = e,
			    .exchange_count = i % 3};

	s.time = s.last = when_add(s.start, NS_PER_S);
	s.id = session_id(&s, 1);
	return s;
}

static void
keep_file(unsigned i, const char *end)
{
	FILE *f;

	snprintf(path[i], sizeof(path[i]), "%s/2025-05-01.%s", folder, end);
	f = fopen(path[i], "rb");
	was[i] = malloc(FILE_MAX);
	if (!f || !was[i])
		abort();
	was_size[i] = fread(was[i], 1, FILE_MAX, f);
	fclose(f);
}

static void
write_file(unsigned i, const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(path[i], "wb");

	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void
clean(void)
{
	char name[64];

	unlink(path[0]);
	unlink(path[1]);
	snprintf(name, sizeof(name), "%s/seal.key", folder);
	unlink(name);
	snprintf(name, sizeof(name), "%s/seal.pub", folder);
	unlink(name);
	rmdir(folder);
}

static void
make_ledger(void)
{
	struct ledger_config cfg = {.folder = folder, .key_folder = folder, .sensor = 1, .seal_last = false};
	char error[LEDGER_ERROR_MAX];
	struct pulse pulse = {.time = {INT64_C(1746100010) * NS_PER_S}, .packets_to = 3};
	struct ledger_seen seen = {.frames = 9};
	struct ledger *l;

	if (!mkdtemp(folder) || !(l = ledger_open(&cfg, error)))
		abort();
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct session s = session_of(i);

		ledger_session(l, &s);
		ledger_time(l, s.time, &seen);
	}
	ledger_pulse(l, &pulse);
	if (!ledger_close(l, error))
		abort();
	keep_file(0, "sessions");
	keep_file(1, "summary");
	atexit(clean);
}

static void
ask(const char *text)
{
	struct query_source from = {.folder = folder, .memory = 1 << 18}; /* groups in turns */
	const struct sql_bounds bounds = {.memory = 64 << 20, .ns = NS_PER_S / 2};
	struct sql *s = sql_open(query_tables(), QUERY_TABLES, &from, &bounds);
	struct sql_value v;

	if (!s)
		abort();
	if (sql_prepare(s, text))
		for (unsigned n = 0; n < ROWS_MAX && sql_step(s); n++)
			for (unsigned i = 0; i < sql_columns(s); i++)
				sql_get(s, i, &v);
	sql_close(s);
}

static bool
on_session(void *arg, const struct session *s)
{
	(void)arg;
	return s->exchange_count <= EXCHANGES_KEPT;
}

static void
on_said(void *arg, enum verify_kind kind, const char *words)
{
	(void)arg, (void)kind, (void)words;
}

static void
read_all(void)
{
	struct reading r = {.folder = folder, .until = {INT64_MAX}, .session = on_session};
	struct verify v = {.folder = folder, .say = on_said};

	for (size_t i = 0; i < sizeof(QUERIES) / sizeof(QUERIES[0]); i++)
		ask(QUERIES[i]);
	reading_run(&r);
	verify_folder(&v);
}

/* The tail becomes a block of these bytes. */
static void
with_block(const uint8_t *data, size_t size)
{
	char error[DATABASE_ERROR_MAX];
	struct database *d = database_open(path[0], DATABASE_WRITING, error);
	struct statement *s;

	if (!d || !database_run(d, "DELETE FROM tail; DELETE FROM block"))
		abort();
	s = statement_of(d, "INSERT INTO block VALUES(1, 1, 1, 1, 300, 299, 0, 9000000000000000, x'', x'', x'', ?)");
	statement_bytes(s, data, size);
	statement_next(s);
	if (!statement_end(s))
		abort();
	database_close(d);
	read_all();
}

static void
with_file(unsigned i, const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(FILE_MAX);
	size_t at = size < 2 ? 0 : (size_t)(data[0] << 8 | data[1]) % was_size[i];

	if (!bytes)
		abort();
	memcpy(bytes, was[i], was_size[i]);
	for (size_t k = 2; k < size && at < was_size[i]; k++)
		bytes[at++] = data[k];
	write_file(i, bytes, was_size[i]);
	free(bytes);
	read_all();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char sql[4096];

	if (!was[0])
		make_ledger();
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 's':
		snprintf(sql, sizeof(sql), "%.*s", (int)(size - 1), (const char *)data + 1);
		ask(sql);
		return 0;
	case 'b':
		with_block(data + 1, size - 1);
		break;
	case 'S':
	case 'D':
		with_file(data[0] == 'D', data + 1, size - 1);
		break;
	default:
		return 0;
	}
	write_file(0, was[0], was_size[0]);
	write_file(1, was[1], was_size[1]);
	return 0;
}
