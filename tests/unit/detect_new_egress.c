/* new_egress: a call to a new place, and all the packets from the gateway that are none. */
#include "detect_outside.h"

static void
learnt_places(struct site_test *t)
{
	for (unsigned day = 0; day < 8; day++) {
		struct session s = call_tls(t, "198.51.100.53", 53, NULL, day * DAY);

		s.proto = PROTO_UDP;
		s.carrier = CARRIER_NONE;
		s.client_hello = false;
		site_judge(t, &s);
		s = call_tls(t, "198.51.100.80", 443, NULL, day * DAY + 10);
		s.sni = TEXT_LIT("updates.example.com");
		site_judge(t, &s);
	}
}

static void
new_place(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	assert_int_equal(t.got.findings, 2);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_true(t.got.finding[0].learning);
	s = call_tls(&t, "203.0.113.200", 8443, NULL, 8 * DAY);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[2].severity, SEVERITY_HIGH);
	assert_true(addr_same(&t.got.finding[2].actor, &s.src));
	assert_true(addr_same(&t.got.finding[2].target, &s.dest));
	assert_string_equal(t.got.finding[2].text,
			    "gateway 192.0.2.10 called 203.0.113.200 port 8443, which it never did "
			    "in 8 days; 2 places are known");
	/* judged once, then known */
	s.id = 999;
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 3);
	site_end(&t);
}

/* open, update, close of one connection are one call. */
static void
told_once_of_a_session(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = call_tls(&t, "203.0.113.200", 8443, NULL, 0);
	for (uint8_t kind = SESSION_OPEN; kind <= SESSION_CLOSE; kind++) {
		s.kind = kind;
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

static void
new_port_of_known_place(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	s = call_tls(&t, "198.51.100.80", 4444, NULL, 8 * DAY);
	site_judge(&t, &s);
	assert_int_equal(t.got.finding[2].severity, SEVERITY_HIGH);
	site_end(&t);
}

static void
same_name_near_by(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	s = call_tls(&t, "198.51.100.81", 443, NULL, 8 * DAY);
	s.sni = TEXT_LIT("updates.example.com");
	site_judge(&t, &s);
	assert_int_equal(t.got.finding[2].severity, SEVERITY_LOW);
	site_end(&t);
}

/* A leak loop, then a call out: the worst there is. */
static void
after_a_leak(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	site_leak(&t, 8 * DAY, 1, 10);
	assert_int_equal(t.got.alerts, 1);
	s = call_tls(&t, "203.0.113.200", 443, NULL, 8 * DAY + 60);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 2);
	assert_int_equal(t.got.finding[t.got.findings - 1].severity, SEVERITY_CRITICAL);
	site_end(&t);
}

/* A call that is told when it is over came before a leak that was seen in between. */
static void
before_a_leak_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	site_leak(&t, 8 * DAY + 60, 1, 10);
	assert_int_equal(t.got.alerts, 1);
	s = call_udp(&t, "203.0.113.200", 5000, (uint32_t[]){42, 58}, 8 * DAY);
	s.kind = SESSION_CLOSE;
	s.time = at(8 * DAY + 180);
	judge(&t, s);
	assert_int_equal(t.got.finding[t.got.findings - 1].severity, SEVERITY_HIGH);
	s = call_udp(&t, "203.0.113.201", 5000, (uint32_t[]){42, 58}, 8 * DAY + 80);
	s.kind = SESSION_CLOSE;
	s.time = at(8 * DAY + 260);
	judge(&t, s);
	assert_int_equal(t.got.finding[t.got.findings - 1].severity, SEVERITY_CRITICAL);
	site_end(&t);
}

static void
answers_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	/* the middle of a connection, seen from the gateway's side first */
	s = call_tls(&t, "203.0.113.9", 51000, NULL, 10);
	s.client_hello = false;
	s.carrier = CARRIER_NONE;
	s.midstream = true;
	site_judge(&t, &s);
	/* a DTLS tunnel after a silence: from port 443 to a client */
	s = call_tls(&t, "203.0.113.9", 51000, NULL, 20);
	s.client_hello = false;
	s.carrier = CARRIER_UDP;
	s.proto = PROTO_UDP;
	s.src_port = 443;
	site_judge(&t, &s);
	/* and from a high port that a client used before */
	s = site_session(&t, "203.0.113.9", 1, 30);
	s.proto = PROTO_UDP;
	s.dest_port = 4500;
	site_judge(&t, &s);
	s = call_tls(&t, "203.0.113.9", 51001, NULL, 40);
	s.client_hello = false;
	s.proto = PROTO_UDP;
	s.src_port = 4500;
	site_judge(&t, &s);
	/* clients */
	s = site_session(&t, "203.0.113.9", 1, 50);
	site_judge(&t, &s);
	/* other hosts */
	s = call_tls(&t, "203.0.113.10", 443, NULL, 60);
	s.gateway = 0;
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* What was learnt outlives a scan by the gateway itself. */
static void
known_places_outlive_a_scan(void **state)
{
	struct site_test t;
	struct session s;
	char where[32];
	unsigned before;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learnt_places(&t);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(where, sizeof(where), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		s = call_tls(&t, where, 445, NULL, 8 * DAY + i * 0.01);
		s.client_hello = false;
		s.carrier = CARRIER_NONE;
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.alerts, 2); /* the first new place, and the fan that follows */
	assert_in_range(t.got.findings, 10, 40);
	before = t.got.findings;
	s = call_tls(&t, "198.51.100.80", 443, NULL, 9 * DAY);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, before);
	site_end(&t);
}

/* A name's servers at a provider move about: the same programs at both ends, or another server program. */
static void
name_moves(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	judge(&t, call_tls(&t, "203.0.113.7", 443, "updates.example.com", WEEK));
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	s = call_tls(&t, "203.0.114.7", 443, "updates.example.com", WEEK + 10);
	s.server_key = 0x77;
	judge(&t, s);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_LOW);
	/* the name is lent: another program of the gateway's asks for it */
	s = call_tls(&t, "203.0.115.7", 443, "updates.example.com", WEEK + 20);
	s.client_key = 0x1234;
	judge(&t, s);
	assert_int_equal(t.got.finding[2].severity, SEVERITY_HIGH);
	site_end(&t);
}

/* A firmware fetched by hand from a maker whose telemetry is known; the domain of a cloud is nobody's. */
static void
sibling_name(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_after_week(&t, 2 << 20);
	judge(&t, call_tls(&t, "203.0.113.7", 443, "downloads.example.com", WEEK));
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	s = call_tls(&t, "203.0.114.7", 443, "files.example.com", WEEK + 10);
	s.client_key = 0x1234;
	judge(&t, s);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_HIGH);
	judge(&t, call_tls(&t, "203.0.115.7", 443, "example.com.evil.example.net", WEEK + 20));
	assert_int_equal(t.got.finding[2].severity, SEVERITY_HIGH);
	site_end(&t);
	site_begin(&t, 2 << 20, 7 * DAY);
	judge(&t, call_tls(&t, "203.0.113.7", 443, "maker.workers.dev", 0));
	judge(&t, call_tls(&t, "203.0.113.8", 443, "maker.co.uk", 1));
	judge(&t, call_tls(&t, "203.0.114.7", 443, "other.workers.dev", WEEK));
	judge(&t, call_tls(&t, "203.0.114.8", 443, "other.co.uk", WEEK + 1));
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_HIGH), 2);
	site_end(&t);
}

/* A known name's new address stays low, whatever was tried at the gateway before. */
static void
explained_after_a_leak(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	site_leak(&t, WEEK, 1, 10);
	judge(&t, call_tls(&t, "198.51.100.88", 443, "updates.example.com", WEEK + 60));
	assert_int_equal(last_of(&t, DETECTOR_new_egress)->severity, SEVERITY_LOW);
	site_end(&t);
}

/* pool.ntp.org and a resolver of one's own: servers change all the time; one more NTP server among known ones. */
static void
changing_servers(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(where, sizeof(where), "198.%u.100.53", i % 20 + i / 8);
		judge(&t, call_udp(&t, where, 53, (uint32_t[]){40, 100}, i * 3000));
	}
	judge(&t, call_udp(&t, "198.51.100.123", 123, (uint32_t[]){48, 48}, DAY));
	forget_findings(&t);
	judge(&t, call_udp(&t, "203.0.113.53", 53, (uint32_t[]){40, 100}, WEEK));
	judge(&t, call_udp(&t, "203.0.113.123", 123, (uint32_t[]){48, 48}, WEEK));
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_LOW), 2);
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_MEDIUM), 0);
	judge(&t, call_udp(&t, "203.0.113.124", 123, (uint32_t[]){300, 900}, WEEK)); /* no NTP */
	assert_int_equal(count_of(&t, DETECTOR_new_egress, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* Connections that were there before the sensor: a directory's comes back after the week, a management tunnel's too. */
static void
older_than_the_sensor_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = call_tcp(&t, "198.51.100.99", 541, 10);
	s.midstream = true;
	judge(&t, s);
	s = call_udp(&t, "203.0.113.9", 50000, (uint32_t[]){90, 0}, 20);
	judge(&t, s);
	forget_findings(&t);
	judge(&t, call_tcp(&t, "198.51.100.99", 541, WEEK));
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* A loss of traffic while learning does not make a stranger of what was seen. */
static void
learnt_under_loss_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = call_tcp(&t, "198.51.100.99", 636, 10);
	s.gap_bytes_in = 3000;
	judge(&t, s);
	forget_findings(&t);
	judge(&t, call_tcp(&t, "198.51.100.99", 636, WEEK));
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

/* What began while learning was learnt, though it was told later; a minute on, it is news. */
static struct session
told_late(struct site_test *t, const char *where, double start)
{
	struct session s = call_udp(t, where, 53, (uint32_t[]){42, 58}, start);

	s.time = at(start + 180);
	return s;
}

static void
learnt_but_told_late(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	judge(&t, call_tcp(&t, "198.51.100.99", 636, 10));
	forget_findings(&t);
	judge(&t, told_late(&t, "198.51.100.53", 10 + 7 * DAY - 60));
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_true(t.got.finding[0].learning);
	judge(&t, told_late(&t, "203.0.113.53", 10 + 7 * DAY + 1));
	assert_int_equal(t.got.findings, 2);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_HIGH);
	assert_false(t.got.finding[1].learning);
	site_end(&t);
}

/* A call by TLS of which the capture lost the hello. */
static struct session
call_unseen(struct site_test *t, const char *where, double seconds)
{
	struct session s = call_tls(t, where, 443, NULL, seconds);

	s.client_hello = false;
	s.client_key = 0;
	s.gap_bytes_out = 320;
	return s;
}

/* A known name in another network, by what seems another program, because the capture cut its hello. */
static void
hello_cut_bad(void **state)
{
	(void)state;
	for (unsigned cut = 0; cut < 2; cut++) {
		struct site_test t;
		struct session s;

		site_after_week(&t, 2 << 20);
		s = call_tls(&t, "203.0.113.82", 443, "updates.example.com", WEEK);
		s.client_key = 0x7e57;
		s.gap_bytes_out = cut ? 320 : 0;
		judge(&t, s);
		assert_int_equal(t.got.finding[0].severity, cut ? SEVERITY_LOW : SEVERITY_HIGH);
		judge(&t, call_tls(&t, "203.0.113.82", 443, "updates.example.com", WEEK + 60));
		assert_int_equal(t.got.findings, 1 + cut);
		assert_int_equal(t.got.finding[cut].severity, cut ? SEVERITY_LOW : SEVERITY_HIGH);
		site_end(&t);
	}
}

/* Under lasting loss names are learnt all the same: the provider moves later. */
static void
names_under_loss_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned hour = 0; hour < 8 * 24; hour++) {
		struct session s = call_tls(&t, "198.51.100.80", 443, "updates.example.com", 10 + hour * HOUR);

		s.gap_bytes_in = 51;
		judge(&t, s);
	}
	forget_findings(&t);
	judge(&t, call_tls(&t, "203.0.113.82", 443, "updates.example.com", 10 + 8 * 24 * HOUR));
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	site_end(&t);
}

/* A known name at a new address: what the lost hello would have said, the next call says. */
static void
hello_lost_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	judge(&t, call_unseen(&t, "198.51.100.82", WEEK));
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	assert_non_null(strstr(t.got.finding[0].text, "the capture lost by what name"));
	judge(&t, call_tls(&t, "198.51.100.82", 443, "updates.example.com", WEEK + HOUR));
	assert_int_equal(t.got.findings, 2);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_LOW);
	judge(&t, call_unseen(&t, "198.51.100.82", WEEK + 2 * HOUR));
	assert_int_equal(t.got.findings, 2);
	site_end(&t);
}

/* A stranger's name, or a hello that is never seen. */
static void
hello_lost(void **state)
{
	struct site_test t;

	(void)state;
	site_after_week(&t, 2 << 20);
	judge(&t, call_unseen(&t, "203.0.113.82", WEEK));
	judge(&t, call_tls(&t, "203.0.113.82", 443, "cdn.static.example", WEEK + 60));
	assert_int_equal(t.got.finding[1].severity, SEVERITY_HIGH);
	judge(&t, call_unseen(&t, "203.0.113.83", WEEK));
	judge(&t, call_unseen(&t, "203.0.113.83", WEEK + 60));
	assert_int_equal(t.got.findings, 4);
	assert_int_equal(t.got.finding[3].severity, SEVERITY_HIGH);
	site_end(&t);
}

/* Several at once are one incident. */
static void
several_at_once(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	site_after_week(&t, 2 << 20);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(where, sizeof(where), "203.0.%u.7", i);
		judge(&t, call_tcp(&t, where, 8443, WEEK + i));
	}
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[6].number[3].value, 7);
	detect_idle(t.d, at(WEEK + DAY), &t.to);
	assert_int_equal(t.got.closed, 1);
	assert_int_equal(t.got.last_closed.findings, 7);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_place),
		cmocka_unit_test(told_once_of_a_session),
		cmocka_unit_test(new_port_of_known_place),
		cmocka_unit_test(same_name_near_by),
		cmocka_unit_test(after_a_leak),
		cmocka_unit_test(before_a_leak_bad),
		cmocka_unit_test(answers_bad),
		cmocka_unit_test(known_places_outlive_a_scan),
		cmocka_unit_test(name_moves),
		cmocka_unit_test(sibling_name),
		cmocka_unit_test(explained_after_a_leak),
		cmocka_unit_test(changing_servers),
		cmocka_unit_test(older_than_the_sensor_bad),
		cmocka_unit_test(learnt_under_loss_bad),
		cmocka_unit_test(learnt_but_told_late),
		cmocka_unit_test(hello_lost_bad),
		cmocka_unit_test(hello_cut_bad),
		cmocka_unit_test(names_under_loss_bad),
		cmocka_unit_test(hello_lost),
		cmocka_unit_test(several_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
