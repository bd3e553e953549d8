/*
 * courier: see courier.h.  Must not keep a line that the keeper does not have.
 */
#include "sensor/courier.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "sensor/courier_message.h"

struct courier {
	struct channel *keeper;
	struct delivery *delivery;
	const struct courier_duty *duty;
	struct sender_event *e; /* LINES_MAX */
	struct bytes held;      /* the lines of e that a failure has left, and what came meanwhile */
	struct bytes out;
	enum courier_end end; /* when `going` said no */
};

enum {
	SECOND_MS = 1000,
	BESIDE = 16 /* lines that are company enough for each other */,
	LINES_MAX = COURIER_LINES_MAX + BESIDE
};

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / NS_PER_MS;
}

/* Waits so long, or, with `events`, until the keeper's channel has some; a keeper that is gone ends it. */
static bool
pause(struct courier *c, int64_t ms, short events)
{
	const int64_t until = clock_ms() + ms;

	for (int64_t left = ms; left >= 0; left = until - clock_ms()) {
		struct pollfd p[] = {{.fd = channel_fd(c->keeper), .events = events},
				     {.fd = c->duty->wakes, .events = POLLIN}};

		if (!c->duty->goes_on(c->duty->arg)) {
			c->end = COURIER_STOPPED;
			return false;
		}
		(void)poll(p, 2, (int)(left < SECOND_MS ? left : SECOND_MS));
		if (p[0].revents & events)
			return true;
		if (p[0].revents & (POLLHUP | POLLERR)) {
			c->end = COURIER_ALONE;
			return false;
		}
	}
	return true;
}

/* The words are short, and the keeper reads often: it is waited for. */
static bool
tell(struct courier *c, enum courier_message type, const struct courier_word *w)
{
	c->out.n = 0;
	courier_put_word(&c->out, w);
	c->end = c->out.failed ? COURIER_NO_MEMORY : COURIER_ALONE;
	return !c->out.failed && channel_send(c->keeper, (uint8_t)type, c->out.p, c->out.n) && channel_drain(c->keeper);
}

static bool
tell_result(struct courier *c, const struct sender_event *e, const struct sender_result *r)
{
	struct courier_word w = {.count = r->acknowledged};
	const struct sender_event *next = &e[r->acknowledged];

	if (r->acknowledged) {
		w.id = next[-1].id;
		if (!tell(c, COURIER_TAKEN, &w))
			return false;
	}
	if (r->outcome == SENDER_DONE)
		return true;
	memcpy(w.words, r->words, sizeof(w.words));
	w.id = next->id;
	w.time = next->time;
	return tell(c, r->outcome == SENDER_REFUSED ? COURIER_REFUSED : COURIER_UNWELL, &w);
}

/* What is left moves to our own bytes, in front of what the keeper has handed out since: an event that is refused can be told
   from a receiver that refuses all only by another beside it.  0: no memory, or nonsense. */
static size_t
hold(struct courier *c, const struct sender_event *e, size_t n, struct cur more)
{
	struct bytes left = {0};

	courier_put_lines(&left, e, n);
	if (cur_left(&more))
		bytes_add(&left, more.p, cur_left(&more));
	bytes_free(&c->held);
	c->held = left;
	c->end = left.failed ? COURIER_NO_MEMORY : COURIER_BROKEN;
	return left.failed ? 0 : courier_get_lines(bytes_cur(&left), c->e, LINES_MAX);
}

/* After a failure: n lines at e, of which nothing points into the channel any more; where they are few with those of one more
   message, if there is one. */
static size_t
hold_more(struct courier *c, const struct sender_event *e, size_t n)
{
	struct channel_message m;

	n = hold(c, e, n, cur_of(NULL, 0));
	if (n == 0 || n >= BESIDE || channel_read(c->keeper) == CHANNEL_BROKEN ||
	    channel_peek(c->keeper, &m) != CHANNEL_MESSAGE || m.type != COURIER_LINES)
		return n;
	n = hold(c, c->e, n, m.bytes);
	channel_taken(c->keeper);
	return n;
}

/* All of them, however long it takes; the outcome never says more than n. */
static bool
deliver(struct courier *c, const struct sender_event *e, size_t n)
{
	struct sender_result r;

	while (n) {
		size_t done;

		delivery_send(c->delivery, e, n, &r);
		if (!tell_result(c, e, &r))
			return false;
		done = r.acknowledged + (r.outcome == SENDER_REFUSED);
		e += done;
		n -= done;
		if (r.outcome == SENDER_AGAIN) {
			if (!pause(c, delivery_wait_ns(c->delivery) / NS_PER_MS, 0) || !(n = hold_more(c, e, n)))
				return false;
			e = c->e;
		}
		if (!c->duty->goes_on(c->duty->arg)) {
			c->end = COURIER_STOPPED;
			return false;
		}
	}
	return true;
}

static bool
take(struct courier *c)
{
	struct channel_message m;
	size_t n;

	switch (channel_next(c->keeper, &m)) {
	case CHANNEL_MESSAGE:
		n = m.type == COURIER_LINES ? courier_get_lines(m.bytes, c->e, COURIER_LINES_MAX) : 0;
		c->end = COURIER_BROKEN;
		return n && deliver(c, c->e, n);
	case CHANNEL_NOTHING:
		return pause(c, SECOND_MS, POLLIN);
	case CHANNEL_ENDED:
		c->end = COURIER_ALONE;
		return false;
	case CHANNEL_BROKEN:
	default:
		c->end = COURIER_BROKEN;
		return false;
	}
}

enum courier_end
courier_work(struct channel *keeper, struct delivery *d, const struct courier_duty *duty)
{
	struct courier c = {.keeper = keeper, .delivery = d, .duty = duty, .end = COURIER_NO_MEMORY};

	c.e = calloc(LINES_MAX, sizeof(*c.e));
	while (c.e && take(&c))
		;
	free(c.e);
	bytes_free(&c.held);
	bytes_free(&c.out);
	return c.end;
}
