/*
 * ledger_day: which day goes on: one that an earlier run left open, or a new one; not one that is damaged, which stays as it
 * is.  Must not lose what an earlier run committed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/ledger_parts.h"
#include "ledger/squeeze.h"

enum { TAIL_BYTES_MAX = 1 << 28 };

/* Rows of the day that are in no block, as they were left by the run before. */
static bool
load_tail(struct ledger *l)
{
	struct statement *s =
		statement_of(l->day.sessions, "SELECT commit_no, rows, bytes FROM tail ORDER BY commit_no");
	bool fine = true;

	l->tail.n = 0;
	l->tail_rows = l->tail_first = 0;
	while (fine && statement_next(s)) {
		struct cur c = column_bytes(s, 2);

		if (!l->tail_first)
			l->tail_first = column_i64(s, 0);
		l->tail_rows += column_i64(s, 1);
		fine = l->tail_rows <= BLOCK_ROWS && unsqueeze(&l->tail, &c, TAIL_BYTES_MAX);
	}
	return statement_end(s) && fine;
}

static bool
open_day(struct ledger *l, int64_t day)
{
	char words[DATABASE_ERROR_MAX];

	l->open = day_open(&l->day, l->folder, day, &l->head, words);
	if (!l->open) {
		if (l->day.damaged)
			ledger_lose_day(l, day);
		ledger_fail(l, words);
		return false;
	}
	if (!load_tail(l)) {
		if (!*day_error(&l->day) || day_is_damaged(&l->day))
			ledger_lose_day(l, day);
		ledger_fail(l,
			    "the tail of the open day cannot be read: it was damaged; gatewitness verify says where");
		return false;
	}
	ledger_was_committed(l);
	if (!ledger_begin_peers(l)) {
		ledger_fail(l, "no memory for the day's peers");
		return false;
	}
	if (l->day.commits == 0)
		ledger_begin_day(l);
	if (l->day.recovered && !l->started) /* else what was taken back waits still */
		ledger_note(l, "recovered: rows of the last commit were lost", l->day.dropped);
	return true;
}

static bool
is_sealed(const struct ledger *l, int64_t day)
{
	for (size_t i = 0; i < l->seals.n; i++)
		if (l->seals.seal[i].day == day)
			return true;
	return false;
}

static bool
is_lost(const struct ledger *l, int64_t day)
{
	for (unsigned i = 0; i < l->losts; i++)
		if (l->lost[i] == day)
			return true;
	return false;
}

void
ledger_lose_day(struct ledger *l, int64_t day)
{
	if (l->cfg.persists && l->losts < LOST_DAYS && !is_lost(l, day))
		l->lost[l->losts++] = day;
}

void
ledger_note_lost(struct ledger *l)
{
	char date[CHAIN_DATE], note[96];

	for (; l->losts_noted < l->losts; l->losts_noted++) {
		chain_date(date, l->lost[l->losts_noted]);
		snprintf(note, sizeof(note), "damaged: %s was open and goes no further; it stays as it is", date);
		ledger_note(l, note, 0);
	}
}

/* A day that nobody has sealed: the clock may have gone back into one that was. */
static int64_t
free_day(const struct ledger *l, int64_t day)
{
	while (is_sealed(l, day) || is_lost(l, day))
		day++;
	return day;
}

bool
ledger_is_ahead(const struct ledger *l, int64_t day, int64_t now)
{
	return day > now + FREE_DAYS && free_day(l, now) < day;
}

bool
ledger_open_first(struct ledger *l)
{
	size_t n;
	int64_t *days = days_in(l->folder, &n), today = chain_day(l->now);
	bool fine = true;

	for (size_t i = 0; fine && i < n && !l->open; i++) {
		if (is_sealed(l, days[i]) || is_lost(l, days[i]))
			continue;
		fine = open_day(l, days[i]);
		if (fine && (days[i] < today || ledger_is_ahead(l, days[i], today)))
			fine = ledger_seal(l);
	}
	free(days);
	return fine && (l->open || open_day(l, free_day(l, today)));
}
