/* hidden_service: one network served something else, hellos answered without TLS, data without a SYN; and upgrades,
   pairs, second names, asymmetric mirrors and silent connections, which are none. */
#include "detect_site.h"
#include "detect/outage_count.h"

static const uint64_t PROGRAM = 0xb001, STACK_USUAL = 0x51, STACK_ODD = 0x52;

struct shown {
	uint64_t stack;
	uint16_t flight;
	const char *issuer;
	bool asks;
};

static const struct shown USUAL = {.stack = STACK_USUAL, .flight = 3100};

static void
handshake(struct site_test *t, const char *client, double now, const struct shown *w)
{
	struct session s = site_session(t, client, PROGRAM, now);

	s.server_key = w->stack;
	s.flight_in = w->flight;
	s.version = w->flight ? 0x0304 : 0x0303;
	s.sni = TEXT_LIT("gw.example.org");
	if (w->issuer)
		s.cert_issuer = (struct text){w->issuer, (uint32_t)strlen(w->issuer)};
	s.client_cert_requested = w->asks;
	site_judge(t, &s);
}

/* `n` handshakes of users in forty networks. */
static void
users(struct site_test *t, unsigned n, double now, const struct shown *w)
{
	char client[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(client, sizeof(client), "100.64.%u.9", i % 40);
		handshake(t, client, now + i, w);
	}
}

static unsigned
found(const struct site_test *t, uint8_t severity)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		n += t->got.finding[i].detector == DETECTOR_hidden_service && t->got.finding[i].severity >= severity;
	return n;
}

static void
pulses(struct site_test *t, double from, double until, unsigned icmp_every)
{
	unsigned n = 0;

	for (double now = from; now < until; now += PULSE_S) {
		struct pulse p = {.time = at(now + PULSE_S), .gateway = 1, .packets_to = 9, .bytes_to = 900};

		p.icmp = icmp_every && n++ % icmp_every == 0;
		detect_pulse(t->d, &p, &t->to);
	}
}

static void
one_network_alone(void **state)
{
	static const struct shown ODD[] = {
		{.stack = STACK_ODD, .flight = 3100},
		{.stack = STACK_USUAL, .flight = 1900},
		{.stack = STACK_USUAL, .issuer = "CN=Self"},
		{.stack = STACK_USUAL, .issuer = "CN=CA", .asks = true},
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct shown usual = USUAL;
		struct site_test t;

		if (ODD[i].issuer) {
			usual.issuer = "CN=CA";
			usual.flight = 0;
		}
		site_begin(&t, 2 << 20, DAY);
		users(&t, 200, 0, &usual);
		for (unsigned k = 0; k < 3; k++) {
			handshake(&t, "203.0.113.66", 2 * DAY + 1000 * k, &ODD[i]);
			users(&t, 40, 2 * DAY + 1000 * k + 9, &usual);
		}
		assert_int_equal(found(&t, SEVERITY_CRITICAL), 1);
		site_end(&t);
	}
}

static void
words(void **state)
{
	struct shown odd = {.stack = STACK_ODD, .flight = 3100};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	users(&t, 200, 0, &USUAL);
	handshake(&t, "203.0.113.66", 2 * DAY, &odd);
	handshake(&t, "203.0.113.66", 2 * DAY + 60, &odd);
	users(&t, 40, 2 * DAY + 99, &USUAL);
	assert_string_equal(t.got.finding[0].text,
			    "192.0.2.10 port 443 serves another TLS server to one network alone: 2 times, while 40 "
			    "handshakes of others since then got the usual, as did 240 in all");
	assert_int_equal(t.got.finding[0].session_count, 2);
	site_end(&t);
}

/* An upgrade, for everybody; and one where the first to come back is alone for the night. */
static void
upgrade_bad(void **state)
{
	struct shown next = {.stack = STACK_ODD, .flight = 2800};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	users(&t, 400, 0, &USUAL);
	for (unsigned i = 0; i < 12; i++)
		handshake(&t, "100.64.3.9", 2 * DAY + 3600 * i, &next);
	users(&t, 400, 3 * DAY, &next);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* A pair of units that differ, taken in turns. */
static void
pair_bad(void **state)
{
	struct shown other = {.stack = STACK_ODD, .flight = 2800};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	users(&t, 400, 0, &USUAL);
	for (unsigned i = 0; i < 400; i++)
		users(&t, 1 + i % 7, 2 * DAY + 60 * i, i % 3 ? &USUAL : &other);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* What one program alone gets is compared with nobody; a first network that gets it twice while learning is the
   site. */
static void
few_bad(void **state)
{
	struct shown odd = {.stack = STACK_ODD, .flight = 2800};
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	handshake(&t, "203.0.113.66", 0, &odd);
	handshake(&t, "203.0.113.66", 60, &odd);
	users(&t, 400, 90, &USUAL);
	handshake(&t, "203.0.113.66", 2 * DAY, &odd);
	handshake(&t, "203.0.113.66", 2 * DAY + 60, &odd);
	users(&t, 400, 3 * DAY, &USUAL);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* A telephone without AES in hardware: the same JA4, another cipher, another ServerHello. */
static void
other_cipher_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	users(&t, 400, 0, &USUAL);
	for (unsigned i = 0; i < 20; i++) {
		s = site_session(&t, "203.0.113.8", PROGRAM, 2 * DAY + 600 * i);
		s.server_key = STACK_ODD;
		s.cipher = 0x1303;
		s.sni = TEXT_LIT("gw.example.org");
		s.version = 0x0304;
		site_judge(&t, &s);
		users(&t, 20, 2 * DAY + 600 * i + 9, &USUAL);
	}
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* A renewed signature's length, a retried hello, a resumption. */
static void
variants_bad(void **state)
{
	struct shown w = USUAL;
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, DAY);
	users(&t, 400, 0, &USUAL);
	for (unsigned i = 0; i < 60; i++) {
		w.flight = (uint16_t)(3100 + i % 40);
		handshake(&t, "203.0.113.8", 2 * DAY + 60 * i, &w);
		s = site_session(&t, "203.0.113.8", PROGRAM, 2 * DAY + 60 * i);
		s.server_key = STACK_ODD;
		s.sni = TEXT_LIT("gw.example.org");
		s.version = 0x0304;
		s.resumed = i % 2 ? RESUMED_PSK : RESUMED_NO;
		s.hello_retry = i % 2 == 0;
		site_judge(&t, &s);
		users(&t, 3, 2 * DAY + 60 * i + 9, &USUAL);
	}
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

static struct session
bare_hello(struct site_test *t, double now, const uint64_t bytes[2], double lasts)
{
	struct session s = site_session(t, "203.0.113.66", 0x7001, now);

	s.server_hello = s.established = false;
	s.records_out = 1;
	s.bytes_out = bytes[0];
	s.bytes_in = bytes[1];
	s.last = s.time = at(now + lasts);
	return s;
}

static void
no_tls(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	users(&t, 100, 0, &USUAL);
	s = bare_hello(&t, DAY, (uint64_t[]){517, 90}, 1);
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_LOW), 1);
	assert_int_equal(found(&t, SEVERITY_MEDIUM), 0);
	s = bare_hello(&t, DAY + 60, (uint64_t[]){9000, 40000}, 600);
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* An alert, silence, a hole, a port that never spoke TLS. */
static void
no_tls_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = bare_hello(&t, 0, (uint64_t[]){9000, 40000}, 600);
	site_judge(&t, &s);
	users(&t, 100, 10, &USUAL);
	s = bare_hello(&t, DAY, (uint64_t[]){517, 7}, 600);
	s.records_in = 1;
	site_judge(&t, &s);
	s = bare_hello(&t, DAY, (uint64_t[]){517, 0}, 600);
	site_judge(&t, &s);
	s = bare_hello(&t, DAY, (uint64_t[]){9000, 40000}, 600);
	s.gap_bytes_in = 1400;
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* Hours of users and of pulses without a ping: whose begin was not seen stands out. */
static void
watched(struct site_test *t, double until)
{
	site_begin(t, 2 << 20, 0);
	users(t, 400, 0, &USUAL);
	pulses(t, 0, until, 0);
}

/* The gateway's data on a connection that never began; inbound or outbound as the ports will have it. */
static struct session
no_syn(struct site_test *t, double now, bool outbound)
{
	struct session s = site_session(t, "203.0.113.66", 0, now);

	s.client_hello = s.server_hello = s.established = false;
	s.carrier = CARRIER_NONE;
	s.midstream = s.one_sided = true;
	s.packets_out = outbound ? 6 : 0;
	s.packets_in = outbound ? 0 : 6;
	s.bytes_out = outbound ? 900 : 0;
	s.bytes_in = outbound ? 0 : 900;
	s.flags_out = outbound ? TCP_ACK : 0;
	s.flags_in = outbound ? 0 : TCP_ACK;
	if (outbound) {
		s.role = ROLE_OUTBOUND;
		s.dest = s.src;
		s.src = site_addr("192.0.2.10");
	}
	return s;
}

static void
after_icmp(void **state)
{
	(void)state;
	for (unsigned outbound = 0; outbound < 2; outbound++) {
		struct addr peer = site_addr("203.0.113.66");
		struct site_test t;
		struct session s;

		watched(&t, 4 * HOUR);
		pulses(&t, 4 * HOUR, 4 * HOUR + 10, 1);
		s = no_syn(&t, 4 * HOUR + 15, outbound);
		site_judge(&t, &s);
		assert_int_equal(found(&t, SEVERITY_HIGH), 1);
		assert_true(addr_same(&t.got.finding[0].actor, &peer));
		assert_non_null(strstr(t.got.finding[0].text, "that never began, right after ICMP; of 401 others 1"));
		site_end(&t);
	}
}

static void
no_syn_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	/* just begun: everything is in its middle */
	site_begin(&t, 2 << 20, 0);
	users(&t, 400, 0, &USUAL);
	pulses(&t, 0, 2 * HOUR, 1);
	s = no_syn(&t, 2 * HOUR, false);
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	/* pings all the time: not raised by them */
	pulses(&t, 2 * HOUR, 5 * HOUR, 3);
	s = no_syn(&t, 5 * HOUR, false);
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_MEDIUM), 0);
	site_end(&t);
	/* a mirror of one direction, with SYNs of a tenth of the connections unseen */
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 400; i++) {
		s = no_syn(&t, i, false);
		s.src = site_addr("100.64.1.9");
		s.midstream = i % 10 == 0;
		site_judge(&t, &s);
	}
	pulses(&t, 0, 4 * HOUR, 0);
	s = no_syn(&t, 4 * HOUR, false);
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* The gateway's own calls are seen from their beginning, and what comes back is not: then nobody speaks alone. */
static void
half_mirror_bad(void **state)
{
	(void)state;
	for (unsigned half = 0; half < 2; half++) {
		struct site_test t;
		struct session s;

		watched(&t, 4 * HOUR + 280);
		for (unsigned i = 0; i < 40; i++) {
			s = no_syn(&t, 4 * HOUR + i, true);
			s.dest = site_addr("198.51.100.7");
			s.midstream = false;
			s.flags_out = TCP_SYN | TCP_ACK | TCP_PSH;
			s.packets_in = half ? 0 : 6;
			s.flags_in = half ? 0 : s.flags_out;
			site_judge(&t, &s);
		}
		s = no_syn(&t, 4 * HOUR + 90, true);
		s.time = s.last = at(4 * HOUR + 300);
		s.bytes_out = 4000;
		site_judge(&t, &s);
		assert_int_equal(found(&t, SEVERITY_LOW), !half);
		site_end(&t);
	}
}

/* It talks on for minutes, and its peer says nothing; what a user asks for, downloads, or keeps after a failover is
   no more than noted.  Some seconds of silence, told as low, are no failover. */
static void
speaks_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct site_test t;
		struct session s;

		watched(&t, 5 * HOUR);
		s = no_syn(&t, 5 * HOUR + 5, i == 5);
		site_judge(&t, &s);
		assert_int_equal(found(&t, SEVERITY_LOW), 1);
		*(i == 5 ? &s.bytes_out : &s.bytes_in) = i == 1 ? 40 << 20 : 14000;
		s.last = at(5 * HOUR + (i == 2 ? 20 : 300));
		if (i == 3)
			s.bytes_out = 300;
		t.d->gate[1].trace[DETECTOR_outage].time = at(3 * HOUR);
		if (i == 4)
			outage_of(t.d, 1)->long_one = at(3 * HOUR);
		s.kind = SESSION_CLOSE;
		site_judge(&t, &s);
		assert_int_equal(found(&t, SEVERITY_MEDIUM), i == 0 || i == 5);
		site_end(&t);
	}
}

/* A tunnel that was silent for hours goes on; resets go out to strays. */
static void
silent_tunnel_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	watched(&t, 5 * HOUR);
	s = no_syn(&t, 5 * HOUR, false);
	s.src = site_addr("100.64.7.9");
	site_judge(&t, &s);
	s = no_syn(&t, 5 * HOUR, false);
	s.bytes_in = 0;
	s.flags_in = TCP_RST;
	site_judge(&t, &s);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network_alone), cmocka_unit_test(words),
		cmocka_unit_test(upgrade_bad),       cmocka_unit_test(pair_bad),
		cmocka_unit_test(few_bad),           cmocka_unit_test(variants_bad),
		cmocka_unit_test(other_cipher_bad),  cmocka_unit_test(no_tls),
		cmocka_unit_test(no_tls_bad),        cmocka_unit_test(after_icmp),
		cmocka_unit_test(no_syn_bad),        cmocka_unit_test(half_mirror_bad),
		cmocka_unit_test(speaks_alone),      cmocka_unit_test(silent_tunnel_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
