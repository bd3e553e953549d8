/* quiet_gateway: logs that stop, in part or whole; holidays, nights, losses and lost mirrors are none. */
#include "detect_outside.h"

/* What an hour brings. */
struct hours {
	uint32_t logs, traps, clock; /* packets an hour at noon; logs and users follow the day */
	uint32_t users;              /* records an hour at noon */
	bool others, outside;        /* directory calls, inside; names, outside */
	bool one_flow;               /* logs on one long connection */
	uint64_t lost;               /* bytes a pulse */
};

/* The day's shape in percent: nobody at night, work by day. */
static uint32_t
share_of(double now)
{
	unsigned hour = (unsigned)(now / HOUR) % 24, day = (unsigned)(now / DAY) % 7;
	unsigned busy = hour >= 7 && hour < 19 ? 100 : hour == 6 || hour == 19 ? 40 : 5;

	return day >= 5 ? busy / 5 + 3 : busy;
}

static void
logs_of(struct site_test *t, double now, uint32_t packets)
{
	struct session s = call_udp(t, "10.1.0.9", 514, (uint32_t[]){200 * packets, 0}, now);

	s.packets_out = packets;
	judge(t, s);
}

static void
log_flow(struct site_test *t, double begin, double now, uint32_t packets)
{
	struct session s = call_tcp(t, "10.1.0.9", 6514, begin);

	s.id = 77;
	s.kind = SESSION_UPDATE;
	s.packets_out = packets;
	s.last = s.time = at(now);
	judge(t, s);
}

/* `seconds` from `from`; a record of each kind every five minutes, a pulse every ten seconds. */
static void
pass_seconds(struct site_test *t, const struct hours *h, double from, double seconds)
{
	static uint32_t flow_packets;

	if (from == 0)
		flow_packets = 0;
	for (double now = from; now < from + seconds; now += 10) {
		struct pulse p = {.time = at(now + 10),
				  .gateway = 1,
				  .packets_to = 50,
				  .bytes_to = 9000,
				  .bytes_from = 9000,
				  .gap_bytes = h->lost};
		unsigned tick = (unsigned)(now / 10);
		uint32_t logs = h->logs * share_of(now) / 1200, users = h->users * share_of(now) / 1200;

		if (tick % 30 == 7) {
			if (h->one_flow)
				log_flow(t, 0, now, flow_packets += logs);
			else if (logs)
				logs_of(t, now, logs);
			if (h->traps) {
				struct session s = call_udp(t, "10.1.0.9", 162, (uint32_t[]){90, 0}, now);

				s.packets_out = h->traps / 12;
				judge(t, s);
			}
			if (h->clock)
				judge(t, call_udp(t, "10.1.0.8", 123, (uint32_t[]){48, 48}, now));
			if (h->others)
				judge(t, call_tcp(t, "10.1.0.20", 636, now));
			if (h->outside)
				judge(t, call_tcp(t, "198.51.100.53", 853, now));
			for (uint32_t i = 0; i < users; i++)
				judge(t, site_session(t, "100.64.1.9", 0xb0, now));
		}
		detect_pulse(t->d, &p, &t->to);
	}
}

static void
pass(struct site_test *t, const struct hours *h, double from, unsigned hours)
{
	pass_seconds(t, h, from, hours * (double)HOUR);
}

static const struct hours USUAL = {.logs = 6000, .traps = 120, .users = 240, .others = true};

static unsigned
found(const struct site_test *t, uint8_t severity)
{
	return count_of(t, DETECTOR_quiet_gateway, severity);
}

static void
begin(struct site_test *t, const struct hours *h, unsigned days)
{
	site_begin(t, 2 << 20, 7 * DAY);
	pass(t, h, 0, days * 24);
	assert_int_equal(found(t, SEVERITY_INFO), 0);
}

static void
logs_stop(void **state)
{
	(void)state;
	for (unsigned one = 0; one < 2; one++) {
		struct hours h = USUAL;
		struct site_test t;

		h.one_flow = one;
		begin(&t, &h, 8);
		h.logs = one ? 300 : 0;
		pass(&t, &h, 8 * DAY, 12);
		assert_int_equal(found(&t, SEVERITY_HIGH), 1);
		assert_non_null(strstr(last_of(&t, DETECTOR_quiet_gateway)->text, "log messages within an hour where"));
		/* told once until it is over */
		pass(&t, &h, 8.5 * DAY, 24);
		assert_int_equal(found(&t, SEVERITY_HIGH), 1);
		site_end(&t);
	}
}

/* At any minute of the hour: told when a fifth of an hour is left of what was sent before, not earlier. */
static void
logs_stop_between_hours(void **state)
{
	const double stop = 8 * DAY + 10 * HOUR + 20 * MINUTE;
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	pass_seconds(&t, &h, 8 * DAY, stop - 8 * DAY);
	h.logs = 0;
	pass_seconds(&t, &h, stop, 45 * MINUTE);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	pass_seconds(&t, &h, stop + 45 * MINUTE, 20 * MINUTE);
	assert_int_equal(found(&t, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* Nine of ten messages held back. */
static void
logs_thinned(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	h.logs = 600;
	pass(&t, &h, 8 * DAY, 12);
	assert_int_equal(found(&t, SEVERITY_HIGH), 1);
	site_end(&t);
}

static void
traps_stop(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	h.traps = 0;
	pass(&t, &h, 8 * DAY, 12);
	assert_int_equal(found(&t, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* Weeks as they are: weekends, nights, a day off with a tenth of the users and logs. */
static void
ordinary_bad(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 22);
	h.logs /= 10;
	h.users /= 10;
	pass(&t, &h, 22 * DAY, 24);
	pass(&t, &USUAL, 23 * DAY, 48);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* Nobody works: nothing can be told. */
static void
no_users_bad(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	h.logs = h.users = 0;
	pass(&t, &h, 8 * DAY, 24);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

static void
losses_bad(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	h.logs = 0;
	h.lost = 1000;
	pass(&t, &h, 8 * DAY, 24);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

/* The mirror of the inside leg is gone: everything of it is. */
static void
leg_lost_bad(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	h.logs = h.traps = 0;
	h.others = false;
	pass(&t, &h, 8 * DAY, 24);
	assert_int_equal(found(&t, SEVERITY_MEDIUM), 0);
	assert_in_range(found(&t, SEVERITY_LOW), 1, 2);
	site_end(&t);
}

/* Two legs, and the mirror of the inside one is gone: once the operator said what is inside, it is known which. */
static void
inside_lost_bad(void **state)
{
	static struct detect_rules rules = {.nets = 1, .net[0] = {.kind = NET_INSIDE, .gateway = 1}};

	(void)state;
	addr_net_parse(&rules.net[0].net, "10.0.0.0/8");
	for (unsigned told = 0; told < 2; told++) {
		struct hours h = USUAL;
		struct site_test t;

		h.outside = true;
		site_begin(&t, 2 << 20, 7 * DAY);
		detect_rules(t.d, told ? &rules : NULL);
		pass(&t, &h, 0, 8 * 24);
		h.logs = h.traps = 0;
		h.others = false;
		pass(&t, &h, 8 * DAY, 24);
		assert_int_equal(found(&t, SEVERITY_HIGH) > 0, !told);
		assert_true(found(&t, SEVERITY_LOW) > 0);
		site_end(&t);
	}
}

static void
never_seen_bad(void **state)
{
	struct hours h = {.users = 240, .others = true};
	struct site_test t;

	(void)state;
	begin(&t, &h, 10);
	site_end(&t);
}

/* The sensor stood still for five hours. */
static void
sensor_off_bad(void **state)
{
	struct hours h = USUAL;
	struct site_test t;

	(void)state;
	begin(&t, &h, 8);
	pass(&t, &h, 8 * DAY + 9.7 * HOUR, 10);
	assert_int_equal(found(&t, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_stop),       cmocka_unit_test(logs_stop_between_hours),
		cmocka_unit_test(logs_thinned),    cmocka_unit_test(traps_stop),
		cmocka_unit_test(ordinary_bad),    cmocka_unit_test(no_users_bad),
		cmocka_unit_test(losses_bad),      cmocka_unit_test(leg_lost_bad),
		cmocka_unit_test(inside_lost_bad), cmocka_unit_test(never_seen_bad),
		cmocka_unit_test(sensor_off_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
