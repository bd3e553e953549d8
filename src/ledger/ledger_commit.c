/*
 * ledger_commit: what waits goes to the disk: sessions first, then the summary with the chain; full tails become
 * blocks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_parts.h"
#include "ledger/squeeze.h"

static bool
fail_day(struct ledger *l)
{
	if (day_is_damaged(&l->day))
		ledger_lose_day(l, l->day.day);
	ledger_fail(l, *day_error(&l->day) ? day_error(&l->day) : "the ledger cannot be written");
	return false;
}

/* Packs the tail into a block within the sessions' transaction; the block is hashed by the commit that is being
   made. */
static bool
pack_rows(struct ledger *l, const struct bytes *rows, int64_t count, int64_t first, int64_t last)
{
	struct block_about about = {.sessions = 0};
	struct bytes block = {.p = NULL};
	struct statement *s;
	bool fine = block_put_about(&block, bytes_cur(rows), l->cfg.sensor, &about);

	if (!fine) {
		ledger_fail(l, "no memory for a block of the ledger");
	} else {
		s = statement_of(l->day.sessions,
				 "INSERT INTO block(commit_no, first, last, rows, sessions, begin_us, end_us, range, "
				 "filter, ids, bytes) VALUES(?,?,?,?,?,?,?,?,?,?,?)");
		statement_i64(s, l->day.commits + 1);
		statement_i64(s, first);
		statement_i64(s, last);
		statement_i64(s, count);
		statement_i64(s, (int64_t)about.sessions);
		statement_i64(s, about.begin_us);
		statement_i64(s, about.end_us);
		statement_bytes(s, about.range.p, about.range.n);
		statement_bytes(s, about.filter.p, about.filter.n);
		statement_bytes(s, about.ids.p, about.ids.n);
		statement_bytes(s, block.p, block.n);
		statement_next(s);
		fine = statement_end(s);
	}
	block_about_free(&about);
	bytes_free(&block);
	return fine;
}

/* The tail, as one block. */
static bool
pack_tail(struct ledger *l)
{
	if (!l->tail_rows)
		return true;
	if (!pack_rows(l, &l->tail, l->tail_rows, l->tail_first, l->day.commits) ||
	    !database_run(l->day.sessions, "DELETE FROM tail"))
		return false;
	l->tail.n = 0;
	l->tail_rows = l->tail_first = 0;
	return true;
}

static bool
put_tail(struct ledger *l)
{
	struct bytes packed = {.p = NULL};
	struct statement *s = statement_of(l->day.sessions, "INSERT INTO tail VALUES(?, ?, ?)");

	squeeze(&packed, l->pending.p, l->pending.n, SQUEEZE_FAST);
	statement_i64(s, l->day.commits + 1);
	statement_i64(s, l->pending_rows);
	statement_bytes(s, packed.p, packed.n);
	statement_next(s);
	bytes_add(&l->tail, l->pending.p, l->pending.n);
	if (!l->tail_rows)
		l->tail_first = l->day.commits + 1;
	l->tail_rows += l->pending_rows;
	bytes_free(&packed);
	return statement_end(s) && !l->tail.failed && !packed.failed;
}

/* Rows that make a block by themselves (imports, floods) do not go through the tail. */
static bool
put_rows(struct ledger *l)
{
	int64_t k = l->day.commits + 1;

	if (l->tail_rows + l->pending_rows > BLOCK_ROWS && !pack_tail(l))
		return false;
	if (l->pending_rows == BLOCK_ROWS)
		return pack_rows(l, &l->pending, l->pending_rows, k, k);
	return l->pending_rows == 0 || put_tail(l);
}

static bool
write_commit(struct ledger *l, bool pack)
{
	struct chain_entry e = {.time_us = l->now.ns / NS_PER_US, .rows = l->pending_rows};

	e.records = digest_of(l->pending.p, l->pending.n);
	if (!database_begin(l->day.sessions) || !(pack ? pack_tail(l) : put_rows(l)) ||
	    !database_commit(l->day.sessions))
		return false;
	if (!database_begin(l->day.summary) || !ledger_put_told(l) || (pack && !ledger_put_peers(l)) ||
	    !day_chain(&l->day, &e))
		return false;
	l->tried = (struct tried){true, e.hash, l->pending.n, l->told.n, l->pending_rows, l->told_rows};
	if (!database_commit(l->day.summary))
		return false;
	l->day.commits = e.commit;
	l->day.head = e.hash;
	l->day.rows += e.rows;
	return true;
}

static void
take_away(struct bytes *b, size_t n)
{
	if (n < b->n)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

/* They are on the disk. */
static void
forget_tried(struct ledger *l)
{
	take_away(&l->pending, l->tried.pending);
	take_away(&l->told, l->tried.told);
	l->pending_rows -= l->tried.pending_rows;
	l->told_rows -= l->tried.told_rows;
	l->tried.is = false;
	l->due = (struct when){0};
}

bool
ledger_was_committed(struct ledger *l)
{
	bool was = l->tried.is && digest_same(&l->tried.hash, &l->day.head);

	if (was)
		forget_tried(l);
	return was;
}

static bool
commit(struct ledger *l, bool pack)
{
	if (*l->error)
		return false;
	if (!write_commit(l, pack))
		return fail_day(l);
	forget_tried(l);
	return true;
}

bool
ledger_commit(struct ledger *l)
{
	if (!l->open || (!l->pending_rows && !l->told_rows))
		return !*l->error;
	return commit(l, false);
}

/* Were its peers written with its last commit?  Then only its seal is missing. */
static bool
is_packed(struct ledger *l)
{
	struct statement *s = statement_of(l->day.summary, "SELECT 1 FROM peer WHERE commit_no = ? LIMIT 1");
	bool is;

	statement_i64(s, l->day.commits);
	is = statement_next(s);
	return statement_end(s) && is && !l->tail_rows;
}

bool
ledger_pack(struct ledger *l)
{
	if (!ledger_commit(l) || (!is_packed(l) && (l->tail_rows || peers_count(l->peers)) && !commit(l, true)))
		return false;
	/* the tail left room that nothing will use any more; only what lies behind it is moved */
	return database_run(l->day.sessions, "PRAGMA incremental_vacuum") || fail_day(l);
}
