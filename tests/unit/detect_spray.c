/* spray: thousands of sources or patient ones; scans, password waves, loops and new users are none. */
#define MINE (DETECTOR_BIT(spray) | DETECTOR_BIT(brute_force))

#include "detect_knock.h"

/* `sources` knock `hourly` times an hour each, for `hours`.  Seconds until it was found, 0: never. */
struct campaign {
	unsigned sources, hourly, hours, programs;
	uint32_t page;
};

static double
spray(struct site_test *t, double *now, struct campaign c)
{
	const struct finding *f;
	double began = *now, step = 3600.0 / (c.sources * c.hourly);
	char source[32];

	for (unsigned i = 0; i * step < c.hours * 3600.0; i++) {
		double seconds = began + i * step;

		knock_until(t, now, seconds);
		knock_source(source, i % c.sources * 37);
		knock_guess(t, source, GUESSER + i % c.programs, seconds, c.page);
		if (knock_found(t, DETECTOR_spray, &f))
			return seconds - began + 1;
	}
	return 0;
}

static void
thousands_in_minutes(void **state)
{
	static const size_t MEMORY[] = {2 << 20, 16 << 20};

	(void)state;
	for (unsigned m = 0; m < 2; m++) {
		const struct finding *f = NULL;
		struct site_test t;
		double now, found;

		knock_begin(&t, &now, MEMORY[m], 8);
		found = spray(&t, &now, (struct campaign){5000, 4, 1, 1, 0});
		assert_in_range((int)found, 1, 5 * MINUTE);
		assert_int_equal(knock_found(&t, DETECTOR_spray, &f), 1);
		assert_int_equal(f->severity, SEVERITY_MEDIUM);
		assert_true(f->opens);
		assert_non_null(strstr(f->text, "one client program and TCP stack"));
		assert_int_equal(f->number[6].value, 1400);
		assert_true(f->session_count >= 2);
		site_end(&t);
	}
}

static void
variants(void **state)
{
	static const struct {
		struct campaign how;
		unsigned days, within_h;
	} CASES[] = {
		{{300, 1, 3, 1, 0}, 8, 1},                                 /* one an hour each */
		{{60, 1, 8, 1, 0}, 8, 2},                                  /* few */
		{{1000, 2, 3, 7, 0}, 8, 1},                                /* tools that change */
		{{1000, 2, 3, 400, 0}, 8, 1},                              /* ... with each address */
		{{1000, 4, 3, 1, 3000}, 8, 1},                             /* after a look at the form */
		{{2000, 4, 3, 1, 9000}, 8, 1}, {{5000, 4, 3, 1, 0}, 0, 1}, /* from the first minute on */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct site_test t;
		double now, found;

		knock_begin(&t, &now, 8 << 20, CASES[i].days);
		found = spray(&t, &now, CASES[i].how);
		if (found <= 0 || found > CASES[i].within_h * HOUR)
			fail_msg("case %u: found after %.0f s", i, found);
		site_end(&t);
	}
}

/* Fifteen networks an hour, each once: below the floor of the hour, not of the day. */
static void
slow_in_hours(void **state)
{
	struct site_test t;
	double now, found;
	const struct finding *f;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	for (unsigned i = 0; i < 24 * 15; i++) {
		char source[32];

		knock_source(source, i * 37);
		knock_guess(&t, source, GUESSER, now + 1, 0);
		knock_until(&t, &now, 8 * DAY + i * 240.0);
		if (knock_found(&t, DETECTOR_spray, &f))
			break;
	}
	found = now - 8 * DAY;
	assert_in_range((int)found, HOUR, 12 * HOUR);
	assert_true(knock_found(&t, DETECTOR_spray, &f) == 1);
	site_end(&t);
}

/* It goes on for a day: one incident, told a few times. */
static void
one_incident(void **state)
{
	struct site_test t;
	char source[32];
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	for (unsigned i = 0; i < 12 * 3600; i++) {
		knock_source(source, i % 2000 * 37);
		knock_guess(&t, source, GUESSER, 8 * DAY + i, 0);
		knock_until(&t, &now, 8 * DAY + i);
	}
	assert_int_equal(t.got.alerts, 1);
	assert_true(t.got.findings < 60);
	site_end(&t);
}

/* ---- what is none ---- */

/* Ten times as many scans as usual, of tools that ask for the front page. */
static void
scan_wave_bad(void **state)
{
	struct site_test t;
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	knock_day(&t, &now, 200, 400);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* Monday: all passwords have expired, and everybody fails a few times, from where they always come. */
static void
expiry_wave_bad(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(source, sizeof(source), "100.64.%u.%u", i % 200, 1 + i / 200);
		knock_guess(&t, source, OFFICE + i % 3, now + 8 * HOUR + i * 3, 0);
	}
	assert_int_equal(knock_found(&t, DETECTOR_spray, &f), 0);
	site_end(&t);
}

/* A whole company moves to another provider: new networks, failures first, and then they work. */
static void
new_networks_bad(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	for (unsigned i = 0; i < 200; i++) {
		knock_source(source, 70000 + i * 41);
		for (unsigned k = 0; k < 2; k++)
			knock_guess(&t, source, OFFICE, now + 8 * HOUR + i * 15 + k * 2, 0);
		site_user(&t, source, OFFICE, now + 8 * HOUR + i * 15 + 9);
	}
	assert_int_equal(knock_found(&t, DETECTOR_spray, &f), 0);
	site_end(&t);
}

/* A broken app on one address, a monitor, and an app of which each copy asks the same. */
static void
loops_bad(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	char source[32];
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 8);
	for (unsigned i = 0; i < 3000; i++) {
		site_visit(&t, "203.0.113.9", 0x9001, now + i, (uint32_t[]){690, 1400});
		if (i % 60 == 0)
			site_visit(&t, "203.0.113.10", 0x4001, now + i, (uint32_t[]){300, 900});
		knock_source(source, 80000 + i % 500 * 41);
		site_visit(&t, source, 0x9002, now + i, (uint32_t[]){690, 1400});
	}
	assert_int_equal(knock_found(&t, DETECTOR_spray, &f), 0);
	site_end(&t);
}

/* While one frame in twenty is lost, no page is no evidence; one in a hundred hides no visit. */
static void
degraded_bad(void **state)
{
	(void)state;
	for (uint64_t lost = 10000; lost <= 50000; lost += 40000) {
		struct pulse p = {.gateway = 1, .bytes_from = 1000000, .gap_bytes = lost};
		const struct finding *f = NULL;
		struct site_test t;
		double now;

		knock_begin(&t, &now, 8 << 20, 8);
		for (unsigned i = 0; i < 1000; i++) {
			char source[32];

			p.time = at(now + i);
			detect_pulse(t.d, &p, &t.to);
			knock_source(source, i * 37);
			knock_guess(&t, source, GUESSER, now + i, 0);
		}
		assert_int_equal(knock_found(&t, DETECTOR_spray, &f) > 0, lost == 10000);
		site_end(&t);
	}
}

/* On the first day everybody is new, and what many users ask looks like attempts: guesses are a good part of it. */
static void
first_day(void **state)
{
	(void)state;
	for (unsigned work = 0; work < 2; work++) {
		const struct finding *f = NULL;
		struct site_test t;
		char source[32];

		site_begin(&t, 8 << 20, 7 * DAY);
		for (unsigned i = 0; i < 90; i++) {
			knock_source(source, 70000 + i * 37);
			for (unsigned k = 0; work && k < 6; k++)
				site_visit(&t, source, OFFICE, i * 20 + k,
					   (uint32_t[]){200 + 450 * k + site_random(&t, 40), 300 + 900 * k});
			knock_source(source, i * 37);
			knock_guess(&t, source, GUESSER, i * 20 + 10, 0);
		}
		assert_int_equal(knock_found(&t, DETECTOR_spray, &f) > 0, !work);
		site_end(&t);
	}
}

/* Weeks of ordinary days; the first one without any history. */
static void
weeks_bad(void **state)
{
	struct site_test t;
	double now = 0;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 30; i++)
		knock_day(&t, &now, i % 7 < 5 ? 200 : 20, 12);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_in_minutes),
		cmocka_unit_test(variants),
		cmocka_unit_test(slow_in_hours),
		cmocka_unit_test(one_incident),
		cmocka_unit_test(scan_wave_bad),
		cmocka_unit_test(expiry_wave_bad),
		cmocka_unit_test(new_networks_bad),
		cmocka_unit_test(loops_bad),
		cmocka_unit_test(degraded_bad),
		cmocka_unit_test(first_day),
		cmocka_unit_test(weeks_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
