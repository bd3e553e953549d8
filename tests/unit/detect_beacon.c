/* beacon: one place called in a rhythm, fast, slow, jittered, on one connection; and all that is periodic by right. */
#include "detect_outside.h"

static const char C2[] = "203.0.113.66";

/* `n` calls `period` apart with a uniform jitter in percent; each with sizes around 120 bytes. */
static void
beats(struct site_test *t, const double period_jitter[2], unsigned n, bool tls)
{
	double now = WEEK + 100;

	for (unsigned i = 0; i < n; i++) {
		double away = period_jitter[0] * period_jitter[1] / 100;
		struct session s = tls ? call_tls(t, C2, 443, NULL, now) : call_tcp(t, C2, 4443, now);

		s.bytes_out = 90 + site_random(t, 60);
		s.bytes_in = 80 + site_random(t, 70);
		if (tls)
			site_exchange(t, &s, 120 + site_random(t, 30), 140, 0);
		judge(t, s);
		now += period_jitter[0] - away + 2 * away * site_random(t, 1000) / 1000;
	}
}

static void
rhythms(void **state)
{
	static const double RHYTHM[][2] = {{60, 5}, {60, 0}, {300, 30}, {3600, 20}, {86400, 1}, {86400, 25}, {15, 10}};

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(RHYTHM) / sizeof(RHYTHM[0]); i++) {
		struct site_test t;

		site_after_week(&t, 2 << 20);
		beats(&t, RHYTHM[i / 2], 20, i % 2);
		assert_in_range(count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL), 1, RHYTHM[i / 2][0] < DAY ? 1 : 3);
		site_end(&t);
	}
}

static void
words(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 12; i++)
		judge(&t, call_tcp(&t, C2, 8443, WEEK + 60 * i));
	assert_string_equal(last_of(&t, DETECTOR_beacon)->text,
			    "gateway 192.0.2.10 calls 203.0.113.66 port 8443 every 60 s, 9 times since 8 min ago, "
			    "sending 300 B and receiving 900 B each time; the place is new here");
	assert_true(last_of(&t, DETECTOR_beacon)->worsens);
	site_end(&t);
}

/* Every ninth beat is lost on the way to the sensor. */
static void
missed_beats(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 30; i++)
		if (i % 9 != 4)
			judge(&t, call_tcp(&t, C2, 8443, WEEK + 120 * i + site_random(&t, 6)));
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* Two connections each time, the second right after the first. */
static void
in_pairs(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 30; i++)
		judge(&t, call_tcp(&t, C2, 8443, WEEK + 120 * (i / 2) + i % 2));
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* One TLS connection kept alive, an exchange every half minute. */
static void
on_one_connection(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tls(&t, C2, 443, "cdn.example.net", WEEK + 5);
	s.kind = SESSION_UPDATE;
	for (unsigned i = 0; i < 14; i++) {
		site_exchange(&t, &s, 180, 140, 30000);
		if (i % 4 == 3)
			judge(&t, s);
	}
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

static void
held_open(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tcp(&t, C2, 4443, WEEK + 5);
	for (unsigned i = 1; i < 200; i++) {
		s.kind = i == 199 ? SESSION_CLOSE : SESSION_UPDATE;
		s.last = s.time = at(WEEK + 5 + i * 240);
		s.bytes_in += 60;
		judge(&t, s);
	}
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_LOW), 2);
	assert_int_equal(last_of(&t, DETECTOR_beacon)->severity, SEVERITY_HIGH);
	site_end(&t);
}

/* What the week knows goes on in its rhythms, faster than before, too. */
static void
learnt_places_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 500; i++) {
		judge(&t, call_udp(&t, "198.51.100.123", 123, (uint32_t[]){48, 48}, WEEK + 64 * i));
		judge(&t, call_udp(&t, "198.51.100.53", 53, (uint32_t[]){44, 108}, WEEK + 30 * i));
		judge(&t, call_tcp(&t, "10.1.0.20", 636, WEEK + 60 * i));
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* While learning, a rhythm is worth a note and no more: monitors of backends every five and ten seconds, NTP, logs. */
static void
learning_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 3000; i++) {
		judge(&t, call_tcp(&t, "10.1.0.31", 443, 12 * i));
		judge(&t, call_udp(&t, "10.1.0.9", 514, (uint32_t[]){180, 0}, 60 * i));
	}
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_LOW), 0);
	site_end(&t);
}

/* A new server behind the gateway is probed like its siblings. */
static void
new_backend_bad(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 8 * 1440; i++) {
		snprintf(where, sizeof(where), "10.1.0.%u", 31 + i % 4);
		judge(&t, call_tcp(&t, where, 8080, 60 * i));
	}
	forget_findings(&t);
	for (unsigned i = 0; i < 100; i++)
		judge(&t, call_tcp(&t, "10.1.0.35", 8080, WEEK + 240 * i));
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_LOW), 0);
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_MEDIUM), 0);
	for (unsigned i = 0; i < 100; i++) /* in another network: new, but in a known rhythm */
		judge(&t, call_tcp(&t, "10.7.0.35", 8080, WEEK + 30000 + 240 * i));
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_MEDIUM), 0);
	assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_LOW), 1);
	site_end(&t);
}

/* New, but called as people and events will: OCSP, fetches of lists, mail. */
static void
no_rhythm_bad(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 50; run++) {
		struct site_test t;
		double now = WEEK;

		site_after_week(&t, 2 << 20);
		t.random += run * UINT64_C(0x9e3779b97f4a7c15);
		for (unsigned i = 0; i < 60; i++) {
			struct session s = call_tcp(&t, "203.0.113.80", 80, now);

			s.bytes_in = 600 + site_random(&t, 3000);
			judge(&t, s);
			/* the product of two uniform numbers has the long tail of chance */
			now += 5 + 900.0 * site_random(&t, 1000) * site_random(&t, 1000) / 250000;
		}
		assert_int_equal(count_of(&t, DETECTOR_beacon, SEVERITY_INFO), 0);
		site_end(&t);
	}
}

/* A scan must not wash out the beats. */
static void
during_a_scan(void **state)
{
	struct site_test t;
	char where[32];
	struct session s;
	unsigned seen = 0;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(where, sizeof(where), "10.%u.%u.%u", 2 + (i >> 16), i >> 8 & 255, i & 255);
		s = call_tcp(&t, where, 445, WEEK + i * 0.06);
		if (i % 40)
			s.packets_in = 0;
		judge(&t, s);
		if (i % 1000 == 0)
			judge(&t, call_tcp(&t, C2, 8443, WEEK + i * 0.06));
		if (t.got.findings == GOT_MAX) {
			seen += count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL);
			forget_findings(&t);
		}
	}
	assert_int_equal(seen + count_of(&t, DETECTOR_beacon, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rhythms),       cmocka_unit_test(words),
		cmocka_unit_test(missed_beats),  cmocka_unit_test(in_pairs),
		cmocka_unit_test(held_open),     cmocka_unit_test(on_one_connection),
		cmocka_unit_test(during_a_scan), cmocka_unit_test(learnt_places_bad),
		cmocka_unit_test(learning_bad),  cmocka_unit_test(new_backend_bad),
		cmocka_unit_test(no_rhythm_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
