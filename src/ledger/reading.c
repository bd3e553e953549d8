/*
 * reading: see reading.h.  Must not stop at a block that is damaged: the others still tell.
 */
#include "ledger/reading.h"

#include <stdio.h>
#include <stdlib.h>

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

static bool
tell_block(struct reading *r, struct block_rows *b)
{
	struct block_layout layout;
	struct session session;
	struct pulse pulse;
	size_t s = 0, p = 0;

	block_layout(b, &layout);
	for (size_t i = 0; i < b->rows; i++) {
		if (b->is_pulse[i]) {
			block_pulse(b, p++, &pulse);
			if (r->pulse && !r->pulse(r->arg, &pulse))
				return false;
			continue;
		}
		block_session(b, &layout, s++, &session);
		if (!r->session(r->arg, &session))
			return false;
	}
	return true;
}

static bool
read_blocks(struct reading *r, struct day *d)
{
	struct statement *s = statement_of(d->sessions, "SELECT begin_us, end_us, bytes FROM block ORDER BY first, no");
	bool more = true;

	while (more && statement_next(s)) {
		struct block_rows b;

		r->blocks++;
		if (column_i64(s, 1) < r->since.ns / NS_PER_US || column_i64(s, 0) > r->until.ns / NS_PER_US) {
			r->passed_over++;
			continue;
		}
		if (!block_get(column_bytes(s, 2), &b)) {
			damaged(r, d, "a block cannot be read");
			continue;
		}
		more = tell_block(r, &b);
		block_free(&b);
	}
	if (!statement_end(s))
		damaged(r, d, database_error(d->sessions));
	database_rollback(d->sessions);
	return more;
}

static bool
tell_rows(struct reading *r, struct day *d, struct cur c)
{
	static struct row row;

	while (cur_left(&c)) {
		if (!row_get(&c, &row)) {
			damaged(r, d, "a row of the tail cannot be read");
			return true;
		}
		if (row.kind == ROW_PULSE ? r->pulse && !r->pulse(r->arg, &row.pulse) :
					    !r->session(r->arg, &row.session))
			return false;
	}
	return true;
}

static bool
read_tail(struct reading *r, struct day *d)
{
	struct statement *s =
		statement_of(d->sessions, "SELECT bytes FROM tail WHERE commit_no <= ? ORDER BY commit_no");
	bool more = true;

	statement_i64(s, d->commits);
	while (more && statement_next(s)) {
		struct bytes rows = {.p = NULL};
		struct cur packed = column_bytes(s, 0);

		if (unsqueeze(&rows, &packed, TAIL_BYTES_MAX))
			more = tell_rows(r, d, bytes_cur(&rows));
		else
			damaged(r, d, "the tail cannot be read");
		bytes_free(&rows);
	}
	if (!statement_end(s))
		damaged(r, d, database_error(d->sessions));
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
		if (!day_read(&d, r->folder, days[i], r->error)) {
			r->damaged++;
			continue;
		}
		if (d.sessions)
			more = read_blocks(r, &d) && read_tail(r, &d);
		day_close(&d);
	}
	free(days);
	return r->damaged == 0;
}

static void
take_setting(struct day *d, const char *name, struct when at, char **value)
{
	struct statement *s =
		statement_of(d->summary, "SELECT value FROM setting WHERE name = ? AND time_us <= ? ORDER BY rowid");

	statement_text(s, name);
	statement_i64(s, at.ns / NS_PER_US);
	while (statement_next(s)) {
		free(*value);
		*value = strdup(column_text(s, 0));
	}
	statement_end(s);
}

char *
reading_setting(const char *folder, const char *name, struct when at)
{
	char error[DATABASE_ERROR_MAX], *value = NULL;
	size_t n;
	int64_t *days = days_in(folder, &n);
	struct day d;

	for (size_t i = 0; i < n; i++)
		if (day_read(&d, folder, days[i], error)) {
			take_setting(&d, name, at, &value);
			day_close(&d);
		}
	free(days);
	return value;
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
			fine = false;
			continue;
		}
		fine = tell_coverage(&d, arg, tell) && fine;
		day_close(&d);
	}
	free(days);
	return fine;
}
