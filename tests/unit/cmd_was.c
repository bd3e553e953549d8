/*
 * cmd_was: history repeated: rules and lists change while the demo is watched, and hunt --as-was finds what was found
 * then, though the files of then are gone; what the ledger does not have any more is named.
 */
#include "config_text.h"
#include "ledger_help.h"

#include "cmd/hunt.h"
#include "cmd/keep.h"
#include "sensor/input.h"

enum { FINDINGS = 256 };

struct findings {
	struct finding f[FINDINGS];
	size_t n;
};

static struct findings live;
static char list_path[96];

static void
on_finding(void *arg, const struct finding *f)
{
	struct findings *all = arg;

	assert_true(all->n < FINDINGS);
	all->f[all->n++] = *f;
}

static void
put_list(const char *text)
{
	FILE *f = fopen(list_path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
put_config(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "[gateway demo]\naddress = 192.0.2.10, 2001:db8:0:1::10\negress = 192.0.2.10\n[detect]\nlearn = 75s\n"
		 "[ndpi]\nenabled = no\n[memory]\nlimit = 64MiB\n[list feed]\nfile = %s\nseverity = high\n%s",
		 list_path, more);
	text_put(text);
}

#define SUPPRESS                                                                                                       \
	"[suppress s]\ndetector = leak_loop, shared_identity\nowner = o\nreason = r\nexpires = 2030-01-01\n"           \
	"[fact f]\nkind = patched\nat = 2026-11-23T22:19:00Z\n"

static void
reload(struct common *c)
{
	assert_true(common_reload(c));
	for (unsigned i = 0; i < 100; i++) {
		common_poll(c);
		usleep(5000);
	}
}

/* What SIGHUP is given when this second of the demo begins. */
static const struct {
	int64_t at_s;
	const char *list, *config;
} CHANGE[] = {
	{1795472310, "203.0.113.140\n198.51.100.53\n", ""}, /* 22:18:30 */
	{1795472360, NULL, SUPPRESS},                       /* 22:19:20, in the middle of a loop */
	{1795472382, "203.0.113.66\n", SUPPRESS},           /* 22:19:42 */
	{1795472397, NULL, ""},                             /* 22:19:57 */
};

static void
watch_demo(struct common *c)
{
	struct frame batch[PIPELINE_BATCH];
	struct input in;
	unsigned next = 0;
	size_t n;

	assert_true(input_open(&in, "tests/demo/demo.pcap"));
	while ((n = input_frames(&in, batch, 1)) > 0) {
		if (next < sizeof(CHANGE) / sizeof(CHANGE[0]) && batch[0].time.ns >= SECOND(CHANGE[next].at_s)) {
			if (CHANGE[next].list)
				put_list(CHANGE[next].list);
			put_config(CHANGE[next].config);
			reload(c);
			next++;
		}
		watch_frames(&c->watch, batch, n);
	}
	assert_int_equal(next, sizeof(CHANGE) / sizeof(CHANGE[0]));
	watch_end(&c->watch);
	input_close(&in);
}

/* The demo from one second to another. */
struct part {
	int64_t from_s, until_s;
};

static void
watch_part(struct common *c, struct part part)
{
	struct frame batch[PIPELINE_BATCH];
	struct input in;
	size_t n;

	assert_true(input_open(&in, "tests/demo/demo.pcap"));
	while ((n = input_frames(&in, batch, 1)) > 0)
		if (batch[0].time.ns >= SECOND(part.from_s) && batch[0].time.ns < SECOND(part.until_s))
			watch_frames(&c->watch, batch, n);
	watch_end(&c->watch);
	input_close(&in);
}

/* One run of the sensor; part NULL: over the demo, with what changes in it. */
static void
run_sensor(const struct part *part)
{
	struct common *c = common_new(&CMD_RUN);
	struct keep k = {.ledger = NULL};

	c->hears = (struct watch_tell){.arg = &live, .finding = on_finding};
	common_option(c, OPT_QUIET, NULL);
	common_option(c, OPT_LEDGER, folder);
	assert_int_equal(common_option(c, 'c', path), EXIT_DONE);
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	assert_int_equal(keep_open(&k, c), EXIT_DONE);
	if (part)
		watch_part(c, *part);
	else
		watch_demo(c);
	assert_int_equal(keep_close(&k, c, EXIT_DONE), EXIT_DONE);
	common_close(c, EXIT_DONE);
	common_free(c);
}

static void
write_history(void)
{
	live.n = 0;
	put_list("203.0.113.66\n");
	put_config("");
	run_sensor(NULL);
	assert_int_equal(unlink(list_path), 0);
	verify_now(NULL);
	assert_string_equal(said, "");
}

static int
hunt_it(struct hunt *h)
{
	*h = (struct hunt){.common = common_new(&CMD_HUNT), .dir = folder, .as_was = true, .replays = true};
	common_option(h->common, OPT_QUIET, NULL);
	return hunt_search(h);
}

static void
found_as_live(const struct hunt *h)
{
	assert_int_equal(h->findings, live.n);
	for (size_t i = 0; i < live.n; i++) {
		const struct finding *was = &live.f[i], *is = &h->finding[i];

		assert_string_equal(was->text, is->text);
		assert_int_equal(was->id, is->id);
		assert_int_equal(was->incident, is->incident);
		assert_int_equal(was->time.ns, is->time.ns);
		assert_int_equal(was->severity, is->severity);
		assert_int_equal(was->suppressed != NULL, is->suppressed != NULL);
	}
}

static void
repeats(void **state)
{
	unsigned suppressed = 0, listed = 0;
	struct hunt h;

	(void)state;
	write_history();
	assert_int_equal(hunt_it(&h), EXIT_DONE);
	found_as_live(&h);
	for (size_t i = 0; i < live.n; i++) {
		const struct finding *was = &live.f[i];

		suppressed += was->suppressed != NULL;
		listed += strstr(was->text, "feed") != NULL;
	}
	printf("%zu findings, %u suppressed, %u by a list\n", live.n, suppressed, listed);
	assert_true(suppressed > 0 && listed > 2);
	hunt_free(&h);
}

/* The sensor was stopped in the middle of the loop and started again: without detect.memory it knew nothing then, with it
   what it had learnt, and the hunt goes by that. */
static void
restarts(void **state)
{
	static const struct part FIRST = {0, 1795472361}, SECOND_PART = {1795472361, INT64_MAX / NS_PER_S};
	char memory[96], more[128] = "";
	size_t fresh = 0;

	snprintf(memory, sizeof(memory), "%s.memory", path);
	for (unsigned kept = 0; kept < 2; kept++) {
		struct hunt h;

		live.n = 0;
		put_list("203.0.113.66\n");
		put_config(more);
		run_sensor(&FIRST);
		run_sensor(&SECOND_PART);
		assert_int_equal(hunt_it(&h), EXIT_DONE);
		found_as_live(&h);
		hunt_free(&h);
		if (!kept)
			fresh = live.n;
		else
			assert_int_not_equal(live.n, fresh); /* else nothing was to be known */
		snprintf(more, sizeof(more), "[detect]\nmemory = %s\n", memory);
		remove_folder(state);
		make_folder(state);
	}
	unlink(memory);
}

/* A list that is gone, and one that somebody altered. */
static void
lacks(void **state)
{
	char pattern[96];
	struct hunt h;
	glob_t g;
	FILE *f;

	(void)state;
	write_history();
	snprintf(pattern, sizeof(pattern), "%s/list-*", folder);
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 2); /* the first and the third are the same */
	f = fopen(g.gl_pathv[0], "r+");
	assert_non_null(f);
	fputc('X', f);
	fclose(f);
	verify_now(NULL);
	assert_non_null(strstr(said, "is not what was written"));
	assert_int_equal(hunt_it(&h), EXIT_IO);
	assert_false(h.answered);
	hunt_free(&h);
	for (size_t i = 0; i < g.gl_pathc; i++)
		unlink(g.gl_pathv[i]);
	globfree(&g);
	assert_int_equal(hunt_it(&h), EXIT_IO);
	assert_false(h.answered);
	hunt_free(&h);
	verify_now(NULL);
	assert_non_null(strstr(said, "No such file"));
}

static int
begin(void **state)
{
	snprintf(list_path, sizeof(list_path), "%s.list", path);
	return make_folder(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(repeats, begin, remove_folder),
		cmocka_unit_test_setup_teardown(restarts, begin, remove_folder),
		cmocka_unit_test_setup_teardown(lacks, begin, remove_folder),
	};

	return cmocka_run_group_tests(tests, text_begin, text_end);
}
