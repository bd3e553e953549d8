/* Incidents open, worsen and close; memory keeps what is known; every row of detect.def is complete. */
#include "detect_site.h"

static const uint64_t TOOL = 0x7001;

/* After a look around, which is more than a check does. */
static void
leak(struct site_test *t, double seconds)
{
	site_visit(t, "203.0.113.77", TOOL, seconds, (uint32_t[]){240, 900});
	site_visit(t, "203.0.113.77", TOOL, seconds, (uint32_t[]){300, 1200});
	site_leak(t, seconds, 1, 10);
}

static void
life(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	leak(&t, 0);
	assert_true(t.got.finding[0].opens);
	assert_false(t.got.finding[0].worsens);
	/* a detector new to it worsens it */
	site_visit(&t, "203.0.113.77", TOOL, 100, (uint32_t[]){24900, 40000});
	assert_int_equal(t.got.findings, 2);
	assert_false(t.got.finding[1].opens);
	assert_true(t.got.finding[1].worsens);
	assert_true(t.got.finding[1].incident == t.got.finding[0].incident);
	assert_true(t.got.finding[1].id != t.got.finding[0].id);
	/* the same again is evidence, no news */
	site_visit(&t, "203.0.113.77", TOOL, 200, (uint32_t[]){24900, 40000});
	assert_int_equal(t.got.alerts, 2);
	assert_int_equal(t.got.findings, 3);
	detect_idle(t.d, at(200 + 6 * HOUR - 1), &t.to);
	assert_int_equal(t.got.closed, 0);
	detect_idle(t.d, at(201 + 6 * HOUR), &t.to);
	assert_int_equal(t.got.closed, 1);
	assert_int_equal(t.got.last_closed.findings, 3);
	assert_int_equal(t.got.last_closed.severity, SEVERITY_CRITICAL);
	assert_int_equal(t.got.last_closed.opened.ns, t.got.finding[0].time.ns);
	assert_int_equal(t.got.last_closed.last.ns, at(200.021).ns);
	assert_int_equal(t.counts.finding, 3);
	assert_int_equal(t.counts.incident, 1);
	/* and opens again */
	site_visit(&t, "203.0.113.77", TOOL, 9 * HOUR, (uint32_t[]){24900, 40000});
	assert_true(t.got.finding[3].opens);
	assert_true(t.got.finding[3].incident != t.got.finding[0].incident);
	detect_idle(t.d, (struct when){INT64_MAX}, &t.to);
	assert_int_equal(t.got.closed, 2);
	site_end(&t);
}

/* Any session's time closes what has been idle. */
static void
closes_by_itself(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	leak(&t, 0);
	site_user(&t, "100.64.0.1", 5, 7 * HOUR);
	assert_int_equal(t.got.closed, 1);
	site_end(&t);
}

/* The table's random key decides nothing. */
static void
same_in_same_out(void **state)
{
	struct got got[2];

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct site_test t;
		char source[32];

		site_begin(&t, 2 << 20, 0);
		t.d->secret.word[3] += k;
		for (unsigned i = 0; i < 3000; i++) {
			snprintf(source, sizeof(source), "203.0.%u.%u", i % 11, i % 3);
			site_visit(&t, source, TOOL + i % 3, i * 2, (uint32_t[]){173, 1700 + site_random(&t, 128)});
			if (i % 100 == 0)
				site_visit(&t, source, TOOL, i * 2 + 1, (uint32_t[]){24900, 40000});
		}
		detect_idle(t.d, (struct when){INT64_MAX}, &t.to);
		got[k] = t.got;
		site_end(&t);
	}
	assert_int_equal(got[0].findings, got[1].findings);
	assert_true(got[0].findings > 3);
	for (unsigned i = 0; i < got[0].findings && i < GOT_MAX; i++) {
		assert_true(got[0].finding[i].id == got[1].finding[i].id);
		assert_true(got[0].finding[i].incident == got[1].finding[i].incident);
		assert_string_equal(got[0].finding[i].text, got[1].finding[i].text);
	}
	assert_int_equal(got[0].closed, got[1].closed);
}

/* More actors than fit: the oldest is closed, told, and counted nowhere twice. */
static void
many_actors(void **state)
{
	struct site_test t;
	char source[32];

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(source, sizeof(source), "10.0.%u.%u", i >> 8, i & 255);
		site_visit(&t, source, TOOL + i, i * 0.1, (uint32_t[]){9000 + i * 5, 40000});
	}
	assert_int_equal(t.got.alerts, 5000);
	detect_idle(t.d, (struct when){INT64_MAX}, &t.to);
	assert_int_equal(t.got.closed, 5000);
	site_end(&t);
}

static void
pulses_pass(void **state)
{
	struct site_test t;
	struct pulse p = {.time = at(0), .gateway = 1};

	(void)state;
	site_begin(&t, 2 << 20, 0);
	leak(&t, 0);
	p.time = at(8 * HOUR);
	detect_pulse(t.d, &p, &t.to);
	assert_int_equal(t.got.closed, 1);
	p.gateway = 0;
	detect_pulse(t.d, &p, &t.to);
	site_end(&t);
}

static void
table_is_complete(void **state)
{
	uint64_t ids = 0;

	(void)state;
	for (unsigned i = 0; i < DETECTOR_COUNT; i++) {
		assert_in_range(DETECTORS[i].id, 1, 63);
		assert_false(ids >> DETECTORS[i].id & 1); /* each its own, for ever */
		ids |= UINT64_C(1) << DETECTORS[i].id;
		assert_true(strlen(DETECTORS[i].raise) > 4);
		assert_true(strlen(DETECTORS[i].doc) > 40 && strlen(DETECTORS[i].blind) > 40);
		assert_int_equal(DETECTORS[i].attack[0], 'T');
	}
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++) {
		bool known = false;

		for (unsigned k = 0; k < DETECTOR_COUNT; k++)
			known |= strcmp(DETECT_PARAMS[i].detector, DETECTORS[k].name) == 0;
		assert_true(known);
		for (unsigned k = 0; k < i; k++)
			assert_true(strcmp(DETECT_PARAMS[i].name, DETECT_PARAMS[k].name) != 0 ||
				    strcmp(DETECT_PARAMS[i].detector, DETECT_PARAMS[k].detector) != 0);
	}
}

/* Too little memory is refused, odd parameters are bounded. */
static void
odd_settings_bad(void **state)
{
	int64_t params[PARAM_END] = {0};
	struct detect_config cfg = {.memory = 1000, .params = params};
	uint8_t *memory = malloc((2 << 20) + 64);
	struct carve c = {memory, memory + (2 << 20) + 64};
	struct site_test t = {0};

	(void)state;
	assert_null(detect_new(&c, &cfg, &t.counts));
	cfg.memory = 2 << 20;
	params[PARAM_leak_loop_slow_window] = INT64_MAX;
	t.memory = memory;
	t.d = detect_new(&c, &cfg, &t.counts);
	t.random = 1;
	leak(&t, 0);
	site_user(&t, "100.64.0.1", 5, 7 * HOUR);
	site_end(&t);
}

static void
memory_keeps_the_known(void **state)
{
	uint8_t *bytes = malloc(1 << 16);
	struct carve c = {bytes, bytes + (1 << 16)};
	struct memory_secret secret = memory_secret(&(struct hash_key){1, 2});
	struct memory m;
	struct memory_key known = {.a = 1}, key = {.b = 1};
	bool fresh;

	(void)state;
	memory_init(&m, &c, &(struct memory_plan){.bytes = 1 << 15, .payload = 8, .secret = &secret});
	assert_true(m.pool.count > 300);
	memory_keep(&m, memory_use(&m, &known, &fresh));
	assert_true(fresh);
	for (unsigned i = 0; i < 100000; i++) {
		key.a = i;
		memory_use(&m, &key, &fresh);
		assert_true(fresh);
	}
	assert_non_null(memory_find(&m, &known));
	key.a = 5;
	assert_null(memory_find(&m, &key));
	assert_int_equal(m.evicted, 100000 + 1 - m.pool.count);
	/* when all are kept, the oldest kept one passes again */
	for (unsigned i = 0; i < 100000; i++) {
		key.a = i;
		memory_keep(&m, memory_use(&m, &key, &fresh));
	}
	assert_null(memory_find(&m, &known));
	assert_true(m.list[1].count <= m.pool.count - m.pool.count / 4);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life),
		cmocka_unit_test(closes_by_itself),
		cmocka_unit_test(same_in_same_out),
		cmocka_unit_test(many_actors),
		cmocka_unit_test(pulses_pass),
		cmocka_unit_test(table_is_complete),
		cmocka_unit_test(odd_settings_bad),
		cmocka_unit_test(memory_keeps_the_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
