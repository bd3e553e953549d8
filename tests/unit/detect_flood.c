/* flood: many at once, hasty ones, forged ones; mornings, comebacks, uploads and tunnels are none. */
#define MINE (DETECTOR_BIT(flood) | DETECTOR_BIT(outage))

#include "detect_pulses.h"

static struct pulse
busy(struct office *o, uint32_t connections, uint32_t handshakes)
{
	struct pulse p = office_usual(o);

	p.syns_to += connections;
	p.syns_answered += connections;
	p.handshakes += handshakes;
	p.packets_to += 6 * connections;
	p.packets_from += 5 * connections;
	return p;
}

/* Two days of work, nights empty. */
static void
days(struct office *o, unsigned n)
{
	office_begin(o, 100);
	for (unsigned i = 0; i < n * DAY / PULSE_S; i++) {
		unsigned hour = i * PULSE_S / HOUR % 24;

		o->users = hour < 7 || hour > 19 ? 2 : hour == 8 ? 400 : 100;
		office_run(o, 1);
	}
	assert_int_equal(o->t.got.findings, 0);
}

static void
handshakes(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned syn_only = 0; syn_only < 2; syn_only++) {
		struct office o;

		days(&o, 2);
		for (unsigned i = 0; i < 60; i++)
			office_pulse(&o, busy(&o, 2000, syn_only ? 0 : 2000));
		assert_in_range(office_found(&o, DETECTOR_flood, &f), 1, 5);
		assert_int_equal(f->severity, SEVERITY_MEDIUM);
		assert_int_equal(o.t.got.alerts, 1);
		office_run(&o, 300);
		assert_int_equal(o.t.got.alerts, 1);
		office_end(&o);
	}
}

/* A finding says how much of the minutes before it was seen, as the pulses tell, which a ledger keeps: holes of
   yesterday are no part of it. */
static void
coverage(void **state)
{
	static const unsigned SEEN[] = {10000, 8000};

	(void)state;
	for (unsigned holes = 0; holes < 2; holes++) {
		const struct finding *f = NULL;
		struct office o;

		days(&o, 1);
		for (unsigned i = 0; i < 2 * HOUR / PULSE_S; i++) {
			struct pulse p = office_usual(&o);

			p.gap_bytes = holes == (i >= HOUR / PULSE_S) ? (p.bytes_to + p.bytes_from) / 4 : 0;
			office_pulse(&o, p);
		}
		for (unsigned i = 0; i < 3; i++)
			office_pulse(&o, busy(&o, 9000, 9000));
		assert_in_range(office_found(&o, DETECTOR_flood, &f), 1, 5);
		assert_in_range(f->coverage, SEEN[holes] - (holes ? 300 : 0), SEEN[holes] + (holes ? 300 : 0));
		office_end(&o);
	}
}

static void
first_day(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 100);
	for (unsigned i = 0; i < 10; i++)
		office_pulse(&o, busy(&o, 900, 900));
	assert_int_equal(o.t.got.alerts, 0);
	for (unsigned i = 0; i < 10; i++)
		office_pulse(&o, busy(&o, 3000, 3000));
	assert_int_equal(o.t.got.alerts, 1);
	office_end(&o);
}

/* A large place: what would flood another is its usual morning. */
static void
large_place_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 100);
	for (unsigned i = 0; i < 4 * DAY / PULSE_S; i++)
		office_pulse(&o, i * PULSE_S / HOUR % 24 == 8 ? busy(&o, 600 + i / 100, 600) : office_usual(&o));
	assert_int_equal(o.t.got.alerts, 0);
	office_end(&o);
}

/* All come back after an outage. */
static void
comeback_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	days(&o, 1);
	o.users = 300;
	office_run(&o, 60);
	for (unsigned i = 0; i < 3; i++)
		office_pulse(&o, office_silent(&o));
	for (unsigned i = 0; i < 4; i++)
		office_pulse(&o, busy(&o, 2000, 2000));
	office_run(&o, 60);
	assert_int_equal(office_found(&o, DETECTOR_flood, &f), 0);
	office_end(&o);
}

static struct session
hasty(struct site_test *t, double seconds, uint32_t out, uint32_t in, uint32_t bytes)
{
	struct session s = site_session(t, "203.0.113.5", 0x7001, seconds);

	s.records_out = out;
	s.records_in = in;
	s.record_bytes_out = out * bytes;
	s.last = s.time = at(seconds + 10);
	return s;
}

static void
rapid_reset(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 200; i++) {
		struct session s = hasty(&t, i, 40000, 90, 60);

		site_judge(&t, &s);
	}
	assert_int_equal(t.got.alerts, 1);
	assert_in_range(t.got.findings, 1, 5);
	assert_int_equal(t.got.finding[0].detector, DETECTOR_flood);
	site_end(&t);
}

/* An upload, a tunnel, and somebody who types. */
static void
long_sessions_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	s = hasty(&t, 0, 40000, 90, 16000);
	site_judge(&t, &s);
	s = hasty(&t, 1, 40000, 20000, 100);
	site_judge(&t, &s);
	s = hasty(&t, 2, 2000, 10, 80);
	s.last = s.time = at(3600);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static void
udp(struct site_test *t, unsigned i, uint32_t packets_out, uint64_t bytes_out, uint64_t bytes_in)
{
	char source[32];
	struct session s;

	snprintf(source, sizeof(source), "203.0.%u.%u", i >> 8, i & 255);
	s = site_session(t, source, 0, i * 0.1);
	s.proto = PROTO_UDP;
	s.carrier = CARRIER_DTLS;
	s.packets_out = packets_out;
	s.bytes_out = bytes_out;
	s.bytes_in = bytes_in;
	site_judge(t, &s);
}

static void
reflection(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 5000; i++)
		udp(&t, i, 1, 200, 7000);
	assert_int_equal(t.got.alerts, 1);
	assert_in_range(t.got.findings, 1, 4);
	assert_non_null(strstr(t.got.finding[0].text, "used against others"));
	site_end(&t);
}

/* Tunnels with ten times as much down, QUIC's three times, probes that get a cookie. */
static void
datagrams_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3000; i++) {
		udp(&t, i, 900, 100000, 2000000);
		udp(&t, i, 1, 1228, 3684);
		udp(&t, i, 1, 100, 120);
	}
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes),        cmocka_unit_test(coverage),     cmocka_unit_test(first_day),
		cmocka_unit_test(large_place_bad),   cmocka_unit_test(comeback_bad), cmocka_unit_test(rapid_reset),
		cmocka_unit_test(long_sessions_bad), cmocka_unit_test(reflection),   cmocka_unit_test(datagrams_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
