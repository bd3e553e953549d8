/*
 * cmd_snapshot: a hunt that begins at a snapshot finds what was found live, whatever was going on when it was made: over
 * every capture of the tree, with a snapshot every few frames.
 */
#include <unistd.h>

#include "every_capture.h"
#include "ledger_help.h"

#include "cmd/hunt.h"
#include "cmd/keep.h"
#include "sensor/input.h"
#include "sensor/watch_snapshot.h"

enum { FINDINGS = 256, SNAPSHOTS = 6 };

static struct finding live[FINDINGS];
static size_t lives;
static struct when made[SNAPSHOTS];
static unsigned snapshots, hunts;

static void
on_finding(void *arg, const struct finding *f)
{
	(void)arg;
	assert_true(lives < FINDINGS);
	live[lives++] = *f;
}

static struct common *
open_common(const struct command *command, const char *config)
{
	struct common *c = common_new(command);

	common_option(c, OPT_QUIET, NULL);
	if (config)
		assert_int_equal(common_option(c, 'c', config), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "ndpi.enabled=no"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "detect.learn=75s"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "memory.limit=64MiB"), EXIT_DONE);
	return c;
}

static size_t
frames_of(const char *path)
{
	struct frame batch[PIPELINE_BATCH];
	struct input in;
	size_t n, all = 0;

	assert_true(input_open(&in, path));
	while ((n = input_frames(&in, batch, PIPELINE_BATCH)) > 0)
		all += n;
	input_close(&in);
	return all;
}

static void
watch_it(struct common *c, const char *path)
{
	size_t all = frames_of(path), at = 0;
	struct frame batch[PIPELINE_BATCH];
	struct input in;

	assert_true(input_open(&in, path));
	while (input_frames(&in, batch, 1) > 0) {
		watch_frames(&c->watch, batch, 1);
		if (++at * (SNAPSHOTS + 1) / all == snapshots + 1 && snapshots < SNAPSHOTS) {
			watch_snapshot(&c->watch);
			made[snapshots++] = batch[0].time;
		}
	}
	watch_end(&c->watch);
	input_close(&in);
}

static void
same_since(const char *path, unsigned n, const char *config)
{
	struct hunt h = {.common = open_common(&CMD_HUNT, config), .dir = folder, .as_was = true, .replays = true};
	struct when since = {(made[n].ns / NS_PER_US + 1) * NS_PER_US};
	char text[64];
	struct out o = out_of(text, sizeof(text) - 1);
	size_t k = 0;

	out_time(&o, since);
	*o.p = '\0';
	h.since = text;
	if (hunt_search(&h) == EXIT_USAGE) { /* the window is empty */
		hunt_free(&h);
		return;
	}
	assert_true(h.learnt.is);
	for (size_t i = 0; i < lives; i++) {
		if (when_before(live[i].time, since) || when_before(h.end, live[i].time))
			continue;
		if (k == h.findings)
			fail_msg("%s, since %s: not found again: %s", path, text, live[i].text);
		assert_string_equal(live[i].text, h.finding[k].text);
		assert_int_equal(live[i].id, h.finding[k].id);
		assert_int_equal(live[i].incident, h.finding[k].incident);
		assert_int_equal(live[i].opens, h.finding[k].opens);
		assert_int_equal(live[i].worsens, h.finding[k].worsens);
		k++;
	}
	assert_int_equal(k, h.findings);
	hunts++;
	hunt_free(&h);
}

static unsigned
check(const char *path, const char *config)
{
	struct common *c = open_common(&CMD_RUN, config);
	struct keep k = {.ledger = NULL};

	assert_int_equal(make_folder(NULL), 0);
	lives = 0;
	snapshots = 0;
	c->hears = (struct watch_tell){.finding = on_finding};
	common_option(c, OPT_LEDGER, folder);
	if (!config)
		common_option(c, 'g', "192.0.2.10,2001:db8:0:1::10");
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	assert_int_equal(keep_open(&k, c), EXIT_DONE);
	watch_it(c, path);
	assert_int_equal(keep_close(&k, c, EXIT_DONE), EXIT_DONE);
	common_close(c, EXIT_DONE);
	common_free(c);
	verify_now(NULL);
	assert_string_equal(said, "");
	for (unsigned n = 0; n < snapshots; n++)
		same_since(path, n, NULL);
	remove_folder(NULL);
	return (unsigned)lives;
}

static void
goldens(void **state)
{
	(void)state;
	check_goldens(check);
	printf("%u hunts from snapshots\n", hunts);
	assert_true(hunts > 30);
}

static void
demo(void **state)
{
	(void)state;
	check_demo(check);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(goldens), cmocka_unit_test(demo)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
