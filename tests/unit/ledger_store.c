/*
 * ledger_store: days written, killed, sealed, altered: nothing that was committed is lost, nothing that was altered is
 * called whole.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "ledger/day.h"
#include "ledger/filter.h"
#include "ledger/ledger.h"
#include "ledger/reading.h"
#include "ledger/verify.h"
#include "ledger_help.h"

/* Two sealed days and one that goes on, a few hours each. */
static void
write_days(int64_t seconds)
{
	struct ledger *l = open_ledger(60, false);

	for (int64_t d = 0; d < 3; d++)
		for (int64_t s = 0; s < seconds; s++) {
			if (s == 0)
				ledger_time(l, (struct when){DAY(d)}, &(struct ledger_seen){.frames = 1});
			if (s == 0)
				ledger_setting(l, "version", "test");
			write_second(l, DAY(d) + SECOND(s * 3 + 1));
		}
	close_ledger(l);
}

static void
whole(void **state)
{
	struct verify v;

	(void)state;
	write_days(4000);
	v = verify_now(NULL);
	assert_string_equal(said, "");
	assert_int_equal(v.days, 3);
	assert_int_equal(v.rows, 3 * (4000 + 400));
	assert_int_equal(v.count[VERIFY_WHOLE], 2);
	assert_int_equal(v.count[VERIFY_OPEN], 1);
}

static void
flip(const char *path, off_t at)
{
	int fd;
	uint8_t byte;

	assert_int_equal(chmod(path, 0644), 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Any byte of a sealed day and of its seal: found, and named by its day. */
static void
flips_sealed(void **state)
{
	static const char *const FILES[] = {"2024-10-04.sessions", "2024-10-04.summary"};
	char path[128];

	(void)state;
	write_days(1100);
	for (unsigned f = 0; f < 2; f++) {
		snprintf(path, sizeof(path), "%s/%s", folder, FILES[f]);
		for (off_t at = 0, n = size_of(path); at < n; at += n / 20 + 1) {
			flip(path, at);
			assert_false(({
				struct verify v = verify_now(NULL);
				verify_fine(&v);
			}));
			assert_non_null(strstr(said, FILES[f]));
			flip(path, at);
		}
	}
	snprintf(path, sizeof(path), "%s/seals", folder);
	for (off_t at = 0, n = size_of(path); at < n; at += 31) {
		flip(path, at);
		assert_false(({
			struct verify v = verify_now(NULL);
			verify_fine(&v);
		}));
		flip(path, at);
	}
	verify_now(NULL);
	assert_string_equal(said, "");
}

static void
change(const char *file, const char *sql)
{
	struct database *d = open_file(file, true);

	if (!database_run(d, sql))
		fail_msg("%s", database_error(d));
	database_close(d);
}

/* Every stored value of the open day. */
static void
alters_open(void **state)
{
	static const struct {
		const char *file, *sql, *named;
	} CASE[] = {
		{"2024-10-06.summary", "UPDATE finding SET actor = '192.0.2.9' WHERE rowid = 2", "table finding"},
		{"2024-10-06.summary", "UPDATE finding SET time_us = time_us + 1 WHERE rowid = 1", "table finding"},
		{"2024-10-06.summary", "DELETE FROM finding WHERE rowid = 3", "table finding"},
		{"2024-10-06.summary", "INSERT INTO finding(commit_no, text) VALUES(9999, 'x')", "does not know"},
		{"2024-10-06.summary", "UPDATE incident SET severity = 3", "table incident"},
		{"2024-10-06.summary", "UPDATE coverage SET lost_ring = 0, frames = 7 WHERE rowid = 5",
		 "table coverage"},
		{"2024-10-06.summary", "UPDATE setting SET value = 'other'", "table setting"},
		{"2024-10-06.summary", "UPDATE chain SET time_us = time_us - 1 WHERE commit_no = 3", "commit 3 "},
		{"2024-10-06.summary", "UPDATE chain SET rows = rows + 1 WHERE commit_no = 4", "commit 4 "},
		{"2024-10-06.summary", "UPDATE chain SET rows = 1 << 60 WHERE commit_no = 4", "commit 4 "},
		{"2024-10-06.summary", "DELETE FROM chain WHERE commit_no = 5", "commit 5"},
		{"2024-10-06.summary", "UPDATE link SET hash = zeroblob(32)", "does not begin"},
		{"2024-10-06.sessions", "DELETE FROM tail WHERE commit_no = 7", "commit 7 "},
		{"2024-10-06.sessions",
		 "UPDATE tail SET rows = 1, bytes = (SELECT bytes FROM tail WHERE commit_no = 8) "
		 "WHERE commit_no = 9",
		 "commit 9 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASE) / sizeof(CASE[0]); i++) {
		remove_matching("*");
		write_days(1100);
		change(CASE[i].file, CASE[i].sql);
		verify_now(NULL);
		if (!strstr(said, CASE[i].named) || !strstr(said, "2024-10-06"))
			fail_msg("%s: %s", CASE[i].sql, said);
	}
}

/* A day taken away, a line of the seals taken away, a chain made anew by who has the key. */
static void
takes_away(void **state)
{
	struct anchor anchor = {.date = "2024-10-06"};
	struct ledger_head head;
	struct ledger *l;
	char path[128];

	(void)state;
	write_days(1100);
	l = open_ledger(60, false);
	write_second(l, DAY(2) + SECOND(80000));
	head = ledger_head(l);
	close_ledger(l);
	anchor.commit = head.commit;
	assert_true(sign_unhex(anchor.head.b, sizeof(anchor.head.b), head.hash));
	verify_now(&anchor);
	assert_string_equal(said, "");
	snprintf(path, sizeof(path), "%s/2024-10-05.summary", folder);
	assert_int_equal(unlink(path), 0);
	verify_now(NULL);
	assert_non_null(strstr(said, "2024-10-05.summary: is not there, but was sealed"));
	remove_matching("20*");
	remove_matching("seals");
	l = open_ledger(60, false);
	for (int64_t s = 0; s < 4000; s++)
		write_second(l, DAY(2) + SECOND(s * 2 + 1));
	close_ledger(l);
	verify_now(NULL);
	assert_string_equal(said, "");
	anchor.met = false;
	verify_now(&anchor);
	assert_non_null(strstr(said, "has not the anchor's head"));
}

/* Killed at any moment: what was committed is there and verifies, and the next start goes on. */
static void
killed(void **state)
{
	enum { KILLS = 12 };
	uint64_t rows = 0, seed = 7;

	(void)state;
	for (int64_t n = 0; n < KILLS; n++) {
		pid_t pid = fork();
		struct verify v;

		if (pid == 0) {
			struct ledger *l = open_ledger(5, false);

			for (int64_t s = 0;; s++)
				write_second(l, DAY(0) + SECOND(n * 3000 + s));
		}
		seed = seed * UINT64_C(6364136223846793005) + 1;
		usleep((useconds_t)(100000 + (seed >> 33) % 500000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		v = verify_now(NULL);
		if (v.count[VERIFY_ALTERED] || v.count[VERIFY_MISSING])
			fail_msg("kill %d: %s", (int)n, said);
		assert_true(v.rows >= rows);
		rows = v.rows;
	}
	assert_true(rows > 0);
	close_ledger(({
		struct ledger *l = open_ledger(5, false);
		write_second(l, DAY(60));
		l;
	}));
	verify_now(NULL);
	assert_string_equal(said, "");
}

static int64_t last_time;
static uint64_t sessions_read, times_back;

static bool
in_order(void *arg, const struct session *s)
{
	(void)arg;
	sessions_read++;
	times_back += s->time.ns < last_time;
	last_time = s->time.ns;
	return true;
}

static void
on_step(void *arg, const struct reading_minute *m)
{
	*(unsigned *)arg += m->cause && strncmp(m->cause, "clock: ", 7) == 0;
}

/* The clock starts in 1970, jumps, goes back a little, is far in the future for a while, goes back into days that were
   sealed: no record is lost or out of its order, no day opened twice, nothing expires, and the coverage tells. */
static void
clocks(void **state)
{
	const int64_t at[] = {
		SECOND(100),         DAY(1), DAY(0), DAY(1) + SECOND(100), DAY(2), DAY(30000), DAY(2) + SECOND(9),
		DAY(2) + SECOND(10), DAY(3), DAY(1), DAY(1) + SECOND(9),   DAY(4)};
	struct reading r = {.folder = folder, .since = {INT64_MIN}, .until = {INT64_MAX}, .session = in_order};
	struct ledger *l = open_persisting(60);
	unsigned n = sizeof(at) / sizeof(at[0]), back = 0, steps = 0;
	struct verify v;

	(void)state;
	last_time = INT64_MIN;
	sessions_read = times_back = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i == 7 || i == 10) {
			close_ledger(l);
			l = open_persisting(60);
		}
		write_second(l, at[i]);
		back += i && at[i] < at[i - 1];
	}
	close_ledger(l);
	v = verify_now(NULL);
	assert_string_equal(said, "");
	assert_int_equal(v.count[VERIFY_EXPIRED], 0);
	assert_true(reading_run(&r));
	assert_int_equal(sessions_read, n);
	assert_int_equal(times_back, back);
	assert_true(reading_coverage(folder, &steps, on_step));
	assert_int_equal(steps, n - 1 - 2); /* a start knows nothing of the clock before it */
}

/* A clock that ran ahead for days, and was then set right: what comes goes into the last of them,
   not into a day each; a restart changes nothing of that. */
static void
clock_was_ahead(void **state)
{
	struct ledger *l = open_persisting(60);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		write_second(l, DAY(i));
	for (unsigned i = 0; i < 50; i++) {
		if (i == 25) {
			close_ledger(l);
			l = open_persisting(60);
		}
		write_second(l, DAY(0) + SECOND(100 + i));
	}
	close_ledger(l);
	assert_int_equal(verify_now(NULL).days, 5);
}

/* Set back by two hours, it commits every minute as before: nothing waits until the clock is where it was. */
static void
clock_set_back(void **state)
{
	struct ledger *l = open_persisting(60);
	int64_t before;

	(void)state;
	for (unsigned i = 0; i < 90; i++)
		write_second(l, DAY(0) + SECOND(20001 + i));
	before = ledger_head(l).commit;
	for (unsigned i = 0; i < 200; i++)
		write_second(l, DAY(0) + SECOND(12801 + i));
	assert_in_range(ledger_head(l).commit, before + 3, before + 10);
	close_ledger(l);
}

/* What is in force before the first frame belongs to its day, not to 1970. */
static void
settings_before_time(void **state)
{
	struct ledger *l = open_persisting(60);

	(void)state;
	ledger_in_force(l, "rules", "none");
	write_second(l, DAY(3));
	close_ledger(l);
	l = open_persisting(60);
	ledger_in_force(l, "rules", "other");
	write_second(l, DAY(3) + SECOND(10));
	close_ledger(l);
	assert_int_equal(verify_now(NULL).days, 1);
}

static void
expires(void **state)
{
	struct ledger_config cfg = {
		.folder = folder, .key_folder = folder, .commit_ns = SECOND(60), .session_days = 1, .summary_days = 3};
	char error[LEDGER_ERROR_MAX], pattern[128];
	struct ledger *l = ledger_open(&cfg, error);
	struct verify v;
	glob_t g;

	(void)state;
	for (int64_t d = 0; d < 8; d++)
		write_second(l, DAY(d));
	close_ledger(l);
	snprintf(pattern, sizeof(pattern), "%s/*.sessions", folder);
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 2);
	globfree(&g);
	v = verify_now(NULL);
	assert_string_equal(said, "");
	assert_int_equal(v.count[VERIFY_EXPIRED], 6 + 4);
	cfg.quota = 1;
	l = ledger_open(&cfg, error);
	write_second(l, DAY(8));
	close_ledger(l);
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 1); /* the day that goes on */
	globfree(&g);
}

static void
on_expired(void *arg, const struct reading_minute *m)
{
	unsigned *n = arg;

	if (m->cause && strncmp(m->cause, "expired: ", 9) == 0 && strstr(m->cause, "ledger.quota"))
		n[strstr(m->cause, ".summary:") != NULL]++;
}

static unsigned
count_files(const char *pattern)
{
	char path[128];
	unsigned n = 0;
	glob_t g;

	snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	if (glob(path, 0, NULL, &g) == 0) {
		n = (unsigned)g.gl_pathc;
		globfree(&g);
	}
	return n;
}

/* Sessions go before summaries, the oldest first; what lies beside the days goes with the last that names it. */
static void
quota(void **state)
{
	struct ledger *l = open_with((struct ledger_config){.commit_ns = SECOND(60), .quota = 1850000});
	unsigned told[2] = {0};
	char hex[65], value[96];

	(void)state;
	for (int64_t d = 0; d < 20; d++) {
		write_second(l, DAY(d));
		if (d == 3 || d == 18) {
			assert_true(ledger_attach(l, "list", &d, sizeof(d), hex));
			snprintf(value, sizeof(value), "%s kept 1", hex);
			ledger_in_force(l, "list feed", value);
		}
		for (int64_t s = 1; s < 300; s++)
			write_second(l, DAY(d) + SECOND(s));
	}
	assert_int_equal(count_files("list-*"), 2);
	for (int64_t d = 20; d < 32; d++)
		write_second(l, DAY(d));
	close_ledger(l);
	verify_now(NULL);
	assert_string_equal(said, "");
	assert_true(reading_coverage(folder, told, on_expired));
	assert_int_equal(count_files("*.sessions") + told[0], 32);
	assert_true(told[0] > 15 && told[0] < 30);
	assert_int_equal(told[1], 0);
	assert_int_equal(count_files("*.summary"), 32);
	assert_int_equal(count_files("2024-10-04.sessions"), 0);
	assert_int_equal(count_files("list-*"), 1);
	l = open_with((struct ledger_config){.commit_ns = SECOND(60), .quota = 1000000});
	write_second(l, DAY(32));
	close_ledger(l);
	verify_now(NULL);
	assert_string_equal(said, "");
	assert_int_equal(count_files("*.sessions"), 1); /* the day that goes on */
	assert_true(count_files("*.summary") > 10 && count_files("*.summary") < 25);
	assert_int_equal(count_files("2024-10-04.summary"), 0);
}

/* A second writer is told whose folder it is; who was killed holds it no longer. */
static void
one_writer(void **state)
{
	struct ledger_config cfg = {.folder = folder, .key_folder = folder, .commit_ns = SECOND(60)};
	struct ledger *l = open_ledger(60, false);
	char error[LEDGER_ERROR_MAX], want[64];
	pid_t pid;

	(void)state;
	assert_null(ledger_open(&cfg, error));
	snprintf(want, sizeof(want), "process %d writes this ledger", (int)getpid());
	assert_non_null(strstr(error, want));
	close_ledger(l);
	pid = fork();
	if (pid == 0) {
		while (!(l = ledger_open(&cfg, error)))
			usleep(1000);
		for (int64_t s = 0;; s++)
			write_second(l, DAY(0) + SECOND(s));
	}
	snprintf(want, sizeof(want), "process %d writes this ledger", (int)pid);
	for (unsigned tries = 0;; tries++) {
		*error = '\0';
		l = ledger_open(&cfg, error);
		if (!l && strstr(error, want))
			break;
		assert_true(tries < 1000);
		if (l)
			close_ledger(l);
		usleep(10000);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close_ledger(open_ledger(60, false));
}

/* A folder that cannot be written to: one line, and nothing that crashes later. */
static void
fails(void **state)
{
	struct ledger_config cfg = {.folder = "/proc/none", .key_folder = "/proc/none", .commit_ns = SECOND(60)};
	char error[LEDGER_ERROR_MAX], path[128];
	struct ledger *l;

	(void)state;
	assert_null(ledger_open(&cfg, error));
	assert_non_null(strstr(error, "/proc/none/lock"));
	snprintf(path, sizeof(path), "%s/2024-10-04.summary", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	l = open_ledger(60, false);
	for (int64_t s = 0; s < 200; s++)
		write_second(l, DAY(0) + SECOND(s));
	assert_non_null(strstr(ledger_error(l), "2024-10-04.summary"));
	assert_false(ledger_close(l, error));
	assert_int_equal(rmdir(path), 0);
}

static void
filters(void **state)
{
	struct bytes f = {.p = NULL};
	unsigned wrong = 0;

	(void)state;
	filter_room(&f, 1000);
	assert_true(f.n < 1300);
	for (uint32_t i = 0; i < 1000; i++)
		filter_add(&f, FILTER_ADDR, &i, sizeof(i));
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(filter_may(bytes_cur(&f), FILTER_ADDR, &i, sizeof(i)));
	for (uint32_t i = 1000; i < 11000; i++)
		wrong += filter_may(bytes_cur(&f), FILTER_ADDR, &i, sizeof(i));
	assert_true(wrong < 300);
	bytes_free(&f);
}

int
main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(whole),           IN_FOLDER(flips_sealed),   IN_FOLDER(alters_open),
		IN_FOLDER(takes_away),      IN_FOLDER(killed),         IN_FOLDER(clocks),
		IN_FOLDER(clock_was_ahead), IN_FOLDER(clock_set_back), IN_FOLDER(settings_before_time),
		IN_FOLDER(expires),         IN_FOLDER(quota),          IN_FOLDER(one_writer),
		IN_FOLDER(fails),           cmocka_unit_test(filters),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
