/* memory_leak: kilobytes of changing size for equal requests; first loads, downloads, tunnels and pollers stay
   silent. */
#include "detect_portal.h"

static uint32_t
leaked(struct site_test *t)
{
	uint32_t r = site_random(t, 100);

	return 2000 + (r < 80 ? site_random(t, 6000) : site_random(t, 18000));
}

/* `n` requests `apart` seconds from each other, `each` on a connection, over `sources` addresses. */
static void
leak(unsigned n, double apart, unsigned each, unsigned sources)
{
	struct site_test t;
	struct session s;
	char client[32];

	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < n; i++) {
		snprintf(client, sizeof(client), "203.0.%u.77", 113 + i / each % sources);
		if (i % each == 0)
			s = site_session(&t, client, CURL, i * apart);
		site_exchange(&t, &s, 900 + site_random(&t, 2), leaked(&t), each > 1 ? (unsigned)(apart * 1000) : 0);
		if (i % each == each - 1 || i == n - 1)
			site_judge(&t, &s);
	}
	assert_true(portal_found(&t, DETECTOR_memory_leak, SEVERITY_CRITICAL) >= 1);
	assert_in_range(t.got.alerts, 1, 4);
	site_end(&t);
}

static void
fast(void **state)
{
	(void)state;
	leak(300, 0.2, 1, 1);
	leak(300, 0.2, 300, 1);
	leak(300, 0.2, 7, 1);
}

static void
slow(void **state)
{
	(void)state;
	leak(60, 15 * MINUTE, 1, 1);
}

static void
over_sources(void **state)
{
	(void)state;
	leak(400, 1, 1, 60);
}

/* In a connection that goes on, and after a look at the portal with a browser of the same address. */
static void
in_updates(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	portal_days(&t, &p, 50, 0, 3);
	portal_user(&t, &p, "203.0.113.77", CHROME, 3 * (double)DAY);
	site_loop(&t, &(struct site_loop){"203.0.113.77", CURL, 3 * (double)DAY + 60, 0.15, 400, 60, 900, leaked});
	assert_true(portal_found(&t, DETECTOR_memory_leak, SEVERITY_CRITICAL) >= 1);
	site_end(&t);
}

static void
probes_are_weak(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 8 << 20, 7 * DAY);
	portal_days(&t, &p, 50, 0, 3);
	for (unsigned i = 0; i < 6; i++)
		site_visit(&t, "203.0.113.77", CURL, 3 * (double)DAY + i, (uint32_t[]){900, 4000 + 3100 * i});
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_MEDIUM), 1);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

static void
users_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 2 << 20, 0);
	portal_days(&t, &p, 80, 0, 4);
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_INFO), 0);
	site_end(&t);
}

/* The first visitors of all, or of a new theme: objects asked for with requests of nearly one size. */
static void
first_visitors_bad(void **state)
{
	struct site_test t;
	char client[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 6; i++) {
		struct session s;

		snprintf(client, sizeof(client), "198.18.%u.9", i);
		s = site_session(&t, client, CHROME + i, i * 100);
		for (unsigned j = 0; j < 15; j++)
			site_exchange(&t, &s, 340 + j * 7 % 31, 500 + j * 5900, 60);
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_HIGH), 0);
	site_end(&t);
}

/* Bundles and installers are large, and one size. */
static void
downloads_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 30; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.9", i);
		for (unsigned j = 0; j < 3; j++)
			site_visit(&t, client, CHROME + i, i * 100.0 + j, (uint32_t[]){600, 900000 + 7000000 * j});
		/* an installer in ranges of a megabyte */
		for (unsigned j = 0; j < 12; j++)
			site_visit(&t, client, FIREFOX, i * 100.0 + 10 + j, (uint32_t[]){640, 1048976});
	}
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
tunnel_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 10; i++) {
		char client[32];
		struct session s;

		snprintf(client, sizeof(client), "198.18.%u.9", i);
		s = site_session(&t, client, 0x1ca, i * 300);
		site_exchange(&t, &s, 310, 190, 0);
		for (unsigned j = 0; j < 3000; j++)
			site_exchange(&t, &s, 38, 60 + site_random(&t, 30000), 100);
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_LOW), 0);
	site_end(&t);
}

/* Sprays and monitors are answered alike; a page that grows a little stays a page. */
static void
equal_answers_bad(void **state)
{
	struct site_test t;
	char client[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(client, sizeof(client), "198.%u.%u.9", 18 + i % 2, i % 250);
		site_visit(&t, client, CURL, i, (uint32_t[]){685 + site_random(&t, 31), 1400});
		site_visit(&t, "203.0.113.5", FIREFOX, i * 60.0, (uint32_t[]){300, 9000 + site_random(&t, 40)});
		site_visit(&t, "203.0.113.6", CHROME, i * 30.0, (uint32_t[]){320, 30000 + 2 * i});
	}
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_LOW), 0);
	site_end(&t);
}

/* A link checker walks over what no user of a gateway for client programs loads: over so many files, their requests of
   so many lengths, so far apart. */
static void
crawl(unsigned files, unsigned lengths, unsigned apart)
{
	struct site_test t;
	struct session s;

	site_begin(&t, 8 << 20, 0);
	for (unsigned day = 0; day < 9; day += 3) {
		s = site_session(&t, "203.0.113.77", CURL, day * (double)DAY);
		for (unsigned i = 0; i < files; i++)
			site_exchange(&t, &s, 200 + i % lengths * apart, 1500 + i * 977 % 30000, 500);
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_HIGH), 0);
	site_end(&t);
}

static void
crawler_bad(void **state)
{
	(void)state;
	crawl(60, 30, 1);
}

/* Megabytes: only the many lengths tell. */
static void
crawler_large_bad(void **state)
{
	(void)state;
	crawl(120, 30, 1);
}

/* Few names: only that they differ as names do. */
static void
crawler_few_lengths_bad(void **state)
{
	(void)state;
	crawl(60, 8, 4);
}

/* A page asks for news after its user logged in. */
static void
polling_page_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_user(&t, "198.18.3.3", CHROME, 0);
	s = site_session(&t, "198.18.3.3", CHROME, 60);
	for (unsigned i = 0; i < 4000; i++)
		site_exchange(&t, &s, 420, 300 + site_random(&t, 9000), 5000);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_memory_leak, SEVERITY_LOW), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast),
		cmocka_unit_test(slow),
		cmocka_unit_test(over_sources),
		cmocka_unit_test(in_updates),
		cmocka_unit_test(probes_are_weak),
		cmocka_unit_test(users_bad),
		cmocka_unit_test(first_visitors_bad),
		cmocka_unit_test(downloads_bad),
		cmocka_unit_test(tunnel_bad),
		cmocka_unit_test(equal_answers_bad),
		cmocka_unit_test(crawler_bad),
		cmocka_unit_test(crawler_large_bad),
		cmocka_unit_test(crawler_few_lengths_bad),
		cmocka_unit_test(polling_page_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
