/* server_identity: replaced and mixed certificates alert; renewals, pairs and jitter do not. */
#include "detect_site.h"

static const uint64_t CLIENT = 0xc001;

static struct session
shown(struct site_test *t, const char *digest, const char *issuer, double seconds)
{
	struct session s = site_session(t, "100.64.1.9", CLIENT, seconds);

	s.version = 0x0303;
	s.sni = TEXT_LIT("vpn.example.org");
	s.cert_sha256 = (struct text){digest, (uint32_t)strlen(digest)};
	s.cert_issuer = (struct text){issuer, (uint32_t)strlen(issuer)};
	s.cert_subject = TEXT_LIT("CN=vpn.example.org");
	s.cert_san = TEXT_LIT("\017vpn.example.org");
	return s;
}

static void
see(struct site_test *t, const char *digest, const char *issuer, double seconds)
{
	struct session s = shown(t, digest, issuer, seconds);

	site_judge(t, &s);
}

/* A pair of RSA and ECDSA certificates while learning. */
static void
learn_pair(struct site_test *t)
{
	for (unsigned day = 0; day < 8; day++) {
		see(t, "aaaa", "CN=CA 1", day * DAY);
		see(t, "bbbb", "CN=CA 2", day * DAY + 10);
	}
	assert_int_equal(t->got.findings, 0);
}

static void
replaced_and_mixed(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learn_pair(&t);
	see(&t, "cccc", "CN=Elsewhere", 8 * DAY);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_HIGH);
	assert_true(addr_same(&t.got.finding[0].actor, &t.got.finding[0].target));
	assert_string_equal(t.got.finding[0].text, "certificate of 192.0.2.10 port 443 (vpn.example.org) was replaced "
						   "by one of another issuer: CN=Elsewhere");
	see(&t, "aaaa", "CN=CA 1", 8 * DAY + HOUR);
	assert_int_equal(t.got.alerts, 2);
	assert_int_equal(t.got.finding[1].severity, SEVERITY_CRITICAL);
	see(&t, "cccc", "CN=Elsewhere", 8 * DAY + 2 * HOUR);
	see(&t, "bbbb", "CN=CA 2", 8 * DAY + 3 * HOUR);
	assert_int_equal(t.got.findings, 2);
	site_end(&t);
}

static void
self_signed(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learn_pair(&t);
	see(&t, "dddd", "CN=vpn.example.org", 8 * DAY);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_HIGH);
	assert_non_null(strstr(t.got.finding[0].text, "self-signed"));
	site_end(&t);
}

static void
renewal_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learn_pair(&t);
	see(&t, "eeee", "CN=CA 1", 60 * DAY);
	see(&t, "aaaa", "CN=CA 1", 60 * DAY + HOUR);
	see(&t, "eeee", "CN=CA 1", 60 * DAY + 2 * HOUR);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	site_end(&t);
}

/* Another name on the same address is another identity. */
static void
other_name_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	learn_pair(&t);
	s = shown(&t, "ffff", "CN=Elsewhere", 8 * DAY);
	s.sni = TEXT_LIT("mail.example.org");
	site_judge(&t, &s);
	s = shown(&t, "gggg", "CN=Elsewhere", 8 * DAY);
	s.role = ROLE_OTHER;
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
flight_named(struct site_test *t, const char *name, const char *client, uint64_t program, uint16_t bytes,
	     double seconds)
{
	struct session s = site_session(t, client, program, seconds);

	s.version = 0x0304;
	s.sni = (struct text){name, (uint32_t)strlen(name)};
	s.flight_in = bytes;
	site_judge(t, &s);
}

static void
flight_from(struct site_test *t, const char *client, uint64_t program, uint16_t bytes, double seconds)
{
	flight_named(t, "vpn.example.org", client, program, bytes, seconds);
}

static void
flight(struct site_test *t, uint64_t program, uint16_t bytes, double seconds)
{
	flight_from(t, "100.64.1.9", program, bytes, seconds);
}

/* Three programs, each with a length of its own. */
static void
learn_flights(struct site_test *t)
{
	site_begin(t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 200; i++)
		for (uint16_t program = 1; program < 4; program++)
			flight(t, program, (uint16_t)(2300u + 100u * program + site_random(t, 6)), i * HOUR);
	assert_int_equal(t->got.findings, 0);
}

/* One handshake in five is given another certificate: as much shorter for each program, seldom twice in a row. */
static void
flights_in_turns(void **state)
{
	struct site_test t;

	(void)state;
	learn_flights(&t);
	for (uint16_t program = 1; program < 4; program++) {
		const char *client = program == 2 ? "198.51.100.7" : "100.64.1.9";

		assert_int_equal(t.got.findings, 0);
		flight_from(&t, client, program, (uint16_t)(1300u + 100u * program), (200 + program) * HOUR);
		flight_from(&t, client, program, (uint16_t)(2300u + 100u * program), (200 + program) * HOUR + 60);
	}
	assert_int_equal(t.got.alerts, 1);
	assert_string_equal(t.got.finding[0].text,
			    "encrypted server flight of 192.0.2.10 port 443 (vpn.example.org) went from 2604 to 1600 "
			    "bytes, and by as much for other clients: a new certificate");
	site_end(&t);
}

/* The same where each comes by another name: it is one port's certificate. */
static void
flights_by_name(void **state)
{
	static const char *const NAMES[] = {"vpn.example.org", "www.example.org", "example.org"};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	for (unsigned i = 0; i < 200; i++)
		for (uint16_t n = 0; n < 3; n++)
			flight_named(&t, NAMES[n], "100.64.1.9", 1, (uint16_t)(2300u + 10u * n), i * HOUR);
	for (uint16_t n = 0; n < 3; n++) {
		const char *client = n == 1 ? "198.51.100.7" : "100.64.1.9";

		assert_int_equal(t.got.findings, 0);
		flight_named(&t, NAMES[n], client, 1, (uint16_t)(1300u + 10u * n), (201 + n) * HOUR);
	}
	assert_int_equal(t.got.alerts, 1);
	assert_non_null(strstr(t.got.finding[0].text, "went from 2320 to 1320 bytes, and by as much for other"));
	site_end(&t);
}

/* A monitor is given one or the other. */
static void
flights_of_a_monitor(void **state)
{
	struct site_test t;

	(void)state;
	learn_flights(&t);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(t.got.findings, 0);
		flight(&t, 2, 1500, 201 * HOUR + i * 10 * MINUTE);
		flight(&t, 2, 2500, 201 * HOUR + (i * 10 + 5) * MINUTE);
	}
	assert_int_equal(t.got.alerts, 1);
	assert_non_null(strstr(t.got.finding[0].text, "are 2501 and 1500 bytes in turns for one client: two"));
	site_end(&t);
}

/* One network's, each of another size, or one in two days. */
static void
flights_in_turns_bad(void **state)
{
	struct site_test t;

	(void)state;
	learn_flights(&t);
	for (uint16_t program = 1; program < 4; program++)
		flight(&t, program, (uint16_t)(1300u + 100u * program), (200 + program) * HOUR);
	for (uint16_t program = 1; program < 4; program++)
		flight_from(&t, "198.51.100.7", program, (uint16_t)(3000u + 300u * program), (210 + program) * HOUR);
	for (uint16_t program = 1; program < 4; program++) {
		flight_from(&t, program % 2 ? "198.51.100.7" : "100.64.1.9", program,
			    (uint16_t)(5300u + 100u * program), 220 * HOUR + program * 2.0 * DAY);
		flight(&t, program, (uint16_t)(2300u + 100u * program), 220 * HOUR + program * 2.0 * DAY + 60);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
flight_changes(void **state)
{
	struct site_test t;

	(void)state;
	learn_flights(&t);
	/* one odd handshake is none */
	flight(&t, 1, 4000, 201 * HOUR);
	flight(&t, 1, 2401, 202 * HOUR);
	assert_int_equal(t.got.findings, 0);
	for (unsigned i = 0; i < 5; i++)
		flight(&t, 1, 2900, (203 + i) * HOUR);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	/* the same change with other programs is explained, days later, too */
	for (unsigned i = 0; i < 5; i++)
		flight(&t, 2, 3000, (300 + i) * HOUR);
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

/* The certificate is part of every record of its session. */
static void
records_of_a_session_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	see(&t, "aaaa", "CN=CA 1", 0);
	s = shown(&t, "cccc", "CN=Elsewhere", 10);
	s.kind = SESSION_OPEN;
	site_judge(&t, &s);
	see(&t, "dddd", "CN=Elsewhere", 20);
	s.kind = SESSION_UPDATE;
	site_judge(&t, &s);
	s.kind = SESSION_CLOSE;
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 2);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_and_mixed),   cmocka_unit_test(self_signed),
		cmocka_unit_test(renewal_bad),          cmocka_unit_test(other_name_bad),
		cmocka_unit_test(flight_changes),       cmocka_unit_test(flights_in_turns),
		cmocka_unit_test(flights_by_name),      cmocka_unit_test(flights_of_a_monitor),
		cmocka_unit_test(flights_in_turns_bad), cmocka_unit_test(records_of_a_session_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
