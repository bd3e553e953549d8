/* slow_probe: a prober over days and addresses; users, bookmarks, monitors and mass scans are none. */
#define MINE (DETECTOR_BIT(slow_probe))

#include "detect_knock.h"

static void
visit(struct site_test *t, const char *source, uint64_t program, double seconds, const uint32_t (*sizes)[2], unsigned n)
{
	struct session s = site_session(t, source, program, seconds);

	s.window_src = 29200;
	s.mss_src = 1460;
	for (unsigned i = 0; i < n; i++)
		site_exchange(t, &s, sizes[i][0], sizes[i][1], 300);
	site_judge(t, &s);
}

static const uint32_t ASKS[6][2] = {{180, 700}, {230, 1200}, {260, 410}, {310, 2200}, {205, 900}, {420, 650}};

static void
over_days(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];
	double now = 0;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 10; i++) {
		knock_source(source, i * 4000);
		visit(&t, source, GUESSER, now + 3 * HOUR, &ASKS[i % 5], 2);
		knock_day(&t, &now, 100, 10);
	}
	assert_int_equal(knock_found(&t, DETECTOR_slow_probe, &f), 1);
	assert_true(f->weak);
	assert_int_equal(f->severity, SEVERITY_LOW);
	assert_int_equal(t.got.alerts, 0);
	assert_true(f->session_count >= 3);
	site_end(&t);
}

/* With an old version of a browser from a hosting provider, a fifth of whose visits load a page. */
static void
users_bad(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 60; i++) {
		knock_source(source, i * 4000);
		if (i % 5 == 0)
			site_user(&t, source, OFFICE, i * 8.0 * HOUR);
		else
			visit(&t, source, OFFICE, i * 8.0 * HOUR, &ASKS[i % 5], 2);
	}
	(void)knock_found(&t, DETECTOR_slow_probe, &f);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

static void
bookmark_and_monitor_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 100; i++) {
		knock_source(source, i * 4000);
		visit(&t, source, 0x9001, i * 7.0 * HOUR, &ASKS[0], 1);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 4000; i++)
		visit(&t, "203.0.113.9", 0x4001, i * 300.0, ASKS, 3);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* A project that scans the internet: every day from many addresses. */
static void
mass_scan_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 1000; i++) {
		knock_source(source, i * 300);
		visit(&t, source, SCANNERS, i * 2000.0, &ASKS[i % 5], 2);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_days),
		cmocka_unit_test(users_bad),
		cmocka_unit_test(bookmark_and_monitor_bad),
		cmocka_unit_test(mass_scan_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
