/*
 * scan: see scan.h.  Must not stop at a block that is damaged: the others still tell.
 */
#include "ledger/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/squeeze.h"

enum { TAIL_BYTES_MAX = 1 << 28 };

static const int64_t DAY_US = INT64_C(86400000000);

void
scan_damaged(struct scan *s, const char *what)
{
	if (s->damaged++ == 0)
		snprintf(s->error, sizeof(s->error), "%.300s: %s; gatewitness verify says where", s->day.sessions_path,
			 what);
}

void
scan_begin(struct scan *s)
{
	s->days = days_in(s->folder, &s->day_count);
}

static void
close_day(struct scan *s)
{
	if (s->open && !s->lent)
		day_close(&s->day);
	s->open = s->lent = false;
}

void
scan_end(struct scan *s)
{
	close_day(s);
	free(s->days);
	free(s->wanted);
	bytes_free(&s->bytes);
	bytes_free(&s->tail);
	block_free(&s->block);
	s->days = NULL;
	s->wanted = NULL;
	s->day_count = s->next_day = 0;
}

static bool
in_time(const struct scan *s, const struct scan_about *a)
{
	return a->end_us >= s->since_us && a->begin_us <= s->until_us;
}

static bool
add_wanted(struct scan *s, struct scan_wanted one)
{
	struct scan_wanted *more;

	if (s->wanted_count == s->wanted_room) {
		s->wanted_room = s->wanted_room ? s->wanted_room * 2 : 64;
		more = realloc(s->wanted, s->wanted_room * sizeof(*more));
		if (!more)
			return false;
		s->wanted = more;
	}
	s->wanted[s->wanted_count++] = one;
	return true;
}

/* Which blocks of the day are wanted. */
static bool
choose_blocks(struct scan *s)
{
	struct statement *q =
		statement_of(s->day.sessions, "SELECT no, rows, sessions, begin_us, end_us, range, filter, "
					      "ids FROM block ORDER BY first, no");
	int64_t row = 0, from = s->day.day == s->from_day ? s->from_row : 0;
	bool fine = true;

	s->wanted_count = s->next = 0;
	for (; fine && statement_next(q); row += column_i64(q, 1)) {
		struct scan_about a = {.rows = (size_t)column_i64(q, 1),
				       .sessions = (size_t)column_i64(q, 2),
				       .begin_us = column_i64(q, 3),
				       .end_us = column_i64(q, 4)};

		s->blocks++;
		if (in_time(s, &a) && row + column_i64(q, 1) > from) {
			a.range = column_bytes(q, 5);
			a.filter = column_bytes(q, 6);
			a.ids = column_bytes(q, 7);
			if (!s->wants || s->wants(s->arg, &a)) {
				fine = add_wanted(s, (struct scan_wanted){column_i64(q, 0), row});
				continue;
			}
		}
		s->passed_over++;
	}
	s->tail_row = row;
	return statement_end(q) && fine;
}

/* A commit's rows that cannot be read leave those of the others. */
static bool
copy_tail(struct scan *s)
{
	struct statement *q =
		statement_of(s->day.sessions, "SELECT bytes FROM tail WHERE commit_no <= ? ORDER BY commit_no");

	s->tail.n = 0;
	statement_i64(q, s->day.commits);
	while (statement_next(q)) {
		struct cur packed = column_bytes(q, 0);
		size_t before = s->tail.n;

		if (unsqueeze(&s->tail, &packed, TAIL_BYTES_MAX))
			continue;
		s->tail.n = before;
		scan_damaged(s, "the tail cannot be read");
	}
	s->has_tail = s->tail.n > 0;
	return statement_end(q);
}

/* Blocks and tail as they are at one moment: a tail becomes a block only between them. */
static void
look_at_day(struct scan *s)
{
	if (!database_run(s->day.sessions, "BEGIN") || !choose_blocks(s) || !copy_tail(s))
		scan_damaged(s, *day_error(&s->day) ? day_error(&s->day) : "no memory");
	database_rollback(s->day.sessions);
}

static void
open_day(struct scan *s)
{
	char error[DATABASE_ERROR_MAX];

	s->open = day_read(&s->day, s->folder, s->days[s->next_day++], error);
	if (s->open && s->day.sessions) /* else it has expired */
		look_at_day(s);
	if (!s->open && !s->day.empty && s->damaged++ == 0)
		memcpy(s->error, error, sizeof(error));
}

void
scan_day(struct scan *s, const struct day *d)
{
	s->day = *d;
	s->open = s->lent = true;
	look_at_day(s);
}

/* Records never come later than the day they lie in ends; earlier they may, from a clock that was set back. */
static bool
is_over(const struct scan *s, int64_t day)
{
	return day < s->from_day || (day < INT64_MAX / DAY_US - 1 && (day + 1) * DAY_US <= s->since_us);
}

static bool
next_day(struct scan *s)
{
	close_day(s);
	s->has_tail = false;
	s->wanted_count = s->next = 0;
	while (s->next_day < s->day_count && is_over(s, s->days[s->next_day]))
		s->next_day++;
	if (s->next_day == s->day_count)
		return false;
	open_day(s);
	return true;
}

/* Columns that are shorter are read with what lies around them. */
enum { SHORT = 1 << 10 };

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Bytes of the block up to `to`, of which those before `from` are there or nobody needs them; *have moves on. */
static bool
read_up_to(struct scan *s, struct part *p, size_t from, size_t to, size_t *have)
{
	from = from > *have ? from : *have;
	if (to <= from)
		return true;
	*have = to;
	return part_read(p, s->bytes.p + from, from, to - from);
}

/* The columns that are asked for lie among others that are many times as long: what was asked of the block before is
   read, and the heads of the others.  A block that is cut is read as it is. */
static bool
read_columns(struct scan *s, struct part *p, size_t n)
{
	size_t have = 0, at, head;
	uint64_t id, length;

	if (!read_up_to(s, p, 0, smaller(n, BLOCK_HEAD), &have))
		return false;
	at = block_head(cur_of(s->bytes.p, have));
	for (; at && at < n; at += head + length) {
		if (!read_up_to(s, p, at, smaller(n, at + BLOCK_COLUMN_HEAD), &have))
			return false;
		head = block_column_head(cur_of(s->bytes.p + at, have - at), &id, &length);
		if (!head || length > n - at - head || id >= BLOCK_NUMBERS)
			break;
		s->got[id] = s->asked[id] || length < SHORT;
		if (s->got[id] && !read_up_to(s, p, at, smaller(n, at + head + length + BLOCK_COLUMN_HEAD), &have))
			return false;
	}
	if (at >= n)
		return true;
	memset(s->got, true, sizeof(s->got));
	return read_up_to(s, p, at, n, &have);
}

/* A column that nobody asked the block before for. */
static bool
fetch_column(void *arg, uint64_t id, struct cur bytes)
{
	struct scan *s = arg;
	struct part *p;
	bool fine;

	if (id < BLOCK_NUMBERS && !s->got[id]) {
		s->asked[id] = true;
		p = part_open(s->day.sessions, "block", "bytes", s->no);
		fine = p && part_read(p, s->bytes.p + (bytes.p - s->bytes.p), (size_t)(bytes.p - s->bytes.p),
				      cur_left(&bytes));
		if ((p && !part_end(p)) || !fine)
			return false;
		s->got[id] = true;
	}
	return true;
}

static bool
fetch_block(struct scan *s)
{
	struct part *p;
	bool fine;

	s->bytes.n = 0;
	memset(s->got, 0, sizeof(s->got));
	s->asked[COLUMN_KINDS] = true;
	s->no = s->wanted[s->next].no;
	s->row = s->wanted[s->next++].row;
	p = part_open(s->day.sessions, "block", "bytes", s->no);
	fine = p && bytes_room(&s->bytes, part_size(p)) && read_columns(s, p, part_size(p));
	if (fine)
		s->bytes.n = part_size(p);
	if ((p && !part_end(p)) || !fine) {
		scan_damaged(s, *day_error(&s->day) ? day_error(&s->day) : "a block is missing");
	} else if (block_open(&s->block, bytes_cur(&s->bytes))) {
		s->block.fetch = fetch_column;
		s->block.arg = s;
		return true;
	} else {
		scan_damaged(s, block_is_newer(bytes_cur(&s->bytes)) ? "a block was written by a newer gatewitness" :
								       "a block cannot be read");
	}
	database_rollback(s->day.sessions);
	return false;
}

bool
scan_next(struct scan *s)
{
	struct scan_about a = {.begin_us = INT64_MIN, .end_us = INT64_MAX, .tail = true};

	for (;;) {
		while (s->next < s->wanted_count)
			if (fetch_block(s))
				return true;
		if (s->has_tail) {
			s->has_tail = false;
			s->no = 0;
			s->row = s->tail_row;
			if (s->wants && !s->wants(s->arg, &a))
				continue;
			if (block_take(&s->block, bytes_cur(&s->tail), 0)) /* never more rows than a block */
				return true;
			scan_damaged(s, "a row of the tail cannot be read");
		} else if (!next_day(s)) {
			return false;
		}
	}
}
