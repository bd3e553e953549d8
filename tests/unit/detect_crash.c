/* crash: who was last before an outage, and who was there before two of them. */
#define MINE (DETECTOR_BIT(outage) | DETECTOR_BIT(crash) | DETECTOR_BIT(new_egress))

#include "detect_pulses.h"

#include "detect/sketch.h"

static const uint64_t TOOL = 0x7001, SCANNER = 0x5001;

/* Weeks of connections: an office, and the background of scans that all the internet gets. */
static void
history(struct office *o)
{
	char source[32];

	for (unsigned i = 0; i < 3000; i++) {
		if (i % 4) {
			snprintf(source, sizeof(source), "198.51.100.%u", i % 40 + 1);
			site_user(&o->t, source, OFFICE_PROGRAM, o->now + i * 0.01);
		} else {
			snprintf(source, sizeof(source), "10.%u.%u.1", i >> 8, i & 255);
			site_visit(&o->t, source, SCANNER, o->now + i * 0.01, (uint32_t[]){120, 400});
		}
	}
	office_run(o, 10);
}

/* An odd request that gets no answer. */
static void
odd_request(struct office *o, const char *source, uint64_t program, uint32_t request, double ago)
{
	struct session s = site_session(&o->t, source, program, o->now - ago);

	site_exchange(&o->t, &s, request, 0, 0);
	s.end = FLOW_RST;
	s.ended_by_dest = true;
	site_judge(&o->t, &s);
}

static void
goes_down(struct office *o)
{
	office_reset(o);
	for (unsigned i = 0; i < 3; i++)
		office_pulse(o, office_silent(o));
	office_back(o, 0);
	o->open = 40;
	for (unsigned i = 0; i < o->open; i++)
		office_user(o, i);
	office_run(o, 400);
}

static void
begin(struct office *o)
{
	office_begin(o, 40);
	history(o);
}

static void
first_names_the_last(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	begin(&o);
	for (unsigned i = 0; i < 3; i++)
		odd_request(&o, "203.0.113.77", TOOL, 52000 + i, 5 - i);
	goes_down(&o);
	assert_int_equal(office_found(&o, DETECTOR_crash, &f), 1);
	assert_int_equal(f->severity, SEVERITY_HIGH);
	assert_non_null(strstr(f->text, "203.0.113.77"));
	assert_non_null(strstr(f->text, "52.0 kB"));
	assert_int_equal(f->number[1].value, 3);
	assert_true(f->session_count >= 1);
	office_end(&o);
}

/* The second time from the same network, by the same program from elsewhere, or with the same size from elsewhere. */
static void
second_is_critical(void **state)
{
	static const struct {
		const char *source;
		uint64_t program;
		uint32_t request;
		const char *words;
	} SECOND[] = {{"203.0.113.99", TOOL + 1, 900, "same network"},
		      {"192.0.2.200", TOOL, 900, "same rare client program"},
		      {"192.0.2.200", TOOL + 2, 52001, "same unusual size"}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const struct finding *f = NULL;
		struct office o;

		begin(&o);
		odd_request(&o, "203.0.113.77", TOOL, 52000, 4);
		goes_down(&o);
		o.now += 3 * DAY;
		office_run(&o, 60);
		odd_request(&o, SECOND[i].source, SECOND[i].program, SECOND[i].request, 3);
		goes_down(&o);
		assert_true(office_found(&o, DETECTOR_crash, &f) >= 2);
		assert_int_equal(f->severity, SEVERITY_CRITICAL);
		assert_non_null(strstr(f->text, SECOND[i].words));
		assert_true(office_found(&o, DETECTOR_outage, &f) >= 2);
		assert_int_equal(f->severity, SEVERITY_CRITICAL);
		office_end(&o);
	}
}

/* The record of what killed it comes late, a minute after the gateway is back. */
static void
late_record(void **state)
{
	const struct finding *f = NULL;
	struct office o;
	struct session s;
	double asked;

	(void)state;
	begin(&o);
	asked = o.now - 4;
	office_reset(&o);
	for (unsigned i = 0; i < 3; i++)
		office_pulse(&o, office_silent(&o));
	office_run(&o, 2);
	s = site_session(&o.t, "203.0.113.77", TOOL, asked);
	site_exchange(&o.t, &s, 52000, 0, 0);
	s.end = FLOW_TIMEOUT;
	s.time = at(o.now);
	site_judge(&o.t, &s);
	office_back(&o, 0);
	assert_int_equal(office_found(&o, DETECTOR_crash, &f), 1);
	assert_non_null(strstr(f->text, "203.0.113.77"));
	office_end(&o);
}

/* A flood of strangers in the last minute does not hide the odd one. */
static void
among_many(void **state)
{
	const struct finding *f = NULL;
	struct office o;
	char source[32];

	(void)state;
	begin(&o);
	odd_request(&o, "203.0.113.77", TOOL, 52000, 14);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(source, sizeof(source), "10.77.%u.%u", i >> 8, i & 255);
		site_visit(&o.t, source, SCANNER, o.now - 13 + i * 0.02, (uint32_t[]){120, 400});
	}
	goes_down(&o);
	assert_int_equal(office_found(&o, DETECTOR_crash, &f), 1);
	assert_non_null(strstr(f->text, "203.0.113.77"));
	office_end(&o);
}

static void
then_a_call(void **state)
{
	const struct finding *f = NULL;
	struct office o;
	struct session s;

	(void)state;
	begin(&o);
	odd_request(&o, "203.0.113.77", TOOL, 52000, 4);
	office_reset(&o);
	for (unsigned i = 0; i < 4; i++)
		office_pulse(&o, office_silent(&o));
	s = site_session(&o.t, "192.0.2.10", 5, o.now);
	s.role = ROLE_OUTBOUND;
	s.dest = site_addr("203.0.113.66");
	s.dest_port = 8443;
	site_judge(&o.t, &s);
	assert_int_equal(office_found(&o, DETECTOR_new_egress, &f), 1);
	assert_int_equal(f->severity, SEVERITY_CRITICAL);
	assert_string_equal(f->chain, "crash_then_call");
	office_end(&o);
}

/* ---- what is none ---- */

/* Users only, whoever was last. */
static void
users_only_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	begin(&o);
	for (unsigned twice = 0; twice < 2; twice++) {
		for (unsigned i = 0; i < 20; i++) {
			char source[32];

			snprintf(source, sizeof(source), "198.51.100.%u", i + 1);
			site_user(&o.t, source, OFFICE_PROGRAM, o.now - 30 + i);
		}
		goes_down(&o);
	}
	assert_int_equal(office_found(&o, DETECTOR_crash, &f), 0);
	assert_true(office_found(&o, DETECTOR_outage, &f) > 0);
	assert_int_equal(f->severity, SEVERITY_MEDIUM);
	office_end(&o);
}

/* Different scanners of the background before two outages: no repetition. */
static void
background_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	begin(&o);
	for (unsigned twice = 0; twice < 2; twice++) {
		char source[32];

		snprintf(source, sizeof(source), "10.200.%u.1", twice);
		site_visit(&o.t, source, SCANNER, o.now - 20, (uint32_t[]){120, 400});
		goes_down(&o);
	}
	for (unsigned i = 0; i < o.t.got.findings; i++)
		assert_true(o.t.got.finding[i].severity <= SEVERITY_MEDIUM);
	assert_true(office_found(&o, DETECTOR_outage, &f) > 0);
	office_end(&o);
}

/* A path that flaps with an odd client before it: nothing died of it. */
static void
path_flap_bad(void **state)
{
	const struct finding *f = NULL;
	struct office o;

	(void)state;
	begin(&o);
	site_visit(&o.t, "203.0.113.77", SCANNER, o.now - 4, (uint32_t[]){120, 400});
	for (unsigned i = 0; i < 2; i++)
		office_pulse(&o, office_silent(&o));
	office_run(&o, 20);
	assert_int_equal(office_found(&o, DETECTOR_crash, &f), 0);
	office_end(&o);
}

/* An odd request without an outage. */
static void
no_outage_bad(void **state)
{
	struct office o;

	(void)state;
	begin(&o);
	odd_request(&o, "203.0.113.77", TOOL, 52000, 4);
	office_run(&o, 60);
	assert_int_equal(o.t.got.findings, 0);
	office_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_names_the_last), cmocka_unit_test(second_is_critical),
		cmocka_unit_test(late_record),          cmocka_unit_test(among_many),
		cmocka_unit_test(then_a_call),          cmocka_unit_test(users_only_bad),
		cmocka_unit_test(background_bad),       cmocka_unit_test(path_flap_bad),
		cmocka_unit_test(no_outage_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
