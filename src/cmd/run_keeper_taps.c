/*
 * run_keeper_taps: records of taps, put into one order.
 */
#include "cmd/run_fan.h"
#include "cmd/run_keeper.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "sensor/keeper.h"
#include "sink/sink.h"

enum { WAIT_MS = 100, TRIES = 100000 };

struct tapped {
	struct keeper *keeper;
	unsigned n;
	struct tap_progress progress[KEEPER_TAPS_MAX];
};

static int
open_nothing(struct keeping *k)
{
	(void)k;
	return EXIT_DONE;
}

static void
on_note(void *arg, unsigned tap, const char *words)
{
	(void)tap;
	run_keep_news(arg, words);
}

static void
on_progress(void *arg, unsigned tap, const struct tap_progress *p)
{
	struct keeping *k = arg;
	struct summary *s = &k->summary;

	(void)tap;
	if (p->first.ns && (!s->first.ns || when_before(p->first, s->first)))
		s->first = p->first;
	if (when_before(s->last, p->last))
		s->last = p->last;
}

static bool
begin(struct keeping *k)
{
	struct tapped *t = k->own;

	t->keeper = keeper_new(&k->common->watch, &(struct keeper_tell){k, on_note, on_progress, NULL});
	if (!t->keeper)
		common_error(k->common, "no memory");
	return t->keeper != NULL;
}

static void
lost(const struct tapped *t, unsigned i)
{
	keeper_lost(t->keeper, i, keeper_error(t->keeper, i));
}

static void
take_all(const struct tapped *t)
{
	for (unsigned i = 0; i < t->n; i++)
		(void)keeper_take(t->keeper, i);
	keeper_work(t->keeper);
	for (unsigned i = 0; i < t->n; i++)
		if (keeper_take(t->keeper, i) == KEEPER_GONE)
			lost(t, i);
}

/* For taps, couriers, and the monitor. */
static void
wait_for_any(const struct keeping *k, int most_ms)
{
	const struct tapped *t = k->own;
	struct pollfd wait[1 + KEEPER_TAPS_MAX + SINKS_MAX] = {{.fd = ROLE_FD_MONITOR, .events = POLLIN}};
	nfds_t n = 1;

	for (unsigned i = 0; i < t->n; i++) {
		short events;
		int fd = keeper_fd(t->keeper, i, &events);

		if (fd >= 0)
			wait[n++] = (struct pollfd){.fd = fd, .events = events};
	}
	n += watch_post_fds(&k->common->watch, wait + n);
	(void)poll(wait, n, most_ms);
}

static bool
work(struct keeping *k)
{
	wait_for_any(k, WAIT_MS);
	take_all(k->own);
	return true;
}

static void
each_second(struct keeping *k)
{
	(void)k;
}

/* The taps have ended: what is in their channels is all that there will be. */
static void
end(struct keeping *k)
{
	struct tapped *t = k->own;

	for (unsigned i = 0; i < TRIES && !keeper_done(t->keeper) && !watch_failed(&k->common->watch); i++) {
		take_all(t);
		if (!keeper_done(t->keeper))
			wait_for_any(k, 1);
	}
}

static void
tap_died(struct keeping *k, unsigned tap, uint64_t came)
{
	const struct tapped *t = k->own;

	keeper_died(t->keeper, tap, came);
}

/* One that follows another: the monitor has seen that one end, so its channel ends, too. */
static void
link_tap(struct keeping *k, unsigned tap, int fd)
{
	struct tapped *t = k->own;
	struct channel *c = tap < t->n ? channel_new(fd, &TAP_WIRE, keeper_held(t->keeper)) : NULL;

	if (!c) {
		close(fd);
		return;
	}
	for (unsigned i = 0; i < TRIES && keeper_take(t->keeper, tap) == KEEPER_FINE; i++)
		keeper_work(t->keeper);
	lost(t, tap);
	if (!keeper_join(t->keeper, tap, c))
		common_error(k->common, "a tap cannot join");
}

int
run_keeper(struct running *run)
{
	struct tapped t = {.n = run_taps(run)};
	const struct feed taps = {t.n, open_nothing, begin, work, each_second, end, tap_died, link_tap};
	int status = run_keep(run, &taps, &t);

	keeper_free(t.keeper);
	return status;
}
