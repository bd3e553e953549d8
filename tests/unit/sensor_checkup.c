/*
 * sensor_checkup: each trouble is told when it has lasted, once, and once that it is over; a sensor that is well tells nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/checkup.h"

enum { NEWS_MAX = 8 };

static struct checkup checkup;
static struct health health;
static struct checkup_news news[NEWS_MAX];
static unsigned told;
static int64_t now_s;

static void
tell(void *arg, const struct checkup_news *n)
{
	(void)arg;
	assert_true(told < NEWS_MAX);
	news[told++] = *n;
}

static void
look(void)
{
	now_s++;
	checkup_look(&checkup, &health, now_s, (struct when){(1000 + now_s) * NS_PER_S}, tell, NULL);
}

/* So many seconds of a sensor with this much traffic. */
static void
pass(unsigned seconds, unsigned frames)
{
	while (seconds--) {
		health.counts.frames += frames;
		health.counts.frame_bytes += 1000 * frames;
		look();
	}
}

static int
begin(void **state)
{
	(void)state;
	checkup = (struct checkup){.began = false};
	health = (struct health){.sensor = "probe",
				 .iface = "eth1",
				 .sinks = 2,
				 .sink = {{.name = "one", .well = 1}, {.name = "two", .well = 1}}};
	told = 0;
	pass(100, 10);
	assert_int_equal(told, 0);
	return 0;
}

static void
expect(enum trouble what, bool begins, const char *text)
{
	if (told != 1)
		fail_msg("%u news", told);
	assert_int_equal(news[0].what, what);
	assert_int_equal(news[0].begins, begins);
	assert_string_equal(news[0].text, text);
	told = 0;
}

static void
silence(void **state)
{
	const char *worst;

	(void)state;
	pass(600, 0);
	assert_int_equal(told, 0);
	pass(1, 0);
	expect(TROUBLE_sees_nothing, true,
	       "no frame arrives: 10 minutes without one on eth1; is the mirror port still set up?");
	assert_int_equal(checkup_lasting(&checkup, &worst), 1);
	assert_string_equal(worst, "no frame arrives");
	pass(100, 0);
	pass(9, 1);
	assert_int_equal(told, 0);
	pass(5, 1);
	expect(TROUBLE_sees_nothing, false, "");
	assert_int_equal(checkup_lasting(&checkup, &worst), 0);
	assert_null(worst);
}

/* Of 600 frames in a minute one more than one in a thousand, and not that one. */
static void
losses(void **state)
{
	(void)state;
	pass(60, 10);
	health.loss.ring += 2;
	pass(60, 10);
	expect(TROUBLE_frames_lost, true,
	       "frames are lost before the sensor sees them: 2 of 602 in a minute; gatewitness status says where");
	pass(600, 10);
	assert_int_equal(told, 0);
	pass(120, 10);
	expect(TROUBLE_frames_lost, false, "");
	pass(60, 1000);
	health.loss.ring += 2;
	pass(700, 1000);
	assert_int_equal(told, 0);
}

/* A quarter of an hour, each sink for itself; what is told again is another incident. */
static void
sinks(void **state)
{
	uint64_t first;

	(void)state;
	health.sink[1].well = 0;
	memcpy(health.sink[1].error, "refused", 8);
	pass(899, 10);
	assert_int_equal(told, 0);
	pass(2, 10);
	first = news[0].incident;
	expect(TROUBLE_sink_down, true, "a receiver takes nothing: sink two, 0 lines wait, 0 are lost: refused");
	health.sink[1].well = 1;
	pass(61, 10);
	assert_int_equal(news[0].incident, first);
	assert_int_equal(news[0].opened.ns, checkup.state[TROUBLE_sink_down][1].opened.ns);
	expect(TROUBLE_sink_down, false, "");
	health.sink[1].well = 0;
	pass(901, 10);
	assert_int_not_equal(news[0].incident, first);
	told = 0;
	health.sink[0].lost = 5;
	pass(1, 10);
	expect(TROUBLE_sink_loses, true, "events were given up on their way: sink one, 0 lines wait, 5 are lost");
}

static void
at_once(void **state)
{
	(void)state;
	health.counts.ledger_not_kept = 1;
	pass(1, 10);
	expect(TROUBLE_not_kept, true,
	       "records cannot be kept: the ledger, the outbox or a sink's file cannot be written: a full or failing "
	       "disk");
	health.clock_steps++;
	pass(1, 10);
	assert_int_equal(news[0].what, TROUBLE_clock_stepped);
	told = 0;
	health.deaths++;
	pass(1, 10);
	assert_int_equal(news[0].what, TROUBLE_part_died);
	told = 0;
	pass(601, 10);
	assert_int_equal(told, 3);
}

/* A keeper that was started because one died. */
static void
died_before_the_first_look(void **state)
{
	(void)state;
	checkup = (struct checkup){.began = false};
	health.deaths = 1;
	pass(2, 10);
	assert_int_equal(told, 1);
	assert_int_equal(news[0].what, TROUBLE_part_died);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(silence, begin),
		cmocka_unit_test_setup(losses, begin),
		cmocka_unit_test_setup(sinks, begin),
		cmocka_unit_test_setup(at_once, begin),
		cmocka_unit_test_setup(died_before_the_first_look, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
