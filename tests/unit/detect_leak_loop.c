/* leak_loop: the published loops in variants, and everything that looks like one and is none. */
#include "detect_site.h"

static const uint64_t TOOL = 0x7001, BROWSER = 0xb001;

static uint32_t
leaked(struct site_test *t)
{
	return 1700 + site_random(t, 128);
}

static void
loop_each_own_connection(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 10; i++)
		site_visit(&t, "203.0.113.77", TOOL, i * 0.5, (uint32_t[]){173, leaked(&t)});
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].detector, DETECTOR_leak_loop);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_HIGH);
	assert_true(t.got.finding[0].opens);
	assert_int_equal(t.got.finding[0].number[0].value, 8);
	assert_true(t.got.finding[0].session_count > 1);
	assert_non_null(strstr(t.got.finding[0].text, "8 requests of 173 B from 203.0.113.77"));
	site_end(&t);
}

static void
loop_on_one_connection(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	s = site_session(&t, "2001:db8::77", TOOL, 0);
	for (unsigned i = 0; i < 12; i++)
		site_exchange(&t, &s, 173, leaked(&t), 500);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* A thousand over one connection, told in updates or at its end: the same incident, and critical by volume. */
static void
loop_long_in_updates(void **state)
{
	(void)state;
	for (unsigned step = 7; step <= 1000; step += 331) {
		struct site_test t;
		struct session s;

		site_begin(&t, 8 << 20, 0);
		s = site_session(&t, "203.0.113.77", TOOL, 0);
		for (unsigned i = 0; i < 1000; i++) {
			site_exchange(&t, &s, 173, leaked(&t), 200);
			s.kind = i == 999 ? SESSION_CLOSE : SESSION_UPDATE;
			if (i % step == 0 || i == 999)
				site_judge(&t, &s);
		}
		assert_int_equal(t.got.finding[0].detector, DETECTOR_leak_loop);
		assert_in_range(t.got.alerts, 1, 2);
		assert_true(t.got.findings <= 9);
		assert_int_equal(t.got.finding[t.got.findings - 1].severity, SEVERITY_CRITICAL);
		site_end(&t);
	}
}

static void
loop_slow(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 36; i++)
		site_visit(&t, "203.0.113.77", TOOL, i * 20.0 * MINUTE, (uint32_t[]){173, leaked(&t)});
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* One program, each address for two requests only. */
static void
loop_over_many_sources(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(source, sizeof(source), "198.51.%u.7", i / 2);
		site_visit(&t, source, TOOL, i * 3, (uint32_t[]){173, leaked(&t)});
	}
	assert_int_equal(t.got.alerts, 1);
	assert_non_null(strstr(t.got.finding[0].text, "several sources"));
	site_end(&t);
}

/* From within an office whose users browse. */
static void
loop_behind_shared_address(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 12; i++) {
		site_user(&t, "203.0.113.77", BROWSER, i * 5);
		site_visit(&t, "203.0.113.77", TOOL, i * 5 + 1, (uint32_t[]){173, leaked(&t)});
	}
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* Changing the client program with each connection does not help. */
static void
loop_with_changing_program(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 10; i++)
		site_visit(&t, "203.0.113.77", TOOL + i, i, (uint32_t[]){173, leaked(&t)});
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* The other leak first, and a look at the front page. */
static void
loop_after_oversized(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_visit(&t, "203.0.113.77", TOOL, 0, (uint32_t[]){24900, 30500});
	site_visit(&t, "203.0.113.77", TOOL, 5, (uint32_t[]){240, 9300});
	for (unsigned i = 0; i < 10; i++)
		site_visit(&t, "203.0.113.77", TOOL, 10 + i * 0.5, (uint32_t[]){173, leaked(&t)});
	assert_int_equal(t.got.alerts, 2);
	assert_int_equal(t.got.finding[1].detector, DETECTOR_leak_loop);
	assert_true(t.got.finding[1].worsens);
	site_end(&t);
}

static void
patched_target_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 50; i++)
		site_visit(&t, "203.0.113.77", TOOL, i * 0.5, (uint32_t[]){173, 1100});
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
monitor_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 2000; i++) {
		site_visit(&t, "203.0.113.5", TOOL, i * 60.0, (uint32_t[]){300, 900});
		/* and one whose page compresses to a few bytes more or less */
		site_visit(&t, "203.0.113.6", TOOL + 1, i * 60.0 + 7, (uint32_t[]){310, 900 + site_random(&t, 8)});
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
spray_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned n = i % 5000;

		snprintf(source, sizeof(source), "198.%u.%u.9", 18 + n / 250, n % 250);
		site_visit(&t, source, TOOL, i * 0.18, (uint32_t[]){685 + site_random(&t, 31), 1400});
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
brute_force_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 2000; i++)
		site_visit(&t, "203.0.113.9", TOOL, i * 0.5, (uint32_t[]){692 + site_random(&t, 17), 1400});
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* After the login a page asks for news every few seconds. */
static void
polling_page_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_user(&t, "203.0.113.20", BROWSER, 0);
	s = site_session(&t, "203.0.113.20", BROWSER, 60);
	for (unsigned i = 0; i < 16; i++)
		site_exchange(&t, &s, 420, 600 + site_random(&t, 60), 5000);
	for (unsigned i = 0; i < 3000; i++)
		site_exchange(&t, &s, 420, 600 + site_random(&t, 60), 5000);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* A response team's check: three requests. */
static void
few_probes_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3; i++)
		site_visit(&t, "203.0.113.30", TOOL, i, (uint32_t[]){173, leaked(&t)});
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
users_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(source, sizeof(source), "100.64.%u.%u", i % 7, i % 200 + 1);
		site_user(&t, source, BROWSER + i % 5, i * 30);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* A hundred thousand strangers in between do not hide it, and the smallest memory works. */
static void
loop_in_a_flood(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(source, sizeof(source), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		site_visit(&t, source, BROWSER + i % 50, i * 0.005, (uint32_t[]){400 + i % 300, 3000 + i % 5000});
		if (i % 50 == 0 && i / 50 < 4)
			site_visit(&t, "203.0.113.77", TOOL, i * 0.005, (uint32_t[]){173, leaked(&t)});
		if (i % 10000 == 9999)
			site_visit(&t, "203.0.113.77", TOOL, i * 0.005, (uint32_t[]){173, leaked(&t)});
	}
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_each_own_connection),
		cmocka_unit_test(loop_on_one_connection),
		cmocka_unit_test(loop_long_in_updates),
		cmocka_unit_test(loop_slow),
		cmocka_unit_test(loop_over_many_sources),
		cmocka_unit_test(loop_behind_shared_address),
		cmocka_unit_test(loop_with_changing_program),
		cmocka_unit_test(loop_after_oversized),
		cmocka_unit_test(patched_target_bad),
		cmocka_unit_test(monitor_bad),
		cmocka_unit_test(spray_bad),
		cmocka_unit_test(brute_force_bad),
		cmocka_unit_test(polling_page_bad),
		cmocka_unit_test(few_probes_bad),
		cmocka_unit_test(users_bad),
		cmocka_unit_test(loop_in_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
