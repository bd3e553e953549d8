/*
 * ledger_power: the power goes while the last commits are being written: the journals of both files (-wal) are cut at
 * every frame and at seeded bytes inside them, or end in garbage.  What was committed before verifies, the next start
 * goes on, and takes back what was half written.
 */
#include "ledger_help.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/crypt.h"
#include "ledger/reading.h"

enum { SECONDS = 200, COMMIT = 20, WAL_HEAD = 32, WAL_FRAME = 24 + 4096, SPREAD = 3 };

static char kept[80];

static void
run(const char *what)
{
	char command[400];

	snprintf(command, sizeof(command), what, kept, folder);
	assert_int_equal(system(command), 0);
}

/* As it lies on the disk when the power goes. */
static void
write_and_die(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct ledger *l = open_ledger(COMMIT, false);

		for (int64_t s = 0; s < SECONDS; s++)
			write_second(l, DAY(0) + SECOND(s));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(kept, sizeof(kept), "%s.kept", folder);
	run("rm -rf %1$s && cp -a %2$s %1$s");
}

static off_t
size_of(const char *file)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", kept, file);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void
damage(const char *file, off_t at, bool garbage)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	assert_int_equal(truncate(path, at), 0);
	if (!garbage)
		return;
	f = fopen(path, "ae");
	assert_non_null(f);
	for (int i = 0; i < 700; i++)
		fputc(i * 37 % 251, f);
	assert_int_equal(fclose(f), 0);
}

struct seen {
	int64_t sessions, first, last;
};

static bool
on_session(void *arg, const struct session *s)
{
	struct seen *seen = arg;

	assert_true(s->time.ns > seen->last);
	seen->first = seen->first ? seen->first : s->time.ns;
	seen->last = s->time.ns;
	seen->sessions++;
	return true;
}

static struct seen
seen_now(void)
{
	struct seen seen = {.sessions = 0};
	struct reading r = {.folder = folder, .since = {INT64_MIN}, .until = {INT64_MAX}, .arg = &seen};

	r.session = on_session;
	reading_run(&r);
	return seen;
}

/* What is left is a beginning of what was written, in whole commits; nothing is called altered.  behind: the chain
   knows of commits that the other file lost, which no disk that keeps its promises does: said, and not the end. */
static void
goes_on(const char *file, off_t at, bool behind)
{
	struct verify v = {.folder = folder, .say = on_said};
	struct seen before, after;
	struct ledger *l;

	said[0] = '\0';
	verify_folder(&v);
	if (v.count[VERIFY_ALTERED] || v.count[VERIFY_UNREADABLE] || (v.count[VERIFY_MISSING] && v.days && !behind))
		fail_msg("%s cut at %d: %s", file, (int)at, said);
	before = seen_now();
	assert_true(before.sessions <= SECONDS);
	l = open_ledger(COMMIT, false);
	write_second(l, DAY(0) + SECOND(1000));
	close_ledger(l);
	after = seen_now();
	if (after.sessions != before.sessions + 1 && !behind)
		fail_msg("%s cut at %d: %d sessions, then %d", file, (int)at, (int)before.sessions,
			 (int)after.sessions);
	v = verify_now(NULL);
	if (!verify_fine(&v) && !behind)
		fail_msg("%s cut at %d, the next start: %s", file, (int)at, said);
}

static unsigned
cut_journal(const char *file, bool behind)
{
	off_t size = size_of(file), from = size > 40 * WAL_FRAME ? size - 40 * WAL_FRAME : 0;
	uint64_t seed = 11;
	unsigned cuts = 0;

	assert_true(size > WAL_HEAD + 4 * WAL_FRAME);
	for (off_t at = WAL_HEAD + from / WAL_FRAME * WAL_FRAME; at <= size; at += WAL_FRAME)
		for (unsigned i = 0; i < SPREAD; i++, cuts++) {
			off_t in = i && at > WAL_FRAME ? (off_t)((seed >> 33) % WAL_FRAME) : 0;

			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			run("rm -rf %2$s && cp -a %1$s %2$s");
			damage(file, at - in, i == 2);
			goes_on(file, at - in, behind);
		}
	return cuts;
}

/* Of the summary, which comes second, and of both at once. */
static void
cuts(void **state)
{
	unsigned n = 0;

	(void)state;
	write_and_die();
	n += cut_journal("2024-10-04.summary-wal", false);
	n += cut_journal("2024-10-04.sessions-wal", true);
	printf("%u cuts\n", n);
	run("rm -rf %2$s && cp -a %1$s %2$s");
	goes_on("nothing", 0, false);
	run("rm -rf %1$s");
}

/* The day's files are there, and empty or half made: the start of a day. */
static void
beginnings(void **state)
{
	static const char *const FILES[] = {"2024-10-04.sessions", "2024-10-04.summary", "2024-10-04.sessions-wal",
					    "2024-10-04.summary-wal"};

	(void)state;
	for (unsigned with = 0; with < 16; with++) {
		struct ledger *l;

		remove_matching("*");
		for (unsigned f = 0; f < 4; f++) {
			char path[128];
			FILE *file;

			snprintf(path, sizeof(path), "%s/%s", folder, FILES[f]);
			if (with >> f & 1) {
				file = fopen(path, "we");
				assert_non_null(file);
				fclose(file);
			}
		}
		l = open_ledger(COMMIT, false);
		for (int64_t s = 0; s < 50; s++)
			write_second(l, DAY(0) + SECOND(s));
		close_ledger(l);
		verify_now(NULL);
		assert_string_equal(said, "");
		assert_int_equal(seen_now().sessions, 50);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cuts, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(beginnings, make_folder, remove_folder),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
