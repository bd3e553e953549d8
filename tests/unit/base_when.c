/*
 * when: times from text: UTC unless they say otherwise, and nothing that no calendar has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"

static void
reads(const char *text, const char *as)
{
	char back[64];
	struct out o = out_of(back, sizeof(back) - 1);
	struct when t;

	if (!when_parse(&t, text, strlen(text)))
		fail_msg("not read: %s", text);
	out_time(&o, t);
	*o.p = '\0';
	assert_string_equal(back, as);
}

static void
test_reads(void **state)
{
	(void)state;
	reads("1970-01-01", "1970-01-01T00:00:00.000000+0000");
	reads("2025-05-01", "2025-05-01T00:00:00.000000+0000");
	reads("2025-05-01T22:00", "2025-05-01T22:00:00.000000+0000");
	reads("2025-05-01 22:00:05Z", "2025-05-01T22:00:05.000000+0000");
	reads("2025-05-01T22:00:05.25+02:00", "2025-05-01T20:00:05.250000+0000");
	reads("2025-12-31T23:30-0130", "2026-01-01T01:00:00.000000+0000");
	reads("2024-02-29", "2024-02-29T00:00:00.000000+0000");
	reads("2000-02-29", "2000-02-29T00:00:00.000000+0000");
	reads("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000+0000");
	reads("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000+0000");
	reads("2025-05-01T12:00:00.000000+0000", "2025-05-01T12:00:00.000000+0000");
}

static void
test_refuses(void **state)
{
	static const char *const bad[] = {"",
					  "2025",
					  "2025-5-1",
					  "2025-13-01",
					  "2025-00-01",
					  "2025-04-31",
					  "2025-02-29",
					  "1900-02-29",
					  "2025-05-01T",
					  "2025-05-01T24:00",
					  "2025-05-01T12:60",
					  "2025-05-01T12:00:61",
					  "2025-05-01x",
					  "2025-05-01T12:00.",
					  "2025-05-01T12:00+",
					  "2025-05-01T12:00+15:00",
					  "9999-01-01",
					  "2025-05-01T12:00Zz"};
	struct when t;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (when_parse(&t, bad[i], strlen(bad[i])))
			fail_msg("read: %s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads), cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
