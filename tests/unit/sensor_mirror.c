/*
 * mirror: each thing that a span port does wrong is told, with its numbers, and a good one is told as good.
 */
#include "sensor/mirror.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CONNECTIONS = 100 };

static struct mirror_verdict
verdict(const struct mirror *m, const char *name)
{
	struct mirror_verdict v;

	for (unsigned i = 0; mirror_check(m, i, &v); i++)
		if (strcmp(v.name, name) == 0)
			return v;
	fail_msg("no check \"%s\"", name);
	return v;
}

static struct session
connection(void)
{
	return (struct session){.kind = SESSION_CLOSE,
				.role = ROLE_INBOUND,
				.gateway = 1,
				.proto = PROTO_TCP,
				.packets_out = 10,
				.packets_in = 10,
				.bytes_out = 2000,
				.bytes_in = 8000,
				.flags_out = TCP_SYN | TCP_ACK,
				.flags_in = TCP_SYN | TCP_ACK,
				.client_hello = true,
				.established = true,
				.exchanges = 3};
}

static struct session
outbound(void)
{
	struct session s = connection();

	s.role = ROLE_OUTBOUND;
	return s;
}

static void
frames(struct mirror *m, const uint8_t to[6], uint32_t length, unsigned n)
{
	uint8_t bytes[64] = {0};

	memcpy(bytes, to, 6);
	for (unsigned i = 0; i < n; i++) {
		struct frame f = {cur_of(bytes, sizeof(bytes)), length, 1, {(int64_t)(m->frames + 1) * 1000000}};

		mirror_frames(m, &f, 1);
	}
}

static const uint8_t OTHER[6] = {2, 0, 0, 0, 0, 7}, ALL[6] = {255, 255, 255, 255, 255, 255},
		     OWN[6] = {2, 0, 0, 0, 0, 1};

/* A port as it should be. */
static struct mirror
good(void)
{
	struct mirror m = {
		.live = true, .has_mac = true, .clock_known = true, .clock_synchronised = true, .gateways = 1};
	struct session s = connection(), call = outbound();

	memcpy(m.mac, OWN, 6);
	frames(&m, OTHER, 500, 2000);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		mirror_session(&m, &s);
	mirror_session(&m, &call);
	return m;
}

static void
all_good(void **state)
{
	struct mirror m = good();
	struct mirror_verdict v;

	(void)state;
	for (unsigned i = 0; mirror_check(&m, i, &v); i++) {
		assert_int_equal(v.grade, MIRROR_GOOD);
		assert_null(v.mend);
	}
	assert_int_equal(m.tcp, CONNECTIONS + 1);
	assert_int_equal(m.outbound, 1);
	assert_int_equal(m.busiest_frames, 1000);
}

static void
nothing_seen(void **state)
{
	struct mirror m = {.live = false};

	(void)state;
	assert_int_equal(verdict(&m, "mirrored traffic").grade, MIRROR_SILENT);
	assert_int_equal(verdict(&m, "both directions").grade, MIRROR_SILENT);
	assert_int_equal(verdict(&m, "nothing lost").grade, MIRROR_SILENT);
	assert_int_equal(verdict(&m, "gateway seen").grade, MIRROR_BAD);
	assert_int_equal(verdict(&m, "gateway's own calls").grade, MIRROR_SILENT);
}

static void
no_mirror(void **state)
{
	struct mirror m = {.live = true, .has_mac = true};

	(void)state;
	memcpy(m.mac, OWN, 6);
	frames(&m, ALL, 100, 90);
	frames(&m, OWN, 100, 8);
	frames(&m, OTHER, 100, 2);
	assert_int_equal(m.group, 90);
	assert_int_equal(m.own, 8);
	assert_int_equal(verdict(&m, "mirrored traffic").grade, MIRROR_BAD);
	assert_int_equal(verdict(&m, "port is mute").grade, MIRROR_FAIR);
	assert_non_null(verdict(&m, "mirrored traffic").mend);
}

static void
one_direction(void **state)
{
	struct mirror m = good();
	struct session s = connection();

	(void)state;
	s.one_sided = true;
	s.packets_in = 0;
	s.flags_in = 0;
	s.exchanges = 0;
	for (unsigned i = 0; i < 5; i++)
		mirror_session(&m, &s);
	assert_int_equal(verdict(&m, "both directions").grade, MIRROR_FAIR);
	for (unsigned i = 0; i < 10; i++)
		mirror_session(&m, &s);
	assert_int_equal(m.only_out, 15);
	assert_int_equal(m.only_in, 0);
	assert_int_equal(verdict(&m, "both directions").grade, MIRROR_BAD);
}

/* Nobody answered: that is no fault of the mirror's. */
static void
unanswered(void **state)
{
	struct mirror m = good();
	struct session s = connection();

	(void)state;
	s.one_sided = true;
	s.packets_in = 0;
	s.flags_in = 0;
	s.flags_out = TCP_SYN;
	for (unsigned i = 0; i < CONNECTIONS; i++)
		mirror_session(&m, &s);
	assert_int_equal(m.only_out, 0);
	assert_int_equal(verdict(&m, "both directions").grade, MIRROR_GOOD);
}

static void
twice_cut_merged_lost(void **state)
{
	struct mirror m = good();
	struct session s = connection();

	(void)state;
	s.duplicates = 10;
	s.gap_bytes_in = 5000;
	for (unsigned i = 0; i < CONNECTIONS; i++)
		mirror_session(&m, &s);
	m.cut = 500;
	frames(&m, OTHER, 40000, 20);
	assert_int_equal(verdict(&m, "delivered once").grade, MIRROR_FAIR);
	assert_int_equal(verdict(&m, "nothing lost").grade, MIRROR_BAD);
	assert_int_equal(verdict(&m, "whole frames").grade, MIRROR_BAD);
	assert_int_equal(verdict(&m, "as on the wire").grade, MIRROR_FAIR);
	assert_int_equal(m.longest, 40000);

	m = good();
	m.lost_ring = 100;
	assert_int_equal(verdict(&m, "nothing lost").grade, MIRROR_BAD);
}

static void
clock_steps(void **state)
{
	struct mirror m = good();
	uint8_t bytes[64] = {0};
	struct frame f = {cur_of(bytes, sizeof(bytes)), 64, 1, {m.last.ns - 5000}};

	(void)state;
	mirror_frames(&m, &f, 1);
	assert_int_equal(m.steps_back, 1);
	assert_int_equal(m.step_back_ns, 5000);
	assert_int_equal(verdict(&m, "time").grade, MIRROR_FAIR);
	f.time.ns -= 2 * NS_PER_S;
	mirror_frames(&m, &f, 1);
	assert_int_equal(verdict(&m, "time").grade, MIRROR_BAD);

	m = good();
	m.clock_synchronised = false;
	assert_int_equal(verdict(&m, "time").grade, MIRROR_BAD);
}

/* Detectors of the gateway's calls get nothing where it is not seen to call. */
static void
detectors_fed(void **state)
{
	struct mirror m = {.gateways = 1};
	struct session s = connection(), call = outbound();

	(void)state;
	mirror_session(&m, &s);
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (strcmp(DETECTORS[i].name, "new_egress") != 0)
			continue;
		else {
			assert_int_equal(m.fed[i], 0);
			mirror_session(&m, &call);
			assert_int_equal(m.fed[i], 1);
			call.gateway = 0;
			mirror_session(&m, &call);
			assert_int_equal(m.fed[i], 1);
		}
	assert_int_equal(verdict(&m, "gateway's own calls").grade, MIRROR_GOOD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_good),    cmocka_unit_test(nothing_seen),
		cmocka_unit_test(no_mirror),   cmocka_unit_test(one_direction),
		cmocka_unit_test(unanswered),  cmocka_unit_test(twice_cut_merged_lost),
		cmocka_unit_test(clock_steps), cmocka_unit_test(detectors_fed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
