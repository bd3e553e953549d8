/*
 * hunt_cover: which minutes of the window were watched, and what was lost in them.  Must not take a minute for watched
 * that has no row.
 */
#include <stdlib.h>

#include "cmd/hunt.h"

static const int64_t MINUTE_US = 60000000, HOUR_US = 3600000000;

static void
on_minute(void *arg, const struct reading_minute *m)
{
	struct hunt_coverage *c = arg;
	int64_t *more;

	if (m->cause)
		return;
	if (c->known == c->room) {
		c->room = c->room ? c->room * 2 : 4096;
		more = realloc(c->minute, c->room * sizeof(*more));
		if (!more)
			return;
		c->minute = more;
	}
	c->minute[c->known++] = m->begin.ns / NS_PER_US;
	if (c->known == 1 || when_before(m->begin, c->first))
		c->first = m->begin;
	if (when_before(c->last, m->begin))
		c->last = m->begin;
}

bool
hunt_coverage(struct hunt *h)
{
	return reading_coverage(h->folder, &h->coverage, on_minute);
}

static int
by_hour(const void *a, const void *b)
{
	const struct hunt_hour *x = a, *y = b;

	return x->hour < y->hour ? -1 : x->hour > y->hour;
}

static void
add_loss(struct hunt_loss *l, const struct reading_minute *m)
{
	l->ring += (uint64_t)m->lost_ring;
	l->interface += (uint64_t)m->lost_interface;
	l->upstream += (uint64_t)m->lost_upstream;
	l->memory += (uint64_t)m->lost_memory;
}

static void
add_event(struct hunt_coverage *c, const struct reading_minute *m)
{
	if (c->events < HUNT_BAD)
		snprintf(c->event[c->events], HUNT_WORDS, "%s %.100s%s%s", words_time(m->begin).text, m->cause,
			 m->rows ? ": " : "", m->rows ? words_number((uint64_t)m->rows).text : "");
	c->events++;
}

static void
on_row(void *arg, const struct reading_minute *m)
{
	struct hunt *h = arg;
	struct hunt_coverage *c = &h->coverage;
	const struct hunt_hour wanted = {.hour = m->begin.ns / NS_PER_US / HOUR_US};
	struct hunt_hour *hour;

	if (when_before(m->begin, h->begin) || when_before(h->end, m->begin))
		return;
	if (m->cause) {
		add_event(c, m);
		return;
	}
	c->frames += (uint64_t)m->frames;
	c->bytes += (uint64_t)m->bytes;
	add_loss(&c->lost, m);
	hour = c->hours ? bsearch(&wanted, c->hour, c->hours, sizeof(wanted), by_hour) : NULL;
	if (!hour)
		return;
	hour->frames += (uint64_t)m->frames;
	hour->bytes += (uint64_t)m->bytes;
	add_loss(&hour->lost, m);
}

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
gap(struct hunt_coverage *c, int64_t begin_us, int64_t end_us)
{
	if (begin_us >= end_us || !c->gap)
		return;
	c->gap[c->gaps++] = (struct hunt_gap){{begin_us * NS_PER_US}, {end_us * NS_PER_US}};
}

/* The minutes come in order. */
static void
watched(struct hunt_coverage *c, int64_t minute_us)
{
	int64_t hour = minute_us / HOUR_US;

	c->watched++;
	if (!c->hour)
		return;
	if (!c->hours || c->hour[c->hours - 1].hour != hour)
		c->hour[c->hours++] = (struct hunt_hour){.hour = hour};
	c->hour[c->hours - 1].watched++;
}

void
hunt_cover(struct hunt *h)
{
	struct hunt_coverage *c = &h->coverage;
	int64_t begin = h->begin.ns / NS_PER_US / MINUTE_US * MINUTE_US, end = h->end.ns / NS_PER_US, at = begin;

	if (c->known)
		qsort(c->minute, c->known, sizeof(*c->minute), by_number);
	c->hour = calloc(c->known + 1, sizeof(*c->hour)); /* no more hours than minutes */
	c->gap = calloc(c->known + 1, sizeof(*c->gap));   /* one between two of them, and at both ends */
	h->no_memory = h->no_memory || !c->hour || !c->gap;
	c->minutes = end > begin ? (uint64_t)((end - begin + MINUTE_US - 1) / MINUTE_US) : 0;
	for (size_t i = 0; i < c->known; i++) {
		if (c->minute[i] < at || c->minute[i] >= end)
			continue;
		gap(c, at, c->minute[i]);
		watched(c, c->minute[i]);
		at = c->minute[i] + MINUTE_US;
	}
	gap(c, at, end);
	reading_coverage(h->folder, h, on_row);
}
