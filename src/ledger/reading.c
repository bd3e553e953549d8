/*
 * reading: see reading.h.  Must not write.
 */
#include "ledger/reading.h"

#include <stdio.h>
#include <stdlib.h>

#include "ledger/scan.h"

static bool
tell_block(struct reading *r, const struct block_rows *b)
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

/* Whole microseconds that hold it: nothing of the window is passed over. */
static int64_t
whole_us(struct when t)
{
	return t.ns == INT64_MAX ? INT64_MAX : t.ns / NS_PER_US;
}

bool
reading_run(struct reading *r)
{
	struct scan s = {.folder = r->folder, .since_us = whole_us(r->since), .until_us = whole_us(r->until)};
	bool more = true;

	scan_begin(&s);
	while (more && scan_next(&s)) {
		if (block_need_all(&s.block))
			more = tell_block(r, &s.block);
		else
			scan_damaged(&s, "a block cannot be read");
	}
	r->blocks = s.blocks;
	r->passed_over = s.passed_over;
	r->damaged = s.damaged;
	snprintf(r->error, sizeof(r->error), "%s", s.error);
	scan_end(&s);
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
