/*
 * ledger_seal: a day that is over becomes two files that nobody writes any more, and its seal.
 *
 * Who reads the day at midnight keeps its log from being emptied: its bytes are not its own yet, and must not be signed.
 * Such a day is late: the next one goes on from its head, and it is sealed when it is let go.  A start seals what is
 * left open, so a power failure in between costs nothing.  An import, whose days go by in seconds, waits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ledger/ledger_parts.h"

static const int64_t AGAIN_NS = 600 * NS_PER_S;

static bool
fail(struct ledger *l, const char *path, const char *what)
{
	char words[LEDGER_ERROR_MAX];

	snprintf(words, sizeof(words), "%.300s: %s", path, what);
	ledger_fail(l, words);
	return false;
}

/* The day's files are whole and closed: their bytes are what is signed. */
static bool
sign_day(struct ledger *l, const struct day *d)
{
	struct seal seal = {.day = d->day, .commits = d->commits, .rows = d->rows, .link = d->link, .head = d->head};
	struct seal *more;
	char words[LEDGER_ERROR_MAX];

	if (!seal_measure(&seal.sessions, d->sessions_path) || !seal_measure(&seal.summary, d->summary_path) ||
	    !seal_append(&l->seals, &seal, l->folder, &l->key)) {
		snprintf(words, sizeof(words), "%.300s/seals: the day cannot be sealed: %s", l->folder,
			 strerror(errno));
		ledger_fail(l, words);
		return false;
	}
	/* not before: a day that is not sealed goes on; and against mistakes only, what else happens the seal shows */
	(void)!chmod(d->sessions_path, 0444);
	(void)!chmod(d->summary_path, 0444);
	if (l->late.commits && l->late.day == d->day)
		l->late.commits = 0;
	more = realloc(l->seals.seal, (l->seals.n + 1) * sizeof(*more));
	if (!more) {
		ledger_fail(l, "no memory");
		return false;
	}
	l->seals.seal = more;
	l->seals.seal[l->seals.n++] = seal;
	return true;
}

static void
is_late(struct ledger *l, struct when now)
{
	l->late = l->day;
	l->late_again = when_add(now, AGAIN_NS);
}

bool
ledger_seal_late(struct ledger *l, struct when now)
{
	char error[DATABASE_ERROR_MAX];
	struct day d;

	if (!l->late.commits)
		return true;
	l->late_again = when_add(now, AGAIN_NS);
	return day_open(&d, l->folder, l->late.day, &l->late.link, error) && day_close(&d) == DATABASE_WHOLE &&
	       sign_day(l, &l->late);
}

/* A question to a day takes seconds, and nobody waits for an import. */
static bool
outwait(struct ledger *l)
{
	enum { TRIES = 200 }; /* of half a second each, in which SQLite waits */
	const struct timespec pause = {.tv_nsec = 100 * NS_PER_MS};

	for (unsigned i = 0; i < TRIES && l->late.commits && !*l->error; i++)
		if (!ledger_seal_late(l, l->now))
			nanosleep(&pause, NULL);
	if (l->late.commits && !*l->error)
		fail(l, l->late.sessions_path, "somebody reads it for minutes, and it cannot be sealed");
	return !*l->error;
}

bool
ledger_seal(struct ledger *l)
{
	if (l->late.commits && l->late.day != l->day.day && !ledger_seal_late(l, l->now))
		return *l->error ? false :
				   fail(l, l->late.sessions_path,
					"somebody reads it since it is over; no other day is sealed before");
	if (!ledger_pack(l))
		return false;
	l->open = false;
	switch (day_close(&l->day)) {
	case DATABASE_WHOLE:
		if (!sign_day(l, &l->day))
			return false;
		break;
	case DATABASE_READ:
		is_late(l, l->now);
		if (l->cfg.seal_last && !outwait(l))
			return false;
		break;
	case DATABASE_FAILED:
		return fail(l, l->day.sessions_path, "cannot be written whole, and is not sealed yet");
	}
	l->head = l->day.head;
	return true;
}
