/* oversized_request: one large exchange before login, the same one each hour; users and uploads stay silent. */
#include "detect_portal.h"

static const uint64_t TOOL = 0x7001, BROWSER = 0xb001;

static void
ordinary_days(struct site_test *t)
{
	for (unsigned day = 0; day < 3; day++)
		for (unsigned i = 0; i < 50; i++) {
			char source[32];

			snprintf(source, sizeof(source), "100.64.%u.9", i);
			site_user(t, source, BROWSER, day * DAY + i * MINUTE);
		}
}

static void
large_once(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	ordinary_days(&t);
	site_visit(&t, "203.0.113.50", BROWSER, 2 * DAY + 30, (uint32_t[]){3100, 900});
	assert_int_equal(t.got.findings, 0);
	site_visit(&t, "203.0.113.77", TOOL, 3 * DAY, (uint32_t[]){24900, 40000});
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_CRITICAL);
	assert_string_equal(t.got.finding[0].text,
			    "24.9 kB request before login from 203.0.113.77, answered with 40.0 kB; "
			    "the most in 3 days was 3.1 kB");
	/* the next hour adds nothing new, and the site's measure stays what users send */
	site_visit(&t, "203.0.113.77", TOOL, 3 * DAY + HOUR, (uint32_t[]){24900, 70000});
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[1].number[2].value, 3100);
	site_end(&t);
}

static void
large_in_any_record(void **state)
{
	(void)state;
	for (uint8_t kind = SESSION_UPDATE; kind <= SESSION_CLOSE; kind++) {
		struct site_test t;
		struct session s;

		site_begin(&t, 2 << 20, 0);
		s = site_session(&t, "203.0.113.77", TOOL, 0);
		site_exchange(&t, &s, 300, 900, 0);
		site_exchange(&t, &s, 24900, 40000, 100);
		site_exchange(&t, &s, 300, 900, 100);
		s.kind = kind;
		site_judge(&t, &s);
		s.kind = SESSION_CLOSE;
		site_judge(&t, &s);
		assert_int_equal(t.got.alerts, 1);
		site_end(&t);
	}
}

static void
of_one_size(struct site_test *t, unsigned hour)
{
	char source[32];

	snprintf(source, sizeof(source), "203.0.%u.77", hour);
	site_visit(t, source, TOOL, hour * (double)HOUR, (uint32_t[]){24900 + hour % 2, 3000 + 100 * hour});
}

static void
same_size_each_hour(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned hour = 0; hour < 5; hour++)
		of_one_size(&t, hour);
	assert_in_range(t.got.alerts, 1, 3);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_HIGH);
	assert_int_equal(t.got.finding[0].number[1].value, 3);
	site_end(&t);
}

/* A port that loses one segment in a hundred: what users send here is never learned, so that it may be theirs. */
static void
same_size_while_frames_are_missing(void **state)
{
	struct site_test t;
	struct pulse lossy = {.gateway = 1, .bytes_to = 1000000, .bytes_from = 9000000, .gap_bytes = 100000};

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned hour = 0; hour < 5; hour++) {
		lossy.time = at(hour * (double)HOUR);
		detect_pulse(t.d, &lossy, &t.to);
		of_one_size(&t, hour);
	}
	assert_true(portal_found(&t, DETECTOR_oversized_request, SEVERITY_LOW));
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_MEDIUM), 0);
	site_end(&t);
}

/* Users with a history may send what they like: Kerberos tickets, uploads. */
static void
familiar_client_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	ordinary_days(&t);
	site_visit(&t, "100.64.7.9", BROWSER, 3 * DAY, (uint32_t[]){48000, 20000});
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
behind_a_login_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = site_session(&t, "203.0.113.8", BROWSER, 0);
	for (unsigned i = 0; i < 7; i++)
		site_exchange(&t, &s, 500 + 90 * i, 4000 + 700 * i, 200);
	site_exchange(&t, &s, 200000, 9000, 4000);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* A SAML response is large; what comes back is a redirect. */
static void
saml_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 20; i++)
		site_visit(&t, "203.0.113.8", BROWSER, i * 600, (uint32_t[]){12000, 900});
	site_visit(&t, "203.0.113.9", BROWSER, 9000, (uint32_t[]){900, 900000});
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_INFO), 0);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

/* Nine to five, once an hour, when somebody has logged in; by a tool that sends small records. */
static void
each_working_hour(void **state)
{
	(void)state;
	for (unsigned go = 0; go < 2; go++) {
		struct site_test t;
		struct portal p = portal_plain();

		site_begin(&t, 8 << 20, 0);
		portal_days(&t, &p, 40, 0, 2);
		for (unsigned hour = 9; hour <= 17; hour++) {
			struct session s = site_session(&t, "203.0.113.77", TOOL, 2 * DAY + hour * (double)HOUR);

			site_exchange(&t, &s, 24900, 30000 + site_random(&t, 100000), 0);
			s.records_out = go ? 26 : 6;
			site_judge(&t, &s);
		}
		assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_CRITICAL), 9);
		assert_int_equal(t.got.alerts, 1 + t.got.closed);
		site_end(&t);
	}
}

/* One large request of long ago, or one network's many, make nothing usual. */
static void
outlier_does_not_blind(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 8 << 20, 0);
	portal_days(&t, &p, 40, 0, 3);
	site_visit(&t, portal_client(1), CHROME, 3 * DAY, (uint32_t[]){190000, 700});
	for (unsigned i = 0; i < 200; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.1.%u", i);
		site_visit(&t, client, BROWSER + i, 3 * DAY + i * 10, (uint32_t[]){60000, 700});
	}
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_INFO), 0);
	site_visit(&t, "203.0.113.77", TOOL, 4 * DAY, (uint32_t[]){24900, 40000});
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* Who loads the portal's pages as a browser does, and then sends a large request: somewhat odd. */
static void
visitor_is_low(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	portal_days(&t, &p, 40, 0, 3);
	s = site_session(&t, "198.18.1.1", CHROME, 3 * DAY);
	portal_land(&t, &p, &s);
	site_judge(&t, &s);
	site_visit(&t, "198.18.1.1", CHROME, 3 * DAY + 5, (uint32_t[]){14000, 30000});
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	site_end(&t);
}

/* Negotiate: refused, then the same with a ticket; each user's has its own size.  Known clients make it usual. */
static void
kerberos_user(struct site_test *t, const char *client, double when)
{
	struct session s = site_session(t, client, CHROME, when);
	uint32_t ticket = 9000 + site_random(t, 6000);

	for (unsigned i = 0; i < 6; i++) {
		site_exchange(t, &s, 400 + 60 * i, 620, 10);
		site_exchange(t, &s, 400 + 60 * i + ticket, 9000 + 5000 * i, 2);
	}
	site_judge(t, &s);
}

static void
kerberos_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	char client[32];

	(void)state;
	site_begin(&t, 8 << 20, 0);
	portal_days(&t, &p, 60, 0, 4);
	for (unsigned day = 0; day < 3; day++)
		for (unsigned i = 0; i < 60; i++)
			if (i % 3)
				kerberos_user(&t, portal_client(i), (4 + day) * (double)DAY + i * 100);
	t.got.findings = 0;
	for (unsigned i = 0; i < 20; i++) {
		snprintf(client, sizeof(client), "198.18.%u.5", i);
		kerberos_user(&t, client, 8 * (double)DAY + i * 100);
	}
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_INFO), 0);
	site_visit(&t, "203.0.113.77", TOOL, 9 * (double)DAY, (uint32_t[]){24900, 40000});
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* Forty requests at once, each in a record. */
static void
http2_burst_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 20; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.5", i);
		s = site_session(&t, client, CHROME, i * 100);
		site_exchange(&t, &s, 620, 2200, 0);
		site_exchange(&t, &s, 12000 + site_random(&t, 3000), 400000 + site_random(&t, 99999), 40);
		s.records_out = 46;
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_INFO), 0);
	site_end(&t);
}

/* What a host check sends is answered with little. */
static void
host_check_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 40; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.5", i % 9);
		site_visit(&t, client, 0xe9a, i * 1000, (uint32_t[]){38000, 640});
	}
	assert_int_equal(portal_found(&t, DETECTOR_oversized_request, SEVERITY_INFO), 0);
	site_end(&t);
}

/* Reading the leak over and over makes nobody familiar. */
static void
loop_gives_no_history(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	site_leak(&t, 0, 400, 500);
	site_visit(&t, "203.0.113.77", TOOL, 3 * DAY, (uint32_t[]){24900, 40000});
	assert_int_equal(t.got.finding[t.got.findings - 1].detector, DETECTOR_oversized_request);
	assert_true(t.got.finding[t.got.findings - 1].worsens || t.got.finding[t.got.findings - 1].opens);
	site_end(&t);
}

/* Answers that were lost make several requests one, a mirror that showed one side does so all the time. */
static void
holes_bad(void **state)
{
	static const struct {
		uint32_t in, out, request;
		uint8_t syn;
		unsigned alerts;
	} CASES[] = {{0, 0, 24900, TCP_SYN, 1},    {0, 1000, 24900, TCP_SYN, 1}, {1400, 0, 24900, TCP_SYN, 1},
		     {1400, 0, 12000, TCP_SYN, 0}, {9000, 0, 24900, TCP_SYN, 0}, {0, 0, 24900, 0, 0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct site_test t;
		struct session s;

		site_begin(&t, 2 << 20, 0);
		ordinary_days(&t);
		s = site_session(&t, "203.0.113.77", TOOL, 3 * DAY);
		s.flags_out = TCP_SYN | TCP_ACK;
		s.flags_in = CASES[i].syn | TCP_ACK;
		s.gap_bytes_in = CASES[i].in;
		s.gap_bytes_out = CASES[i].out;
		site_exchange(&t, &s, CASES[i].request, 40000, 0);
		s.kind = SESSION_CLOSE;
		site_judge(&t, &s);
		assert_int_equal(t.got.alerts, CASES[i].alerts);
		site_end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_bad),
		cmocka_unit_test(large_once),
		cmocka_unit_test(large_in_any_record),
		cmocka_unit_test(same_size_each_hour),
		cmocka_unit_test(same_size_while_frames_are_missing),
		cmocka_unit_test(familiar_client_bad),
		cmocka_unit_test(behind_a_login_bad),
		cmocka_unit_test(saml_bad),
		cmocka_unit_test(each_working_hour),
		cmocka_unit_test(outlier_does_not_blind),
		cmocka_unit_test(visitor_is_low),
		cmocka_unit_test(kerberos_bad),
		cmocka_unit_test(http2_burst_bad),
		cmocka_unit_test(host_check_bad),
		cmocka_unit_test(loop_gives_no_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
