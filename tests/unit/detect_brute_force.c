/* brute_force: one source in variants, one tool on a few; loops, offices, monitors and browsers are none. */
#define MINE (DETECTOR_BIT(spray) | DETECTOR_BIT(brute_force))

#include "detect_knock.h"

static const char *const SOURCE = "203.0.113.50";

/* n guesses, one connection each. */
static void
guess(struct site_test *t, unsigned n, double from, double step, uint32_t spread)
{
	for (unsigned i = 0; i < n; i++)
		site_visit(t, SOURCE, GUESSER, from + i * step, (uint32_t[]){700 + site_random(t, spread), 1400});
}

static void
found(struct site_test *t)
{
	assert_int_equal(t->got.alerts, 1);
	assert_int_equal(t->got.finding[0].detector, DETECTOR_brute_force);
	assert_int_equal(t->got.finding[0].severity, SEVERITY_MEDIUM);
	assert_non_null(strstr(t->got.finding[0].text, "attempts to log in"));
	site_end(t);
}

static void
one_source(void **state)
{
	struct site_test t;

	(void)state;
	for (unsigned memory = 2; memory <= 16; memory *= 2) {
		site_begin(&t, memory << 20, 0);
		guess(&t, 2400, 0, 0.5, 17);
		assert_true(t.got.findings < 8);
		found(&t);
	}
	site_begin(&t, 2 << 20, 0);
	guess(&t, 40, 0, 25, 17); /* as slow as counts */
	found(&t);
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 60; i++) /* block ciphers: few sizes */
		site_visit(&t, SOURCE, GUESSER, i * 2, (uint32_t[]){688 + site_random(&t, 3) * 16, 1400});
	found(&t);
}

/* All over one connection, told in updates; and with a page before each guess. */
static void
one_connection(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = site_session(&t, SOURCE, GUESSER, 0);
	for (unsigned i = 0; i < 16; i++)
		site_exchange(&t, &s, 700 + site_random(&t, 17), 1400, 500);
	site_judge(&t, &s);
	s = site_session(&t, SOURCE, GUESSER, 20);
	for (unsigned i = 0; i < 16; i++)
		site_exchange(&t, &s, 700 + site_random(&t, 17), 1400, 500);
	site_judge(&t, &s);
	found(&t);
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 60; i++) {
		s = site_session(&t, SOURCE, GUESSER, i * 3);
		site_exchange(&t, &s, 310, 5000, 0);
		site_exchange(&t, &s, 700 + site_random(&t, 17), 1400, 30);
		site_judge(&t, &s);
	}
	found(&t);
}

/* Amid thousands of others. */
static void
in_a_crowd(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 6000; i++) {
		knock_source(source, i * 41);
		site_visit(&t, source, SCANNERS + i % 7, i * 0.2, (uint32_t[]){120 + i % 7 * 100, 410});
		if (i % 10 == 0)
			guess(&t, 1, i * 0.2, 0, 17);
	}
	found(&t);
}

/* Forty sources of a cloud, each with ten an hour: nobody alone is fast. */
static void
one_tool(void **state)
{
	const struct finding *f = NULL;
	struct site_test t;
	double now;

	(void)state;
	knock_begin(&t, &now, 8 << 20, 2);
	for (unsigned i = 0; i < 400; i++) {
		char source[32];

		snprintf(source, sizeof(source), "198.18.%u.%u", i % 4, 1 + i / 4 % 10);
		site_visit(&t, source, GUESSER, now + 5 + i * 8, (uint32_t[]){700 + site_random(&t, 17), 1400});
	}
	assert_int_equal(knock_found(&t, DETECTOR_brute_force, &f), 1);
	assert_non_null(strstr(f->text, "by one client program from 4 networks"));
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* Hundreds of sources in a day: a few incidents, not hundreds. */
static void
campaign(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned k = 0; k < 780; k++)
		for (unsigned i = 0; i < 25; i++) {
			char source[32];

			snprintf(source, sizeof(source), "198.18.%u.%u", k >> 8, k & 255);
			site_visit(&t, source, GUESSER, k * 100 + i * 2, (uint32_t[]){700 + site_random(&t, 17), 1400});
		}
	assert_in_range(t.got.alerts, 1, 10);
	site_end(&t);
}

/* ---- what is none ---- */

static void
silent(struct site_test *t)
{
	assert_int_equal(t->got.findings, 0);
	site_end(t);
}

/* An expired account behind an office's address: the same request each time, while others work. */
static void
expired_account_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 1000; i++) {
		site_visit(&t, SOURCE, 0x9001, i * 2, (uint32_t[]){690, 1400});
		if (i % 50 == 0)
			site_user(&t, SOURCE, OFFICE, i * 2);
	}
	silent(&t);
}

/* A monitor that logs in, with a token that grows; a heartbeat; and users who mistype. */
static void
others_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 3000; i++)
		site_visit(&t, "203.0.113.9", 0x4001, i * 60.0, (uint32_t[]){300 + i % 2, 900});
	for (unsigned i = 0; i < 300; i++)
		site_visit(&t, "203.0.113.10", 0x4002, 200000 + i * 5, (uint32_t[]){620, 350});
	for (unsigned i = 0; i < 600; i++) {
		snprintf(source, sizeof(source), "100.64.%u.7", i % 200);
		if (i < 200)
			site_user(&t, source, OFFICE, 250000 + i * 60);
		site_visit(&t, source, OFFICE, 300000 + i * 5, (uint32_t[]){700 + site_random(&t, 17), 1400});
		if (i % 3 == 2)
			site_user(&t, source, OFFICE, 300000 + i * 5 + 2);
	}
	silent(&t);
}

/* A program without pages whose answers differ, and a browser. */
static void
answers_differ_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 2000; i++)
		site_visit(&t, SOURCE, 0x9003, i * 2.0,
			   (uint32_t[]){500 + site_random(&t, 400), 300 + site_random(&t, 9000)});
	for (unsigned i = 0; i < 300; i++)
		site_user(&t, "203.0.113.51", OFFICE, 5000 + i * 3);
	silent(&t);
}

static void
slow_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	guess(&t, 60, 0, 120, 17);
	silent(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source), cmocka_unit_test(one_connection),
		cmocka_unit_test(in_a_crowd), cmocka_unit_test(one_tool),
		cmocka_unit_test(campaign),   cmocka_unit_test(expired_account_bad),
		cmocka_unit_test(others_bad), cmocka_unit_test(answers_differ_bad),
		cmocka_unit_test(slow_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
