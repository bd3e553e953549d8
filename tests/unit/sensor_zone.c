/*
 * sensor_zone: offsets of a zone by its file and by the rule in it, as the C library has them; files that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/zone.h"

static uint8_t file[4096];
static struct rule_zone zone;

static void
put(size_t *n, uint64_t v, unsigned bytes)
{
	while (bytes--)
		file[(*n)++] = (uint8_t)(v >> 8 * bytes);
}

static void
put_head(size_t *n, uint8_t version, uint32_t leap, uint32_t times, uint32_t types)
{
	memcpy(file + *n, "TZif", 4);
	*n += 4;
	put(n, version, 1);
	for (unsigned i = 0; i < 15; i++)
		put(n, 0, 1);
	put(n, 0, 4);
	put(n, 0, 4);
	put(n, leap, 4);
	put(n, times, 4);
	put(n, types, 4);
	put(n, 4, 4);
}

static void
put_types(size_t *n, const int32_t *offset, uint32_t types)
{
	for (uint32_t i = 0; i < types; i++) {
		put(n, (uint32_t)offset[i], 4);
		put(n, 0, 2);
	}
	memcpy(file + *n, "XYZ", 4);
	*n += 4;
}

/* A file of version 2 with these changes: type 0 first, then 1, 0, 1 ... */
static size_t
made(const int64_t *at, uint32_t times, const int32_t offset[2], const char *footer)
{
	size_t n = 0;

	put_head(&n, '2', 0, 0, 1);
	put_types(&n, offset, 1);
	put_head(&n, '2', 0, times, 2);
	for (uint32_t i = 0; i < times; i++)
		put(&n, (uint64_t)at[i], 8);
	for (uint32_t i = 0; i < times; i++)
		put(&n, (i + 1) % 2, 1);
	put_types(&n, offset, 2);
	n += (size_t)sprintf((char *)file + n, "\n%s\n", footer);
	return n;
}

static bool
parses(size_t n)
{
	return zone_parse(&zone, cur_of(file, n));
}

static int32_t
offset_at(const char *text)
{
	struct when t;
	uint32_t i = zone.changes;

	assert_true(when_parse(&t, text, strlen(text)));
	while (i > 1 && when_before(t, zone.change[i - 1].from))
		i--;
	return zone.change[i - 1].offset_s;
}

enum { H = 3600 };
static const int32_t NORTH[2] = {1 * H, 2 * H};

static void
by_rule(void **state)
{
	(void)state;
	assert_true(parses(made(NULL, 0, NORTH, "CET-1CEST,M3.5.0,M10.5.0/3")));
	assert_int_equal(zone.changes, ZONE_CHANGES);
	assert_int_equal(offset_at("1990-07-01"), H);
	assert_int_equal(offset_at("2025-03-30T00:59:59Z"), H);
	assert_int_equal(offset_at("2025-03-30T01:00:00Z"), 2 * H);
	assert_int_equal(offset_at("2025-10-26T00:59:59Z"), 2 * H);
	assert_int_equal(offset_at("2025-10-26T01:00:00Z"), H);
	assert_int_equal(offset_at("2061-07-01"), 2 * H);
	/* half an hour, and in the south */
	assert_true(parses(made(NULL, 0, (int32_t[2]){37800, 39600}, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")));
	assert_int_equal(offset_at("2026-01-01"), 39600);
	assert_int_equal(offset_at("2026-07-01"), 37800);
	/* no summer time */
	assert_true(parses(made(NULL, 0, (int32_t[2]){19800, 19800}, "IST-5:30")));
	assert_int_equal(zone.changes, 1);
	assert_int_equal(offset_at("2026-07-01"), 19800);
}

/* What is in the file goes before the rule, which begins behind it. */
static void
by_file(void **state)
{
	static const int64_t AT[] = {900000000, 1000000000, 1800000000};

	(void)state;
	assert_true(parses(made(AT, 3, NORTH, "CET-1CEST,M3.5.0,M10.5.0/3")));
	assert_int_equal(offset_at("1970-01-02"), 2 * H); /* before 2000: what is in force then */
	assert_int_equal(offset_at("2001-09-09T01:46:39Z"), 2 * H);
	assert_int_equal(offset_at("2001-09-09T01:46:40Z"), H);
	assert_int_equal(offset_at("2025-07-01"), H);
	assert_int_equal(offset_at("2027-01-16"), 2 * H);
	assert_int_equal(offset_at("2027-12-01"), H);
	assert_true(parses(made(AT, 3, NORTH, "")));
	assert_int_equal(offset_at("2050-01-01"), 2 * H);
}

static void
none_bad(void **state)
{
	static const char *const FOOTERS[] = {"CET-1CEST,J60,J300",
					      "CET-1CEST",
					      "CET",
					      "1",
					      "CET-1CEST,M13.5.0,M10.5.0",
					      "CET-1CEST,M3.0.0,M10.5.0",
					      "CET-1CEST,M3.5.0,M10.5.0/200",
					      "CET-99",
					      "CET-1\nx"};
	static const int64_t BACK[] = {1000000000, 900000000};
	size_t n = made(NULL, 0, NORTH, "CET-1CEST,M3.5.0,M10.5.0/3");

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_false(parses(i));
	file[0] = 'X';
	assert_false(parses(n));
	for (unsigned i = 0; i < sizeof(FOOTERS) / sizeof(FOOTERS[0]); i++)
		assert_false(parses(made(NULL, 0, NORTH, FOOTERS[i])));
	assert_false(parses(made(BACK, 2, NORTH, "CET-1")));
	assert_false(parses(made(NULL, 0, (int32_t[2]){0, 90000}, "CET-1")));
	n = 0; /* leap seconds */
	put_head(&n, 0, 1, 0, 1);
	put_types(&n, NORTH, 1);
	put(&n, 0, 8);
	assert_false(parses(n));
	n = 0;
	put_head(&n, 0, 0, 0, 0);
	put_types(&n, NORTH, 0);
	assert_false(parses(n));
}

/* The C library reads the same files. */
static void
as_the_c_library(void **state)
{
	static const char *const ZONES[] = {"Europe/Amsterdam", "Europe/Dublin",     "Europe/London",
					    "America/New_York", "America/Nuuk",      "Australia/Lord_Howe",
					    "Asia/Gaza",        "Africa/Casablanca", "Asia/Kolkata",
					    "Pacific/Apia",     "Antarctica/Troll",  "UTC"};
	char words[256];

	(void)state;
	if (access("/usr/share/zoneinfo/Europe/Amsterdam", R_OK) < 0)
		skip();
	for (unsigned i = 0; i < sizeof(ZONES) / sizeof(ZONES[0]); i++) {
		if (!zone_read(&zone, ZONES[i], words, sizeof(words)))
			fail_msg("%s %s", ZONES[i], words);
		setenv("TZ", ZONES[i], 1);
		tzset();
		for (time_t t = 946684800; t < 2145916800; t += 5 * H) { /* 2000 to 2037 */
			uint32_t k = zone.changes;
			struct tm tm;

			while (k > 1 && zone.change[k - 1].from.ns > t * NS_PER_S)
				k--;
			localtime_r(&t, &tm);
			if (zone.change[k - 1].offset_s != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", ZONES[i], (long long)t, zone.change[k - 1].offset_s,
					 tm.tm_gmtoff);
		}
	}
	unsetenv("TZ");
	tzset();
}

static void
names(void **state)
{
	char words[256];

	(void)state;
	assert_true(zone_name_ok("Europe/Amsterdam"));
	assert_true(zone_name_ok("Etc/GMT+1"));
	assert_false(zone_name_ok(""));
	assert_false(zone_name_ok("/etc/passwd"));
	assert_false(zone_name_ok("../../etc/passwd"));
	assert_false(zone_name_ok("Europe//Amsterdam"));
	assert_false(zone_name_ok("Europe/"));
	assert_false(zone_read(&zone, "Europe/Amsterdm", words, sizeof(words)));
	assert_non_null(strstr(words, "is no zone in /usr/share/zoneinfo/"));
	assert_false(zone_read(&zone, "Europe", words, sizeof(words)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_rule),          cmocka_unit_test(by_file), cmocka_unit_test(none_bad),
		cmocka_unit_test(as_the_c_library), cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
