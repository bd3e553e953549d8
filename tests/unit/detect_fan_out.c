/* fan_out: scans and relays, fast and slow, seen at once; health checks, restarts and resolvers are none. */
#include "detect_outside.h"

/* `n` places, `step` seconds apart, every `answer`th answers. */
static void
tries(struct site_test *t, unsigned n, double step, unsigned answer, uint16_t port)
{
	char where[32];

	for (unsigned i = 0; i < n; i++) {
		struct session s;

		snprintf(where, sizeof(where), "10.20.%u.%u", i >> 8, i & 255);
		s = call_tcp(t, where, port ? port : (uint16_t)(1000 + i * 37 % 9000), WEEK + step * i);
		if (i % answer) {
			s.packets_in = 0;
			s.bytes_in = 0;
			s.one_sided = true;
		}
		judge(t, s);
	}
}

static unsigned
fans(const struct site_test *t)
{
	return count_of(t, DETECTOR_fan_out, SEVERITY_CRITICAL);
}

static void
scans(void **state)
{
	static const double STEP[] = {0.01, 0.5, 10, 60};

	(void)state;
	for (unsigned i = 0; i < sizeof(STEP) / sizeof(STEP[0]); i++) {
		struct site_test t;

		site_after_week(&t, 2 << 20);
		tries(&t, 60, STEP[i], 20, i % 2 ? 445 : 0);
		assert_int_equal(fans(&t), 1);
		assert_non_null(strstr(last_of(&t, DETECTOR_fan_out)->text, "as a scanner does: at least"));
		site_end(&t);
	}
}

static void
large_scan_grows(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	tries(&t, 3000, 0.1, 20, 445);
	assert_in_range(fans(&t), 2, 5);
	assert_in_range(last_of(&t, DETECTOR_fan_out)->number[0].value, 400, 1024);
	site_end(&t);
}

static void
relay(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	tries(&t, 100, 20, 1, 443);
	assert_int_equal(fans(&t), 1);
	assert_non_null(strstr(last_of(&t, DETECTOR_fan_out)->text, "as a relay does"));
	site_end(&t);
}

/* One place probed on all ports is one place: new_egress tells it, this does not. */
static void
ports_of_one_place_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 500; i++)
		judge(&t, call_tcp(&t, "10.20.0.1", (uint16_t)(1 + i), WEEK + i));
	assert_int_equal(fans(&t), 0);
	site_end(&t);
}

/* A gateway with a hundred backends and a resolver of its own; then a restart, when all are called at once. */
static void
many_learnt_bad(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	site_begin(&t, 16 << 20, 7 * DAY);
	for (unsigned i = 0; i < 8 * 24 * 60; i++) {
		snprintf(where, sizeof(where), "10.1.%u.%u", i % 4, i / 4 % 40);
		judge(&t, call_tcp(&t, where, 8080, i * 60));
	}
	forget_findings(&t);
	for (unsigned i = 0; i < 160 * 4; i++) {
		snprintf(where, sizeof(where), "10.1.%u.%u", i % 4, i / 4 % 40);
		judge(&t, call_tcp(&t, where, 8080, WEEK + i * 0.05));
	}
	assert_int_equal(fans(&t), 0);
	site_end(&t);
}

static void
spread_over_days_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	tries(&t, 60, 3 * HOUR, 1, 443);
	assert_int_equal(fans(&t), 0);
	site_end(&t);
}

/* Users behind the gateway's own address: thousands of places, already while learning. */
static void
shared_address_bad(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 7 * 24 * 60; i++) {
		snprintf(where, sizeof(where), "198.%u.%u.%u", 20 + (i >> 16), i >> 8 & 255, i & 255);
		judge(&t, call_tcp(&t, where, 443, i * 60));
	}
	forget_findings(&t);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(where, sizeof(where), "203.0.%u.%u", i >> 8 & 255, i & 255);
		judge(&t, call_tcp(&t, where, 443, WEEK + i));
	}
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scans),
		cmocka_unit_test(large_scan_grows),
		cmocka_unit_test(relay),
		cmocka_unit_test(ports_of_one_place_bad),
		cmocka_unit_test(many_learnt_bad),
		cmocka_unit_test(spread_over_days_bad),
		cmocka_unit_test(shared_address_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
