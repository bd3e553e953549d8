/*
 * outbox: what is handed to whom.  Must not know a receiver, nor SQLite.
 */
#include "sink/outbox_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids begin at the second the outbox was opened, times 2^20: a new file repeats none of an old one, and 53 bits, which is
   what a number in JSON has, last for centuries. */
enum { ID_SHIFT = 20, COMMIT_WAITS = WINDOW_ROOM / 2, DRAIN_WAITS = 1 << 20 };
#define COMMIT_NS NS_PER_S
#define URGENT_NS (50 * NS_PER_MS) /* a storm of alerts shares its commits: a card takes 20 ms for each */
#define BOUND_NS  (10 * NS_PER_S)
#define RUN_NS    (600 * NS_PER_S) /* losses nearer to each other than that are one run */

const char *const OUTBOX_CAUSE[OUTBOX_CAUSES] = {"outbox.size was reached", "outbox.age was reached",
						 "the disk failed and memory was full", "the outbox's file was damaged",
						 "refused by the receiver"};

static void
free_all(struct outbox *o)
{
	database_close(o->db);
	window_fini(&o->window);
	bytes_free(&o->lines);
	free(o);
}

struct outbox *
outbox_open(const struct outbox_config *cfg, char error[OUTBOX_ERROR_MAX])
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (!o || !window_init(&o->window, WINDOW_ROOM)) {
		snprintf(error, OUTBOX_ERROR_MAX, "no memory for the outbox");
		free(o);
		return NULL;
	}
	o->size = cfg->size;
	o->age_ns = cfg->age_ns;
	o->drain = cfg->drain;
	o->arg = cfg->arg;
	o->wall = cfg->now;
	o->sinks = cfg->sinks;
	o->next_id = cfg->now.ns > 0 ? (uint64_t)(cfg->now.ns / NS_PER_S) << ID_SHIFT : 1;
	snprintf(o->path, sizeof(o->path), "%s", cfg->path ? cfg->path : "");
	for (unsigned i = 0; i < o->sinks; i++) {
		struct outbox_sink *s = &o->sink[i];

		snprintf(s->name, sizeof(s->name), "%s", cfg->sink[i].name);
		s->events = cfg->sink[i].events;
		s->slot = UINT64_C(1) << i;
		s->position = s->taken = s->scanned = s->swept = o->next_id - 1;
	}
	if (*o->path && !store_open(o, error)) {
		free_all(o);
		return NULL;
	}
	o->window.first = o->next_id;
	return o;
}

static struct outbox_loss *
run_of(struct outbox_losses *l, const char *sink, enum outbox_cause cause, struct when time)
{
	for (unsigned i = l->count; i-- > 0;)
		if (l->loss[i].cause == cause && strcmp(l->loss[i].sink, sink) == 0)
			return when_since(time, l->loss[i].last) < RUN_NS ? &l->loss[i] : NULL;
	return NULL;
}

static struct outbox_loss *
run_new(struct outbox_losses *l)
{
	if (l->count == OUTBOX_LOSSES)
		memmove(&l->loss[0], &l->loss[1], --l->count * sizeof(l->loss[0]));
	return &l->loss[l->count++];
}

void
outbox_lose(struct outbox *o, struct outbox_sink *s, const struct outbox_lost *l)
{
	struct outbox_loss *r = run_of(&o->losses, s->name, l->cause, l->time);

	if (!r) {
		r = run_new(&o->losses);
		*r = (struct outbox_loss){.cause = l->cause, .first_id = l->id, .first = l->time};
		memcpy(r->sink, s->name, sizeof(r->sink));
		snprintf(o->notice[NOTICE_LOSS], OUTBOX_ERROR_MAX, "sink %.63s: events are given up: %s%s%.300s",
			 s->name, OUTBOX_CAUSE[l->cause], *l->words ? ": " : "", l->words);
	}
	r->count += l->n;
	r->last_id = l->id;
	r->last = l->time;
	s->lost += l->n;
	o->changed = true;
}

static bool
waits_for_any(const struct outbox *o)
{
	bool any = false;

	for (unsigned i = 0; i < o->sinks; i++)
		any |= outbox_waiting(o, i) > 0;
	return any;
}

/* In memory only, and all is at its receivers. */
static void
forget_acknowledged(struct outbox *o)
{
	if (*o->path || waits_for_any(o))
		return;
	window_empty(&o->window, o->next_id);
	o->drained = o->window.head;
}

/* In memory only, a line stays as long as somebody waits for it. */
static void
keep_unacknowledged(struct outbox *o)
{
	struct outbox_line l;
	uint64_t at = o->window.kept, before = at;

	while (window_next(&o->window, &at, &l) && !outbox_is_waited_for(o, &l))
		before = at;
	window_keep(&o->window, before);
}

/* After a failure: the file is as it was, or it is another one. */
static void
mend(struct outbox *o)
{
	if (o->db && *database_error(o->db) && !store_replace(o) && o->db)
		database_rollback(o->db);
}

static bool
commit(struct outbox *o)
{
	if (!*o->path) {
		keep_unacknowledged(o);
		return true;
	}
	if (!(o->db && store_commit(o)) && !(store_replace(o) && store_commit(o))) {
		snprintf(o->error, sizeof(o->error), "outbox: %.380s",
			 o->db ? database_error(o->db) : "its file cannot be made anew");
		if (!o->failing)
			snprintf(o->notice[NOTICE_FILE], OUTBOX_ERROR_MAX,
				 "%s; events wait in memory as long as there is room", o->error);
		o->failing = true;
		mend(o);
		return false;
	}
	window_keep(&o->window, o->window.head);
	for (unsigned i = 0; i < o->sinks; i++)
		o->sink[i].swept = o->sink[i].position;
	if (o->failing)
		snprintf(o->notice[NOTICE_FILE], OUTBOX_ERROR_MAX, "outbox: %.200s: can be written again", o->path);
	o->failing = o->changed = o->urgent = false;
	return true;
}

/* More than half of the memory waits. */
static bool
presses(const struct outbox *o)
{
	return window_waits(&o->window) > COMMIT_WAITS;
}

/* A message's worth is sent while the cache has it.  By what came since, not by what waits: that may be for one that is dead. */
static void
drain(struct outbox *o)
{
	o->drained = o->window.head;
	o->drain(o->arg);
}

void
outbox_add(struct outbox *o, const struct sender_event *e, uint32_t sinks)
{
	struct outbox_line l = {.id = o->next_id++,
				.kind = (uint8_t)e->kind,
				.severity = e->severity,
				.time = e->time,
				.gateway = e->gateway,
				.line = e->line,
				.n = e->n};
	bool fits;

	if (o->drain && o->window.head - o->drained > DRAIN_WAITS)
		drain(o);
	fits = window_fits(&o->window, e->n) || (!o->failing && commit(o) && window_fits(&o->window, e->n));
	for (unsigned i = 0; i < o->sinks; i++) {
		struct outbox_sink *s = &o->sink[i];

		if (!(sinks >> i & 1))
			continue;
		l.wants |= s->slot;
		s->told++;
		if (!fits)
			outbox_lose(o, s, &(struct outbox_lost){OUTBOX_DISK, 1, l.id, l.time, ""});
	}
	if (fits)
		window_add(&o->window, &l);
	o->changed = true;
	o->urgent |= e->kind == EVENT_ALERT;
}

void
outbox_poll(struct outbox *o, int64_t now_ns, struct when wall)
{
	bool due = now_ns >= o->commit_at, urgent = o->urgent && !o->failing && now_ns >= o->urgent_at;

	o->wall = wall;
	if (o->changed && (due || urgent || presses(o))) {
		o->urgent_at = now_ns + URGENT_NS;
		o->commit_at = now_ns + COMMIT_NS;
		(void)commit(o);
	}
	if (o->db && !o->failing && now_ns >= o->bound_at) {
		o->bound_at = now_ns + BOUND_NS;
		(void)store_bound(o);
		mend(o);
	}
}

/* Are all lines behind what it has seen in the window? */
static bool
is_in_window(const struct outbox *o, const struct outbox_sink *s)
{
	return s->scanned + 1 >= o->window.first;
}

static size_t
take_from_window(struct outbox *o, struct outbox_sink *s, struct sender_event *to, size_t max, size_t bytes)
{
	struct outbox_line l;
	uint64_t at = s->at > o->window.tail ? s->at : o->window.tail;
	size_t n = 0, used = 0;

	while (window_next(&o->window, &at, &l)) {
		bool wanted = (l.wants & s->slot) && l.id > s->scanned;

		if (wanted && (n == max || (n && used + l.n > bytes)))
			break;
		s->at = at;
		s->scanned = l.id > s->scanned ? l.id : s->scanned;
		if (!wanted)
			continue;
		used += l.n;
		to[n] = (struct sender_event){.id = l.id,
					      .kind = l.kind,
					      .severity = l.severity,
					      .time = l.time,
					      .gateway = l.gateway,
					      .line = l.line,
					      .n = l.n};
		n++;
	}
	return n;
}

/* What nobody wanted needs no acknowledgement. */
static void
pass(struct outbox *o, struct outbox_sink *s)
{
	if (s->position < s->taken || s->position == s->scanned)
		return;
	s->position = s->taken = s->scanned;
	o->changed = true;
}

size_t
outbox_take(struct outbox *o, unsigned i, struct sender_event *to, size_t max, size_t bytes)
{
	struct outbox_sink *s = &o->sink[i];
	bool end = true;
	size_t n = 0;

	if (!is_in_window(o, s) && o->db)
		n = store_take(o, s, to, max, bytes, &end);
	mend(o);
	if (n == 0 && end)
		n = take_from_window(o, s, to, max, bytes);
	if (n)
		s->taken = to[n - 1].id;
	pass(o, s);
	return n;
}

void
outbox_acknowledge(struct outbox *o, unsigned i, uint64_t id, size_t count)
{
	struct outbox_sink *s = &o->sink[i];

	if (id <= s->position || id > s->taken)
		return;
	s->position = id;
	s->sent += count;
	o->changed = true;
	pass(o, s);
	forget_acknowledged(o);
}

void
outbox_refuse(struct outbox *o, unsigned i, uint64_t id, struct when time, const char *words)
{
	struct outbox_sink *s = &o->sink[i];

	if (id <= s->position || id > s->taken)
		return;
	s->position = id;
	outbox_lose(o, s, &(struct outbox_lost){OUTBOX_REFUSED, 1, id, time, words});
	pass(o, s);
}

void
outbox_again(struct outbox *o, unsigned i)
{
	struct outbox_sink *s = &o->sink[i];

	s->taken = s->scanned = s->position;
	s->at = 0;
}

void
outbox_says(struct outbox *o, unsigned i, const char *words)
{
	struct outbox_sink *s = &o->sink[i];

	snprintf(s->words, sizeof(s->words), "%s", words);
	if (*words)
		s->error_time = o->wall;
}

uint64_t
outbox_waiting(const struct outbox *o, unsigned i)
{
	const struct outbox_sink *s = &o->sink[i];

	return s->told > s->sent + s->lost ? s->told - s->sent - s->lost : 0;
}

bool
outbox_is_urgent(const struct outbox *o)
{
	return o->urgent;
}

bool
outbox_is_failing(const struct outbox *o)
{
	return o->failing;
}

static struct when
find_oldest(struct outbox *o, const struct outbox_sink *s)
{
	struct when t = o->db && s->position + 1 < o->window.first ? store_oldest(o, s) : (struct when){0};
	uint64_t at = o->window.tail;
	struct outbox_line l;

	mend(o);
	while (t.ns == 0 && window_next(&o->window, &at, &l))
		if (outbox_waits_for(s, l.wants, l.id))
			t = l.time;
	return t;
}

/* Who asks each second does not walk over what others wait for, each second. */
static struct when
oldest_of(struct outbox *o, struct outbox_sink *s)
{
	if (s->told <= s->sent + s->lost)
		return (struct when){0};
	if (s->oldest.ns && s->oldest_position == s->position && s->oldest_lost == s->lost)
		return s->oldest;
	s->oldest = find_oldest(o, s);
	s->oldest_position = s->position;
	s->oldest_lost = s->lost;
	return s->oldest;
}

unsigned
outbox_sinks(const struct outbox *o)
{
	return o->sinks;
}

struct outbox_status
outbox_status(struct outbox *o, unsigned i)
{
	struct outbox_sink *s = &o->sink[i];
	struct outbox_status t = {.sink = s->name,
				  .position = s->position,
				  .newest = o->next_id - 1,
				  .told = s->told,
				  .sent = s->sent,
				  .lost = s->lost,
				  .oldest = oldest_of(o, s),
				  .error = s->words,
				  .error_time = s->error_time};

	t.waiting = t.oldest.ns ? outbox_waiting(o, i) : 0;
	return t;
}

unsigned
outbox_losses(const struct outbox *o, struct outbox_loss to[OUTBOX_LOSSES])
{
	memcpy(to, o->losses.loss, sizeof(o->losses.loss));
	return o->losses.count;
}

bool
outbox_notice(struct outbox *o, char words[OUTBOX_ERROR_MAX])
{
	for (unsigned i = 0; i < OUTBOX_NOTICES; i++)
		if (*o->notice[i]) {
			memcpy(words, o->notice[i], OUTBOX_ERROR_MAX);
			*o->notice[i] = '\0';
			return true;
		}
	return false;
}

/* The first sink, in memory only, that has not acknowledged everything. */
static bool
all_sent(struct outbox *o, char error[OUTBOX_ERROR_MAX])
{
	for (unsigned i = 0; i < o->sinks; i++) {
		struct outbox_status s = outbox_status(o, i);

		if (s.waiting + s.lost == 0)
			continue;
		snprintf(error, OUTBOX_ERROR_MAX, "sink %.63s: %llu of %llu events were not acknowledged%s%.300s",
			 s.sink, (unsigned long long)(s.waiting + s.lost), (unsigned long long)s.told,
			 *s.error ? ": " : "", s.error);
		return false;
	}
	return true;
}

bool
outbox_close(struct outbox *o, char error[OUTBOX_ERROR_MAX])
{
	bool fine = true;

	if (!o)
		return true;
	if (*o->path && o->changed && !commit(o)) {
		memcpy(error, o->error, sizeof(o->error));
		fine = false;
	}
	if (!*o->path)
		fine = all_sent(o, error);
	free_all(o);
	return fine;
}
