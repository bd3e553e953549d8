/*
 * window: the latest lines of the outbox in memory: those that are not on the disk yet, and those that couriers want most
 * often.  A ring of a fixed size.
 *
 *	tail ..... kept ..... head
 *	 on the disk   not yet		tail moves when there is no room; never over kept
 *
 * Must not know a disk nor a sink.
 */
#ifndef SINK_WINDOW_H
#define SINK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/when.h"

enum { WINDOW_ROOM = 8 << 20 };

/* One line of one event. */
struct outbox_line {
	uint64_t id;
	uint64_t wants; /* slots of the sinks that it is for */
	uint8_t kind;   /* enum event_kind */
	uint8_t severity;
	struct when time;
	const char *gateway; /* its name; must outlive the window */
	const char *line;    /* without '\n' */
	size_t n;
};

/* Offsets grow for ever; a line lies at its offset modulo the room. */
struct window {
	char *room;
	size_t size;
	uint64_t tail, kept, head;
	uint64_t first; /* id of the line at the tail; of the next one, when there is none */
};

/* False: no memory. */
bool window_init(struct window *w, size_t size);
void window_fini(struct window *w);

/* Is there room without what is not kept yet? */
bool window_fits(const struct window *w, size_t n);

/* window_fits said so.  l->line is copied; ids grow. */
void window_add(struct window *w, const struct outbox_line *l);

/* The line at *at, which moves behind it; valid until the next window_add.  False: that was the last. */
bool window_next(const struct window *w, uint64_t *at, struct outbox_line *l);

/* Nobody waits for what is in it: the next line lies where the first one did, which a cache still has.  next: its id. */
void window_empty(struct window *w, uint64_t next);

/* What lies before that offset need not stay. */
void window_keep(struct window *w, uint64_t at);

static inline size_t
window_waits(const struct window *w)
{
	return (size_t)(w->head - w->kept);
}

#endif
