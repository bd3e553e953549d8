/*
 * world_findings: what is found in a day of every kind of gateway, with every attack of the catalogue and all
 * look-alikes, is found again, word for word, when only the records are judged that were told of it.
 */
#include "world_help.h"

enum { LINE_MAX_BYTES = 1200, LINES_MAX = 1 << 14, SHOWN = 4, HOURS = 9 };

/* One sensor reads frames; another gets the records that the first one told. */
struct sensor {
	struct pipeline *pipeline, *second;
	struct counts_of {
		unsigned findings, incidents, records;
	} count;
	char *line[LINES_MAX];
	unsigned lines;
};

static void
add(struct sensor *s, const char *text)
{
	assert_true(s->lines < LINES_MAX);
	s->line[s->lines++] = strdup(text);
}

static void
got_finding(void *arg, const struct finding *f, const struct session *about)
{
	struct sensor *s = arg;
	char text[LINE_MAX_BYTES];

	snprintf(text, sizeof(text),
		 "%lld %llx of %llx about %llx: detector %u severity %u confidence %u %d%d%d%d%d %.900s",
		 (long long)f->time.ns, (unsigned long long)f->id, (unsigned long long)f->incident,
		 about ? (unsigned long long)about->id : 0, f->detector, f->severity, f->confidence, f->opens,
		 f->worsens, f->weak, f->learning, f->degraded, f->text);
	s->count.findings++;
	add(s, text);
}

static void
got_closed(void *arg, const struct incident *i)
{
	struct sensor *s = arg;
	char text[LINE_MAX_BYTES];

	snprintf(text, sizeof(text), "closed %llx, %u findings", (unsigned long long)i->id, i->findings);
	s->count.incidents++;
	add(s, text);
}

static void
got_session(void *arg, const struct session *told)
{
	struct sensor *s = arg;

	s->count.records++;
	if (s->second)
		pipeline_record(s->second, told);
}

static void
got_pulse(void *arg, const struct pulse *p)
{
	struct sensor *s = arg;

	if (s->second)
		pipeline_pulse(s->second, p);
}

static void
got_frame(void *arg, const struct frame *f)
{
	struct sensor *s = arg;

	pipeline_frames(s->pipeline, f, 1);
}

static void
got_end(void *arg)
{
	struct sensor *s = arg;

	pipeline_end(s->pipeline);
}

static void
sensor_begin(struct sensor *s, void *memory, const struct world *w)
{
	const struct pipeline_sink to = {
		.arg = s, .session = got_session, .pulse = got_pulse, .finding = got_finding, .closed = got_closed};

	memset(s, 0, sizeof(*s));
	s->pipeline =
		sensor_new(memory, w, (struct detect_config){.learn_ns = HOUR(1), .incident_idle_ns = HOUR(1)}, &to);
}

static void
world_of(uint8_t kind, struct sensor both[2], void *memory[2])
{
	const struct world_config cfg = {.seed = 5u + kind, .kind = kind, .users = 8, .lookalikes = true};
	struct world_sink to = {.arg = &both[0], .frame = got_frame, .over = got_end};
	static struct world w;

	world_begin(&w, &cfg, &RENDER_FRAMES, &to);
	for (unsigned i = 0; i < 2; i++)
		sensor_begin(&both[i], memory[i], &w);
	both[0].second = both[1].pipeline;
	attacks_begin(&w, MINUTE(4));
	world_run(&w, WORLD_BEGIN + HOUR(HOURS));
	pipeline_tick(both[0].pipeline, (struct when){w.now});
	world_end(&w);
	pipeline_end(both[1].pipeline);
	for (unsigned i = 0; i < 2; i++)
		pipeline_close(both[i].pipeline);
}

static unsigned
differences(const struct sensor *read, const struct sensor *again)
{
	unsigned bad = 0, n = read->lines > again->lines ? read->lines : again->lines;

	for (unsigned i = 0; i < n && bad < SHOWN; i++) {
		const char *a = i < read->lines ? read->line[i] : "nothing",
			   *b = i < again->lines ? again->line[i] : "nothing";

		if (strcmp(a, b) != 0) {
			print_error("line %u\n  read:  %.300s\n  again: %.300s\n", i, a, b);
			bad++;
		}
	}
	return bad;
}

static void
same(void **state)
{
	static struct sensor both[2];
	void *memory[2] = {aligned_alloc(64, SENSOR_MEMORY), aligned_alloc(64, SENSOR_MEMORY)};
	unsigned bad = 0, findings = 0;

	(void)state;
	for (uint8_t kind = 0; kind < KINDS; kind++) {
		world_of(kind, both, memory);
		assert_true(both[0].count.records > 1000 && both[0].count.findings > 0 && both[0].count.incidents > 0);
		bad += differences(&both[0], &both[1]);
		findings += both[0].count.findings;
		for (unsigned i = 0; i < 2; i++)
			for (unsigned k = 0; k < both[i].lines; k++)
				free(both[i].line[k]);
	}
	free(memory[0]);
	free(memory[1]);
	assert_int_equal(bad, 0);
	print_message("%u findings in worlds of %u kinds, the same from records\n", findings, (unsigned)KINDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same)};

	if (!programs_load("tests/golden"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
