/* outage: crashes, restarts and failovers of large and small places; links, mirrors and quiet evenings are none. */
#define MINE (DETECTOR_BIT(outage) | DETECTOR_BIT(crash))

#include "detect_pulses.h"

static void
crash_of(unsigned users, bool plain, unsigned silent)
{
	const struct finding *f = NULL;
	struct office o;

	office_begin(&o, users);
	o.plain = plain;
	office_run(&o, 30);
	assert_int_equal(o.t.got.findings, 0);
	office_reset(&o);
	for (unsigned i = 0; i < silent; i++)
		office_pulse(&o, office_silent(&o));
	office_back(&o, 0);
	assert_true(office_found(&o, DETECTOR_outage, &f) >= 1);
	assert_int_equal(f->severity, SEVERITY_MEDIUM);
	assert_true(o.t.got.alerts >= 1);
	assert_non_null(strstr(f->text, "lost its state"));
	assert_int_equal(f->number[1].value, users < OPEN_MAX ? users : OPEN_MAX);
	assert_in_range(f->number[0].value, 10, silent * 10 + 10);
	office_run(&o, 400);
	assert_true(office_found(&o, DETECTOR_outage, &f) <= 2);
	office_end(&o);
}

static void
crash_with_silence(void **state)
{
	(void)state;
	crash_of(12, false, 2);
	crash_of(60, false, 3);
	crash_of(60, true, 3);
	crash_of(500, false, 2);
	crash_of(500, true, 30);
}

/* Too short for a silent pulse: resets, and nobody can resume. */
static void
crash_of_seconds(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	office_reset(&o);
	office_back(&o, 0);
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	assert_int_equal(f->severity, SEVERITY_MEDIUM);
	office_end(&o);
}

/* The machine vanishes: its switch sends nobody's packets any more, others go on. */
static void
power_off(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 30; i++)
		office_pulse(&o, (struct pulse){.others = 1100});
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	assert_int_equal(f->severity, SEVERITY_MEDIUM);
	office_back(&o, 0);
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 2);
	assert_in_range(f->number[0].value, 290, 310);
	office_end(&o);
}

/* The kernel answers, the service does not. */
static void
service_hangs(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 6; i++)
		office_pulse(&o, (struct pulse){.packets_to = 300,
						.packets_from = 280,
						.syns_to = 60,
						.syns_answered = 60,
						.data_to = 120,
						.others = 1000});
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	assert_non_null(strstr(f->text, "does not answer"));
	office_end(&o);
}

/* The daemon is gone and the kernel refuses. */
static void
service_refused(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 6; i++)
		office_pulse(&o, (struct pulse){.packets_to = 120,
						.packets_from = 120,
						.syns_to = 100,
						.syns_refused = 100,
						.resets_from = 120,
						.data_to = 20,
						.others = 1000});
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	office_end(&o);
}

/* Ten seconds of tunnels over UDP, with what TCP adds. */
static void
udp_pulse(struct office *o, struct pulse p)
{
	p.packets_to += 200;
	p.packets_from += 220;
	p.udp_bytes_to += 40000;
	p.udp_bytes_from += 90000;
	p.others += 1000;
	office_pulse(o, p);
}

/* The service dies, and what it handed to the kernel goes on for a while. */
static void
service_dies_tunnels_go_on(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned reset = 0; reset < 2; reset++) {
		struct office o;

		office_begin(&o, 40);
		if (reset)
			office_reset(&o);
		for (unsigned i = 0; i < 4; i++)
			udp_pulse(&o, (struct pulse){.packets_to = 60, .syns_to = 40, .handshakes = 3, .data_to = 20});
		office_back(&o, 0);
		office_run(&o, 10);
		assert_true(office_found(&o, DETECTOR_outage, &f) >= 1);
		assert_int_equal(f->severity, SEVERITY_MEDIUM);
		assert_in_range(f->number[0].value, 30, 60);
		office_end(&o);
	}
}

/* In the evening a few tunnels over UDP are left; scans of closed ports ask TCP in vain. */
static void
udp_evening_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 40);
	office_close(&o, false);
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t scan = i % 90 == 60 ? 4 + site_random(&o.t, 30) : site_random(&o.t, 2), answered = i % 9 == 0;

		udp_pulse(&o, (struct pulse){.packets_to = scan + answered * 3,
					     .packets_from = answered * 4,
					     .syns_to = scan + answered,
					     .syns_answered = answered,
					     .data_to = answered,
					     .data_from = answered * 2});
	}
	assert_int_equal(o.t.got.alerts, 0);
	office_end(&o);
}

/* Another machine takes over; not so where its hop limit is known: over IPv6 it always was another. */
static void
failover(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct office o;
		struct session s;

		office_begin(&o, 40);
		if (known) {
			s = site_session(&o.t, "2001:db8:9::7", OFFICE_PROGRAM, o.now);
			s.ttl_dest = 250;
			site_judge(&o.t, &s);
		}
		for (unsigned i = 0; i < 2; i++)
			office_pulse(&o, office_silent(&o));
		s = site_session(&o.t, "198.51.100.9", OFFICE_PROGRAM, o.now);
		s.ttl_dest = 250;
		office_pulse(&o, office_usual(&o));
		site_judge(&o.t, &s);
		office_run(&o, 10);
		assert_true(office_found(&o, DETECTOR_outage, &f) >= 1);
		assert_int_equal(strstr(f->text, "another machine") == NULL, known);
		office_end(&o);
	}
}

/* After a leak loop it is critical, and what the gateway calls next is, too. */
static void
chains(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	site_leak(&o.t, o.now, 0.5, 10);
	office_pulse(&o, office_usual(&o));
	for (unsigned i = 0; i < 4; i++)
		office_pulse(&o, office_silent(&o));
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	assert_int_equal(f->severity, SEVERITY_CRITICAL);
	assert_string_equal(f->chain, "exploit_then_outage");
	office_end(&o);
}

/* ---- what is none ---- */

/* Everything stops: it is the sensor's link. */
static void
link_flap_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	office_begin(&o, 40);
	o.now += 120;
	office_run(&o, 60);
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), 1);
	assert_int_equal(f->severity, SEVERITY_INFO);
	assert_non_null(strstr(f->text, "not gateway"));
	assert_int_equal(o.t.got.alerts, 0);
	office_end(&o);
}

/* The mirror loses the gateway's direction: clients acknowledge what the sensor does not see. */
static void
one_sided_mirror_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 60; i++)
		office_pulse(
			&o,
			(struct pulse){
				.packets_to = 800, .syns_to = 6, .data_to = 400, .acks_unseen = 700, .others = 1000});
	office_run(&o, 60);
	assert_int_equal(o.t.got.alerts, 0);
	office_end(&o);
}

/* The last one leaves; then scans of closed ports for the night, and a forgotten client that sends again and again. */
static void
quiet_evening_bad(void **state)
{
	struct office o;

	(void)state;
	for (unsigned users = 1; users <= 16; users *= 2) {
		office_begin(&o, users);
		office_close(&o, false);
		for (unsigned i = 0; i < 3000; i++) {
			struct pulse p = {.others = 200};

			if (i % 5 == 0)
				p.syns_to = p.packets_to = 1 + site_random(&o.t, 2);
			if (i > 60 && i < 70)
				p.data_to = p.packets_to = 2;
			office_pulse(&o, p);
		}
		assert_int_equal(o.t.got.alerts, 0);
		office_end(&o);
	}
}

/* The only one there sends a file: it is acknowledged, and answered at its end. */
static void
upload_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 4);
	for (unsigned i = 0; i < 12; i++)
		office_pulse(&o, (struct pulse){.packets_to = 46,
						.packets_from = 16,
						.bytes_to = 61823,
						.bytes_from = 320,
						.data_to = 45,
						.others = 4});
	office_run(&o, 12);
	assert_int_equal(o.t.got.findings, 0);
	office_end(&o);
}

/* The users are thrown out on purpose, and resume. */
static void
sessions_killed_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 40);
	office_reset(&o);
	office_back(&o, 100);
	office_run(&o, 60);
	assert_int_equal(o.t.got.findings, 0);
	office_end(&o);
}

/* One per cent of the traffic is lost for an hour. */
static void
capture_loss_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 360; i++) {
		struct pulse p = office_usual(&o);

		p.gap_bytes = p.bytes_from / 100;
		if (i % 20 == 5)
			p.packets_from = p.data_from = p.handshakes = p.syns_answered = 0;
		office_pulse(&o, p);
	}
	assert_int_equal(o.t.got.alerts, 0);
	office_end(&o);
}

/* Four weeks of days, nights and weekends. */
static void
weeks_bad(void **state)
{
	struct office o;

	(void)state;
	office_begin(&o, 40);
	office_close(&o, false);
	for (unsigned i = 0; i < 28 * DAY / PULSE_S; i++) {
		unsigned hour = i * PULSE_S / HOUR % 24, day = i * PULSE_S / DAY % 7;

		o.users = day >= 5 ? hour % 3 : hour < 7 || hour > 19 ? site_random(&o.t, 3) : 40;
		office_run(&o, 1);
	}
	assert_int_equal(o.t.got.findings, 0);
	office_end(&o);
}

/* A minute without a way to the gateway: the connections outlive it, and a few come anew as a few always do. */
static void
path_flap_of(unsigned users, uint32_t newcomers)
{
	const struct finding *f = NULL;
	struct office o;
	struct pulse back;

	office_begin(&o, users);
	for (unsigned i = 0; i < 2; i++)
		office_pulse(&o, office_silent(&o));
	back = office_usual(&o);
	back.handshakes += newcomers;
	office_pulse(&o, back);
	office_run(&o, 20);
	assert_true(office_found(&o, DETECTOR_outage, &f) >= 1);
	assert_int_equal(f->severity, SEVERITY_LOW);
	assert_non_null(strstr(f->text, "went on"));
	office_end(&o);
}

static void
path_flap(void **state)
{
	(void)state;
	path_flap_of(40, 0);
	path_flap_of(8, 3);
}

/* Who was connected is silent over a short outage, and is reset when he speaks again. */
static void
lost_later(void **state)
{
	static const struct {
		unsigned users, pulses, resets; /* pulses between the outage and the first of them */
		bool told;
	} CASE[] = {{5, 8, 2, true}, {8, 8, 3, true}, {5, 8, 1, false}, {8, 8, 2, false}, {5, 70, 2, false}};

	(void)state;
	for (unsigned c = 0; c < sizeof(CASE) / sizeof(CASE[0]); c++) {
		const struct finding *f = NULL;
		struct office o;

		office_begin(&o, CASE[c].users);
		for (unsigned i = 0; i < 2; i++)
			office_pulse(&o, office_silent(&o));
		office_run(&o, CASE[c].pulses);
		assert_true(office_found(&o, DETECTOR_outage, &f) >= 1);
		assert_int_equal(f->severity, SEVERITY_LOW);
		for (unsigned i = 0; i < CASE[c].resets; i++) {
			office_close_one(&o, i, true);
			office_run(&o, 2);
		}
		o.users *= 4; /* what is usual changes, and makes nothing of it that it was not */
		office_run(&o, 300);
		office_close(&o, false);
		office_found(&o, DETECTOR_outage, &f);
		assert_int_equal(f->severity == SEVERITY_MEDIUM, CASE[c].told);
		assert_int_equal(strstr(f->text, "lost its state when it was silent") != NULL, CASE[c].told);
		office_end(&o);
	}
}

/* Connections in vain, `syns` a pulse. */
static void
in_vain(struct office *o, unsigned pulses, uint32_t syns, uint32_t data)
{
	while (pulses--)
		office_pulse(o, (struct pulse){.packets_to = syns + data,
					       .syns_to = syns,
					       .data_to = data,
					       .others = 1000 + site_random(&o->t, 300)});
}

/* Five are thrown out, and who comes back is not answered: at night these are few, none of them much in one pulse. */
static void
resets_and_no_answer(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned comes_back = 0; comes_back < 2; comes_back++) {
		struct office o;

		office_begin(&o, 5);
		office_reset(&o);
		in_vain(&o, 1, 0, 0);
		in_vain(&o, 7, comes_back ? 5 : 2, 0);
		assert_int_equal(office_found(&o, DETECTOR_outage, &f), comes_back);
		assert_int_equal(o.t.got.alerts, comes_back);
		if (comes_back)
			assert_non_null(strstr(f->text, "does not answer for"));
		office_end(&o);
	}
}

/* A restart of ten seconds: who was reset tries again at once, in vain, and then resumes. */
static void
resets_and_a_moment(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned again = 0; again < 2; again++) {
		struct office o;

		office_begin(&o, 7); /* nobody scans */
		for (unsigned i = 0; i < 400; i++)
			office_pulse(&o, (struct pulse){.packets_to = 40,
							.packets_from = 60,
							.data_to = 20,
							.data_from = 40,
							.others = 900});
		office_reset(&o);
		in_vain(&o, 1, 0, 0);
		in_vain(&o, 1, again ? 4 : 1, 0);
		for (unsigned i = 0; i < 7; i++)
			office_pulse(&o, (struct pulse){.packets_to = 40,
							.packets_from = 60,
							.syns_to = 1,
							.syns_answered = 1,
							.handshakes = 1,
							.data_to = 20,
							.data_from = 40,
							.resumptions_offered = 1,
							.resumptions_accepted = 1,
							.others = 900});
		assert_int_equal(office_found(&o, DETECTOR_outage, &f), again);
		office_end(&o);
	}
}

/* At night two come back, where others had been resumed in the same ten seconds: what hardly ever is refused, is. */
static void
resets_and_two_refused(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned refused = 0; refused < 3; refused++) {
		struct office o;
		struct pulse p;

		office_begin(&o, 20);
		office_reset(&o);
		p = office_usual(&o);
		p.resumptions_offered = p.resumptions_accepted = 4;
		office_pulse(&o, p);
		in_vain(&o, 1, 0, 0);
		p = office_usual(&o);
		p.resumptions_offered = 4;
		p.resumptions_accepted = 4 - refused;
		office_pulse(&o, p);
		in_vain(&o, 5, 0, 0);
		assert_int_equal(office_found(&o, DETECTOR_outage, &f), refused == 2);
		office_end(&o);
	}
}

/* A moment of the week before, in which many asked in vain, does not hide a minute in which few do. */
static void
few_for_long(void **state)
{
	const struct finding *f = NULL;

	(void)state;
	for (unsigned pulses = 2; pulses <= 6; pulses += 4) {
		struct office o;

		office_begin(&o, 8);
		in_vain(&o, 1, 0, 60);
		office_run(&o, 400);
		o.t.got.findings = o.t.got.alerts = 0;
		in_vain(&o, pulses, 1, 2);
		office_run(&o, 1);
		assert_int_equal(office_found(&o, DETECTOR_outage, &f), pulses == 6);
		office_end(&o);
	}
}

/* Those who were connected ask one after the other, minutes later, and are reset: it is still that outage. */
static void
resets_later_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;
	unsigned told;

	(void)state;
	office_begin(&o, 40);
	for (unsigned i = 0; i < 3; i++)
		office_pulse(&o, office_silent(&o));
	office_back(&o, 0);
	told = office_found(&o, DETECTOR_outage, &f);
	assert_true(told >= 1);
	office_run(&o, 12);
	office_reset(&o);
	office_back(&o, 0);
	assert_int_equal(office_found(&o, DETECTOR_outage, &f), told);
	office_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crash_with_silence),
		cmocka_unit_test(crash_of_seconds),
		cmocka_unit_test(power_off),
		cmocka_unit_test(service_hangs),
		cmocka_unit_test(service_dies_tunnels_go_on),
		cmocka_unit_test(udp_evening_bad),
		cmocka_unit_test(service_refused),
		cmocka_unit_test(failover),
		cmocka_unit_test(chains),
		cmocka_unit_test(link_flap_bad),
		cmocka_unit_test(one_sided_mirror_bad),
		cmocka_unit_test(quiet_evening_bad),
		cmocka_unit_test(upload_bad),
		cmocka_unit_test(sessions_killed_bad),
		cmocka_unit_test(capture_loss_bad),
		cmocka_unit_test(weeks_bad),
		cmocka_unit_test(path_flap),
		cmocka_unit_test(lost_later),
		cmocka_unit_test(resets_and_no_answer),
		cmocka_unit_test(resets_and_a_moment),
		cmocka_unit_test(resets_and_two_refused),
		cmocka_unit_test(few_for_long),
		cmocka_unit_test(resets_later_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
