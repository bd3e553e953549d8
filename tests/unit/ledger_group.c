/*
 * Rows in groups: GROUP BY a column says what it says when SQLite sorts (behind a +, which keeps the order from the table:
 * sqlite.org/optoverview.html), to the order of the rows of a group, in as many turns as memory makes of it.
 */
#include "ledger_help.h"

#include "ledger/query.h"

enum { SESSIONS = 24000, ANSWER = 1 << 21 };

static char answer[2][ANSWER];

/* One program has two thirds of the rows: more than the least memory holds. */
static struct session
session_of(uint32_t i)
{
	static const char *const JA4[] = {"t13d1516h2_b", "t13d1516h2_a", "", "t12i0808h1_\xc3\xa9", "t13d"};
	uint32_t mixed = i * 2654435761u >> 7;
	const char *ja4 = JA4[mixed % 3 ? 0 : mixed / 3 % 5];
	struct session s = {.kind = i % 3 ? SESSION_CLOSE : SESSION_OPEN,
			    .gateway = 1,
			    .proto = 6,
			    .src = addr_v4((uint8_t[]){203, 0, (uint8_t)(mixed % 7 * 40), (uint8_t)(mixed % 13)}),
			    .dest = addr_v4((uint8_t[]){198, 51, 100, 1}),
			    .src_port = (uint16_t)(mixed % 1000),
			    .dest_port = 443,
			    .version = (uint16_t)(mixed % 4 ? 0x0300 + mixed % 4 : 0),
			    .role = (uint8_t)(mixed % 3),
			    .bytes_in = (uint64_t)mixed << (mixed % 20)};

	s.time = s.start = s.last = (struct when){DAY(0) + SECOND(1) * i / 4};
	s.ja4 = mixed % 11 ? (struct text){ja4, (uint32_t)strlen(ja4)} : (struct text){NULL, 0};
	s.sni = i % 2 ? TEXT_LIT("vpn.example.org") : (struct text){NULL, 0};
	s.id = session_id(&s, 5);
	return s;
}

static int
make_ledger(void **state)
{
	struct ledger *l;

	if (make_folder(state) != 0)
		return -1;
	l = open_ledger(600, false);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		struct session s = session_of(i);

		ledger_session(l, &s);
		ledger_time(l, s.time, &(struct ledger_seen){.frames = i});
	}
	close_ledger(l);
	return 0;
}

static void
put_value(char *to, size_t *n, const struct sql_value *v)
{
	int more = v->kind == SQL_WORDS  ? snprintf(to + *n, ANSWER - *n, "%.*s|", (int)v->text.len, v->text.p) :
		   v->kind == SQL_NUMBER ? snprintf(to + *n, ANSWER - *n, "%lld|", (long long)v->number) :
					   snprintf(to + *n, ANSWER - *n, "-|");

	*n += (size_t)more;
	assert_in_range(*n, 0, ANSWER - 1);
}

/* How many blocks were read for it. */
static uint64_t
ask(char *to, size_t memory, const char *text)
{
	struct query_source from = {.folder = folder, .memory = memory};
	const struct sql_bounds bounds = {.memory = 256 << 20};
	struct sql *s = sql_open(query_tables(), QUERY_TABLES, &from, &bounds);
	struct sql_value v;
	size_t n = 0;

	assert_non_null(s);
	if (!sql_prepare(s, text))
		fail_msg("%s: %s", text, sql_error(s));
	while (sql_step(s)) {
		for (unsigned i = 0; i < sql_columns(s); i++) {
			sql_get(s, i, &v);
			put_value(to, &n, &v);
		}
		to[n++] = '\n';
	}
	to[n] = '\0';
	assert_string_equal(sql_error(s), "");
	assert_int_equal(from.damaged, 0);
	sql_close(s);
	return from.blocks;
}

static bool
is_sorted(const char *what, const char *by)
{
	char text[600];

	snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN SELECT %s GROUP BY %s", what, by);
	ask(answer[0], 0, text);
	return strstr(answer[0], "B-TREE FOR GROUP BY") != NULL;
}

/* Did it take several turns where memory is short? */
static bool
compare(const char *what, const char *by)
{
	static const size_t MEMORY[] = {0, 1, 400 << 10, 1 << 20};
	char with[600], without[600];
	uint64_t once = 0;
	bool turns = false;

	snprintf(with, sizeof(with), "SELECT %s GROUP BY %s", what, by);
	snprintf(without, sizeof(without), "SELECT %s GROUP BY +%s", what, by);
	ask(answer[0], 0, without);
	assert_int_not_equal(strlen(answer[0]), 0);
	for (size_t i = 0; i < sizeof(MEMORY) / sizeof(MEMORY[0]); i++) {
		uint64_t blocks = ask(answer[1], MEMORY[i], with);

		if (i == 0)
			once = blocks;
		turns |= blocks > once;
		if (strcmp(answer[0], answer[1]) != 0)
			fail_msg("%s, in %zu bytes: not as sorted", with, MEMORY[i]);
	}
	return turns;
}

static void
test_same_answers(void **state)
{
	static const char *const BY[] = {"ja4", "src", "version", "role", "sni", "kind"};

	(void)state;
	for (size_t i = 0; i < sizeof(BY) / sizeof(BY[0]); i++) {
		char what[300];

		snprintf(what, sizeof(what),
			 "%s, count(*), sum(bytes_in %% 1000), max(bytes_in), count(DISTINCT src), "
			 "min(sni), group_concat(src_port), bytes_in, start, id FROM records",
			 BY[i]);
		assert_false(is_sorted(what, BY[i]));
		assert_true(compare(what, BY[i]));
	}
	compare("ja4, group_concat(bytes_in) FROM sessions WHERE version = 'TLS 1.2' AND src_port > 30", "ja4");
	compare("src_port, count(*), time_us FROM sessions WHERE src_port < 20", "src_port");
	compare("ja4, count(*) FROM sessions WHERE ja4 = 'nowhere'", "ja4 HAVING count(*) >= 0 UNION ALL SELECT 1, 2");
	compare("a.ja4, count(*), sum(b.bytes_in) FROM sessions a, sessions b WHERE a.id = b.id AND a.src_port < 3",
		"a.ja4");
	compare("role, count(*) FROM records WHERE src_port = 7 OR dest_port = 443 OR ja4 IS NULL", "role");
	compare("sni, count(*) FROM sessions WHERE ja4 IN (SELECT ja4 FROM records WHERE src_port < 2)", "sni");
	compare("s.ja4, (SELECT max(bytes_in) FROM records r WHERE r.ja4 = s.ja4) FROM sessions s WHERE src_port < 2",
		"s.ja4");
	compare("ja4, n FROM (SELECT ja4, count(*) AS n, min(start) FROM records GROUP BY ja4)", "ja4");
	compare("ja4, lag(count(*)) OVER (ORDER BY count(*), ja4) FROM records", "ja4");
}

/* Orders that a table's groups do not have are SQLite's to make; so are rows that others find by their number, and what
   too many columns are asked of. */
static void
test_sorted_by_sqlite(void **state)
{
	(void)state;
	assert_true(is_sorted("ja4, count(*) FROM sessions", "ja4 ORDER BY ja4 DESC"));
	assert_true(is_sorted("ja4, count(*) FROM sessions", "ja4, src"));
	assert_true(is_sorted("id, count(*) FROM records", "id"));
	assert_true(is_sorted("ja4, max(rowid) FROM records", "ja4"));
	assert_true(is_sorted("a.ja4, count(*) FROM sessions a JOIN sessions b USING (id)", "a.ja4"));
	assert_true(is_sorted("ja4, count(*) FROM (SELECT * FROM sessions)", "ja4"));
	ask(answer[0], 0, "SELECT DISTINCT role FROM records");
	ask(answer[1], 0, "SELECT DISTINCT +role FROM records");
	assert_string_equal(answer[0], answer[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_answers),
		cmocka_unit_test(test_sorted_by_sqlite),
	};

	return cmocka_run_group_tests(tests, make_ledger, remove_folder);
}
