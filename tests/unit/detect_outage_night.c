/* outage at night: hardly anybody is there, and those few are left without an answer; quiet hours, clients that are
   blocked and filters of whole countries are no outage. */
#define MINE (DETECTOR_BIT(outage) | DETECTOR_BIT(crash))

#include "detect_mine.h"

enum { CLIENTS = 3, SECONDS_A_PULSE = 10, SYN_TIMEOUT = 30, LATER_MAX = 16 };

/* Clients that ask each minute; `begin` is that of the next ten seconds. */
struct night {
	struct site_test t;
	unsigned clients, filtered, n;
	double begin;
	struct session later[LATER_MAX]; /* connections that will be given up for dead */
	unsigned waiting;
	bool forgot; /* what clients have to resume by is not good any more */
	bool calls;  /* the gateway: logs, names, time */
};

static void
night_begin(struct night *n, unsigned clients, unsigned filtered)
{
	memset(n, 0, sizeof(*n));
	site_begin(&n->t, 2 << 20, 0);
	n->clients = clients;
	n->filtered = filtered;
}

static struct session
night_session(struct night *n, const char *source, double when)
{
	struct session s = site_session(&n->t, source, 0xa1, when);

	s.flags_out = TCP_SYN | TCP_ACK | TCP_PSH | TCP_FIN;
	s.flags_in = s.flags_out;
	site_exchange(&n->t, &s, 200, 900, 5);
	return s;
}

/* Four SYNs in seven seconds; told of half a minute later. */
static void
in_vain(struct night *n, const char *source, double when)
{
	struct session s = site_session(&n->t, source, 0, when);

	s.last = at(when + 7);
	s.time = at(when + 7 + SYN_TIMEOUT);
	s.flags_out = TCP_SYN;
	s.packets_in = 0;
	s.bytes_in = 0;
	s.client_hello = s.server_hello = s.established = false;
	assert_true(n->waiting < LATER_MAX);
	n->later[n->waiting++] = s;
}

static void
tell_later(struct night *n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n->waiting; i++) {
		if (n->later[i].time.ns <= at(n->begin).ns)
			site_judge(&n->t, &n->later[i]);
		else
			n->later[left++] = n->later[i];
	}
	n->waiting = left;
}

/* Ten seconds: every sixth of them a client asks; `out`: nobody answers, `blocked`: not this one. */
static void
ten_seconds(struct night *n, bool out, int blocked)
{
	struct pulse p = {.gateway = 1, .others = 5};
	unsigned who = n->n / 2 % CLIENTS;
	bool asks = n->n % 2 == 0 && who < n->clients, vain = out || (int)who == blocked;
	char source[32];

	snprintf(source, sizeof(source), "198.51.%u.7", 100 + who);
	if (asks && vain) {
		p.packets_to = p.syns_to = 3;
		in_vain(n, source, n->begin + 2);
	} else if (asks) {
		struct session s = night_session(n, source, n->begin + 2);

		p.packets_to = p.packets_from = 9;
		p.syns_to = p.syns_answered = p.handshakes = 1;
		p.data_to = p.data_from = 3;
		p.resumptions_offered = 1;
		p.resumptions_accepted = !n->forgot;
		n->forgot = false;
		site_judge(&n->t, &s);
	}
	if (n->filtered && n->n % n->filtered == 0) {
		snprintf(source, sizeof(source), "31.%u.%u.9", n->n >> 8 & 255, n->n & 255);
		p.packets_to += 4;
		p.syns_to += 4;
		in_vain(n, source, n->begin + 1);
	}
	if (n->calls && !out && n->n % 7) {
		p.packets_from++;
		p.udp_bytes_from += 240;
	}
	n->begin += SECONDS_A_PULSE;
	p.time = at(n->begin);
	detect_pulse(n->t.d, &p, &n->t.to);
	tell_later(n);
	n->n++;
}

static void
hours(struct night *n, double h)
{
	for (double until = n->begin + h * HOUR; n->begin < until;)
		ten_seconds(n, false, -1);
}

/* Down for so many pulses, and ten quiet minutes behind it: what was said of it at last. */
static const struct finding *
goes_down(struct night *n, unsigned pulses, bool forgets)
{
	const struct finding *f = NULL;

	assert_int_equal(n->t.got.findings, 0);
	n->forgot = forgets;
	for (unsigned i = 0; i < pulses; i++)
		ten_seconds(n, true, -1);
	hours(n, 1.0 / 6);
	for (unsigned i = 0; i < n->t.got.findings && i < GOT_MAX; i++)
		if (n->t.got.finding[i].detector == DETECTOR_outage)
			f = &n->t.got.finding[i];
	return f;
}

static void
few_are_enough(void **state)
{
	/* clients that ask each minute, and pulses that it is out */
	static const unsigned CASE[][2] = {{3, 5}, {3, 12}, {2, 6}, {1, 13}};

	(void)state;
	for (unsigned c = 0; c < sizeof(CASE) / sizeof(CASE[0]); c++) {
		const struct finding *f;
		struct night n;

		night_begin(&n, CASE[c][0], 0);
		hours(&n, 12);
		f = goes_down(&n, CASE[c][1], false);
		assert_non_null(f);
		assert_int_equal(f->severity, SEVERITY_MEDIUM);
		assert_in_range(f->number[0].value, CASE[c][1] * 10 - 20,
				CASE[c][1] * 10 + 100); /* asked once a minute */
		assert_true(f->opens || n.t.got.alerts);
		site_end(&n.t);
	}
}

/* One client in vain once is little; but it was known, and then it is not any more. */
static void
forgotten(void **state)
{
	(void)state;
	for (unsigned forgets = 0; forgets < 2; forgets++) {
		struct night n;

		night_begin(&n, 1, 0);
		hours(&n, 40);
		assert_int_equal(goes_down(&n, 6, forgets) != NULL, forgets);
		site_end(&n.t);
	}
}

/* A monitor that asks each minute was answered ten thousand times on end, then once not, and a minute later again: it was
   not blocked.  One that is not answered for an hour is. */
static void
always_answered(void **state)
{
	(void)state;
	for (unsigned blocked = 0; blocked < 2; blocked++) {
		struct night n;
		unsigned silent = blocked ? 360 : 6;

		night_begin(&n, blocked ? 3 : 1, 0);
		hours(&n, 170);
		assert_int_equal(n.t.got.findings, 0);
		for (unsigned i = 0; i < silent; i++)
			ten_seconds(&n, !blocked, blocked ? 0 : -1);
		hours(&n, 1);
		assert_int_equal(n.t.got.alerts != 0, !blocked);
		site_end(&n.t);
	}
}

/* Nobody comes in a minute of silence but one at its end, who has to ask three times before he is answered. */
static void
asked_thrice(void **state)
{
	(void)state;
	for (uint16_t lost = 1; lost < 3; lost++) {
		struct night n;
		struct session s;

		night_begin(&n, 1, 0);
		n.calls = true;
		hours(&n, 100);
		while (n.n % 6 != 1)
			ten_seconds(&n, false, -1);
		n.clients = 0;
		for (unsigned i = 0; i < 6; i++)
			ten_seconds(&n, true, -1);
		s = night_session(&n, "198.51.100.7", n.begin + 1);
		s.retransmits_out = lost;
		s.time = s.last = at(n.begin + 4);
		site_judge(&n.t, &s);
		n.clients = 1;
		hours(&n, 1);
		assert_int_equal(n.t.got.alerts != 0, lost == 2);
		site_end(&n.t);
	}
}

/* Ten seconds in which nobody asks; right behind them a monitor has to ask four times, and then who comes can resume, or
   cannot. */
static void
asked_behind_it(void **state)
{
	(void)state;
	for (uint32_t accepted = 0; accepted <= 4; accepted += 4) {
		struct pulse p = {.gateway = 1,
				  .packets_to = 60,
				  .packets_from = 60,
				  .syns_to = 7,
				  .syns_answered = 4,
				  .data_to = 16,
				  .data_from = 20,
				  .handshakes = 4,
				  .resumptions_offered = 4,
				  .resumptions_accepted = accepted,
				  .others = 5};
		struct night n;
		struct session s;

		night_begin(&n, 1, 0);
		hours(&n, 40);
		while (n.n % 6 != 1)
			ten_seconds(&n, false, -1);
		ten_seconds(&n, true, -1);
		s = night_session(&n, "198.51.100.7", n.begin + 1);
		s.retransmits_out = 3;
		s.time = s.last = at(n.begin + 8);
		site_judge(&n.t, &s);
		n.begin += SECONDS_A_PULSE;
		p.time = at(n.begin);
		detect_pulse(n.t.d, &p, &n.t.to);
		n.n++;
		hours(&n, 1);
		assert_int_equal(n.t.got.alerts != 0, accepted == 0);
		site_end(&n.t);
	}
}

/* One client in vain once, and the gateway itself, which always has something to say, says nothing. */
static void
hushed(void **state)
{
	(void)state;
	for (unsigned calls = 0; calls < 2; calls++) {
		const struct finding *f;
		struct night n;

		night_begin(&n, 1, 0);
		n.calls = calls;
		hours(&n, 40);
		f = goes_down(&n, 6, false);
		assert_int_equal(f != NULL, calls);
		if (f)
			assert_int_equal(f->severity, SEVERITY_MEDIUM);
		site_end(&n.t);
	}
}

/* A client is blocked while the gateway says nothing for half a minute now and then, as it always does. */
static void
hushed_as_ever_bad(void **state)
{
	struct night n;

	(void)state;
	night_begin(&n, 1, 0);
	for (unsigned i = 0; i < 3000; i++) {
		n.calls = i % 40 < 34;
		ten_seconds(&n, false, -1);
	}
	assert_int_equal(n.t.got.findings, 0);
	n.calls = false;
	for (unsigned i = 0; i < 6; i++)
		ten_seconds(&n, false, 0);
	n.calls = true;
	hours(&n, 1);
	assert_int_equal(n.t.got.findings, 0);
	site_end(&n.t);
}

/* The same among scans of a country that a filter drops without a word. */
static void
beside_filters(void **state)
{
	struct night n;

	(void)state;
	night_begin(&n, 3, 4);
	hours(&n, 12);
	assert_non_null(goes_down(&n, 6, false));
	site_end(&n.t);
}

static void
quiet_night_bad(void **state)
{
	struct night n;

	(void)state;
	for (unsigned filtered = 0; filtered < 9; filtered += 2) {
		night_begin(&n, 3, filtered);
		hours(&n, 30);
		n.clients = 0; /* monitors are switched off, scans go on */
		hours(&n, 6);
		n.clients = 3;
		hours(&n, 2);
		assert_int_equal(n.t.got.findings, 0);
		site_end(&n.t);
	}
}

/* One of three is not answered any more while the others are. */
static void
blocked_bad(void **state)
{
	struct night n;

	(void)state;
	night_begin(&n, 3, 0);
	hours(&n, 12);
	for (unsigned i = 0; i < 900; i++)
		ten_seconds(&n, false, 1);
	assert_int_equal(n.t.got.findings, 0);
	site_end(&n.t);
}

/* The mirror shows half: what is asked is acknowledged, so it was answered. */
static void
half_mirror_bad(void **state)
{
	struct night n;

	(void)state;
	night_begin(&n, 3, 0);
	hours(&n, 12);
	for (unsigned i = 0; i < 200; i++) {
		char source[32];
		struct session s;
		struct pulse p = {
			.gateway = 1, .packets_to = 5, .syns_to = 1, .data_to = 2, .acks_unseen = 3, .others = 5};

		snprintf(source, sizeof(source), "198.51.%u.7", 100 + i % 3);
		s = night_session(&n, source, n.begin + 2);
		s.flags_in = 0;
		s.packets_in = 0;
		s.established = s.server_hello = false;
		n.begin += SECONDS_A_PULSE;
		p.time = at(n.begin);
		site_judge(&n.t, &s);
		detect_pulse(n.t.d, &p, &n.t.to);
	}
	hours(&n, 1);
	assert_int_equal(n.t.got.findings, 0);
	site_end(&n.t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_enough),     cmocka_unit_test(forgotten),
		cmocka_unit_test(beside_filters),     cmocka_unit_test(hushed),
		cmocka_unit_test(hushed_as_ever_bad), cmocka_unit_test(quiet_night_bad),
		cmocka_unit_test(always_answered),    cmocka_unit_test(asked_thrice),
		cmocka_unit_test(blocked_bad),        cmocka_unit_test(half_mirror_bad),
		cmocka_unit_test(asked_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
