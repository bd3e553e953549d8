/* file_read: files of all sizes for small requests; crawlers, mirrors, first loads and scanners stay silent. */
#include "detect_portal.h"

static const double NIGHT = 8.1 * DAY;

static void
begin(struct site_test *t, const struct portal *p, size_t memory)
{
	site_begin(t, memory, 7 * DAY);
	portal_days(t, p, 60, 0, 8);
	assert_int_equal(portal_found(t, DETECTOR_file_read, SEVERITY_LOW), 0);
}

static uint32_t
file(struct site_test *t)
{
	return 1000 + site_random(t, 1000) * site_random(t, 180);
}

static void
reads(unsigned n, unsigned apart_ms, bool keep_alive, size_t memory)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	begin(&t, &p, memory);
	s = site_session(&t, "203.0.113.77", CURL, NIGHT);
	for (unsigned i = 0; i < n; i++) {
		if (!keep_alive && i)
			s = site_session(&t, "203.0.113.77", CURL, NIGHT + i * apart_ms / 1000.0);
		site_exchange(&t, &s, 240 + site_random(&t, 60), file(&t), keep_alive ? apart_ms : 0);
		if (!keep_alive || i == n - 1)
			site_judge(&t, &s);
	}
	assert_true(portal_found(&t, DETECTOR_file_read, SEVERITY_HIGH) >= 1);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

static void
fast_and_slow(void **state)
{
	(void)state;
	reads(5, 100, true, 8 << 20);
	reads(16, 900, true, 8 << 20);
	reads(50, 600, false, 8 << 20);
	reads(12, 200, false, 2 << 20);
}

/* What it reads is what everybody gets, and an error page. */
static void
crawler_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	for (unsigned c = 0; c < 30; c++) {
		char client[32];
		struct session s;

		snprintf(client, sizeof(client), "198.18.%u.9", c);
		s = site_session(&t, client, 0xcaa1, NIGHT + c * 100);
		for (unsigned i = 0; i < 14; i++)
			site_exchange(&t, &s, 250 + site_random(&t, 90),
				      i % 3 ? p.object[i % OBJECTS] : 980 + site_random(&t, 3), 200);
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_file_read, SEVERITY_LOW), 0);
	site_end(&t);
}

/* Hundreds of names that are not there: one error page. */
static void
scanner_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	for (unsigned i = 0; i < 400; i++)
		site_visit(&t, "198.18.9.9", 0x5ca, NIGHT + i,
			   (uint32_t[]){180 + site_random(&t, 120), i % 10 ? 1210 : p.object[i % OBJECTS]});
	assert_int_equal(portal_found(&t, DETECTOR_file_read, SEVERITY_LOW), 0);
	site_end(&t);
}

/* Over HTTP/2 a first load is a few large answers to bursts of requests. */
static void
bursts_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	for (unsigned c = 0; c < 20; c++) {
		char client[32];
		struct session s;

		snprintf(client, sizeof(client), "198.18.%u.9", c);
		s = site_session(&t, client, CHROME, NIGHT + c * 100);
		site_exchange(&t, &s, 620, p.object[0], 0);
		site_exchange(&t, &s, 1100 + site_random(&t, 900), 150000 + site_random(&t, 30000), 50);
		site_exchange(&t, &s, 300 + site_random(&t, 300), 9000 + site_random(&t, 9000), 60);
		site_exchange(&t, &s, 90, p.object[8], 30);
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_file_read, SEVERITY_LOW), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_and_slow),
		cmocka_unit_test(crawler_bad),
		cmocka_unit_test(scanner_bad),
		cmocka_unit_test(bursts_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
