/*
 * The file of seals, and heads of chains in EVE lines: what is one, what is none, and what a full disk leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "ledger/verify.h"

enum { ROOM = 8192 };

static char folder[64], path[128];
static struct sign_key key;

static int
make_folder(void **state)
{
	char error[256];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/gatewitness-seal-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!crypt_init() || !mkdtemp(folder) || !sign_open(&key, folder, error, sizeof(error)))
		return -1;
	snprintf(path, sizeof(path), "%s/seals", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const FILES[] = {"seals", "seal.key", "seal.pub"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, FILES[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct seals
seals_now(void)
{
	struct seals s;

	assert_true(seals_read(&s, folder));
	return s;
}

static bool
add(int64_t day)
{
	struct seals s = seals_now();
	struct seal one = {.day = day, .commits = 3, .rows = 17};
	bool fine = seal_append(&s, &one, folder, &key);

	seals_free(&s);
	return fine;
}

static off_t
size_now(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* The first line of the file, with its end. */
static size_t
first_line(char line[ROOM])
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_non_null(fgets(line, ROOM, f));
	fclose(f);
	return strlen(line);
}

static void
says(size_t n, size_t torn, bool cut)
{
	struct seals s = seals_now();

	assert_int_equal(s.n, n);
	assert_int_equal(s.torn, torn);
	assert_int_equal(s.cut, cut);
	for (size_t i = 0; i < s.n; i++)
		assert_true(s.seal[i].holds);
	for (size_t i = 1; i < s.n; i++)
		assert_true(digest_same(&s.seal[i].before, &s.seal[i - 1].line));
	seals_free(&s);
}

/* Cut at each byte of the last line: the seal before is left, and the next one follows it. */
static void
cut_anywhere(void **state)
{
	off_t one, both;

	(void)state;
	assert_true(add(20000));
	one = size_now();
	assert_true(add(20001));
	both = size_now();
	says(2, 0, false);
	for (off_t at = one + 1; at < both; at++) {
		assert_int_equal(truncate(path, at), 0);
		says(1, 0, true);
		assert_true(add(20001));
		assert_int_equal(size_now(), both);
		says(2, 0, false);
	}
}

/* No room for the whole line: nothing of it stays, and later there is room. */
static void
no_room(void **state)
{
	struct rlimit was, small;
	off_t one;

	(void)state;
	assert_true(add(20000));
	one = size_now();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = (rlim_t)one + 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(add(20001));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(size_now(), one);
	assert_true(add(20001));
	says(2, 0, false);
}

/* What is no seal, though the beginning of it is one. */
static void
none(void **state)
{
	static const struct {
		const char *from, *to; /* put in place of */
	} CHANGE[] = {{" sig=", "\tsig="},
		      {"commits=3 ", "commits=03 "},
		      {"commits=3 ", "commits=99999999999999999999 "},
		      {"rows=17 ", "rows= 17 "},
		      {"link=0", "link="},
		      {"gatewitness-seal 1 2024", "gatewitness-seal 1 9999-99"},
		      {"\n", " \n"},
		      {"\n", "0\n"}};
	char line[ROOM], other[ROOM];
	struct seals s = {.n = 0};
	size_t n;

	(void)state;
	assert_true(add(20000));
	n = first_line(line);
	assert_true(seals_line(&s, line, n));
	assert_int_equal(s.n, 1);
	for (size_t i = 0; i < sizeof(CHANGE) / sizeof(CHANGE[0]); i++) {
		const char *at = strstr(line, CHANGE[i].from);
		size_t before = s.n;

		assert_non_null(at);
		snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - line), line, CHANGE[i].to,
			 at + strlen(CHANGE[i].from));
		assert_true(seals_line(&s, other, strlen(other)));
		if (s.n > before && s.seal[before].holds)
			fail_msg("is a seal: %s", other);
	}
	memcpy(other, line, n);
	memcpy(other + n - 1, "\0 more\n", 7);
	n = (size_t)s.n;
	assert_true(seals_line(&s, other, strlen(line) + 6));
	assert_int_equal(s.n, n);
	seals_free(&s);
}

#define HEAD64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
anchors(void **state)
{
	static const struct {
		const char *line;
		bool is;
	} CASE[] = {
		{"{\"stats\":{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":17,\"head\":\"" HEAD64 "\"}}}", true},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":17,\"head\":\"" HEAD64, false},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":17,\"head\":\"" HEAD64 "0\"}}", false},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":0,\"head\":\"" HEAD64 "\"}}", false},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":-9223372036854775808,\"head\":\"" HEAD64 "\"}}",
		 false},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":99999999999999999999,\"head\":\"" HEAD64 "\"}}",
		 false},
		{"{\"ledger\":{\"date\":\"2025-13-41\",\"commit\":17,\"head\":\"" HEAD64 "\"}}", false},
		{"{\"ledger\":{\"date\":\"2025-05-01\",\"commit\":17,\"head\":\"0123\"}}", false},
		{"{\"tls\":{\"sni\":\"\\\"ledger\\\":{\\\"date\\\":\"}}", false},
	};
	struct anchor a;

	(void)state;
	for (size_t i = 0; i < sizeof(CASE) / sizeof(CASE[0]); i++)
		if (anchor_read(&a, CASE[i].line, strlen(CASE[i].line)) != CASE[i].is)
			fail_msg("%s", CASE[i].line);
	assert_true(anchor_read(&a, CASE[0].line, strlen(CASE[0].line)));
	assert_string_equal(a.date, "2025-05-01");
	assert_int_equal(a.commit, 17);
	assert_int_equal(a.head.b[1], 0x23);
}

/* Half a key is not kept: the next start makes one. */
static void
half_a_key(void **state)
{
	struct rlimit was, small;
	struct sign_key k;
	char error[256], name[128];

	(void)state;
	snprintf(name, sizeof(name), "%s/seal.key", folder);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 20;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(sign_open(&k, folder, error, sizeof(error)));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_non_null(strstr(error, "seal.key: "));
	assert_int_equal(access(name, F_OK), -1);
	assert_true(sign_open(&k, folder, error, sizeof(error)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cut_anywhere, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_room, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(none, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(anchors, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(half_a_key, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
