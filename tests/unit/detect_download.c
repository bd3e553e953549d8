/* download: stages after an exploit, shells that call home; and fetches, copies and directories that are none. */
#include "detect_outside.h"

static const char PEER[] = "203.0.113.66";

static void
leak(struct site_test *t, double now)
{
	site_leak(t, now, 1, 10);
}

/* The published stage: 24,768 bytes over a connection that the gateway opened. */
static void
stage_after_exploit(void **state)
{
	(void)state;
	for (unsigned tls = 0; tls < 3; tls++) {
		struct site_test t;
		struct session s;

		site_after_week(&t, 2 << 20);
		leak(&t, WEEK);
		s = tls ? call_tls(&t, PEER, 443, tls == 2 ? "files.example.net" : NULL, WEEK + 40) :
			  call_tcp(&t, PEER, 8000, WEEK + 40);
		s.bytes_in = 24768;
		judge(&t, s);
		assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_CRITICAL), 1);
		assert_true(last_of(&t, DETECTOR_download)->worsens);
		site_end(&t);
	}
}

/* The bytes come with a later record of the same connection, told once. */
static void
stage_in_updates(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tcp(&t, PEER, 8000, WEEK + 40);
	for (uint8_t kind = SESSION_OPEN; kind <= SESSION_CLOSE; kind++) {
		s.kind = kind;
		judge(&t, s);
		s.bytes_in += 24000;
	}
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_INFO), 1);
	assert_int_equal(last_of(&t, DETECTOR_download)->severity, SEVERITY_HIGH);
	assert_string_equal(
		last_of(&t, DETECTOR_download)->text,
		"gateway 192.0.2.10 received 24.9 kB from 203.0.113.66 port 8000, which it never called before");
	site_end(&t);
}

static struct exchange
turn_of(uint32_t request, uint32_t response, uint32_t think_ms, uint32_t server_ms)
{
	return (struct exchange){request, response, think_ms * 1000, server_ms * 1000, 10};
}

/* A shell over TLS: the prompt goes out, a person types, the gateway answers. */
static void
shell_over_tls(void **state)
{
	static const uint32_t PAUSE_MS[] = {4200, 900, 12000, 2600, 7100, 1400, 31000};
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tls(&t, PEER, 443, "news.example.net", WEEK + 40);
	for (unsigned i = 0; i < 7; i++)
		t.exchange[i] = turn_of(60 + 400 * (i % 4), 24 + 7 * i, 20, PAUSE_MS[i]);
	s.exchange = t.exchange;
	s.exchange_count = s.exchanges = 7;
	s.last = s.time = at(WEEK + 100);
	judge(&t, s);
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

static void
shell_in_clear(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tcp(&t, PEER, 4444, WEEK + 40);
	s.kind = SESSION_UPDATE;
	for (unsigned i = 1; i < 5; i++) {
		s.packets_in = 20 * i;
		s.packets_out = 22 * i;
		s.bytes_in = 160 * i;
		s.bytes_out = 39000 * i;
		s.last = s.time = at(WEEK + 40 + 50 * i);
		judge(&t, s);
	}
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* Updates from where they always come, however large, and however soon after an attempt. */
static void
learnt_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	leak(&t, WEEK);
	forget_findings(&t);
	s = call_tls(&t, "198.51.100.80", 443, "updates.example.com", WEEK + 30);
	s.bytes_in = 40000000;
	judge(&t, s);
	s = call_tls(&t, "198.51.100.82", 443, "updates.example.com", WEEK + 40);
	s.bytes_in = 40000000;
	judge(&t, s);
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_INFO), 0);
	site_end(&t);
}

/* New, but led by nobody: a backup copied out, logs sent, mail, a directory, a server's keep-alive. */
static void
not_led_bad(void **state)
{
	static const struct {
		uint32_t packets[2];
		uint64_t bytes[2]; /* out, in */
	} SHAPE[] = {
		{{9000, 4000}, {12000000, 40000}}, /* scp of a backup */
		{{600, 300}, {90000, 0}},          /* syslog over TCP */
		{{300, 300}, {20000, 140000}},     /* LDAP */
		{{40, 40}, {2400, 2400}},          /* heartbeat of a pair */
	};
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < sizeof(SHAPE) / sizeof(SHAPE[0]); i++) {
		s = call_tcp(&t, "10.1.9.9", (uint16_t)(2000 + i), WEEK + 1000 * i);
		s.packets_out = SHAPE[i].packets[0];
		s.packets_in = SHAPE[i].packets[1];
		s.bytes_out = SHAPE[i].bytes[0];
		s.bytes_in = SHAPE[i].bytes[1];
		s.last = s.time = at(WEEK + 1000 * i + 600);
		judge(&t, s);
	}
	s = call_tls(&t, PEER, 443, "logs.example.net", WEEK + 9000);
	for (unsigned i = 0; i < 10; i++)
		t.exchange[i] = turn_of(400, 40, 20, 30000); /* asked in a strict period */
	s.exchange = t.exchange;
	s.exchange_count = s.exchanges = 10;
	judge(&t, s);
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_MEDIUM), 0);
	site_end(&t);
}

/* While learning, a place is new because everything is. */
static void
learning_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = call_tls(&t, "198.51.100.80", 443, "updates.example.com", 30);
	s.bytes_in = 40000000;
	judge(&t, s);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

/* But a fetch right after an exploit is none of learning's business. */
static void
stage_while_learning(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	judge(&t, call_udp(&t, "198.51.100.53", 53, (uint32_t[]){40, 90}, 0));
	site_leak(&t, DAY, 1, 40);
	s = call_tcp(&t, PEER, 8000, DAY + 60);
	s.bytes_in = 24768;
	judge(&t, s);
	assert_int_equal(count_of(&t, DETECTOR_download, SEVERITY_HIGH), 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stage_after_exploit), cmocka_unit_test(stage_in_updates),
		cmocka_unit_test(shell_over_tls),      cmocka_unit_test(shell_in_clear),
		cmocka_unit_test(learnt_bad),          cmocka_unit_test(not_led_bad),
		cmocka_unit_test(learning_bad),        cmocka_unit_test(stage_while_learning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
