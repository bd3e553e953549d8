/*
 * captures_taps: capture files through n taps, each a child process, into the watch of this one.
 *
 *	child i: files --all frames--> tap i of n --channel--> this process: keeper --> watch
 *
 * The first tap is the one that tells how far it is and what is wrong with a file: all see the same.
 */
#include "cmd/captures.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/input.h"
#include "sensor/keeper.h"
#include "sensor/tap.h"

enum { TAP_HELD = 1 << 18, SHOW_EVERY = 256, ENDED = 0, FAILED = 1 };

/* In a child. */
struct child {
	const struct captures *captures;
	struct tap *tap;
	unsigned index;
	uint16_t number; /* of the capture file that is read */
	struct tap_progress progress;
};

static void
tell_wrong(struct child *c, const char *words)
{
	c->progress.failed = true;
	if (c->index == 0)
		tap_note(c->tap, words);
}

static void
tell_progress(struct child *c)
{
	if (c->index == 0)
		tap_progress(c->tap, &c->progress);
}

static void
read_frames(struct child *c, struct input *in)
{
	struct frame batch[PIPELINE_BATCH];
	uint64_t before = c->progress.bytes;
	size_t n;

	for (unsigned round = 1; (n = input_frames(in, batch, PIPELINE_BATCH)) > 0 && !tap_failed(c->tap); round++) {
		if (c->progress.first.ns == 0)
			c->progress.first = batch[0].time;
		if (when_before(c->progress.last, batch[n - 1].time))
			c->progress.last = batch[n - 1].time;
		tap_frames(c->tap, batch, n);
		c->progress.frames += n;
		c->progress.bytes = before + in->read;
		if (round % SHOW_EVERY == 0)
			tell_progress(c);
	}
	c->progress.bytes = before + in->read;
}

static void
read_file(struct child *c, size_t file)
{
	uint64_t before = tap_counts(c->tap)->not_link;
	char words[512];
	struct input in;

	if (!input_open(&in, c->captures->file[file])) {
		tell_wrong(c, in.error);
		return;
	}
	tap_capture(c->tap, ++c->number, (uint16_t)file);
	read_frames(c, &in);
	if (in.failed)
		tell_wrong(c, in.error);
	if (captures_unknown(words, in.path, tap_counts(c->tap)->not_link - before))
		tell_wrong(c, words);
	input_close(&in);
}

static int
run_child(const struct captures *captures, unsigned i, int fd)
{
	struct child c = {.captures = captures, .index = i};
	struct tap_setup setup = {
		.channel = channel_new(fd, &TAP_WIRE, TAP_HELD), .index = i, .of = captures->common->taps};
	char error[TAP_ERROR_MAX];

	if (!setup.channel)
		return FAILED;
	if (captures->common->privacy.key)
		enrich_before(captures->common->enrich, &setup.places, &setup.indicators);
	c.tap = tap_open(&setup, error);
	if (!c.tap)
		return FAILED;
	for (size_t file = 0; file < captures->files && !tap_failed(c.tap); file++)
		read_file(&c, file);
	tell_progress(&c);
	tap_end(c.tap);
	i = tap_failed(c.tap);
	tap_close(c.tap);
	return i ? FAILED : ENDED;
}

/* In this process. */
struct tapped {
	struct captures *captures;
	struct keeper *keeper;
	unsigned n;
	pid_t child[KEEPER_TAPS_MAX];
};

static void
on_note(void *arg, unsigned tap, const char *words)
{
	struct tapped *t = arg;

	(void)tap;
	captures_fail(t->captures, words);
}

static void
on_progress(void *arg, unsigned tap, const struct tap_progress *p)
{
	struct captures *c = ((struct tapped *)arg)->captures;

	(void)tap;
	captures_note(c, p->first, p->last);
	c->state.frames = p->frames;
	c->state.done = p->bytes;
	progress_show(&c->progress, &c->state);
}

static void
on_capture(void *arg, uint16_t file)
{
	struct captures *c = ((struct tapped *)arg)->captures;

	if (file >= c->files)
		return;
	c->state.file = c->file[file];
	if (!watch_capture(&c->common->watch, c->file[file]))
		captures_fail(c, c->common->watch.error);
}

/* The child has nothing of this process but what it was when it began, and the one end of its channel. */
static bool
start_child(struct tapped *t, unsigned i)
{
	struct channel *c;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return false;
	t->child[i] = fork();
	if (t->child[i] == 0) {
		close(fd[0]);
		_exit(run_child(t->captures, i, fd[1]));
	}
	close(fd[1]);
	c = t->child[i] < 0 ? NULL : channel_new(fd[0], &TAP_WIRE, keeper_held(t->keeper));
	if (!c)
		close(fd[0]);
	return c && keeper_join(t->keeper, i, c);
}

static void
lost(struct tapped *t, unsigned i)
{
	char words[KEEPER_ERROR_MAX + 64];

	snprintf(words, sizeof(words), "tap %u: %s; its share of the captures is missing", i,
		 keeper_error(t->keeper, i));
	captures_fail(t->captures, words);
	keeper_lost(t->keeper, i, keeper_error(t->keeper, i));
}

static void
wait_for(struct tapped *t)
{
	struct pollfd wait[KEEPER_TAPS_MAX];
	nfds_t n = 0;

	for (unsigned i = 0; i < t->n; i++) {
		short events;
		int fd = keeper_fd(t->keeper, i, &events);

		if (fd >= 0)
			wait[n++] = (struct pollfd){.fd = fd, .events = events};
	}
	if (n && poll(wait, n, -1) < 0 && errno != EINTR)
		captures_fail(t->captures, strerror(errno));
}

static void
keep_all(struct tapped *t)
{
	while (!keeper_done(t->keeper) && !watch_failed(&t->captures->common->watch)) {
		wait_for(t);
		for (unsigned i = 0; i < t->n; i++)
			keeper_take(t->keeper, i);
		keeper_work(t->keeper);
		for (unsigned i = 0; i < t->n; i++)
			if (keeper_take(t->keeper, i) == KEEPER_GONE)
				lost(t, i);
	}
}

/* Their channels are closed: a child that still writes ends. */
static void
end_children(struct tapped *t)
{
	keeper_free(t->keeper);
	for (unsigned i = 0; i < t->n; i++)
		while (t->child[i] > 0 && waitpid(t->child[i], NULL, 0) < 0 && errno == EINTR)
			continue;
}

int
captures_tap(struct captures *c)
{
	struct watch *w = &c->common->watch;
	struct tapped t = {.captures = c, .n = c->common->taps};
	bool started = true;

	captures_begin(c);
	t.keeper = keeper_new(w, &(struct keeper_tell){&t, on_note, on_progress, on_capture});
	for (unsigned i = 0; t.keeper && started && i < t.n; i++)
		started = start_child(&t, i);
	if (!t.keeper || !started)
		captures_fail(c, "the taps cannot be started");
	else
		keep_all(&t);
	end_children(&t);
	if (!watch_failed(w))
		watch_end(w);
	progress_clear(&c->progress);
	return c->exit;
}
