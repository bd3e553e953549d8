/*
 * reading: see reading.h.  Must not stop at a block that is damaged: the others still tell.
 */
#include "ledger/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/block.h"
#include "ledger/day.h"
#include "ledger/squeeze.h"

enum { TAIL_BYTES_MAX = 1 << 28 };

static void
damaged(struct reading *r, const struct day *d, const char *what)
{
	if (r->damaged++ == 0)
		snprintf(r->error, sizeof(r->error), "%.300s: %s; gatewitness verify says where", d->sessions_path,
			 what);
}

/* A day's settings, one after the other. */
struct settings {
	struct statement *s;
	struct reading_setting now; /* the next, if there are more */
	bool more;
	int64_t row;  /* of the day, that comes next */
	int64_t from; /* the first that is told */
};

static void
settings_step(struct settings *t)
{
	t->more = statement_next(t->s) && !__builtin_mul_overflow(column_i64(t->s, 1), NS_PER_US, &t->now.time.ns);
	if (!t->more)
		return;
	t->now.row = column_i64(t->s, 0);
	t->now.name = column_text(t->s, 2);
	t->now.value = column_text(t->s, 3);
}

static void
settings_begin(struct settings *t, struct day *d)
{
	t->s = statement_of(d->summary, "SELECT row, time_us, name, value FROM setting ORDER BY rowid");
	t->now.day = d->day;
	t->now.sessions = d->sessions != NULL;
	settings_step(t);
}

static void
settings_end(struct settings *t)
{
	statement_end(t->s);
}

/* The next row comes, and what is between it and the one before; is it told? */
enum passing { PASS_ENOUGH, PASS_OVER, PASS_TELL };
static enum passing
pass_row(struct reading *r, struct settings *t)
{
	bool more = true;

	for (; more && t->more && t->now.row <= t->row; settings_step(t))
		more = t->now.row < t->from || !r->setting || r->setting(r->arg, &t->now);
	return !more ? PASS_ENOUGH : t->row++ < t->from ? PASS_OVER : PASS_TELL;
}

static bool
tell_session(struct reading *r, struct settings *t, const struct session *s)
{
	enum passing p = pass_row(r, t);

	return p == PASS_OVER || (p == PASS_TELL && r->session(r->arg, s));
}

static bool
tell_pulse(struct reading *r, struct settings *t, const struct pulse *pulse)
{
	enum passing p = pass_row(r, t);

	return p == PASS_OVER || (p == PASS_TELL && (!r->pulse || r->pulse(r->arg, pulse)));
}

static bool
tell_block(struct reading *r, struct settings *t, struct block_rows *b)
{
	struct block_layout layout;
	struct session session;
	struct pulse pulse;
	size_t s = 0, p = 0;

	block_layout(b, &layout);
	for (size_t i = 0; i < b->rows; i++) {
		if (b->is_pulse[i]) {
			block_pulse(b, p++, &pulse);
			if (!tell_pulse(r, t, &pulse))
				return false;
			continue;
		}
		block_session(b, &layout, s++, &session);
		if (!tell_session(r, t, &session))
			return false;
	}
	return true;
}

static bool
read_blocks(struct reading *r, struct settings *t, struct day *d)
{
	struct statement *s =
		statement_of(d->sessions, "SELECT begin_us, end_us, bytes, rows FROM block ORDER BY first, no");
	bool more = true;

	while (more && statement_next(s)) {
		struct block_rows b;

		r->blocks++;
		if (t->row + column_i64(s, 3) <= t->from || column_i64(s, 1) < r->since.ns / NS_PER_US ||
		    column_i64(s, 0) > r->until.ns / NS_PER_US) {
			r->passed_over++;
			t->row += column_i64(s, 3);
			continue;
		}
		if (!block_get(column_bytes(s, 2), &b)) {
			damaged(r, d, "a block cannot be read");
			t->row += column_i64(s, 3);
			continue;
		}
		more = tell_block(r, t, &b);
		block_free(&b);
	}
	if (!statement_end(s))
		damaged(r, d, database_error(d->sessions));
	database_rollback(d->sessions);
	return more;
}

static bool
tell_rows(struct reading *r, struct settings *t, struct day *d, struct cur c)
{
	static struct row row;

	while (cur_left(&c)) {
		if (!row_get(&c, &row)) {
			damaged(r, d, "a row of the tail cannot be read");
			return true;
		}
		if (!(row.kind == ROW_PULSE ? tell_pulse(r, t, &row.pulse) : tell_session(r, t, &row.session)))
			return false;
	}
	return true;
}

static bool
read_tail(struct reading *r, struct settings *t, struct day *d)
{
	struct statement *s =
		statement_of(d->sessions, "SELECT bytes FROM tail WHERE commit_no <= ? ORDER BY commit_no");
	bool more = true;

	statement_i64(s, d->commits);
	while (more && statement_next(s)) {
		struct bytes rows = {.p = NULL};
		struct cur packed = column_bytes(s, 0);

		if (unsqueeze(&rows, &packed, TAIL_BYTES_MAX))
			more = tell_rows(r, t, d, bytes_cur(&rows));
		else
			damaged(r, d, "the tail cannot be read");
		bytes_free(&rows);
	}
	if (!statement_end(s))
		damaged(r, d, database_error(d->sessions));
	return more;
}

bool
reading_day(struct reading *r, struct day *d)
{
	struct settings t = {.s = NULL};
	bool more;

	settings_begin(&t, d);
	t.from = d->day == r->from_day ? r->from_row : 0;
	more = read_blocks(r, &t, d) && read_tail(r, &t, d);
	t.row = INT64_MAX - 1;
	more = more && pass_row(r, &t) != PASS_ENOUGH;
	settings_end(&t);
	return more;
}

bool
reading_run(struct reading *r)
{
	size_t n;
	int64_t *days = days_in(r->folder, &n);
	bool more = true;
	struct day d;

	for (size_t i = 0; more && i < n; i++) {
		if (days[i] < r->from_day)
			continue;
		if (!day_read(&d, r->folder, days[i], r->error)) {
			r->damaged += !d.empty;
			continue;
		}
		if (d.sessions)
			more = reading_day(r, &d);
		day_close(&d);
	}
	free(days);
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

bool
reading_history(const char *folder, void *arg, bool (*tell)(void *arg, const struct reading_setting *s))
{
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days = days_in(folder, &n);
	bool fine = true, more = true;
	struct day d;

	for (size_t i = 0; more && i < n; i++) {
		struct settings all = {.s = NULL};

		if (!day_read(&d, folder, days[i], error)) {
			fine &= d.empty;
			continue;
		}
		for (settings_begin(&all, &d); more && all.more; settings_step(&all))
			more = tell(arg, &all.now);
		settings_end(&all);
		day_close(&d);
	}
	free(days);
	return fine;
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
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days = days_in(folder, &n);
	struct day d;

	for (size_t i = 0; i < n; i++)
		if (day_read(&d, folder, days[i], error)) {
			tell_named(&d, name, arg, tell);
			day_close(&d);
		}
	free(days);
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
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days = days_in(folder, &n);
	bool fine = true;
	struct day d;

	for (size_t i = 0; i < n; i++) {
		if (!day_read(&d, folder, days[i], error)) {
			fine &= d.empty;
			continue;
		}
		fine = tell_coverage(&d, arg, tell) && fine;
		day_close(&d);
	}
	free(days);
	return fine;
}
