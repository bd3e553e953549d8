/* leak_loop: the published loops in variants, and everything that looks like one and is none. */
#include "detect_site.h"

static const uint64_t TOOL = 0x7001, BROWSER = 0xb001;

/* What this detector found; sprays and users are other detectors' business, too. */
static unsigned
loops(const struct site_test *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		n += t->got.finding[i].detector == DETECTOR_leak_loop;
	return n;
}

static void
loop_each_own_connection(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_leak(&t, 0, 0.5, 10);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.findings, 2);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_non_null(strstr(t.got.finding[0].text, "likely a check"));
	assert_int_equal(t.got.finding[1].detector, DETECTOR_leak_loop);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_HIGH);
	assert_true(t.got.finding[1].opens);
	assert_int_equal(t.got.finding[1].number[0].value, 8);
	assert_true(t.got.finding[1].session_count > 1);
	assert_non_null(strstr(t.got.finding[1].text, "8 requests of 173 B from 203.0.113.77"));
	site_end(&t);
}

static void
loop_on_one_connection(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_loop(&t, &(struct site_loop){"2001:db8::77", TOOL, 0, 0.5, 12, 12, 173, site_leaked});
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

		site_begin(&t, 8 << 20, 0);
		site_loop(&t, &(struct site_loop){"203.0.113.77", TOOL, 0, 0.2, 1000, step, 173, site_leaked});
		assert_int_equal(t.got.finding[0].detector, DETECTOR_leak_loop);
		assert_in_range(t.got.alerts, 1, 2);
		assert_true(t.got.findings <= 10);
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
	site_leak(&t, 0, 20.0 * MINUTE, 36);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* One program, each address for `each` requests only: found within twenty. */
static void
loop_over_many_sources(void **state)
{
	(void)state;
	for (unsigned each = 1; each <= 4; each++) {
		struct site_test t;
		char source[32];

		site_begin(&t, 8 << 20, 0);
		for (unsigned i = 0; i < 20; i++) {
			snprintf(source, sizeof(source), "198.51.%u.7", i / each);
			site_visit(&t, source, TOOL, i * 3, (uint32_t[]){173, site_leaked(&t)});
		}
		assert_int_equal(t.got.alerts, 1);
		for (unsigned i = 0; i < t.got.findings; i++)
			if (t.got.finding[i].severity > SEVERITY_INFO)
				assert_non_null(strstr(t.got.finding[i].text, "several sources"));
		site_end(&t);
	}
}

/* Visitors with a common browser, whose program as a whole browses. */
static void
visitors(struct site_test *t, double now, unsigned n)
{
	char source[32];

	for (unsigned i = 0; i < n; i++) {
		struct session s;

		snprintf(source, sizeof(source), "100.66.%u.7", i);
		s = site_session(t, source, BROWSER, now + i);
		for (unsigned k = 0; k < 12; k++)
			site_exchange(t, &s, 400 + 37 * k, 900 + 1300 * k, 20);
		site_judge(t, &s);
	}
}

/* Over many sources that come with a common browser's hello: nothing but the size of the request is theirs.  Found
   within twenty. */
static void
loop_over_many_sources_as_a_browser(void **state)
{
	(void)state;
	for (unsigned slow = 0; slow < 2; slow++) {
		struct site_test t;
		char source[32];
		unsigned told = 0;

		site_begin(&t, 8 << 20, 0);
		visitors(&t, 0, 30);
		for (unsigned i = 0; i < (slow ? 50 : 20); i++) {
			snprintf(source, sizeof(source), "198.51.%u.7", i % 8);
			site_visit(&t, source, BROWSER, HOUR + i * (slow ? 11.0 * MINUTE : 3.0),
				   (uint32_t[]){173, site_leaked(&t)});
		}
		assert_true(loops(&t) >= 1);
		assert_int_equal(t.got.finding[t.got.findings - 1].detector, DETECTOR_leak_loop);
		for (unsigned i = 0; i < t.got.findings; i++)
			if (t.got.finding[i].detector == DETECTOR_leak_loop &&
			    t.got.finding[i].severity > SEVERITY_INFO) {
				told++;
				assert_int_equal(t.got.finding[i].severity, SEVERITY_MEDIUM);
				assert_non_null(strstr(t.got.finding[i].text, "several strangers"));
			}
		assert_int_equal(told, 1);
		site_end(&t);
	}
}

/* The same page for everybody, with a cookie or a time in it, each object over a connection of its own; a page that
   is there in five languages; requests that differ by a name. */
static void
crowd_bad(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct site_test t;
		char source[32];

		site_begin(&t, 8 << 20, 0);
		visitors(&t, 0, 30);
		for (unsigned i = 0; i < 300; i++) {
			uint32_t request = 173 + (kind == 2 ? site_random(&t, 24) : 0);
			uint32_t answer = 1700 + (kind == 0 ? site_random(&t, 48) :
						  kind == 1 ? site_random(&t, 5) * 25 :
						  kind == 3 ? site_random(&t, 128) :
							      site_random(&t, 128));

			snprintf(source, sizeof(source), "198.51.%u.7", i % 250);
			site_visit(&t, source, BROWSER, HOUR + i * 30.0, (uint32_t[]){request, answer});
			for (unsigned k = 0; k < 5 && kind == 3; k++)
				site_visit(&t, source, BROWSER, HOUR + i * 30.0 + 0.1 * k,
					   (uint32_t[]){400 + 60 * k, 9000 + 3000 * k});
		}
		assert_int_equal(loops(&t), 0);
		site_end(&t);
	}
}

/* With the ClientHello of everybody's browser, at a site where everybody browses. */
static void
loop_like_a_browser(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(source, sizeof(source), "100.64.%u.9", i);
		site_user(&t, source, BROWSER, i * 60);
	}
	for (unsigned i = 0; i < 20; i++)
		site_visit(&t, "203.0.113.77", BROWSER, 3000 + i * 0.8, (uint32_t[]){612, site_leaked(&t)});
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* Several requests at once: always as many, or by chance; over HTTP/2, whose frames add some bytes. */
static void
loop_in_bursts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		const unsigned most = (unsigned[]){2, 3, 4, 8, 12, 16}[i];

		for (unsigned vary = 0; vary < 2; vary++) {
			struct site_test t;
			struct session s;

			site_begin(&t, 8 << 20, 0);
			s = site_session(&t, "203.0.113.77", TOOL, 0);
			for (unsigned n = 0; n < 20; n++) {
				unsigned at_once = vary && n > 2 ? 1 + site_random(&t, most) : vary ? 1 : most;
				uint32_t answers = 0;

				for (unsigned j = 0; j < at_once; j++)
					answers += site_leaked(&t);
				site_exchange(&t, &s, 173 * at_once, answers, 400);
				if (n % 10 == 9) {
					site_judge(&t, &s);
					s = site_session(&t, "203.0.113.77", TOOL, n);
				}
			}
			assert_in_range(t.got.alerts, 1, 2);
			assert_int_equal(t.got.finding[t.got.findings - 1].detector, DETECTOR_leak_loop);
			site_end(&t);
		}
	}
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
		site_visit(&t, "203.0.113.77", TOOL, i * 5 + 1, (uint32_t[]){173, site_leaked(&t)});
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
		site_visit(&t, "203.0.113.77", TOOL + i, i, (uint32_t[]){173, site_leaked(&t)});
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
	site_leak(&t, 10, 0.5, 10);
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
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_non_null(strstr(t.got.finding[0].text, "without success"));
	site_end(&t);
}

/* Keys pressed inside a tunnel that a stranger's other program opened: each is answered by a piece of screen. */
static void
typing_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	s = site_session(&t, "203.0.113.77", TOOL, 0);
	for (unsigned i = 0; i < 40; i++)
		site_exchange(&t, &s, 8, 100 + site_random(&t, 127), 0);
	site_judge(&t, &s);
	assert_int_equal(loops(&t), 0);
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
	assert_int_equal(loops(&t), 0);
	site_end(&t);
}

/* Pages with a time and a token in them, probed in periods that are kept more or less. */
static void
monitor_of_changing_page_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	site_user(&t, "100.64.3.9", BROWSER, -2 * DAY);
	for (unsigned i = 0; i < 2000; i++) {
		site_visit(&t, "203.0.113.5", TOOL, i * 60.0, (uint32_t[]){300, 2000 + site_random(&t, 30)});
		site_visit(&t, "203.0.113.6", TOOL + 1, HOUR + i * 30.0 + site_random(&t, 4),
			   (uint32_t[]){310, 900 + site_random(&t, 24)});
		site_visit(&t, "203.0.113.7", TOOL + 2, i * 300.0, (uint32_t[]){320, 5000 + site_random(&t, 12)});
	}
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

/* It was there before the sensor was, and its page changes by more. */
static void
monitor_from_the_first_hour_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3000; i++)
		site_visit(&t, "203.0.113.5", TOOL, i * 60.0, (uint32_t[]){300, 2000 + site_random(&t, 70)});
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

/* A monitoring service asks from many places. */
static void
monitoring_service_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 4000; i++) {
		snprintf(source, sizeof(source), "198.51.%u.7", i * 7 % 50);
		site_visit(&t, source, TOOL, i * 20.0 + site_random(&t, 9),
			   (uint32_t[]){280, 1900 + site_random(&t, 20)});
	}
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

/* nFactor: the login page asks whether the second factor was given. */
static void
second_factor_polling_bad(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 30; i++) {
		struct session s;

		snprintf(source, sizeof(source), "198.18.%u.7", i);
		s = site_session(&t, source, BROWSER, i * 100);
		for (unsigned j = 0; j < 5; j++)
			site_exchange(&t, &s, 500 + 50 * j, 3000 + 4000 * j, 50);
		for (unsigned j = 0; j < 40; j++)
			site_exchange(&t, &s, 640, 820, 1000);
		site_judge(&t, &s);
	}
	assert_int_equal(loops(&t), 0);
	site_end(&t);
}

/* Names of nearly one length; the refusal has a token of changing length in it. */
static void
spray_of_equal_names_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 2000; i++)
		site_visit(&t, "203.0.113.9", TOOL, i * 0.5,
			   (uint32_t[]){692 + site_random(&t, 5), 1400 + site_random(&t, 12)});
	assert_int_equal(loops(&t), 0);
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
	assert_int_equal(loops(&t), 0);
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
	assert_int_equal(loops(&t), 0);
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
	for (unsigned i = 0; i < 3016; i++)
		site_exchange(&t, &s, 420, 600 + site_random(&t, 60), 5000);
	site_judge(&t, &s);
	assert_int_equal(loops(&t), 0);
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
		site_visit(&t, "203.0.113.30", TOOL, i, (uint32_t[]){173, site_leaked(&t)});
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	/* and begins no chain */
	assert_null(trace_of(t.d, 1, DETECTOR_leak_loop, at(10), DAY));
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
	assert_int_equal(loops(&t), 0);
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
			site_visit(&t, "203.0.113.77", TOOL, i * 0.005, (uint32_t[]){173, site_leaked(&t)});
		if (i % 10000 == 9999)
			site_visit(&t, "203.0.113.77", TOOL, i * 0.005, (uint32_t[]){173, site_leaked(&t)});
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
		cmocka_unit_test(loop_over_many_sources_as_a_browser),
		cmocka_unit_test(crowd_bad),
		cmocka_unit_test(loop_like_a_browser),
		cmocka_unit_test(loop_in_bursts),
		cmocka_unit_test(loop_behind_shared_address),
		cmocka_unit_test(loop_with_changing_program),
		cmocka_unit_test(loop_after_oversized),
		cmocka_unit_test(patched_target_bad),
		cmocka_unit_test(typing_bad),
		cmocka_unit_test(monitor_bad),
		cmocka_unit_test(monitor_of_changing_page_bad),
		cmocka_unit_test(monitor_from_the_first_hour_bad),
		cmocka_unit_test(monitoring_service_bad),
		cmocka_unit_test(second_factor_polling_bad),
		cmocka_unit_test(spray_of_equal_names_bad),
		cmocka_unit_test(spray_bad),
		cmocka_unit_test(brute_force_bad),
		cmocka_unit_test(polling_page_bad),
		cmocka_unit_test(few_probes_bad),
		cmocka_unit_test(users_bad),
		cmocka_unit_test(loop_in_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
