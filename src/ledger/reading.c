/*
 * reading: see reading.h.  Must not write.
 */
#include "ledger/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/days.h"
#include "ledger/scan.h"

static bool
tell_day_settings(struct day *d, void *arg, bool (*tell)(void *arg, const struct reading_setting *s))
{
	struct statement *q = statement_of(d->summary, "SELECT row, time_us, name, value FROM setting ORDER BY rowid");
	struct reading_setting s = {.day = d->day, .sessions = d->sessions != NULL};
	bool more = true;

	while (more && statement_next(q)) {
		if (__builtin_mul_overflow(column_i64(q, 1), NS_PER_US, &s.time.ns))
			continue;
		s.row = column_i64(q, 0);
		s.name = column_text(q, 2);
		s.value = column_text(q, 3);
		more = tell(arg, &s);
	}
	statement_end(q);
	return more;
}

bool
reading_history(const char *folder, void *arg, bool (*tell)(void *arg, const struct reading_setting *s))
{
	struct days all;

	days_begin(&all, folder);
	while (days_next(&all) && tell_day_settings(&all.day, arg, tell))
		continue;
	return days_end(&all);
}

/* The settings, to be told between the records. */
struct settings {
	struct reading_setting *setting;
	size_t n, room, next;
	bool failed;
};

static bool
settings_add(void *arg, const struct reading_setting *s)
{
	struct settings *all = arg;
	struct reading_setting *more;

	if (!s->sessions)
		return true;
	if (all->n == all->room) {
		all->room = all->room ? all->room * 2 : 64;
		more = realloc(all->setting, all->room * sizeof(*more));
		if (!more)
			return !(all->failed = true);
		all->setting = more;
	}
	more = &all->setting[all->n++];
	*more = *s;
	more->name = strdup(s->name);
	more->value = strdup(s->value);
	return !(all->failed = !more->name || !more->value);
}

static void
settings_free(struct settings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free((char *)(uintptr_t)all->setting[i].name);
		free((char *)(uintptr_t)all->setting[i].value);
	}
	free(all->setting);
}

/* Has it its turn when that row comes? */
static bool
is_due(const struct reading_setting *s, int64_t day, int64_t row)
{
	return s->day < day || (s->day == day && s->row <= row);
}

/* What is between the row that comes and the one before. */
static bool
settings_pass(struct reading *r, struct settings *all, int64_t day, int64_t row)
{
	bool more = true;

	for (; more && all->next < all->n && is_due(&all->setting[all->next], day, row); all->next++)
		if (all->setting[all->next].day > r->from_day ||
		    (all->setting[all->next].day == r->from_day && all->setting[all->next].row >= r->from_row))
			more = r->setting(r->arg, &all->setting[all->next]);
	return more;
}

static bool
tell_block(struct reading *r, struct settings *all, const struct scan *scan, bool sessions)
{
	const struct block_rows *b = &scan->block;
	struct block_layout layout;
	const struct session *session;
	struct pulse pulse;
	size_t s = 0, p = 0;

	if (sessions)
		block_layout(b, &layout);
	for (size_t i = 0; i < b->rows; i++) {
		int64_t row = scan->row + (int64_t)i;
		bool told = scan->day.day > r->from_day || row >= r->from_row;

		if (!settings_pass(r, all, scan->day.day, row))
			return false;
		if (b->is_pulse[i]) {
			block_pulse(b, p++, &pulse);
			if (told && r->pulse && !r->pulse(r->arg, &pulse))
				return false;
			continue;
		}
		if (!sessions)
			continue;
		session = block_session(b, &layout, s++);
		if (told && !r->session(r->arg, session))
			return false;
	}
	return true;
}

static bool
need_pulses(struct block_rows *b)
{
	bool fine = true;

	for (unsigned i = 0; i < PULSE_COLUMNS; i++)
		fine = block_need_pulse(b, i) && fine;
	return fine;
}

/* Whole microseconds that hold it: nothing of the window is passed over. */
static int64_t
whole_us(struct when t)
{
	return t.ns == INT64_MAX ? INT64_MAX : t.ns / NS_PER_US;
}

static bool
need_records(const struct reading *r, struct block_rows *b)
{
	return r->fields ? block_need_some(b, r->fields) : block_need_all(b);
}

static bool
tell_all(struct reading *r, struct settings *all, struct scan *s)
{
	bool more = true;

	while (more && scan_next(s)) {
		bool sessions = !r->wants_sessions || r->wants_sessions(r->arg, &s->block);

		r->passed_over += !sessions;
		if (sessions ? need_records(r, &s->block) : need_pulses(&s->block))
			more = tell_block(r, all, s, sessions);
		else
			scan_damaged(s, "a block cannot be read");
	}
	r->blocks = s->blocks;
	r->passed_over += s->passed_over;
	r->damaged = s->damaged;
	snprintf(r->error, sizeof(r->error), "%s", s->error);
	scan_end(s);
	return more;
}

static struct scan
scan_for(const struct reading *r)
{
	return (struct scan){.folder = r->folder,
			     .since_us = whole_us(r->since),
			     .until_us = whole_us(r->until),
			     .from_day = r->from_day,
			     .from_row = r->from_row,
			     .arg = r->arg,
			     .wants = r->wants};
}

bool
reading_day(struct reading *r, const struct day *d)
{
	struct scan s = scan_for(r);
	struct settings none = {.n = 0};

	scan_day(&s, d);
	return tell_all(r, &none, &s);
}

bool
reading_run(struct reading *r)
{
	struct scan s = scan_for(r);
	struct settings all = {.n = 0};

	if (r->setting)
		reading_history(r->folder, &all, settings_add);
	if (!all.failed) {
		scan_begin(&s);
		if (tell_all(r, &all, &s))
			settings_pass(r, &all, INT64_MAX, 0);
	} else {
		r->damaged++;
		snprintf(r->error, sizeof(r->error), "no memory for the settings of then");
	}
	settings_free(&all);
	return r->damaged == 0;
}

int64_t
reading_first_day(const char *folder)
{
	size_t n;
	int64_t *days = days_in(folder, &n), first = INT64_MAX;
	struct day d;

	for (size_t i = 0; first == INT64_MAX && i < n; i++)
		if (day_names(&d, folder, days[i]) && access(d.sessions_path, F_OK) == 0)
			first = days[i];
	free(days);
	return first;
}

static void
tell_named(struct day *d, const char *name, void *arg, void (*tell)(void *arg, struct when t, const char *value))
{
	struct statement *s =
		statement_of(d->summary, "SELECT time_us, value FROM setting WHERE name = ? ORDER BY rowid");
	struct when t;

	statement_text(s, name);
	while (statement_next(s))
		if (!__builtin_mul_overflow(column_i64(s, 0), NS_PER_US, &t.ns))
			tell(arg, t, column_text(s, 1));
	statement_end(s);
}

void
reading_settings(const char *folder, const char *name, void *arg,
		 void (*tell)(void *arg, struct when t, const char *value))
{
	struct days all;

	days_begin(&all, folder);
	while (days_next(&all))
		tell_named(&all.day, name, arg, tell);
	days_end(&all);
}

struct latest {
	struct when at;
	char *value;
};

static void
take_latest(void *arg, struct when t, const char *value)
{
	struct latest *l = arg;

	if (when_before(l->at, t))
		return;
	free(l->value);
	l->value = strdup(value);
}

char *
reading_setting(const char *folder, const char *name, struct when at)
{
	struct latest l = {at, NULL};

	reading_settings(folder, name, &l, take_latest);
	return l.value;
}

static bool
tell_coverage(struct day *d, void *arg, void (*tell)(void *arg, const struct reading_minute *m))
{
	struct statement *s = statement_of(d->summary, "SELECT * FROM coverage ORDER BY rowid");

	while (statement_next(s)) {
		struct cur cause = column_bytes(s, 3);
		struct reading_minute m = {.cause = cause.p ? column_text(s, 3) : NULL};

		if (__builtin_mul_overflow(column_i64(s, 1), NS_PER_US, &m.begin.ns) ||
		    __builtin_mul_overflow(column_i64(s, 2), NS_PER_US, &m.end.ns))
			continue;
		m.frames = column_i64(s, 4);
		m.bytes = column_i64(s, 5);
		m.lost_ring = column_i64(s, 6);
		m.lost_interface = column_i64(s, 7);
		m.lost_upstream = column_i64(s, 8);
		m.lost_memory = column_i64(s, 9);
		m.rows = column_i64(s, 10);
		tell(arg, &m);
	}
	return statement_end(s);
}

bool
reading_coverage(const char *folder, void *arg, void (*tell)(void *arg, const struct reading_minute *m))
{
	struct days all;
	bool fine = true;

	days_begin(&all, folder);
	while (days_next(&all))
		fine = tell_coverage(&all.day, arg, tell) && fine;
	return days_end(&all) && fine;
}

void
reading_trouble(const char *folder, char error[READING_ERROR_MAX])
{
	struct days all;

	_Static_assert((int)READING_ERROR_MAX >= (int)DATABASE_ERROR_MAX, "room for its words");
	days_begin(&all, folder);
	while (!*all.error && days_next(&all))
		continue;
	if (days_end(&all))
		snprintf(error, READING_ERROR_MAX, "%.300s: its coverage cannot be read; gatewitness verify says where",
			 folder);
	else
		memcpy(error, all.error, sizeof(all.error));
}

/* "203.0.113.7", "203.0.113.0/24"; what is summed of all others is of nobody. */
static bool
peer_addr(struct addr *a, const char *text)
{
	char word[ADDR_TEXT_MAX];
	size_t n = strcspn(text, "/");

	if (n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	return addr_parse(a, word);
}

static bool
tell_peers(struct day *d, void *arg, void (*tell)(void *arg, const struct reading_peer *p))
{
	struct statement *s = statement_of(d->summary, "SELECT peer, role, first_us, last_us, sessions, "
						       "bytes_to_gateway, bytes_from_gateway FROM peer ORDER BY rowid");

	while (statement_next(s)) {
		struct reading_peer p = {.sessions = (uint64_t)column_i64(s, 4),
					 .to_gateway = (uint64_t)column_i64(s, 5),
					 .from_gateway = (uint64_t)column_i64(s, 6)};

		if (!peer_addr(&p.addr, column_text(s, 0)) ||
		    __builtin_mul_overflow(column_i64(s, 2), NS_PER_US, &p.first.ns) ||
		    __builtin_mul_overflow(column_i64(s, 3), NS_PER_US, &p.last.ns))
			continue;
		p.outbound = strcmp(column_text(s, 1), "outbound") == 0;
		tell(arg, &p);
	}
	return statement_end(s);
}

bool
reading_peers(const char *folder, void *arg, void (*tell)(void *arg, const struct reading_peer *p))
{
	struct days all;
	bool fine = true;

	days_begin(&all, folder);
	while (days_next(&all))
		fine = (all.day.sessions || tell_peers(&all.day, arg, tell)) && fine;
	return days_end(&all) && fine;
}
