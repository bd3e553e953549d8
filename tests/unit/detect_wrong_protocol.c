/* wrong_protocol: a TLS port that talks something else; and scanners, error pages and shared ports, which are none. */
#include "detect_site.h"

static void
users(struct site_test *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		site_user(t, "100.64.1.9", 0xb001, i * 60);
}

static struct session
plain(struct site_test *t, double now, const uint64_t bytes[2], double lasts)
{
	struct session s = site_session(t, "203.0.113.66", 0, now);

	s.client_hello = s.server_hello = s.established = false;
	s.carrier = CARRIER_NONE;
	s.bytes_out = bytes[0];
	s.bytes_in = bytes[1];
	s.last = s.time = at(now + lasts);
	return s;
}

static unsigned
found(const struct site_test *t, uint8_t severity)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		n += t->got.finding[i].detector == DETECTOR_wrong_protocol && t->got.finding[i].severity >= severity;
	return n;
}

static void
answered(void **state)
{
	static const struct {
		uint64_t bytes[2];
		double lasts;
		uint8_t severity;
	} CASE[] = {
		{{120, 5000}, 1, SEVERITY_LOW},
		{{120, 90000}, 2, SEVERITY_MEDIUM},
		{{40000, 60000}, 20, SEVERITY_HIGH},
		{{5000, 9000}, 1200, SEVERITY_HIGH},
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct site_test t;
		struct session s;

		site_begin(&t, 2 << 20, 0);
		users(&t, 40);
		s = plain(&t, DAY, CASE[i].bytes, CASE[i].lasts);
		site_judge(&t, &s);
		assert_int_equal(found(&t, SEVERITY_LOW), 1);
		assert_int_equal(found(&t, CASE[i].severity), 1);
		assert_int_equal(found(&t, CASE[i].severity + 1), 0);
		site_end(&t);
	}
}

/* An SSH session on the TLS port: told when it begins to matter, and once more when it is grave. */
static void
grows(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	users(&t, 40);
	s = plain(&t, DAY, (uint64_t[]){0, 0}, 0);
	for (unsigned i = 1; i < 20; i++) {
		s.kind = i == 19 ? SESSION_CLOSE : SESSION_UPDATE;
		s.bytes_out = 1500 * i;
		s.bytes_in = 4500 * i;
		s.last = s.time = at(DAY + 60 * i);
		site_judge(&t, &s);
	}
	assert_int_equal(found(&t, SEVERITY_LOW), 2);
	assert_int_equal(found(&t, SEVERITY_HIGH), 1);
	site_end(&t);
}

static void
tunnel_program(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	users(&t, 40);
	s = site_session(&t, "203.0.113.66", 0x50f7, DAY);
	s.ja4 = TEXT_LIT("t13d880900_fcb5b95cb75a_b0d3b4ac2a14");
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	s.id++;
	s.bytes_out = s.bytes_in = 300000;
	site_judge(&t, &s);
	s.id++;
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_MEDIUM), 1);
	assert_string_equal(t.got.finding[t.got.findings - 1].text,
			    "203.0.113.66 came to 192.0.2.10 port 443 with the program SoftEther VPN, sent 300 kB and "
			    "got 300 kB");
	site_end(&t);
}

/* The internet's noise: banners, requests in clear with an error page, nonsense, silence; thousands of them. */
static void
noise_bad(void **state)
{
	static const uint64_t NOISE[][2] = {{21, 0}, {180, 650}, {43, 19}, {1, 0}, {0, 0}, {900, 2100}, {6000, 300}};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	users(&t, 40);
	for (unsigned i = 0; i < 7000; i++) {
		struct session s = plain(&t, DAY + i, NOISE[i % 7], 4);

		site_judge(&t, &s);
	}
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* A large error page, known since learning; another port; a port shared on purpose; the middle of TLS. */
static void
known_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 2 * DAY);
	users(&t, 40);
	s = plain(&t, DAY, (uint64_t[]){150, 9000}, 1);
	site_judge(&t, &s);
	s = plain(&t, 3 * DAY, (uint64_t[]){170, 9000}, 1);
	site_judge(&t, &s);
	s = plain(&t, 3 * DAY, (uint64_t[]){40000, 90000}, 900);
	s.dest_port = 80;
	site_judge(&t, &s);
	s = plain(&t, 3 * DAY, (uint64_t[]){40000, 90000}, 900);
	s.midstream = true;
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_LOW), 0);
	site_end(&t);
	site_begin(&t, 2 << 20, 2 * DAY);
	users(&t, 40);
	s = plain(&t, DAY, (uint64_t[]){40000, 90000}, 900);
	site_judge(&t, &s);
	t.got.findings = 0;
	for (unsigned i = 1; i < 9; i++) {
		s = plain(&t, 3 * DAY, (uint64_t[]){40000 * i, 90000 * i}, 900);
		site_judge(&t, &s);
	}
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered),  cmocka_unit_test(grows),     cmocka_unit_test(tunnel_program),
		cmocka_unit_test(noise_bad), cmocka_unit_test(known_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
