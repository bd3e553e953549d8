/* relayed_client: a relay nearby; far, slow, retried and retransmitted handshakes are none; and it is off by
   default. */
#define MINE (DETECTOR_BIT(relayed_client))

#include "detect_mine.h"

static void
connect_ms(struct site_test *t, const char *source, double seconds, uint32_t tcp, uint32_t tls)
{
	struct session s = site_session(t, source, 0x7001, seconds);

	s.rtt_src_us = tcp * 1000;
	s.server_us = 3000;
	s.handshake_us = 3000 + tls * 1000;
	site_judge(t, &s);
}

/* Switched on, among ordinary clients. */
static void
begin(struct site_test *t, int64_t mode)
{
	site_begin(t, 2 << 20, 0);
	t->d->param[PARAM_relayed_client_mode] = mode;
	for (unsigned i = 0; i < 400; i++) {
		char source[32];
		uint32_t ms = 10 + site_random(t, 150);

		snprintf(source, sizeof(source), "100.64.%u.7", i % 250);
		connect_ms(t, source, i, ms, ms + site_random(t, 20));
	}
	assert_int_equal(t->got.findings, 0);
}

static void
relayed(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 2);
	for (unsigned i = 0; i < 9; i++)
		connect_ms(&t, "203.0.113.9", 500 + i, 12 + i % 3, 140 + i);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].detector, DETECTOR_relayed_client);
	assert_true(t.got.finding[0].weak);
	assert_non_null(strstr(t.got.finding[0].text, "TCP within 12 ms and TLS not before 140 ms"));
	site_end(&t);
}

static void
off_bad(void **state)
{
	struct site_test t;

	(void)state;
	assert_int_equal(DETECT_PARAMS[PARAM_relayed_client_mode].value, 1);
	begin(&t, 1);
	for (unsigned i = 0; i < 9; i++)
		connect_ms(&t, "203.0.113.9", 500 + i, 12, 140);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
others_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	begin(&t, 2);
	for (unsigned i = 0; i < 9; i++) {
		connect_ms(&t, "203.0.113.10", 500 + i, 600, 640);         /* a satellite */
		connect_ms(&t, "203.0.113.11", 500 + i, 20, i ? 300 : 25); /* slow but once */
		s = site_session(&t, "203.0.113.12", 0x7001, 500 + i);
		s.rtt_src_us = 12000;
		s.handshake_us = 140000;
		s.hello_retry = true;
		site_judge(&t, &s);
		s = site_session(&t, "203.0.113.13", 0x7001, 500 + i);
		s.rtt_src_us = 12000;
		s.handshake_us = 240000;
		s.retransmits_out = 1;
		site_judge(&t, &s);
	}
	connect_ms(&t, "203.0.113.14", 600, 12, 140);
	connect_ms(&t, "203.0.113.14", 601, 12, 140);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* All clients here are slow. */
static void
slow_place_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	t.d->param[PARAM_relayed_client_mode] = 2;
	for (unsigned i = 0; i < 3000; i++) {
		char source[32];

		snprintf(source, sizeof(source), "100.64.%u.7", i % 250);
		connect_ms(&t, source, i, 12, 120 + site_random(&t, 9));
	}
	assert_true(t.got.findings < 20);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relayed),
		cmocka_unit_test(off_bad),
		cmocka_unit_test(others_bad),
		cmocka_unit_test(slow_place_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
