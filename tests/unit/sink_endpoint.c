/*
 * sink_endpoint: HOST:PORT, good and bad, and lists of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sink/endpoint.h"

static void
good(void **state)
{
	static const struct {
		const char *text, *host, *port;
	} GOOD[] = {{"logs.example.org:6514", "logs.example.org", "6514"},
		    {" 192.0.2.1:1 ", "192.0.2.1", "1"},
		    {"[2001:db8::1]:65535", "2001:db8::1", "65535"},
		    {"[fe80::1%eth0]:514", "fe80::1%eth0", "514"},
		    {"a:1,b:2", "a", "1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		const char *list = GOOD[i].text;
		struct endpoint e;

		assert_true(endpoint_next(&e, &list));
		assert_string_equal(e.host, GOOD[i].host);
		assert_string_equal(e.port, GOOD[i].port);
	}
}

static void
bad(void **state)
{
	static const char *const BAD[] = {"",        "host",     "host:",       ":1",       "host:0", "host:65536",
					  "host:1x", "host:-1",  "2001:db8::1", "[::1]",    "[::1:5", "[]:1",
					  "ho st:1", "host:1 2", "host:999999", "ho\nst:1", ",a:1"};
	char longest[300];
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		const char *list = BAD[i];

		if (endpoint_next(&e, &list))
			fail_msg("\"%s\" is %s port %s", BAD[i], e.host, e.port);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 256, ":1", 3);
	assert_false(endpoint_next(&e, &(const char *){longest}));
	memcpy(longest + 255, ":1", 3);
	assert_true(endpoint_next(&e, &(const char *){longest}));
}

static void
lists(void **state)
{
	const char *list = "a:1, b:2 ,[::1]:3";
	struct endpoint e;

	(void)state;
	for (char name = 'a'; name < 'c'; name++) {
		assert_true(endpoint_next(&e, &list));
		assert_int_equal(e.host[0], name);
	}
	assert_true(endpoint_next(&e, &list));
	assert_string_equal(e.host, "::1");
	assert_string_equal(list, "");
	assert_false(endpoint_next(&e, &list));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
