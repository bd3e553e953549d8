/*
 * ledger: the writer: rows wait, commits, days.  Must not ask a clock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/ledger_parts.h"
#include "ledger/squeeze.h"

enum { TAIL_BYTES_MAX = 1 << 28 };

void
ledger_fail(struct ledger *l, const char *words)
{
	if (!*l->error)
		snprintf(l->error, sizeof(l->error), "%s", words);
}

const char *
ledger_error(const struct ledger *l)
{
	return l->error;
}

static void
fail_day(struct ledger *l)
{
	ledger_fail(l, *day_error(&l->day) ? day_error(&l->day) : "the ledger cannot be written");
}

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
	l->open = day_open(&l->day, l->folder, day, &l->head, l->error);
	if (!l->open)
		return false;
	if (!load_tail(l)) {
		ledger_fail(l,
			    "the tail of the open day cannot be read: it was damaged; gatewitness verify says where");
		return false;
	}
	if (l->day.recovered)
		ledger_coverage(l, l->now, l->now, "recovered: rows of the last commit were lost");
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

/* Days that an earlier run left open: those before this one are sealed now; the latest that is not over goes on. */
static bool
open_first(struct ledger *l)
{
	size_t n;
	int64_t *days = days_in(l->folder, &n), today = chain_day(l->now), last;
	bool fine = true;

	last = l->seals.n ? l->seals.seal[l->seals.n - 1].day : INT64_MIN;
	for (size_t i = 0; fine && i < n; i++) {
		if (days[i] <= last || is_sealed(l, days[i]))
			continue;
		fine = open_day(l, days[i]);
		if (fine && days[i] >= today)
			break;
		fine = fine && ledger_seal(l);
	}
	free(days);
	last = l->seals.n ? l->seals.seal[l->seals.n - 1].day : INT64_MIN;
	return fine && (l->open || open_day(l, today > last ? today : last + 1));
}

bool
ledger_ready(struct ledger *l)
{
	if (*l->error)
		return false;
	if (l->open)
		return true;
	if (!open_first(l))
		return false;
	if (!l->started && !l->cfg.seal_last && !l->cfg.visit.ns) /* a start that follows no stop is a sensor that was killed */
		ledger_coverage(l, l->now, l->now, "started");
	l->started = true;
	ledger_retain(l);
	return true;
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
	if (!sign_open(&l->key, cfg->key_folder, error, LEDGER_ERROR_MAX)) {
		free(l);
		return NULL;
	}
	if (!seals_read(&l->seals, l->folder))
		snprintf(error, LEDGER_ERROR_MAX, "%.300s/seals: cannot be read: %s", l->folder, strerror(errno));
	else if (l->seals.torn)
		snprintf(error, LEDGER_ERROR_MAX, "%.300s/seals: line %zu is no seal; gatewitness verify says more",
			 l->folder, l->seals.torn);
	if (*error) {
		seals_free(&l->seals);
		free(l);
		return NULL;
	}
	if (l->seals.n)
		l->head = l->seals.seal[l->seals.n - 1].head;
	return l;
}

/* The day of what comes now; records of a clock that went back stay with the day that is open. */
static bool
advance(struct ledger *l, struct when time)
{
	if (when_before(l->now, time) || !l->open)
		l->now = when_before(l->now, time) ? time : l->now;
	if (!ledger_ready(l))
		return false;
	if (chain_day(l->now) > l->day.day)
		return ledger_seal(l) && ledger_ready(l);
	return true;
}

static void
added(struct ledger *l)
{
	l->pending_rows++;
	l->rows_in_minute++;
	if (l->pending.failed)
		ledger_fail(l, "no memory for the ledger's rows");
	else if (l->pending_rows == BLOCK_ROWS)
		ledger_commit(l);
	else if (l->pending_rows == 1 && l->due.ns == 0 && l->cfg.commit_ns)
		l->due = when_add(l->now, l->cfg.commit_ns);
}

void
ledger_session(struct ledger *l, const struct session *s)
{
	if (!advance(l, s->time))
		return;
	row_put_session(&l->pending, s);
	added(l);
}

void
ledger_pulse(struct ledger *l, const struct pulse *p)
{
	if (!advance(l, p->time))
		return;
	row_put_pulse(&l->pending, p);
	added(l);
}

static void
commit_soon(struct ledger *l)
{
	struct when soon = when_add(l->now, LEDGER_FINDING_S * NS_PER_S);

	if (l->cfg.commit_ns && (l->due.ns == 0 || when_before(soon, l->due)))
		l->due = soon;
}

/* What goes into a table: the statement with its commit, NULL: failed. */
static struct statement *
insert(struct ledger *l, const char *sql)
{
	struct statement *s;

	if (!ledger_ready(l))
		return NULL;
	if (!l->begun && !database_begin(l->day.summary)) {
		fail_day(l);
		return NULL;
	}
	l->begun = true;
	s = statement_of(l->day.summary, sql);
	statement_i64(s, l->day.commits + 1);
	return s;
}

static void
inserted(struct ledger *l, struct statement *s)
{
	if (!s)
		return;
	statement_next(s);
	if (!statement_end(s))
		fail_day(l);
}

static void
put_id(struct statement *s, uint64_t id)
{
	char hex[17];

	*put_hex_u64(hex, id) = '\0';
	statement_text(s, hex);
}

static void
put_addr(struct statement *s, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_print(a, text);
	statement_text(s, text);
}

static void
put_sessions(struct statement *s, const struct finding *f)
{
	char text[FINDING_SESSIONS * 17 + 1], *p = text;

	for (uint32_t i = 0; i < f->session_count && i < FINDING_SESSIONS; i++) {
		if (i)
			*p++ = ' ';
		p = put_hex_u64(p, f->session[i]);
	}
	*p = '\0';
	statement_text(s, text);
}

void
ledger_finding(struct ledger *l, const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);
	struct statement *s;

	if (!advance(l, f->time))
		return;
	s = insert(l, "INSERT INTO finding VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	statement_i64(s, f->time.ns / NS_PER_US);
	put_id(s, f->id);
	put_id(s, f->incident);
	statement_text(s, d ? d->name : "");
	statement_i64(s, f->severity);
	statement_i64(s, f->confidence);
	statement_i64(s, f->gateway);
	statement_i64(s, f->opens);
	statement_i64(s, f->worsens);
	statement_i64(s, f->learning);
	statement_i64(s, f->degraded);
	statement_i64(s, f->weak);
	statement_text(s, f->suppressed);
	put_addr(s, &f->actor);
	put_addr(s, &f->target);
	statement_text(s, f->text);
	put_sessions(s, f);
	statement_i64(s, f->coverage);
	inserted(l, s);
	commit_soon(l);
}

void
ledger_closed(struct ledger *l, const struct incident *i)
{
	struct statement *s = insert(l, "INSERT INTO incident VALUES(?,?,?,?,?,?,?,?)");

	put_id(s, i->id);
	statement_i64(s, i->opened.ns / NS_PER_US);
	statement_i64(s, i->last.ns / NS_PER_US);
	put_addr(s, &i->actor);
	statement_i64(s, i->gateway);
	statement_i64(s, i->severity);
	statement_i64(s, i->findings);
	inserted(l, s);
}

void
ledger_setting(struct ledger *l, const char *name, const char *value)
{
	struct statement *s = insert(l, "INSERT INTO setting VALUES(?,?,?,?)");

	statement_i64(s, l->now.ns / NS_PER_US);
	statement_text(s, name);
	statement_text(s, value);
	inserted(l, s);
}

bool
ledger_sync(struct ledger *l)
{
	return ledger_commit(l) && !*l->error;
}

void
ledger_coverage(struct ledger *l, struct when begin, struct when end, const char *cause)
{
	const struct ledger_seen *a = &l->at_minute, *b = &l->seen;
	struct statement *s = insert(l, "INSERT INTO coverage VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	statement_i64(s, begin.ns / NS_PER_US);
	statement_i64(s, end.ns / NS_PER_US);
	statement_text(s, cause);
	statement_i64(s, (int64_t)(b->frames - a->frames));
	statement_i64(s, (int64_t)(b->bytes - a->bytes));
	statement_i64(s, (int64_t)(b->lost_ring - a->lost_ring));
	statement_i64(s, (int64_t)(b->lost_interface - a->lost_interface));
	statement_i64(s, (int64_t)(b->lost_upstream - a->lost_upstream));
	statement_i64(s, (int64_t)(b->lost_memory - a->lost_memory));
	statement_i64(s, cause ? l->day.dropped : l->rows_in_minute);
	inserted(l, s);
	l->day.dropped = 0;
}

static const int64_t MINUTE_NS = 60 * NS_PER_S;

void
ledger_minute_end(struct ledger *l)
{
	struct when begin = {l->minute};

	if (!l->minute || !l->open)
		return;
	ledger_coverage(l, begin, when_add(begin, MINUTE_NS), NULL);
	l->at_minute = l->seen;
	l->rows_in_minute = 0;
	l->minute = 0;
}

void
ledger_time(struct ledger *l, struct when now, const struct ledger_seen *seen)
{
	int64_t minute = now.ns / MINUTE_NS * MINUTE_NS;

	if (*l->error)
		return;
	if (l->minute && minute != l->minute)
		ledger_minute_end(l);
	if (!advance(l, now))
		return;
	l->seen = *seen;
	if (!l->minute)
		l->minute = minute;
	if (l->due.ns && !when_before(l->now, l->due))
		ledger_commit(l);
}

struct ledger_head
ledger_head(const struct ledger *l)
{
	struct ledger_head h = {.commit = l->day.commits};

	chain_date(h.date, l->day.day);
	sign_hex(h.hash, l->day.head.b, sizeof(l->day.head.b));
	return h;
}

bool
ledger_close(struct ledger *l, char error[LEDGER_ERROR_MAX])
{
	bool fine;

	if (!l)
		return true;
	ledger_minute_end(l);
	if (l->open && !*l->error && !l->cfg.seal_last && !l->cfg.visit.ns)
		ledger_coverage(l, l->now, l->now, "stopped");
	if (l->open && !*l->error)
		ledger_commit(l);
	if (l->open && !*l->error && l->cfg.seal_last)
		ledger_seal(l);
	if (l->open)
		day_close(&l->day);
	fine = !*l->error;
	snprintf(error, LEDGER_ERROR_MAX, "%s", l->error);
	seals_free(&l->seals);
	bytes_free(&l->pending);
	bytes_free(&l->tail);
	free(l);
	return fine;
}
