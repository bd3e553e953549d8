/*
 * ledger: the writer: rows wait, commits, days.  Must not ask a clock.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/attached.h"
#include "ledger/ledger_parts.h"

static const int64_t PAUSE_FIRST_NS = NS_PER_S, PAUSE_LAST_NS = 300 * NS_PER_S;
static const int64_t MINUTE_NS = 60 * NS_PER_S;

/* Live, time passes every second: what is more was the clock, or a sleep.  In captures there are pauses. */
static const int64_t STEP_BACK_NS = -60 * NS_PER_S, STEP_NS = 300 * NS_PER_S;

/* Days and order go by the latest time seen; what is due by the clock as it is where it was set back. */
static struct when
clock_now(const struct ledger *l)
{
	return l->last_time.ns && when_since(l->last_time, l->now) <= STEP_BACK_NS ? l->last_time : l->now;
}

/* The first failure of a row of them begins it; what waits is kept as far as there is room. */
void
ledger_fail(struct ledger *l, const char *words)
{
	struct failing *f = &l->failing;

	if (*l->error)
		return;
	snprintf(l->error, sizeof(l->error), "%s", words);
	if (!l->cfg.persists)
		return;
	if (!f->pause_ns) {
		f->since = l->now;
		f->times++;
		snprintf(f->why, sizeof(f->why), "%s", words);
	}
	f->pause_ns = !f->pause_ns ? PAUSE_FIRST_NS : f->pause_ns * 2 < PAUSE_LAST_NS ? f->pause_ns * 2 : PAUSE_LAST_NS;
	f->again = when_add(clock_now(l), f->pause_ns);
}

bool
ledger_failed(const struct ledger *l)
{
	return *l->error && !l->cfg.persists;
}

const char *
ledger_error(const struct ledger *l)
{
	return l->error;
}

bool
ledger_attach(struct ledger *l, const char *kind, const void *bytes, size_t n, char hex[ATTACHED_HEX])
{
	return attached_put(l->folder, kind, bytes, n, hex);
}

struct ledger_losses
ledger_losses(const struct ledger *l)
{
	return (struct ledger_losses){.failures = l->failing.times,
				      .rows = l->failing.lost + (uint64_t)l->failing.rows};
}

/* A start that follows no stop is a sensor, or a keeper, that was killed: what came behind its last commit is nowhere. */
static void
note_killed(struct ledger *l)
{
	struct statement *s =
		statement_of(l->day.summary, "SELECT time_us, (SELECT cause FROM coverage ORDER BY rowid DESC LIMIT 1) "
					     "FROM chain ORDER BY commit_no DESC LIMIT 1");
	struct ledger_event e = {.end = l->now, .cause = "not kept: it was killed before the next commit"};

	if (statement_next(s) && strcmp(column_text(s, 1), "stopped") != 0)
		e.begin.ns = column_i64(s, 0) * NS_PER_US;
	if (statement_end(s) && e.begin.ns && when_before(e.begin, e.end))
		ledger_coverage(l, &e);
}

static bool
start(struct ledger *l)
{
	if (!ledger_open_first(l))
		return false;
	if (!l->started && !l->cfg.seal_last && !l->cfg.visit.ns) {
		note_killed(l);
		ledger_note(l, "started", 0);
	}
	ledger_note_lost(l);
	if (!l->started)
		ledger_find_snapshot(l);
	l->started = true;
	ledger_retain(l);
	return true;
}

/* In words: what was not kept, and why, or that it was kept late. */
static bool
note_failure(struct ledger *l)
{
	struct failing *f = &l->failing;
	struct ledger_event e = {.begin = f->since, .end = l->now, .rows = f->rows};
	char cause[LEDGER_ERROR_MAX + 32];

	snprintf(cause, sizeof(cause), "%s: %s", f->rows ? "not kept" : "kept late", f->why);
	e.cause = cause;
	f->lost += (uint64_t)f->rows;
	f->rows = 0;
	f->pause_ns = 0;
	ledger_coverage(l, &e);
	return ledger_commit(l);
}

/* What memory could not hold is gone; what it holds is tried. */
static void
forget_broken(struct ledger *l)
{
	if (l->pending.failed || l->told.failed) {
		l->failing.rows += l->pending_rows + l->told_rows;
		bytes_free(&l->pending);
		bytes_free(&l->told);
		l->pending_rows = l->told_rows = 0;
		l->tried.is = false;
	}
}

/* A seal of which the disk said that it failed may be there all the same: then its day is sealed. */
static void
look_at_seals(struct ledger *l)
{
	struct seals now = {.n = 0};

	if (!seals_read(&now, l->folder) || now.torn || now.n <= l->seals.n) {
		seals_free(&now);
		return;
	}
	seals_free(&l->seals);
	l->seals = now;
	l->head = now.seal[now.n - 1].head;
}

/* After a failure, from time to time: the day is opened anew, and what waits is written. */
static bool
again(struct ledger *l)
{
	if (!l->cfg.persists || when_before(clock_now(l), l->failing.again))
		return false;
	if (l->open)
		day_close(&l->day);
	l->open = false;
	*l->error = '\0';
	forget_broken(l);
	look_at_seals(l);
	return start(l) && ledger_commit(l) && note_failure(l);
}

/* Opens the day of l->now when none is open, and after a failure tries again when that is due.  False: failed. */
static bool
ready(struct ledger *l)
{
	if (*l->error)
		return again(l);
	return l->open || start(l);
}

static bool
take_folder(struct ledger *l, char error[LEDGER_ERROR_MAX])
{
	l->lock = lock_take(l->folder, error, LEDGER_ERROR_MAX);
	if (l->lock < 0 || !sign_open(&l->key, l->cfg.key_folder, error, LEDGER_ERROR_MAX))
		return false;
	if (l->cfg.clear)
		l->cfg.clear(l->folder);
	if (!seals_read(&l->seals, l->folder))
		snprintf(error, LEDGER_ERROR_MAX, "%.300s/seals: cannot be read: %s", l->folder, strerror(errno));
	else if (l->seals.torn)
		snprintf(error, LEDGER_ERROR_MAX, "%.300s/seals: line %zu is no seal; gatewitness verify says more",
			 l->folder, l->seals.torn);
	if (l->seals.n)
		l->head = l->seals.seal[l->seals.n - 1].head;
	return !*error;
}

static void
let_go(struct ledger *l)
{
	lock_give(l->lock, l->folder);
	seals_free(&l->seals);
	bytes_free(&l->pending);
	bytes_free(&l->told);
	bytes_free(&l->tail);
	ledger_free_in_force(l);
	peers_free(l->peers);
	free(l);
}

struct ledger *
ledger_open(const struct ledger_config *cfg, char error[LEDGER_ERROR_MAX])
{
	struct ledger *l = calloc(1, sizeof(*l));

	*error = '\0';
	if (!l || snprintf(l->folder, sizeof(l->folder), "%s", cfg->folder) >= (int)sizeof(l->folder)) {
		snprintf(error, LEDGER_ERROR_MAX, "%.200s: no memory, or the name is too long", cfg->folder);
		free(l);
		return NULL;
	}
	l->cfg = *cfg;
	l->now = cfg->visit;
	l->cfg.folder = l->folder;
	if (take_folder(l, error))
		return l;
	let_go(l);
	return NULL;
}

/* Is the day that is open over?  A clock that goes back by more than a day was wrong before: that day ends, too. */
static bool
is_over(const struct ledger *l, struct when time)
{
	return chain_day(l->now) > l->day.day || ledger_is_ahead(l, l->day.day, chain_day(time));
}

/* The day of what comes now; records of a clock that went back a little stay with the day that is open. */
bool
ledger_advance(struct ledger *l, struct when time)
{
	if (when_before(l->now, time))
		l->now = time;
	if (!ready(l))
		return false;
	if (!is_over(l, time))
		return true;
	if (!ledger_seal(l))
		return false;
	l->now = time;
	if (!ready(l))
		return false;
	ledger_due_snapshot(l);
	return true;
}

/* May a row wait?  While the disk does not take them there is room for a block. */
static bool
takes_row(struct ledger *l, struct when time)
{
	if (ledger_advance(l, time))
		return true;
	if (ledger_failed(l))
		return false;
	if (l->pending_rows < BLOCK_ROWS)
		return true;
	l->failing.rows++;
	return false;
}

void
ledger_due(struct ledger *l, int64_t ns)
{
	struct when due = when_add(clock_now(l), ns);

	if (l->cfg.commit_ns && (l->due.ns == 0 || when_before(due, l->due)))
		l->due = due;
}

static void
added(struct ledger *l)
{
	l->pending_rows++;
	l->rows_in_minute++;
	ledger_due(l, l->cfg.commit_ns);
	if (l->pending.failed)
		ledger_fail(l, "no memory for the ledger's rows");
	else if (l->pending_rows == BLOCK_ROWS)
		ledger_commit(l);
}

void
ledger_session(struct ledger *l, const struct session *s)
{
	if (!takes_row(l, s->time))
		return;
	row_put_session(&l->pending, s);
	if (l->peers)
		peers_session(l->peers, s);
	added(l);
}

void
ledger_pulse(struct ledger *l, const struct pulse *p)
{
	if (!takes_row(l, p->time))
		return;
	row_put_pulse(&l->pending, p);
	added(l);
}

static void
minute_end(struct ledger *l)
{
	struct ledger_event e = {.begin = {l->minute}, .rows = l->rows_in_minute};

	if (!l->minute)
		return;
	e.end = when_add(e.begin, MINUTE_NS);
	ledger_coverage(l, &e);
	l->at_minute = l->seen;
	l->rows_in_minute = 0;
	l->minute = 0;
}

static void
note_step(struct ledger *l, struct when now)
{
	int64_t step = l->last_time.ns ? when_since(now, l->last_time) : 0;
	char note[64];

	l->last_time = now;
	if (step <= STEP_BACK_NS) { /* what was due by the clock before is due at once */
		l->due = l->due.ns ? now : l->due;
		l->failing.again = now;
	}
	if (step > STEP_BACK_NS && (step < STEP_NS || !l->cfg.persists))
		return;
	snprintf(note, sizeof(note), "clock: %s by %" PRId64 " s", step < 0 ? "went back" : "went on",
		 (step < 0 ? -step : step) / NS_PER_S);
	ledger_note(l, note, 0);
}

void
ledger_clock(struct ledger *l, bool kept_right)
{
	enum clock now = kept_right ? CLOCK_RIGHT : CLOCK_UNSURE;

	if (now == l->clock || ledger_failed(l))
		return;
	l->clock = now;
	ledger_note(l, kept_right ? "clock: synchronised" : "clock: not synchronised", 0);
}

void
ledger_time(struct ledger *l, struct when now, const struct ledger_seen *seen)
{
	int64_t minute = now.ns / MINUTE_NS * MINUTE_NS;

	if (ledger_failed(l))
		return;
	l->seen = *seen;
	if (l->minute && minute != l->minute)
		minute_end(l);
	ledger_advance(l, now);
	note_step(l, now);
	if (!l->minute)
		l->minute = minute;
	if (l->due.ns && !when_before(clock_now(l), l->due))
		ledger_commit(l);
	if (l->late.commits && !when_before(clock_now(l), l->late_again))
		ledger_seal_late(l, clock_now(l));
}

struct ledger_head
ledger_head(const struct ledger *l)
{
	struct ledger_head h = {.commit = l->day.commits};

	chain_date(h.date, l->day.day);
	sign_hex(h.hash, l->day.head.b, sizeof(l->day.head.b));
	return h;
}

/* The last try, whenever the next would be due. */
static void
finish(struct ledger *l)
{
	minute_end(l);
	l->failing.again = clock_now(l);
	if ((!l->open && !*l->error) || !ready(l))
		return;
	if (!l->cfg.seal_last && !l->cfg.visit.ns)
		ledger_note(l, "stopped", 0);
	if (ledger_commit(l) && l->cfg.seal_last)
		ledger_seal(l);
}

bool
ledger_sync(struct ledger *l)
{
	return l->open && ledger_commit(l);
}

bool
ledger_close(struct ledger *l, char error[LEDGER_ERROR_MAX])
{
	bool fine;

	if (!l)
		return true;
	finish(l);
	if (l->open)
		day_close(&l->day);
	fine = !*l->error;
	if (l->cfg.persists && !fine)
		snprintf(error, LEDGER_ERROR_MAX, "%.300s; %" PRId64 " rows are not kept", l->error,
			 l->failing.rows + l->pending_rows + l->told_rows);
	else
		snprintf(error, LEDGER_ERROR_MAX, "%s", l->error);
	let_go(l);
	return fine;
}
