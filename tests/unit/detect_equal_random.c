/* equal_random: a hello that comes again from elsewhere; a balancer's two legs, scanners and everybody else stay silent. */
#define MINE DETECTOR_BIT(equal_random)

#include "detect_mine.h"

static const uint64_t TOOL = 0x7001, RANDOM = UINT64_C(0x123456789abcdef0);

static void
comes(struct site_test *t, const char *client, uint64_t random, double seconds, bool established)
{
	struct session s = site_session(t, client, TOOL, seconds);

	s.client_random = random;
	s.established = s.server_hello = established;
	if (established)
		site_exchange(t, &s, 300, 700, 3);
	site_judge(t, &s);
}

/* Three networks, one incident. */
static void
from_elsewhere(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	comes(&t, "198.51.100.7", RANDOM, 0, true);
	comes(&t, "203.0.113.9", RANDOM, 40, true);
	comes(&t, "2001:db8:7::1", RANDOM, 80, true);
	assert_int_equal(t.got.findings, 2);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(
		t.got.finding[0].text,
		"the ClientHello of 203.0.113.9 has the random of one of 198.51.100.7, 40 s before: a script that "
		"draws none, or a hello that was sent again");
	assert_int_equal(t.got.finding[0].session_count, 2);
	assert_int_equal(t.got.finding[1].incident, t.got.finding[0].incident);
	site_end(&t);
}

static void
from_one_network(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	comes(&t, "198.51.100.7", RANDOM, 0, true);
	comes(&t, "198.51.100.8", RANDOM, 40, true);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	site_end(&t);
}

/* A program that always does. */
static void
learnt_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, DAY);
	for (unsigned i = 0; i < 200; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.4", i);
		comes(&t, client, RANDOM, i * HOUR / 2.0, true);
	}
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_true(t.got.finding[0].learning);
	site_end(&t);
}

static void
look_alikes_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	/* the same hello before and behind a balancer */
	comes(&t, "198.51.100.7", RANDOM, 0, true);
	comes(&t, "203.0.113.9", RANDOM, 0.01, true);
	/* a scanner's, which comes to nothing */
	for (unsigned i = 0; i < 9; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.4", i);
		comes(&t, client, RANDOM + 1, 60 + i * 60.0, false);
	}
	/* that of an earlier day, none at all, and others that have the same place */
	comes(&t, "198.51.100.7", RANDOM + 2, HOUR, true);
	comes(&t, "203.0.113.9", RANDOM + 2, HOUR + 25.0 * HOUR, true);
	comes(&t, "198.51.100.7", 0, 30 * HOUR, true);
	comes(&t, "203.0.113.9", 0, 31 * HOUR, true);
	for (uint64_t i = 0; i < 5000; i++)
		comes(&t, i % 2 ? "198.51.100.7" : "203.0.113.9", RANDOM + (i << 40) + i, 40 * HOUR + (double)i * 10,
		      true);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_elsewhere),
		cmocka_unit_test(from_one_network),
		cmocka_unit_test(learnt_bad),
		cmocka_unit_test(look_alikes_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
