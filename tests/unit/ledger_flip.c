/*
 * ledger_flip: every stored value of the open day and bytes of a sealed one, altered one after the other: each is found
 * and named, and the rest stays readable.  FLIP_STEP=1: every byte of the sealed day (make ledger-chaos).
 */
#include "ledger_help.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "ledger/reading.h"

enum { SECONDS = 130, COLUMNS = 32, NAME = 40 };

/* A sealed day, and an open one that has rows in every table, a block and a tail. */
static void
write_days(bool small)
{
	struct ledger *l = open_ledger(60, false);

	for (int64_t s = 0; s < SECONDS; s++)
		write_second(l, DAY(0) + SECOND(s));
	ledger_in_force(l, "configuration", "none");
	write_second(l, DAY(1));
	for (int64_t s = 1; s < (small ? SECONDS : 8500); s++)
		write_second(l, DAY(1) + SECOND(s));
	close_ledger(l);
}

static void
flip(const char *path, off_t at)
{
	int fd;
	uint8_t byte;

	assert_int_equal(chmod(path, 0644), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* The other day is read whatever happens to this one. */
static void
sealed(void **state)
{
	static const char *const FILES[] = {"2024-10-04.sessions", "2024-10-04.summary"};
	off_t step = getenv("FLIP_STEP") ? atoi(getenv("FLIP_STEP")) : 601;
	uint64_t flips = 0;

	(void)state;
	write_days(true);
	for (unsigned f = 0; f < 2; f++) {
		char path[128];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, FILES[f]);
		assert_int_equal(stat(path, &st), 0);
		for (off_t at = 0; at < st.st_size; at += step, flips++) {
			struct verify v;

			flip(path, at);
			v = verify_now(NULL);
			if (verify_fine(&v) || !strstr(said, FILES[f]))
				fail_msg("byte %d of %s: %s", (int)at, FILES[f], said);
			assert_true(count_sessions() >= SECONDS);
			flip(path, at);
		}
	}
	verify_now(NULL);
	assert_string_equal(said, "");
	printf("%d flips of a sealed day\n", (int)flips);
}

static unsigned
names_of(const char *file, const char *sql, char names[COLUMNS][NAME])
{
	struct database *d = open_file(file, true);
	struct statement *s = statement_of(d, sql);
	unsigned n = 0;

	while (statement_next(s) && n < COLUMNS)
		snprintf(names[n++], NAME, "%s", column_text(s, 0));
	assert_true(statement_end(s));
	database_close(d);
	return n;
}

static void
keep_copy(const char *file, const char *from, const char *to)
{
	char command[300];

	snprintf(command, sizeof(command), "cp %s/%s%s %s/%s%s", folder, file, from, folder, file, to);
	assert_int_equal(system(command), 0);
}

/* Another value of its kind, in one row; how many rows there were. */
static int64_t
alter(const char *file, const char *table, const char *column, int64_t row)
{
	struct database *d = open_file(file, true);
	struct statement *s;
	char sql[600];
	int64_t rows;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.39s", table);
	s = statement_of(d, sql);
	assert_true(statement_next(s));
	rows = column_i64(s, 0);
	assert_true(statement_end(s));
	snprintf(sql, sizeof(sql),
		 "UPDATE %.39s SET %.39s = CASE typeof(%.39s) WHEN 'integer' THEN %.39s + 1000003 WHEN 'null' THEN 'x' "
		 "WHEN 'text' THEN %.39s || ' ' ELSE CAST(substr(%.39s, 1, length(%.39s) - 1) || x'a7' AS BLOB) END "
		 "WHERE rowid = (SELECT rowid FROM %.39s ORDER BY rowid LIMIT 1 OFFSET %d)",
		 table, column, column, column, column, column, column, table, (int)row);
	assert_true(rows == 0 || database_run(d, sql));
	database_close(d);
	return rows;
}

static void
alter_file(const char *file, uint64_t *values)
{
	char tables[COLUMNS][NAME], columns[COLUMNS][NAME], sql[128];
	unsigned n = names_of(file, "SELECT name FROM sqlite_master WHERE type = 'table'", tables), m;

	keep_copy(file, "", ".kept");
	for (unsigned t = 0; t < n; t++) {
		snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%.39s')", tables[t]);
		m = names_of(file, sql, columns);
		for (unsigned c = 0; c < m; c++)
			for (int64_t row = 0, rows = 1; row < rows && row < 4; row++) {
				struct verify v;

				rows = alter(file, tables[t], columns[c], row);
				if (!rows)
					continue;
				v = verify_now(NULL);
				if (verify_fine(&v) || !strstr(said, "2024-10-05"))
					fail_msg("%s: %s.%s of row %d: %s", file, tables[t], columns[c], (int)row,
						 said);
				assert_true(count_sessions() >= SECONDS);
				keep_copy(file, ".kept", "");
				++*values;
			}
	}
}

static void
open_values(void **state)
{
	uint64_t values = 0;

	(void)state;
	write_days(false);
	alter_file("2024-10-05.summary", &values);
	alter_file("2024-10-05.sessions", &values);
	verify_now(NULL);
	assert_string_equal(said, "");
	printf("%d values of an open day altered\n", (int)values);
	assert_true(values > 150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sealed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(open_values, make_folder, remove_folder),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
