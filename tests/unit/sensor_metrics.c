/*
 * sensor_metrics: health in numbers: what promtool says of them, what is escaped, how clients and incidents are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/json_in.h"
#include "sensor/metrics.h"

static struct health health;
static struct health_log health_log;
static char text[METRICS_MAX + 1];

static void
finding(uint64_t incident, uint8_t severity, int64_t second, bool worsens)
{
	struct finding f = {.incident = incident,
			    .severity = severity,
			    .worsens = worsens,
			    .time = {second * NS_PER_S},
			    .actor = addr_v4((const uint8_t[]){192, 0, 2, (uint8_t)incident})};

	snprintf(f.text, sizeof(f.text), "incident %d at %d", (int)incident, (int)second);
	health_finding(&health_log, &f);
}

static void
session(unsigned client)
{
	const uint8_t a[4] = {10, 0, (uint8_t)(client >> 8), (uint8_t)client};

	health_session(&health_log, &(struct session){.role = ROLE_INBOUND, .kind = SESSION_CLOSE, .src = addr_v4(a)});
}

static void
fill(void)
{
	memset(&health, 0, sizeof(health));
	memset(&health_log, 0, sizeof(health_log));
	strcpy(health.sensor, "sensor \"one\" \\ two\nthree");
	strcpy(health.iface, "eth1");
	strcpy(health.version, "0.1");
	health.counts.frames = 12345;
	health.loss.away = 61005;
	health.loss.ring = 7;
	health.told = 1700000000;
	health.buffer_ms = 2500;
	health.sinks = 2;
	strcpy(health.sink[0].name, "siem");
	health.sink[0].waiting = 3;
	strcpy(health.sink[1].name, "lake");
	strcpy(health.sink[1].error, "lake.example:9092: Connection refused");
	finding(1, SEVERITY_HIGH, 10, true);
	finding(2, SEVERITY_CRITICAL, 5, true);
	finding(1, SEVERITY_LOW, 20, false);
	health_lists(&health, &health_log);
}

static void
written(void)
{
	struct out o = out_of(text, METRICS_MAX);

	metrics_write(&o, &health);
	assert_false(o.full);
	*o.p = '\0';
}

static void
has_every_counter(void **state)
{
	(void)state;
	fill();
	written();
	assert_non_null(strstr(text, "\n# HELP gatewitness_frames_total frames read\n"
				     "# TYPE gatewitness_frames_total counter\n"
				     "gatewitness_frames_total 12345\n"));
	assert_non_null(strstr(text, "\ngatewitness_lost_away_seconds_total 61.005\n"));
	assert_non_null(strstr(text, "\ngatewitness_lost_ring_frames_total 7\n"));
	assert_non_null(strstr(text, "\ngatewitness_capture_buffer_seconds 2.500\n"));
	assert_non_null(strstr(text, "\ngatewitness_sink_waiting{sink=\"siem\"} 3\n"
				     "gatewitness_sink_waiting{sink=\"lake\"} 0\n"));
	assert_non_null(strstr(text, "\ngatewitness_incidents_open{severity=\"critical\"} 1\n"));
	assert_non_null(strstr(text, "sensor=\"sensor \\\"one\\\" \\\\ two\\nthree\""));
#define COUNT(name, stratum, doc) assert_non_null(strstr(text, "\ngatewitness_" #name "_total "));
#include "base/count.def"
#undef COUNT
}

/* Names, types, units and help as Prometheus' own checker wants them. */
static void
promtool_finds_nothing(void **state)
{
	FILE *to = popen("promtool check metrics", "w");

	(void)state;
	fill();
	written();
	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, strlen(text), to), strlen(text));
	assert_int_equal(pclose(to), 0);
}

static void
too_little_room_is_said(void **state)
{
	struct out o = out_of(text, 1000);

	(void)state;
	fill();
	metrics_write(&o, &health);
	assert_true(o.full);
}

static void
json_is_json(void **state)
{
	struct health_rates r = {.frames = 5};
	struct out o = out_of(text, METRICS_MAX);
	struct json_in_error e;
	struct json *j;

	(void)state;
	fill();
	health_json(&o, &health, &r);
	assert_false(o.full);
	j = json_in_any(text, out_len(&o), &e);
	assert_non_null(j);
	assert_int_equal(json_in_number(json_in_at(j, "counters"), "frames"), 12345);
	assert_int_equal(json_in_number(json_in_at(j, "rates"), "frames"), 5);
	assert_int_equal(json_in_count(json_in_at(j, "sinks")), 2);
	assert_string_equal(json_in_text(json_in_item(json_in_at(j, "incidents"), 0), "severity").p, "critical");
	json_in_free(j);
}

static void
incidents_open_and_close(void **state)
{
	(void)state;
	fill();
	assert_int_equal(health.incidents, 2);
	assert_int_equal(health.incident[0].id, 2);
	assert_int_equal(health.incident[1].findings, 2);
	assert_int_equal(health.incident[1].severity, SEVERITY_HIGH);
	assert_string_equal(health.incident[1].text, "incident 1 at 10"); /* the one that said something new */
	health_closed(&health_log, 2);
	health_closed(&health_log, 99);
	health_lists(&health, &health_log);
	assert_int_equal(health.incidents, 1);
	assert_int_equal(health.open[SEVERITY_CRITICAL], 0);
	for (unsigned i = 0; i < 2 * HEALTH_OPEN_MAX; i++)
		finding(100 + i, SEVERITY_LOW, 30 + i, true);
	health_lists(&health, &health_log);
	assert_int_equal(health_log.opened, HEALTH_OPEN_MAX);
	assert_int_equal(health.incidents, HEALTH_INCIDENTS);
	assert_int_equal(health.incident[0].id, 1); /* the worst stays */
	assert_int_equal(health.incident[1].id, 100 + 2 * HEALTH_OPEN_MAX - 1);
}

/* A client with a tenth of all sessions is found among thousands; its count is within what is said of it. */
static void
clients_that_come_often(void **state)
{
	(void)state;
	fill();
	for (unsigned i = 0; i < 20000; i++)
		session(i % 10 == 0 ? 7 : 1000 + i % 3001);
	health_lists(&health, &health_log);
	assert_int_equal(health.clients, HEALTH_CLIENTS);
	assert_int_equal(health.client[0].addr.b[15], 7);
	assert_true(health.client[0].sessions >= 2000);
	assert_true(health.client[0].sessions - health.client[0].at_most <= 2000);
}

static void
rates_of_two_moments(void **state)
{
	struct health was, now;
	struct health_rates r;

	(void)state;
	fill();
	was = now = health;
	now.told += 10;
	now.counts.frames += 900;
	now.counts.frame_bytes += 125000;
	now.loss.ring += 100;
	r = health_rates(&now, &was);
	assert_int_equal(r.frames, 90);
	assert_int_equal(r.bits, 100000);
	assert_int_equal(r.lost_ppm, 100000);
	now.counts.frames = 0; /* the keeper was started again */
	assert_int_equal(health_rates(&now, &was).frames, 0);
	assert_int_equal(health_rates(&was, &was).bits, 0);
}

static void
what_is_no_health(void **state)
{
	(void)state;
	fill();
	assert_true(health_sound(&health));
	health.sinks = SINKS_MAX + 1;
	assert_false(health_sound(&health));
	fill();
	memset(health.sink[1].error, 'x', sizeof(health.sink[1].error));
	assert_false(health_sound(&health));
	fill();
	health.incident[0].severity = HEALTH_SEVERITIES;
	assert_false(health_sound(&health));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_counter),        cmocka_unit_test(promtool_finds_nothing),
		cmocka_unit_test(too_little_room_is_said),  cmocka_unit_test(json_is_json),
		cmocka_unit_test(incidents_open_and_close), cmocka_unit_test(clients_that_come_often),
		cmocka_unit_test(rates_of_two_moments),     cmocka_unit_test(what_is_no_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
