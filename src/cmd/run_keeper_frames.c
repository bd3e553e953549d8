/*
 * run_keeper_frames: frames worked on by the process that keeps what comes of them.
 */
#include "cmd/run_capture.h"
#include "cmd/run_keeper.h"

#include <unistd.h>

static int
open_capture(struct keeping *k)
{
	struct run_capture *c = k->own;

	c->run = k->run;
	return run_capture_open(c, &k->duty, &(struct capture_fan){.members = 1}, NULL);
}

static bool
begin(struct keeping *k)
{
	(void)k;
	return true;
}

static bool
work(struct keeping *k)
{
	struct run_capture *c = k->own;
	struct frame frames[PIPELINE_BATCH];
	struct when now;
	char line[CAPTURE_ERROR_MAX];
	size_t n;

	if (!run_capture_frames(c, frames, &n, &k->exit))
		return false;
	if (run_capture_news(c, line))
		run_keep_news(k, line);
	if (n)
		watch_frames(&k->common->watch, frames, n);
	else if (lull_time(&c->lull, &now))
		watch_tick(&k->common->watch, now);
	return true;
}

static void
each_second(struct keeping *k)
{
	struct run_capture *c = k->own;
	struct capture_drops d = capture_drops(c->capture);
	struct eve_capture *to = &k->common->watch.capture;

	to->kernel_packets = d.packets;
	to->kernel_drops = d.ring;
	to->interface_drops = d.interface;
	to->loss = d.loss;
	to->loss.shed = pipeline_shed_bytes(k->common->watch.pipeline);
	if (run_capture_load(c, &d)) {
		pipeline_shed(k->common->watch.pipeline, c->load.level);
		run_keep_news(k, load_words(c->load.level));
	}
	run_capture_flush(c);
}

static void
end(struct keeping *k)
{
	struct run_capture *c = k->own;

	each_second(k);
	k->summary.first = c->first;
	k->summary.last = c->last;
	k->exit = run_capture_close(c, k->exit);
}

static void
tap_died(struct keeping *k, unsigned tap, uint64_t came)
{
	(void)k;
	(void)tap;
	(void)came;
}

static void
link_tap(struct keeping *k, unsigned tap, int fd)
{
	(void)k;
	(void)tap;
	close(fd); /* there is none */
}

/* It lives as long as its process: closing a capture takes calls that were given away. */
static struct run_capture capture;

int
run_frames(struct running *run)
{
	static const struct feed FRAMES = {0, open_capture, begin, work, each_second, end, tap_died, link_tap};

	return run_keep(run, &FRAMES, &capture);
}
