/* scan_spike: spikes over days of all sizes; ordinary days, growth and users are none. */
#define MINE (DETECTOR_BIT(scan_spike))

#include "detect/risk.h"
#include "detect_knock.h"

/* A day of scans, each address a handshake or a look at the front page. */
static void
day(struct site_test *t, double *now, unsigned scans, unsigned base)
{
	double begin = *now;

	for (unsigned hour = 0; hour < 24; hour++) {
		knock_until(t, now, begin + hour * HOUR + 1);
		for (unsigned i = 0; i < scans / 24 + 1; i++) {
			char source[32];
			struct session s;

			knock_source(source, base + site_random(t, scans * 3));
			s = site_session(t, source, SCANNERS + i % 9,
					 begin + hour * HOUR + 60 + i * (3000.0 * 24 / (scans + 24)));
			if (i % 2)
				site_exchange(t, &s, 120, 400, 0);
			site_judge(t, &s);
		}
	}
	knock_until(t, now, begin + DAY);
}

static void
spike(void **state)
{
	/* usual and spike: GlobalProtect in October 2025, in March 2025, and a small place */
	static const unsigned CASE[][2] = {{200, 1285}, {3000, 23958}, {20, 120}};

	(void)state;
	for (unsigned c = 0; c < 3; c++) {
		const struct finding *f = NULL;
		struct site_test t;
		double now = 0;

		site_begin(&t, c ? 8 << 20 : 2 << 20, 0);
		for (unsigned i = 0; i < 12; i++)
			day(&t, &now, CASE[c][0] + site_random(&t, CASE[c][0] / 4), i * 1000);
		assert_int_equal(t.got.findings, 0);
		assert_false(risk_elevated(t.d, 1));
		day(&t, &now, CASE[c][1], 500000);
		assert_int_equal(knock_found(&t, DETECTOR_scan_spike, &f), 1);
		assert_int_equal(f->severity, SEVERITY_INFO);
		assert_int_equal(t.got.alerts, 0);
		assert_true(risk_elevated(t.d, 1));
		assert_false(risk_elevated(t.d, 2));
		for (unsigned i = 0; i < 43; i++)
			day(&t, &now, 20, 0);
		assert_false(risk_elevated(t.d, 1));
		site_end(&t);
	}
}

/* The spike lasts: told on each of its first days, because it does not become usual at once. */
static void
spike_of_days(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	double now = 0;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 10; i++)
		day(&t, &now, 200 + site_random(&t, 50), i * 1000);
	for (unsigned i = 0; i < 3; i++)
		day(&t, &now, 2000, 500000);
	assert_int_equal(knock_found(&t, DETECTOR_scan_spike, &f), 3);
	site_end(&t);
}

static void
usual_days_bad(void **state)
{
	struct site_test t;
	double now = 0;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 40; i++)
		day(&t, &now, 150 + site_random(&t, 100), i * 1000);
	assert_int_equal(t.got.findings, 0);
	assert_false(risk_elevated(t.d, 1));
	site_end(&t);
}

/* A few days are known: what is many times as much is a spike; a new address that is scanned more each day has none. */
static void
spike_when_young(void **state)
{
	static const unsigned CASE[][3] = {/* days known, scans of the next, found */
					   {1, 500, 1}, {1, 300, 0}, {3, 400, 1},
					   {3, 220, 0}, {6, 300, 1}, {6, 170, 0}};

	(void)state;
	for (unsigned c = 0; c < sizeof(CASE) / sizeof(CASE[0]); c++) {
		const struct finding *f = NULL;
		struct site_test t;
		double now = 0;

		site_begin(&t, 8 << 20, 0);
		for (unsigned i = 0; i < CASE[c][0]; i++)
			day(&t, &now, 100, i * 1000);
		day(&t, &now, CASE[c][1], 500000);
		assert_int_equal(knock_found(&t, DETECTOR_scan_spike, &f), CASE[c][2]);
		site_end(&t);
	}
}

static void
young_growth_bad(void **state)
{
	struct site_test t;
	double now = 0;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 14; i++)
		day(&t, &now, 100 + (i < 6 ? i * 60 : 300 + i * 10), i * 1000);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* The first day, whatever it brings; and users who are many on a day. */
static void
not_known_bad(void **state)
{
	struct site_test t;
	char source[32];
	double now = 0;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	day(&t, &now, 3000, 0);
	for (unsigned i = 0; i < 10; i++)
		day(&t, &now, 100, 0);
	assert_int_equal(t.got.findings, 0);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(source, sizeof(source), "100.%u.%u.7", 64 + (i >> 8), i & 255);
		site_user(&t, source, OFFICE, now + i * 10);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* Handshakes that come to nothing, of sources with this first number. */
static void
knocks(struct site_test *t, double now, unsigned first, uint64_t program)
{
	char source[32];

	for (unsigned i = 0; i < 400; i++) {
		struct session s;

		snprintf(source, sizeof(source), "%u.%u.%u.7", first, 64 + (i >> 8), i & 255);
		s = site_session(t, source, program, now + i);
		s.server_hello = s.established = false;
		s.bytes_in = 0;
		site_judge(t, &s);
	}
}

/* A bad hour of the server's: users knock in vain.  Strangers who do as much are a spike. */
static void
users_in_vain_bad(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];
	double now = 0;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned j = 0; i < 3 && j < 400; j++) {
			snprintf(source, sizeof(source), "100.%u.%u.7", 64 + (j >> 8), j & 255);
			site_user(&t, source, OFFICE, now + 60 + j * 10);
		}
		day(&t, &now, 20, i * 1000);
	}
	knocks(&t, now + 60, 100, OFFICE);
	assert_int_equal(t.got.findings, 0);
	knocks(&t, now + 3600, 20, SCANNERS);
	assert_int_equal(knock_found(&t, DETECTOR_scan_spike, &f), 1);
	/* told as soon as it was so: none of the users is among them */
	assert_in_range(f->number[0].value, f->number[1].value + 1, f->number[1].value * 9 / 8 + 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spike),
		cmocka_unit_test(spike_of_days),
		cmocka_unit_test(usual_days_bad),
		cmocka_unit_test(not_known_bad),
		cmocka_unit_test(users_in_vain_bad),
		cmocka_unit_test(spike_when_young),
		cmocka_unit_test(young_growth_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
