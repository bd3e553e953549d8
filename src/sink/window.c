/*
 * window: see window.h.
 */
#include "sink/window.h"

#include <stdlib.h>
#include <string.h>

/* Before each line; a filler up to the end of the room has no line. */
struct row {
	uint32_t size, n; /* with this; of the line */
	uint64_t id, wants;
	int64_t time;
	const char *gateway;
	uint8_t kind, severity;
};

enum { ALIGN = 8, FILLER = offsetof(struct row, id) };
_Static_assert(FILLER == ALIGN, "a filler's size fits wherever a row does not");

bool
window_init(struct window *w, size_t size)
{
	*w = (struct window){.room = malloc(size), .size = size};
	return w->room != NULL;
}

void
window_fini(struct window *w)
{
	free(w->room);
	w->room = NULL;
}

static size_t
size_of(size_t n)
{
	return (sizeof(struct row) + n + ALIGN - 1) / ALIGN * ALIGN;
}

static struct row
row_at(const struct window *w, uint64_t at)
{
	struct row r = {0};
	size_t left = w->size - at % w->size;

	memcpy(&r, w->room + at % w->size, left < sizeof(r) ? left : sizeof(r));
	return r;
}

/* How far a line of n bytes moves the head, with the filler before it. */
static size_t
step(const struct window *w, size_t n)
{
	size_t left = w->size - w->head % w->size, size = size_of(n);

	return size <= left ? size : left + size;
}

bool
window_fits(const struct window *w, size_t n)
{
	return step(w, n) <= w->size - window_waits(w);
}

/* True: the line that was the first went. */
static bool
make_room(struct window *w, size_t n)
{
	const uint64_t tail = w->tail;

	while (w->size - (size_t)(w->head - w->tail) < n)
		w->tail += row_at(w, w->tail).size;
	return w->tail != tail;
}

/* Where a row would reach over the end. */
static void
fill(struct window *w, size_t size)
{
	size_t left = w->size - w->head % w->size;
	const uint32_t filler[2] = {(uint32_t)left, UINT32_MAX};

	if (size <= left)
		return;
	memcpy(w->room + w->head % w->size, filler, FILLER);
	w->head += left;
}

/* Nothing left at the tail: the next line is the first. */
static void
find_first(struct window *w, uint64_t next)
{
	struct outbox_line l;
	uint64_t at = w->tail;

	w->first = window_next(w, &at, &l) ? l.id : next;
}

void
window_add(struct window *w, const struct outbox_line *l)
{
	const struct row r = {
		(uint32_t)size_of(l->n), (uint32_t)l->n, l->id, l->wants, l->time.ns, l->gateway, l->kind, l->severity};
	const bool first = w->head == w->tail, moved = make_room(w, step(w, l->n));
	char *to;

	fill(w, r.size);
	to = w->room + w->head % w->size;
	memcpy(to, &r, sizeof(r));
	memcpy(to + sizeof(r), l->line, l->n);
	w->head += r.size;
	if (first || moved) /* else the tail is left alone: long ago written, and in no cache */
		find_first(w, l->id);
}

bool
window_next(const struct window *w, uint64_t *at, struct outbox_line *l)
{
	struct row r;

	if (*at < w->head && (r = row_at(w, *at)).n == UINT32_MAX)
		*at += r.size;
	if (*at >= w->head)
		return false;
	r = row_at(w, *at);
	*l = (struct outbox_line){
		r.id, r.wants, r.kind, r.severity, {r.time}, r.gateway, w->room + *at % w->size + sizeof(r), r.n};
	*at += r.size;
	return true;
}

void
window_empty(struct window *w, uint64_t next)
{
	w->head += (w->size - w->head % w->size) % w->size;
	w->tail = w->kept = w->head;
	w->first = next;
}

void
window_keep(struct window *w, uint64_t at)
{
	if (at > w->kept)
		w->kept = at;
}
