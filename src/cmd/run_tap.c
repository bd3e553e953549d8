/*
 * run_tap: a tap of run: frames to records for the keeper.  All that strangers send is parsed here.
 *
 *	open the capture -> give up everything -> the keeper says what to be -> frames
 *
 * When the keeper is gone there is nobody to tell: it ends, and the monitor starts it again.
 */
#include "cmd/run_capture.h"
#include "cmd/run_fan.h"

#include "base/crypt.h"
#include "sensor/batch.h"
#include "sensor/confine.h"
#include "sensor/duty.h"
#include "sensor/tap.h"

enum { HELD = 1 << 20 };

static const int64_t LOOK_NS = NS_PER_S / 100, DRAIN_NS = 2 * NS_PER_S;

struct tapping {
	const struct running *run;
	struct run_capture capture;
	struct duty duty;
	struct tap *tap;
	struct batch *batch; /* NULL: what kills it is not kept */
	int64_t look_at, tell_at;
	int exit;
};

/* While the monitor holds a tap's sockets, its place in the group of those that share the frames stays its own: the others'
   connections go on where they are, and the tap that follows takes it over. */
static void
hand_over(const struct tapping *t)
{
	int fd[CAPTURE_PORTS];
	size_t n = capture_sockets(t->capture.capture, fd);

	for (size_t i = 0; i < n; i++)
		(void)role_tell(ROLE_FD_MONITOR, &(struct role_note){.kind = ROLE_HOLD}, fd[i]);
}

static int
prepare(struct tapping *t)
{
	struct capture_fan fan;
	char words[CONFINE_ERROR_MAX];
	int status;

	if (!run_fan_get(&t->run->self, &fan)) {
		common_error(t->run->common, "a tap was not told which it is");
		return EXIT_IO;
	}
	t->batch = batch_map(ROLE_FD_BATCH); /* where there is one */
	t->capture.run = t->run;
	status = run_capture_open(&t->capture, &t->duty, &fan, t->batch ? batch_copies(t->batch) : NULL);
	if (status != EXIT_DONE)
		return status;
	hand_over(t);
	if (crypt_init() && confine_rights(ROLE_tap, words) && confine_surface(ROLE_tap, NULL, 0, words))
		return EXIT_DONE;
	common_error(t->run->common, words);
	return EXIT_IO;
}

/* A keeper that waits for its disk is no tap that hangs. */
static void
on_wait(void *arg)
{
	struct tapping *t = arg;

	duty_poll(&t->duty, clock_now_ns());
}

static bool
open_tap(struct tapping *t)
{
	struct tap_setup setup = {.channel = channel_new(ROLE_FD_KEEPER, &TAP_WIRE, HELD), .waits = on_wait, .arg = t};
	char words[TAP_ERROR_MAX];

	t->tap = setup.channel ? tap_open(&setup, words) : NULL;
	return t->tap != NULL;
}

static void
tell(struct tapping *t)
{
	struct capture_drops d = capture_drops(t->capture.capture);

	tap_drops(t->tap, &(struct tap_drops){d.packets, d.ring, d.interface, d.loss});
	tap_progress(t->tap, &(struct tap_progress){
				     .frames = t->capture.frames, .first = t->capture.first, .last = t->capture.last});
	if (run_capture_load(&t->capture, &d)) {
		tap_shed(t->tap, t->capture.load.level);
		tap_note(t->tap, load_words(t->capture.load.level));
	}
	run_capture_flush(&t->capture);
	(void)role_tell(ROLE_FD_MONITOR,
			&(struct role_note){.kind = ROLE_COUNTS, .came = d.packets, .told = tap_told(t->tap)}, -1);
}

/* What is not about frames, a hundred times a second at most. */
static void
look(struct tapping *t)
{
	int64_t now = clock_now_ns();

	if (now < t->look_at)
		return;
	t->look_at = now + LOOK_NS;
	duty_poll(&t->duty, now);
	tap_poll(t->tap);
	if (now < t->tell_at)
		return;
	t->tell_at = now + NS_PER_S;
	tell(t);
}

static bool
work(struct tapping *t, size_t *n)
{
	struct frame frames[PIPELINE_BATCH];
	struct when now;
	char line[CAPTURE_ERROR_MAX];

	if (!run_capture_frames(&t->capture, frames, n, &t->exit))
		return false;
	if (run_capture_news(&t->capture, line))
		tap_note(t->tap, line);
	if (t->batch)
		batch_note(t->batch, frames, *n);
	if (*n)
		tap_frames(t->tap, frames, *n);
	else if (lull_time(&t->capture.lull, &now))
		tap_tick(t->tap, now);
	look(t);
	return !tap_failed(t->tap);
}

/* What the ring has is worked in before the end, while it does not fill faster. */
static void
work_on(struct tapping *t)
{
	int64_t until = 0;
	size_t n = 1;

	while (work(t, &n) && (!t->duty.stop || (n > 0 && clock_now_ns() < until)))
		if (t->duty.stop && !until)
			until = clock_now_ns() + DRAIN_NS;
	if (tap_failed(t->tap)) /* the monitor knows of the keeper */
		return;
	tell(t);
	tap_end(t->tap);
}

/* It lives as long as its process: closing a capture takes calls that were given away. */
static struct tapping tapping;

int
run_tap(struct running *run)
{
	struct tapping *t = &tapping;
	int status;

	t->run = run;
	duty_take_over();
	status = prepare(t);
	if (t->duty.stop) /* its port never came */
		return EXIT_DONE;
	if (status != EXIT_DONE || !duty_begin(&t->duty) || !open_tap(t))
		return status;
	work_on(t);
	tap_close(t->tap);
	return run_capture_close(&t->capture, t->exit);
}
