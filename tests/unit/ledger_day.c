/*
 * ledger_day: a day's files are read while another process makes them: they are there, or not yet, but never foreign.
 */
#include "ledger_help.h"

#include <sys/wait.h>

#include "ledger/day.h"

enum { DAYS = 60 };

/* Each file of the day comes into being in several steps, and the day is opened at all of them. */
static _Noreturn void
make_days(void)
{
	char error[DATABASE_ERROR_MAX];
	struct digest link = {{0}};
	bool fine = true;

	for (int64_t day = 0; fine && day < DAYS; day++) {
		struct day d;

		fine = day_open(&d, folder, day, &link, error);
		if (fine)
			day_close(&d);
	}
	_exit(fine ? 0 : 1);
}

/* True: the day can be read.  What says otherwise is that nothing is there, or nothing in it. */
static bool
read_day(int64_t day)
{
	char error[DATABASE_ERROR_MAX];
	struct day d;
	bool there;

	if (!day_names(&d, folder, day) || access(d.summary_path, F_OK) != 0)
		return false;
	there = day_read(&d, folder, day, error);
	if (there)
		day_close(&d);
	else if (!d.empty && d.number == 0)
		fail_msg("%s", error);
	return there;
}

static void
read_while_made(void **state)
{
	pid_t maker = fork();
	int status = -1;

	(void)state;
	assert_true(maker >= 0);
	if (maker == 0)
		make_days();
	for (int64_t day = 0; day < DAYS; day += read_day(day))
		if (waitpid(maker, &status, WNOHANG) == maker)
			break;
	if (status == -1)
		assert_int_equal(waitpid(maker, &status, 0), maker);
	assert_int_equal(status, 0);
	for (int64_t day = 0; day < DAYS; day++)
		assert_true(read_day(day));
}

static void
foreign(void **state)
{
	char error[DATABASE_ERROR_MAX];
	struct digest link = {{0}};
	struct database *db;
	struct day d;

	(void)state;
	assert_true(day_open(&d, folder, DAYS, &link, error));
	day_close(&d);
	db = database_open(d.summary_path, DATABASE_WRITING, error);
	assert_non_null(db);
	assert_true(database_run(db, "PRAGMA application_id=1"));
	database_close(db);
	assert_false(day_read(&d, folder, DAYS, error));
	assert_non_null(strstr(error, "is no file of a ledger"));
	assert_false(d.empty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(read_while_made), cmocka_unit_test(foreign)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
