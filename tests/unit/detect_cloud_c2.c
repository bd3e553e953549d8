/* cloud_c2: resolvers and relays, once and once a day; what the site always called, and DNS in clear, are none. */
#include "detect_outside.h"

static void
resolvers(void **state)
{
	static const struct {
		const char *where, *name;
		uint16_t port;
	} CALL[] = {
		{"1.1.1.1", NULL, 443},
		{"8.8.4.4", "dns.google", 443},
		{"9.9.9.9", NULL, 853},
		{"45.90.28.160", NULL, 443},
		{"2606:4700:4700::1111", NULL, 443},
		{"203.0.113.4", "mozilla.Cloudflare-DNS.com", 443},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(CALL) / sizeof(CALL[0]); i++) {
		struct site_test t;

		site_after_week(&t, 2 << 20);
		judge(&t, call_tls(&t, CALL[i].where, CALL[i].port, CALL[i].name, WEEK));
		assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_CRITICAL), 1);
		site_end(&t);
	}
}

static void
over_quic(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = call_tls(&t, "8.8.8.8", 443, "dns.google", WEEK);
	s.proto = PROTO_UDP;
	s.carrier = CARRIER_QUIC;
	judge(&t, s);
	assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* Once a day for weeks: told each day, with the count, as one incident or several. */
static void
once_a_day(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned day = 0; day < 10; day++)
		for (unsigned i = 0; i < 3; i++)
			judge(&t, call_tls(&t, "203.0.113.4", 443, "calm-mode-1a2b.workers.dev",
					   WEEK + day * DAY + 3000 * i));
	assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_HIGH), 10);
	assert_string_equal(last_of(&t, DETECTOR_cloud_c2)->text,
			    "gateway 192.0.2.10 called calm-mode-1a2b.workers.dev at 203.0.113.4, a name anybody can "
			    "have at a cloud and new here; calls: 28 on 10 days");
	site_end(&t);
}

/* Another name at a cloud that the site uses is another server. */
static void
other_name_at_known_cloud(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned day = 0; day < 8; day++)
		judge(&t, call_tls(&t, "203.0.113.4", 443, "d111.cloudfront.net", day * DAY));
	forget_findings(&t);
	judge(&t, call_tls(&t, "203.0.113.4", 443, "d222.cloudfront.net", WEEK));
	assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_MEDIUM), 1);
	site_end(&t);
}

static void
learnt_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned day = 0; day < 30; day++) {
		judge(&t, call_tls(&t, "1.1.1.1", 443, NULL, day * DAY));
		judge(&t, call_tls(&t, "203.0.113.4", 443, "telemetry.azurewebsites.net", day * DAY + 9));
	}
	assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
dns_in_clear_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	judge(&t, call_udp(&t, "8.8.8.8", 53, (uint32_t[]){40, 90}, WEEK));
	judge(&t, call_tcp(&t, "8.8.8.8", 53, WEEK + 1));
	judge(&t, call_tls(&t, "203.0.113.5", 443, "notworkers.dev", WEEK + 2));
	judge(&t, call_tls(&t, "203.0.113.5", 443, "workers.dev.example.com", WEEK + 3));
	assert_int_equal(count_of(&t, DETECTOR_cloud_c2, SEVERITY_INFO), 0);
	site_end(&t);
}

/* Users' clients to such names are no calls of the gateway. */
static void
inbound_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	s = site_session(&t, "203.0.113.9", 7, WEEK);
	s.sni = TEXT_LIT("gw.herokuapp.com");
	judge(&t, s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolvers),   cmocka_unit_test(over_quic),
		cmocka_unit_test(once_a_day),  cmocka_unit_test(other_name_at_known_cloud),
		cmocka_unit_test(learnt_bad),  cmocka_unit_test(dns_in_clear_bad),
		cmocka_unit_test(inbound_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
