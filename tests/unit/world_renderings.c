/*
 * world: the two renderings of one world say the same: sessions and pulses made by the record rendering equal those
 * that the pipeline makes of its frames, field by field.
 *
 * What only packets can know is listed in ONLY_FRAMES and nowhere else.
 */
#include "world_help.h"

enum { TEXT_MAX = 1 << 14, LINES_MAX = 1 << 17, SHOWN = 4, HOURS = 11 };

struct lines {
	char *line[LINES_MAX];
	unsigned count;
};

struct both {
	struct lines sessions, pulses;
	struct pipeline *pipeline;
};

static void
add(struct lines *l, const char *text, size_t n)
{
	assert_true(l->count < LINES_MAX);
	l->line[l->count] = strndup(text, n);
	l->count++;
}

/*
 * The pipeline looks at an ended connection when its queue's turn comes, and may tell an update of it until then; the
 * record rendering ends it in time.
 */
static bool
is_late(const struct session *s)
{
	int64_t timeout = s->proto == PROTO_TCP ? FLOW_TCP_S : s->packets_in ? FLOW_UDP_S : FLOW_UDP_ONE_S;

	return s->kind == SESSION_UPDATE && (s->end != FLOW_OPEN || when_since(s->time, s->last) >= timeout * NS_PER_S);
}

static void
got_session(void *arg, const struct session *s)
{
	struct both *b = arg;
	struct session told = *s;
	struct recent recent = {0};
	char text[TEXT_MAX];
	struct out o = out_of(text, sizeof(text));

	if (!s->gateway || is_late(s))
		return;
	told.capture = 0;
#define ONLY_FRAMES(field) told.field = 0;
#include "../world/only_frames.def"
#undef ONLY_FRAMES
	session_json(&o, &told, &recent);
	add(&b->sessions, text, (size_t)(o.p - text));
}

static void
got_pulse(void *arg, const struct pulse *p)
{
	struct both *b = arg;
	char text[TEXT_MAX];
	struct out o = out_of(text, sizeof(text));

	pulse_json(&o, p);
	add(&b->pulses, text, (size_t)(o.p - text));
}

static void
got_finding(void *arg, const struct finding *f, const struct session *s)
{
	(void)arg, (void)f, (void)s;
}

static void
got_closed(void *arg, const struct incident *i)
{
	(void)arg, (void)i;
}

static void
got_frame(void *arg, const struct frame *f)
{
	struct both *b = arg;

	pipeline_frames(b->pipeline, f, 1);
}

static void
got_end(void *arg)
{
	struct both *b = arg;

	if (b->pipeline)
		pipeline_end(b->pipeline);
}

static void
pipeline_begin(struct both *b, void *memory, const struct world *w)
{
	const struct pipeline_sink to = {
		.arg = b, .session = got_session, .pulse = got_pulse, .finding = got_finding, .closed = got_closed};

	b->pipeline =
		sensor_new(memory, w, (struct detect_config){.learn_ns = DAY(7), .incident_idle_ns = HOUR(6)}, &to);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
free_lines(struct lines *l)
{
	for (unsigned i = 0; i < l->count; i++)
		free(l->line[i]);
}

/* From a little before the first difference on. */
static void
print_difference(const char *a, const char *b)
{
	int same = 0, from;

	while (a[same] && a[same] == b[same])
		same++;
	from = same < 60 ? 0 : same - 60;
	print_error("%.200s ...\n  records: %.160s\n  frames:  %.160s\n", a, a + from, b + from);
}

/* Both begin alike up to the time of the record: they are the same record, told differently. */
static bool
same_record(const char *a, const char *b)
{
	const char *end = strstr(a, "\"start\"");

	return end && strncmp(a, b, (size_t)(end - a)) == 0;
}

static unsigned
differences(const char *what, const struct lines *records, const struct lines *frames)
{
	unsigned bad = 0, i = 0, k = 0;

	while ((i < records->count || k < frames->count) && bad < SHOWN) {
		const char *a = i < records->count ? records->line[i] : "~";
		const char *b = k < frames->count ? frames->line[k] : "~";
		int order = strcmp(a, b);

		if (order != 0 && same_record(a, b))
			print_difference(a, b);
		else if (order < 0)
			print_error("only as records: %.700s\n", a);
		else if (order > 0)
			print_error("only as frames: %.700s\n", b);
		bad += order != 0;
		i += order <= 0 || same_record(a, b);
		k += order >= 0 || same_record(a, b);
	}
	if (bad)
		print_error("%u %s as records, %u as frames\n", records->count, what, frames->count);
	return bad;
}

static void
run(uint8_t kind, struct both *to_both, void *memory)
{
	const struct world_config cfg = {.seed = 3u + kind, .kind = kind, .users = 8, .lookalikes = true};
	struct world_sink to = {
		.arg = to_both, .session = got_session, .pulse = got_pulse, .frame = got_frame, .over = got_end};
	static struct world w;

	world_begin(&w, &cfg, memory ? &RENDER_FRAMES : &RENDER_RECORDS, &to);
	if (memory)
		pipeline_begin(to_both, memory, &w);
	attacks_begin(&w, MINUTE(5));
	world_run(&w, WORLD_BEGIN + HOUR(HOURS));
	if (memory)
		pipeline_tick(to_both->pipeline, (struct when){w.now});
	world_end(&w);
	if (memory)
		pipeline_close(to_both->pipeline);
}

static void
same(void **state)
{
	static struct both both[2];
	void *memory = aligned_alloc(64, SENSOR_MEMORY);
	unsigned bad = 0;

	(void)state;
	for (uint8_t kind = 0; kind < KINDS; kind++) {
		memset(both, 0, sizeof(both));
		run(kind, &both[0], NULL);
		run(kind, &both[1], memory);
		for (unsigned i = 0; i < 2; i++)
			qsort(both[i].sessions.line, both[i].sessions.count, sizeof(char *), compare);
		assert_true(both[0].sessions.count > 1000);
		bad += differences("sessions", &both[0].sessions, &both[1].sessions);
		bad += differences("pulses", &both[0].pulses, &both[1].pulses);
		for (unsigned i = 0; i < 2; i++) {
			free_lines(&both[i].sessions);
			free_lines(&both[i].pulses);
		}
	}
	free(memory);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same)};

	if (!programs_load("tests/golden"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
