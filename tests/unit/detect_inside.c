/* gateway.inside: users' work on the inner leg is nobody's news; what it never leads to is. */
#include "detect_outside.h"

static struct detect_rules RULES = {.nets = 2};

static int
networks(void **state)
{
	(void)state;
	addr_net_parse(&RULES.net[0].net, "10.0.0.0/8");
	addr_net_parse(&RULES.net[1].net, "198.18.0.0/15");
	for (unsigned i = 0; i < RULES.nets; i++) {
		RULES.net[i].kind = NET_INSIDE;
		RULES.net[i].gateway = 1;
		RULES.net[i].from = (struct when){INT64_MIN};
	}
	return 0;
}

enum { DESKTOPS = 3000 };

static struct session
desktop(struct site_test *t, unsigned n, double seconds)
{
	char where[32];

	snprintf(where, sizeof(where), "198.18.%u.%u", n >> 8, n & 255);
	return call_tcp(t, where, 1494, seconds);
}

/* A pool of desktops made anew each day: addresses without end, one port. */
static void
pool(struct site_test *t, double from, unsigned hours, unsigned first)
{
	for (unsigned i = 0; i < hours * 30; i++)
		judge(t, desktop(t, first + i, from + i * 120.0));
}

static void
after_week_inside(struct site_test *t)
{
	site_begin(t, 2 << 20, 7 * DAY);
	detect_rules(t->d, &RULES);
	ordinary_week(t);
	for (unsigned day = 0; day < 7; day++)
		pool(t, day * DAY + 9 * HOUR, 6, day * 180);
	forget_findings(t);
}

static void
desktops_bad(void **state)
{
	struct site_test t;

	(void)state;
	after_week_inside(&t);
	for (unsigned day = 0; day < 5; day++)
		pool(&t, WEEK + day * DAY, 10, 20000 + day * 300);
	assert_int_equal(t.got.findings, 0);
	/* and the gateway's own calls are still judged, and known */
	judge(&t, call_tcp(&t, "198.51.100.53", 53, WEEK + 5 * DAY));
	judge(&t, call_udp(&t, "198.51.100.123", 123, (uint32_t[]){48, 48}, WEEK + 5 * DAY));
	judge(&t, call_tls(&t, "198.51.100.80", 443, "updates.example.com", WEEK + 5 * DAY));
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_INFO), 1); /* names over TCP, once */
	judge(&t, call_tcp(&t, "203.0.113.200", 8443, WEEK + 5 * DAY + 60));
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_HIGH), 2);
	site_end(&t);
}

/* What the same calls are where nobody said what is inside. */
static void
desktops_untold(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	pool(&t, WEEK, 4, 20000);
	assert_true(count_of(&t, DETECTOR_new_egress, SEVERITY_HIGH) > 0);
	assert_true(count_of(&t, DETECTOR_fan_out, SEVERITY_CRITICAL) > 0 || t.got.findings > 10);
	site_end(&t);
}

/* From the gateway to a server's shell: lateral movement, or an administrator who publishes one more thing. */
static void
port_new_inside(void **state)
{
	struct site_test t;

	(void)state;
	after_week_inside(&t);
	judge(&t, call_tcp(&t, "10.1.0.20", 22, WEEK));
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(
		t.got.finding[0].text,
		"gateway 192.0.2.10 called 10.1.0.20 port 22 inside, for which it called nothing there in 8 "
		"days");
	/* after as long as learning takes it is usual */
	judge(&t, call_tcp(&t, "10.1.0.21", 22, WEEK + 8 * DAY));
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

static void
sweep_inside(void **state)
{
	static const uint16_t PORTS[] = {445, 1494}; /* one that nobody works on; one that everybody does */

	(void)state;
	for (unsigned p = 0; p < 2; p++) {
		struct site_test t;
		char where[32];

		after_week_inside(&t);
		for (unsigned i = 0; i < 250; i++) {
			struct session s;

			snprintf(where, sizeof(where), "10.20.0.%u", i);
			s = call_tcp(&t, where, PORTS[p], WEEK + i);
			if (i % 10) {
				s.packets_in = 0;
				s.bytes_in = 0;
			}
			judge(&t, s);
		}
		assert_int_equal(count_of(&t, DETECTOR_fan_out, SEVERITY_CRITICAL), 2); /* and at four times as many */
		assert_non_null(strstr(last_of(&t, DETECTOR_fan_out)->text, "tries places inside as a scanner does"));
		site_end(&t);
	}
}

/* A switch inside fails: a hundred desktops that answered yesterday do not. */
static void
outage_inside_bad(void **state)
{
	struct site_test t;

	(void)state;
	after_week_inside(&t);
	for (unsigned i = 0; i < 100; i++)
		judge(&t, desktop(&t, i, WEEK + i));
	for (unsigned i = 0; i < 100; i++) {
		struct session s = desktop(&t, i, WEEK + HOUR + i);

		s.packets_in = 0;
		s.bytes_in = 0;
		judge(&t, s);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* 64 places that are new late in learning make an address one of users'; those inside do not count. */
static void
address_stays_own(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	detect_rules(t.d, &RULES);
	pool(&t, 5 * DAY, 40, 0);
	ordinary_week(&t);
	forget_findings(&t);
	judge(&t, call_tcp(&t, "203.0.113.200", 8443, WEEK));
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_HIGH), 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(desktops_bad),      cmocka_unit_test(desktops_untold),
		cmocka_unit_test(port_new_inside),   cmocka_unit_test(sweep_inside),
		cmocka_unit_test(outage_inside_bad), cmocka_unit_test(address_stays_own),
	};

	return cmocka_run_group_tests(tests, networks, NULL);
}
