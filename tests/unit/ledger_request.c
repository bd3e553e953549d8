/*
 * ledger_request: what a person asks of a running sensor through a folder: who they are is the system's word, and what
 * is no request is removed without being followed, waited for or believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/request.h"

static char folder[] = "/tmp/gatewitness-request-XXXXXX";
static char path[128];
static struct request last;
static unsigned taken;

static int
begin(void **state)
{
	(void)state;
	return mkdtemp(folder) && requests_open(folder) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/requests", folder);
	return rmdir(path) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void
take(void *arg, const struct request *r)
{
	(void)arg;
	last = *r;
	taken++;
}

static struct request
request(const char *pseudonym, const char *reason)
{
	struct request r = {.uid = 4711};

	assert_true(addr_parse(&r.pseudonym, pseudonym));
	snprintf(r.reason, sizeof(r.reason), "%s", reason);
	return r;
}

static void
asked_and_answered(void **state)
{
	struct request r = request("2001:db8::7", "case 7 \"x\"");
	char error[REQUEST_ERROR], trace[REQUEST_TRACE];

	(void)state;
	assert_true(request_put(&r, folder, error));
	taken = 0;
	requests_take(folder, NULL, take);
	assert_int_equal(taken, 1);
	assert_true(addr_same(&last.pseudonym, &r.pseudonym));
	assert_string_equal(last.reason, r.reason);
	assert_int_equal(last.uid, getuid()); /* not what the asker said */
	assert_true(last.at.ns > 0);
	request_trace(&last, trace);
	assert_non_null(strstr(trace, "{\"pseudonym\":\"2001:db8::7\",\"reason\":\"case 7 \\\"x\\\"\",\"uid\":"));
	request_answer(&last, folder, "kept 2026-11-28 5 00\n");
	assert_true(request_wait(&r, folder, 1, error));
	requests_take(folder, NULL, take);
	assert_int_equal(taken, 1);
}

static void
not_kept(void **state)
{
	struct request r = request("198.51.100.7", "why");
	char error[REQUEST_ERROR];

	(void)state;
	assert_true(request_put(&r, folder, error));
	assert_false(request_wait(&r, folder, 1, error)); /* nobody there: taken back */
	assert_non_null(strstr(error, "did not take the request"));
	taken = 0;
	requests_take(folder, NULL, take);
	assert_int_equal(taken, 0);
	assert_true(request_put(&r, folder, error));
	requests_take(folder, NULL, take);
	request_answer(&last, folder, "failed\n");
	assert_false(request_wait(&r, folder, 1, error));
	assert_non_null(strstr(error, "could not keep the trace"));
}

static void
write_request(const char *text, size_t n)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/requests/0123456789abcdef.request", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(text, 1, n, f);
	fclose(f);
}

static void
no_requests(void **state)
{
	static const char *const TEXTS[] = {"",
					    "reveal",
					    "reveal 198.51.100.7",
					    "reveal 198.51.100.7\n",
					    "reveal 198.51.100.7\n\n",
					    "reveal 198.51.100.7\n   \n",
					    "reveal 198.51.100.7\nwhy",
					    "reveal nobody\nwhy\n",
					    "hide 198.51.100.7\nwhy\n",
					    "reveal 198.51.100.7\nwhy\nand more\n",
					    "reveal 198.51.100.7\nw\x1b[2Jhy\n"};
	char big[4096];

	(void)state;
	taken = 0;
	for (unsigned i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		write_request(TEXTS[i], strlen(TEXTS[i]));
		requests_take(folder, NULL, take);
		assert_int_equal(access(path, F_OK), -1);
	}
	write_request("reveal 198.51.100.7\nw\0hy\n", 25);
	requests_take(folder, NULL, take);
	memset(big, 'x', sizeof(big));
	memcpy(big, "reveal 198.51.100.7\n", 20);
	big[sizeof(big) - 1] = '\n';
	write_request(big, sizeof(big));
	requests_take(folder, NULL, take);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	requests_take(folder, NULL, take);
	assert_int_equal(mkfifo(path, 0600), 0);
	requests_take(folder, NULL, take);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(taken, 0);
	write_request("reveal 198.51.100.7\nwhy\n", 24);
	requests_take(folder, NULL, take);
	assert_int_equal(taken, 1);
}

static void
no_folder(void **state)
{
	struct request r = request("198.51.100.7", "why");
	char error[REQUEST_ERROR];

	(void)state;
	assert_false(request_put(&r, "/nowhere", error));
	assert_non_null(strstr(error, "/nowhere/requests: the sensor that writes this ledger cannot be asked"));
	requests_take("/nowhere", NULL, take);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_and_answered),
		cmocka_unit_test(not_kept),
		cmocka_unit_test(no_requests),
		cmocka_unit_test(no_folder),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
