/*
 * ledger_late: somebody reads a day while it ends.  Its seal waits, and is over all of it; nothing else does.
 */
#include "ledger_help.h"

#include <pthread.h>
#include <unistd.h>

#include "ledger/chain.h"

static const char *const FILES[] = {"2024-10-04.sessions", "2024-10-04.summary"};

static size_t
seals(void)
{
	struct seals s;
	size_t n;

	assert_true(seals_read(&s, folder));
	n = s.n;
	seals_free(&s);
	return n;
}

static struct database *
read_on(const char *file)
{
	struct database *d = open_file(file, false);

	assert_true(database_run(d, "BEGIN; SELECT count(*) FROM sqlite_master"));
	return d;
}

static void
whole(uint64_t sessions)
{
	struct verify v = verify_now(NULL);

	assert_string_equal(said, "");
	assert_true(verify_fine(&v));
	assert_int_equal(count_sessions(), sessions);
}

/* The last seconds of a day; somebody reads one of its files since a commit before. */
static struct ledger *
until_midnight(const char *file, struct database **reader)
{
	struct ledger *l = open_ledger(5, false);

	for (int64_t s = 86400 - 60; s < 86400; s++) {
		write_second(l, DAY(0) + SECOND(s));
		if (s == 86400 - 30)
			*reader = read_on(file);
	}
	for (int64_t s = 0; s < 30; s++)
		write_second(l, DAY(1) + SECOND(s));
	return l;
}

static void
waits(void **state)
{
	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		struct database *reader = NULL;
		struct ledger *l = until_midnight(FILES[f], &reader);

		assert_int_equal(seals(), 0);
		assert_string_equal(ledger_error(l), "");
		whole(90);
		database_close(reader);
		write_second(l, DAY(1) + SECOND(300));
		assert_int_equal(seals(), 0);
		write_second(l, DAY(1) + SECOND(700));
		assert_int_equal(seals(), 1);
		close_ledger(l);
		whole(92);
		l = open_ledger(5, true);
		write_second(l, DAY(2));
		close_ledger(l);
		assert_int_equal(seals(), 3);
		whole(93);
		remove_matching("*");
	}
}

/* They read on for days: no seal is out of its order, and what comes waits until they let go. */
static void
waits_for_days(void **state)
{
	struct database *reader = NULL;
	struct ledger *l = until_midnight(FILES[0], &reader);
	char error[LEDGER_ERROR_MAX];

	(void)state;
	write_second(l, DAY(2));
	assert_int_equal(seals(), 0);
	assert_non_null(strstr(ledger_error(l), "somebody reads it"));
	database_close(reader);
	assert_false(ledger_close(l, error));
	l = open_ledger(5, false);
	write_second(l, DAY(2));
	close_ledger(l);
	assert_int_equal(seals(), 2);
	whole(91);
}

/* The sensor stops before they let go: the next start seals. */
static void
next_start(void **state)
{
	struct database *reader = NULL;
	struct ledger *l = until_midnight(FILES[1], &reader);

	(void)state;
	close_ledger(l);
	assert_int_equal(seals(), 0);
	whole(90);
	database_close(reader);
	l = open_ledger(5, false);
	write_second(l, DAY(1) + SECOND(40));
	assert_int_equal(seals(), 1);
	close_ledger(l);
	whole(91);
}

static void *
let_go_later(void *reader)
{
	usleep(1500000); /* longer than SQLite waits at the end of a day */
	database_close(reader);
	return NULL;
}

/* An import's days go by while somebody asks one question: it waits for them, and each is sealed. */
static void
import_waits(void **state)
{
	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		struct ledger *l = open_ledger(5, true);
		pthread_t reader;

		for (int64_t s = 86400 - 60; s < 86400; s++)
			write_second(l, DAY(0) + SECOND(s));
		assert_int_equal(pthread_create(&reader, NULL, let_go_later, read_on(FILES[f])), 0);
		for (int64_t day = 1; day < 4; day++) {
			write_second(l, DAY(day));
			assert_string_equal(ledger_error(l), "");
			assert_int_equal(seals(), day);
		}
		assert_int_equal(pthread_join(reader, NULL), 0);
		close_ledger(l);
		assert_int_equal(seals(), 4);
		whole(63);
		remove_matching("*");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waits, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(waits_for_days, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(next_start, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(import_waits, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
