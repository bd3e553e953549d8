/*
 * ledger_fault: a disk that fails at the n-th call, for every n: a ledger that persists loses nothing that memory can
 * hold and says what it held back; one that does not ends with one line, and what was committed stays.
 *
 * The calls by which SQLite and we write are this file's own (the linker prefers them to libc's), and do it by others.
 */
#include "ledger_help.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/crypt.h"
#include "ledger/reading.h"

enum { SECONDS = 400, BIG = 9000 };

/* From call `from` on, `calls` of them fail. */
static struct {
	long at, from, calls;
	int with;
} fault;

static bool
fails(void)
{
	bool is = fault.calls && fault.at >= fault.from && fault.at < fault.from + fault.calls;

	fault.at++;
	if (is)
		errno = fault.with;
	return is;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at);
ssize_t
pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	const struct iovec one = {(void *)(uintptr_t)bytes, n};

	return fails() ? -1 : pwritev(fd, &one, 1, at);
}

int ftruncate64(int fd, off64_t size);
int
ftruncate64(int fd, off64_t size)
{
	int (*libc)(int, off64_t);

	*(void **)&libc = dlsym(RTLD_NEXT, "ftruncate64");
	return fails() ? -1 : libc(fd, size);
}

int
fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* The same of reading. */
static struct {
	long at, from, calls;
} bad_read;

ssize_t pread64(int fd, void *bytes, size_t n, off64_t at);
ssize_t
pread64(int fd, void *bytes, size_t n, off64_t at)
{
	bool is = bad_read.calls && bad_read.at >= bad_read.from && bad_read.at - bad_read.from < bad_read.calls;
	const struct iovec one = {bytes, n};

	bad_read.at++;
	if (!is)
		return preadv(fd, &one, 1, at);
	errno = EIO;
	return -1;
}

struct told {
	int64_t sessions, last, not_kept, late, lost, findings;
	bool disorder;
};

static bool
on_session(void *arg, const struct session *s)
{
	struct told *t = arg;

	t->sessions++;
	t->disorder |= s->time.ns <= t->last;
	t->last = s->time.ns;
	return true;
}

static void
on_coverage(void *arg, const struct reading_minute *m)
{
	struct told *t = arg;

	if (!m->cause)
		return;
	t->late += strncmp(m->cause, "kept late: ", 11) == 0;
	if (strncmp(m->cause, "not kept: ", 10) == 0) {
		t->not_kept++;
		t->lost += m->rows;
	}
}

static struct told
told_now(void)
{
	struct told t = {.sessions = 0};
	struct reading r = {.folder = folder, .since = {INT64_MIN}, .until = {INT64_MAX}, .arg = &t};

	r.session = on_session;
	assert_true(reading_run(&r));
	assert_true(reading_coverage(folder, &t, on_coverage));
	return t;
}

/* Over a midnight, so that a day is sealed meanwhile; how many calls that could fail there were. */
static long
write_all(struct ledger *l)
{
	fault.at = 0;
	for (int64_t s = 0; s < SECONDS; s++)
		write_second(l, DAY(1) - SECOND(SECONDS / 2) + SECOND(s));
	return fault.at;
}

/* A spell of failures from every call on. */
static void
persists(void **state)
{
	static const int WITH[] = {ENOSPC, EIO};
	long calls = LONG_MAX, late = 0;

	(void)state;
	for (long n = 0; n < calls; n++) {
		struct ledger *l;
		struct told t;

		remove_matching("*");
		l = open_persisting(10);
		fault.from = n;
		fault.calls = 1 + n % 9;
		fault.with = WITH[n % 2];
		calls = write_all(l);
		fault.calls = 0;
		close_ledger(l);
		verify_now(NULL);
		if (*said)
			fail_msg("call %ld: %s", n, said);
		t = told_now();
		if (t.sessions != SECONDS || t.disorder || t.not_kept)
			fail_msg("call %ld: %d of %d sessions, in order: %d, lost %d", n, (int)t.sessions, SECONDS,
				 !t.disorder, (int)t.lost);
		late += t.late;
	}
	printf("%ld calls, each failed once; %ld times told as kept late\n", calls, late);
	assert_true(calls > 100 && late > calls / 2);
}

/* More than memory holds: what is lost is counted, to the row. */
static void
overflows(void **state)
{
	struct ledger *l = open_persisting(10);
	struct ledger_losses lost;
	struct told t;

	(void)state;
	for (int64_t s = 0; s < 60; s++)
		write_second(l, DAY(0) + SECOND(s));
	fault.from = 0;
	fault.calls = LONG_MAX;
	fault.with = ENOSPC;
	for (int64_t s = 60; s < BIG; s++)
		write_second(l, DAY(0) + SECOND(s));
	assert_non_null(strstr(ledger_error(l), folder));
	assert_false(ledger_failed(l));
	fault.calls = 0;
	for (int64_t s = BIG; s < BIG + 400; s++)
		write_second(l, DAY(0) + SECOND(s));
	assert_string_equal(ledger_error(l), "");
	lost = ledger_losses(l);
	assert_int_equal(lost.failures, 1);
	close_ledger(l);
	verify_now(NULL);
	assert_string_equal(said, "");
	t = told_now();
	assert_int_equal(t.not_kept, 1);
	assert_int_equal(t.lost, lost.rows);
	assert_false(t.disorder);
	/* of the rows a tenth are pulses */
	assert_true(t.lost > 1000 && t.sessions + t.lost > BIG + 400 && t.sessions < BIG);
}

/* A disk that stays full to the end: one line that says what is gone. */
static void
stays_full(void **state)
{
	struct ledger *l = open_persisting(10);
	char error[LEDGER_ERROR_MAX];

	(void)state;
	write_second(l, DAY(0));
	fault.from = 0;
	fault.calls = LONG_MAX;
	fault.with = ENOSPC;
	fault.at = 0;
	for (int64_t s = 1; s < 100; s++)
		write_second(l, DAY(0) + SECOND(s));
	assert_false(ledger_close(l, error));
	assert_non_null(strstr(error, folder));
	assert_non_null(strstr(error, " rows are not kept"));
	fault.calls = 0;
}

/* Without persistence: the first failure is the last thing that happens. */
static void
ends(void **state)
{
	struct ledger *first = open_ledger(10, false);
	long calls = write_all(first), failed = 0;

	(void)state;
	close_ledger(first);
	for (long n = 0; n < calls; n += 3) {
		char error[LEDGER_ERROR_MAX];
		struct verify v = {.folder = folder, .say = on_said};
		struct ledger *l;

		remove_matching("*");
		l = open_ledger(10, false);
		fault.from = n;
		fault.calls = 1;
		fault.with = EIO;
		write_all(l);
		fault.calls = 0;
		if (!ledger_close(l, error)) {
			failed++;
			assert_non_null(strstr(error, folder));
			assert_null(strchr(error, '\n'));
		}
		said[0] = '\0';
		verify_folder(&v);
		if (v.days && (v.count[VERIFY_ALTERED] || v.count[VERIFY_MISSING]))
			fail_msg("call %ld: %s", n, said);
		l = open_ledger(10, false);
		write_second(l, DAY(2));
		close_ledger(l);
		verify_now(NULL);
		if (*said)
			fail_msg("call %ld, the next start: %s", n, said);
	}
	assert_true(failed > calls / 6);
}

/* Reading fails at every call: what cannot be read is not said to be altered or missing. */
static void
reads_badly(void **state)
{
	struct ledger *l = open_ledger(10, false);
	long calls, unread = 0;

	(void)state;
	write_all(l);
	bad_read.at = 0;
	verify_now(NULL);
	calls = bad_read.at;
	assert_true(calls > 40);
	for (long n = 0; n < 2 * calls; n++) {
		struct verify v = {.folder = folder, .say = on_said};

		said[0] = '\0';
		bad_read.at = 0;
		bad_read.from = n / 2;
		bad_read.calls = n % 2 ? LONG_MAX : 1;
		verify_folder(&v);
		bad_read.calls = 0;
		unread += v.count[VERIFY_UNREADABLE] != 0;
		if (v.count[VERIFY_ALTERED] || v.count[VERIFY_MISSING] || v.count[VERIFY_TORN])
			fail_msg("read %ld: %s", n, said);
	}
	assert_true(unread > 10); /* other reads look for what settings name */
	close_ledger(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(persists, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(overflows, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(stays_full, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(ends, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(reads_badly, make_folder, remove_folder),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
