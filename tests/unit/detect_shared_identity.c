/* shared_identity: cloned sessions alert, people who move do not. */
#include "detect_site.h"

static const uint64_t TOOL = 0x7001, CLIENT = 0xc001;

static struct session
tls12_issued(struct site_test *t, const char *who, uint64_t id, double seconds)
{
	struct session s = site_session(t, who, CLIENT, seconds);

	s.version = 0x0303;
	s.id_issued = id;
	return s;
}

static struct session
offered(struct site_test *t, const char *who, uint64_t program, uint64_t id)
{
	struct session s = site_session(t, who, program, 40);

	s.id_offered = id;
	s.resumed = RESUMED_SESSION_ID;
	return s;
}

static void
issued_here_used_there(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	assert_int_equal(t.got.finding[0].confidence, 90);
	assert_int_equal(t.got.finding[0].session_count, 2);
	assert_string_equal(
		t.got.finding[0].text,
		"TLS session issued to 100.64.1.9 came back from 203.0.113.77 with another client program 40 s later");
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

/* TLS 1.3 shows only that one PSK identity came twice. */
static void
psk_twice(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = offered(&t, "100.64.1.9", CLIENT, 99);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 99);
	s.resumed = RESUMED_NO;
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_true(t.got.finding[0].confidence < 60);
	assert_non_null(strstr(t.got.finding[0].text, "came again"));
	site_end(&t);
}

static void
roaming_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", CLIENT, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	/* from there on he is there */
	s = offered(&t, "203.0.113.78", CLIENT, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

static void
look_alikes_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	/* the same network */
	s = tls12_issued(&t, "100.64.1.9", 1, 0);
	site_judge(&t, &s);
	s = offered(&t, "100.64.1.200", TOOL, 1);
	site_judge(&t, &s);
	/* happy eyeballs */
	s = offered(&t, "100.64.1.9", CLIENT, 2);
	site_judge(&t, &s);
	s = offered(&t, "2001:db8::9", CLIENT, 2);
	s.time = at(41);
	site_judge(&t, &s);
	/* made under another key */
	s = offered(&t, "100.64.1.9", CLIENT, 3);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 3);
	s.identity_key = 5;
	site_judge(&t, &s);
	/* long after its lifetime */
	s = tls12_issued(&t, "100.64.1.9", 4, 0);
	s.ticket_lifetime = 20;
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 4);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
outlives_a_flood(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	for (unsigned i = 0; i < 100000; i++) {
		s = offered(&t, "203.0.113.1", TOOL + i, 1000 + i);
		s.established = false;
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.findings, 0);
	s = offered(&t, "203.0.113.77", TOOL, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issued_here_used_there),
		cmocka_unit_test(psk_twice),
		cmocka_unit_test(roaming_bad),
		cmocka_unit_test(look_alikes_bad),
		cmocka_unit_test(outlives_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
