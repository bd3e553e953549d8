/* monitor: probes of several makes are known as such; people, tools and loops are not. */
#include "detect_site.h"

#include "detect/monitor.h"

static const uint64_t PROBE = 0x4001;

static bool
noted_part(struct site_test *t, const struct session *s, uint32_t from, uint32_t until)
{
	struct view v = {.s = s, .client = s->src, .source = detect_net(&s->src, 32, 64), .from = from, .until = until};
	struct turn room[TURNS_MOST];

	view_keys(t->d, &v);
	view_turns(&v, room);
	return monitor_note(t->d, &v);
}

static bool
noted(struct site_test *t, const struct session *s, uint32_t until)
{
	return noted_part(t, s, 0, until);
}

static bool
known_after(struct site_test *t, unsigned n, double period, uint32_t jitter_ms, const uint32_t size[3])
{
	bool known = false;

	for (unsigned i = 0; i < n; i++) {
		struct session s =
			site_session(t, "203.0.113.5", PROBE, i * period + site_random(t, jitter_ms + 1) / 1000.0);

		site_exchange(t, &s, size[0] + site_random(t, size[2] + 1), size[1], 0);
		known = noted(t, &s, 1);
	}
	return known;
}

#define KNOWN(n, period, jitter, ...)                                                                                  \
	site_begin(&t, 2 << 20, 0);                                                                                    \
	assert_true(known_after(&t, n, period, jitter, (uint32_t[3]){__VA_ARGS__}));                                   \
	site_end(&t)
#define UNKNOWN(n, period, jitter, ...)                                                                                \
	site_begin(&t, 2 << 20, 0);                                                                                    \
	assert_false(known_after(&t, n, period, jitter, (uint32_t[3]){__VA_ARGS__}));                                  \
	site_end(&t)

static void
every_minute(void **state)
{
	struct site_test t;

	(void)state;
	KNOWN(130, 60, 0, 300, 900, 0);
	KNOWN(130, 60, 3000, 300, 900, 4);
	KNOWN(300, 10, 300, 120, 5000, 0);
	KNOWN(26, HOUR, 20000, 300, 900, 0);
	/* not long enough, and too long between */
	UNKNOWN(60, 60, 0, 300, 900, 0);
	UNKNOWN(20, HOUR, 0, 300, 900, 0);
}

static void
not_punctual_bad(void **state)
{
	struct site_test t;

	(void)state;
	UNKNOWN(2000, 60, 40000, 300, 900, 0);
	UNKNOWN(2000, 300, 90000, 300, 900, 0); /* a beacon's jitter */
}

/* A strict loop of guesses is punctual, but its requests differ. */
static void
sizes_differ_bad(void **state)
{
	struct site_test t;

	(void)state;
	UNKNOWN(2000, 60, 0, 700, 1400, 30);
	UNKNOWN(2000, 0.5, 0, 700, 1400, 0); /* no pause: not a probe */
}

/* Missed probes, and then another page behind the same probe. */
static void
missed_and_changed(void **state)
{
	struct site_test t;
	bool known = false;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 400; i++) {
		struct session s = site_session(&t, "203.0.113.5", PROBE, i * 60.0);

		if (i % 50 < 3 || (i > 200 && i < 206))
			continue;
		site_exchange(&t, &s, 300, 900, 0);
		known = noted(&t, &s, 1);
	}
	assert_true(known);
	for (unsigned i = 400; i < 540; i++) {
		struct session s = site_session(&t, "203.0.113.5", PROBE, i * 60.0);

		site_exchange(&t, &s, 300, 1200, 0);
		known = noted(&t, &s, 1);
		if (i < 500)
			assert_false(known);
	}
	assert_true(known);
	site_end(&t);
}

/* Two requests a probe, and probes over a connection that stays. */
static void
several_requests(void **state)
{
	struct site_test t;
	bool known = false;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 130; i++) {
		struct session s = site_session(&t, "203.0.113.5", PROBE, i * 60.0);

		site_exchange(&t, &s, 300, 400, 0);
		site_exchange(&t, &s, 340, 6000, 20);
		known = noted(&t, &s, 2);
	}
	assert_true(known);
	for (unsigned i = 0; i < 20; i++) {
		struct session s = site_session(&t, "2001:db8::5", PROBE, i * 150.0);

		for (unsigned k = 0; k < 15; k++)
			site_exchange(&t, &s, 300, 900, k ? 9979 : 0);
		known = noted(&t, &s, 15);
	}
	assert_true(known);
	site_end(&t);
}

/* A handshake and nothing more, every half minute: through the frame. */
static void
handshakes_only(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 130; i++) {
		s = site_session(&t, "203.0.113.5", PROBE, i * 30.0);
		site_judge(&t, &s);
	}
	assert_true(noted(&t, &s, 0));
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* Strangers by the thousand do not wash it out. */
static void
kept_under_flood(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	assert_true(known_after(&t, 130, 60, 0, (uint32_t[3]){300, 900, 0}));
	for (unsigned i = 0; i < 20000; i++) {
		struct session s;

		snprintf(source, sizeof(source), "10.%u.%u.1", i >> 8 & 255, i & 255);
		s = site_session(&t, source, PROBE, 130 * 60 + i * 0.001);
		site_exchange(&t, &s, 300, 900, 0);
		noted(&t, &s, 1);
	}
	struct session s = site_session(&t, "203.0.113.5", PROBE, 131 * 60);

	site_exchange(&t, &s, 300, 900, 0);
	assert_true(noted(&t, &s, 1));
	site_end(&t);
}

/* What is learnt of exchanges does not depend on how many of them a record brings. */
static void
told_in_parts(void **state)
{
	static const uint32_t PAUSE[] = {0, 500, 1999, 2000, 2001, 5000, 60000}, REQUEST[] = {0, 300, 305, 309, 400},
			      ANSWER[] = {0, 900, 908, 2000};
	struct site_test whole, parts;

	(void)state;
	site_begin(&whole, 2 << 20, 0);
	site_begin(&parts, 2 << 20, 0);
	for (unsigned i = 0; i < 20000; i++) {
		struct session s = site_session(&whole, "203.0.113.5", PROBE, i * 70.0 - site_random(&whole, 400));
		uint32_t n = site_random(&whole, EXCHANGES_KEPT + 1);
		struct memory_at a = {0}, b = {0};

		for (uint32_t k = 0; k < n; k++) {
			site_exchange(&whole, &s, REQUEST[site_random(&whole, 5)], ANSWER[site_random(&whole, 4)],
				      PAUSE[site_random(&whole, 7)]);
			whole.exchange[k].server_us = site_random(&whole, 3) * 1500000;
		}
		noted(&whole, &s, n);
		for (uint32_t k = 0; k < n; k++)
			noted_part(&parts, &s, k, k + 1);
		if (n == 0)
			noted(&parts, &s, 0);
		assert_non_null(memory_walk(&whole.d->monitors, &a));
		assert_non_null(memory_walk(&parts.d->monitors, &b));
		assert_memory_equal(a.item.payload, b.item.payload, monitor_payload());
	}
	site_end(&whole);
	site_end(&parts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_minute),     cmocka_unit_test(not_punctual_bad),
		cmocka_unit_test(sizes_differ_bad), cmocka_unit_test(missed_and_changed),
		cmocka_unit_test(several_requests), cmocka_unit_test(handshakes_only),
		cmocka_unit_test(kept_under_flood), cmocka_unit_test(told_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
