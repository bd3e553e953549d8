/*
 * ledger_disk: a disk that is full, and days that were cut: nothing that was committed is lost or called altered by the
 * first, nothing is called whole after the second, and neither ends in a crash.
 */
#include "ledger_help.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "ledger/reading.h"

static void
may_grow_to(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* Files that may not grow, at every size on the way: an error that names one, what was committed stays and is not
   altered, and with more room the next start goes on, over midnight too. */
static void
full(void **state)
{
	uint64_t rows = 0, failed = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (int64_t n = 0; n < 60; n++) {
		struct ledger_config cfg = {
			.folder = folder, .key_folder = folder, .sensor = 5, .commit_ns = SECOND(60)};
		struct verify v = {.folder = folder, .say = on_said};
		char error[LEDGER_ERROR_MAX];
		struct ledger *l;

		may_grow_to((rlim_t)(n * 12000));
		l = ledger_open(&cfg, error);
		for (int64_t s = 0; l && s < 400; s++)
			write_second(l, DAY(n / 8) + SECOND(10000 * (n % 8) + s * 3));
		if (!l || !ledger_close(l, error)) {
			failed++;
			if (!strstr(error, folder) || strchr(error, '\n'))
				fail_msg("%d: the error names no file: %s", (int)n, error);
		}
		may_grow_to(RLIM_INFINITY);
		said[0] = '\0';
		verify_folder(&v);
		if (v.days && (v.count[VERIFY_ALTERED] || v.count[VERIFY_MISSING] || v.rows < rows))
			fail_msg("%d: %d rows after %d: %s", (int)n, (int)v.rows, (int)rows, said);
		rows = v.rows;
	}
	assert_true(failed > 10 && failed < 60 && rows > 1000);
	close_ledger(({
		struct ledger *l = open_ledger(60, false);
		write_second(l, DAY(60));
		l;
	}));
	verify_now(NULL);
	assert_string_equal(said, "");
}

static void
copy_head(const char *from, const char *to, size_t n)
{
	static uint8_t bytes[1 << 20];
	FILE *in = fopen(from, "re"), *out;
	size_t got;

	assert_non_null(in);
	got = fread(bytes, 1, n < sizeof(bytes) ? n : sizeof(bytes), in);
	assert_int_equal(got, n);
	fclose(in);
	unlink(to);
	out = fopen(to, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

static void
write_day(void)
{
	struct ledger *l = open_ledger(60, true);

	for (int64_t s = 0; s < 1100; s++)
		write_second(l, DAY(0) + SECOND(s));
	close_ledger(l);
}

/* A file of the last day, cut at many places: told, read as far as it goes, and never whole. */
static void
cut_file(const char *name, const char *seals)
{
	enum { STEP = 127 };
	char path[128], kept[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(kept, sizeof(kept), "%s/kept", folder);
	assert_int_equal(rename(path, kept), 0);
	assert_int_equal(stat(kept, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < 128 ? 1 : STEP) {
		struct verify v;

		copy_head(kept, path, (size_t)at);
		v = verify_now(NULL);
		if (verify_fine(&v))
			fail_msg("%s, %s, cut at %d is called whole", name, seals, (int)at);
		assert_true(count_sessions() <= 1100);
	}
	assert_int_equal(rename(kept, path), 0);
	verify_now(NULL);
	assert_string_equal(said, "");
}

static void
cut_anywhere(void **state)
{
	(void)state;
	write_day();
	cut_file("2024-10-04.sessions", "sealed");
	cut_file("2024-10-04.summary", "sealed");
	remove_matching("seals");
	cut_file("2024-10-04.sessions", "open");
	cut_file("2024-10-04.summary", "open");
}

/* The open day was damaged while nobody wrote it: the sensor goes on in another file within seconds, what is there stays as
   it is, and both are told. */
static void
damage_open_day(const char *how)
{
	struct ledger *l = open_persisting(10);
	char command[400];
	int64_t s = 0;

	for (; s < 400; s++)
		write_second(l, DAY(0) + SECOND(s));
	close_ledger(l);
	snprintf(command, sizeof(command), "cd %s && %s", folder, how);
	assert_int_equal(system(command), 0);
	for (unsigned start = 0; start < 2; start++) { /* the second goes on where the first did */
		l = open_persisting(10);
		for (int64_t until = s + 300; s < until; s++)
			write_second(l, DAY(0) + SECOND(s));
		assert_int_equal(ledger_losses(l).failures, 1);
		assert_int_equal(ledger_losses(l).rows, 0);
		close_ledger(l);
	}
	verify_now(NULL);
	assert_non_null(strstr(said, "2024-10-04"));
	assert_null(strstr(said, "2024-10-05"));
	assert_true(count_sessions() >= 600);
}

static void
damaged(void **state)
{
	static const char *const HOW[] = {
		"yes damaged | dd of=2024-10-04.sessions bs=4096 count=3 conv=notrunc status=none",
		"yes damaged | dd of=2024-10-04.summary bs=4096 count=3 conv=notrunc status=none",
		"echo letter >2024-10-04.summary",
	};

	for (unsigned i = 0; i < sizeof(HOW) / sizeof(HOW[0]); i++) {
		damage_open_day(HOW[i]);
		assert_int_equal(remove_folder(state), 0);
		assert_int_equal(make_folder(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(full, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(damaged, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(cut_anywhere, make_folder, remove_folder),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
