/*
 * ledger_parts: the writer's state.  Internal to ledger*.c.
 */
#ifndef LEDGER_LEDGER_PARTS_H
#define LEDGER_LEDGER_PARTS_H

#include "ledger/block.h"
#include "ledger/day.h"
#include "ledger/ledger.h"
#include "ledger/lock.h"
#include "ledger/peers.h"

/* Of the tables' rows, while the disk does not take what waits. */
enum { WAITING_BYTES = 1 << 20, LOST_DAYS = 8 };
/* A day may bear the date of one of the days after it, where the clock went back into a day that was sealed. */
enum { FREE_DAYS = 2 };

enum clock { CLOCK_UNTOLD, CLOCK_RIGHT, CLOCK_UNSURE };

/* Times in which the disk does not take what waits. */
struct failing {
	struct when since, again; /* when it is tried again */
	int64_t pause_ns;         /* before that; 0: the disk takes it */
	int64_t rows;             /* that found no room meanwhile */
	uint64_t times, lost;     /* failures; rows lost in earlier ones */
	char why[LEDGER_ERROR_MAX];
};

/* The commit that was begun last: whether it failed, only the files know. */
struct tried {
	bool is;
	struct digest hash;
	size_t pending, told;
	int64_t pending_rows, told_rows;
};

/* A setting that each day begins with. */
struct in_force {
	char *name, *value;
};

struct ledger {
	struct ledger_config cfg;
	char folder[PATH_MAX];
	int lock;
	struct sign_key key;
	struct seals seals;
	bool open; /* a day is */
	bool started;
	int64_t lost[LOST_DAYS]; /* days that were open and are damaged: they stay as they are */
	unsigned losts, losts_noted;
	struct day day;
	struct when now, due; /* due: of the next commit */
	struct bytes pending; /* rows since the last commit */
	int64_t pending_rows;
	struct bytes told; /* rows of tables since then (ledger_told.c) */
	int64_t told_rows;
	struct tried tried;
	struct bytes tail; /* rows of commits that are in no block yet */
	int64_t tail_rows, tail_first;
	struct digest head; /* of the last day */
	struct day late;    /* it is over, and not sealed because somebody reads it; commits 0: none */
	struct when late_again;
	int64_t minute;     /* that goes on; 0: none */
	struct ledger_seen seen, at_minute;
	int64_t rows_in_minute;
	struct when last_time; /* ledger_time's */
	enum clock clock;
	struct peers *peers; /* of the day */
	int64_t peers_day;
	struct when snapshot_at; /* the last; 0: none */
	bool snapshot_due;
	struct in_force *in_force;
	size_t in_force_count;
	struct failing failing;
	char error[LEDGER_ERROR_MAX];
};

void ledger_fail(struct ledger *l, const char *words);
/* The day cannot go on: what comes goes into another, as soon as it is tried again. */
void ledger_lose_day(struct ledger *l, int64_t day);
void ledger_note_lost(struct ledger *l);
/* Was the clock that opened this day wrong?  It is not taken for wrong as long as no earlier day is free: what goes there
   has to go somewhere. */
bool ledger_is_ahead(const struct ledger *l, int64_t day, int64_t now);
/* Days that an earlier run left open: those before this one are sealed now; one that is not over goes on, else a new one
   begins.  False: failed. */
bool ledger_open_first(struct ledger *l);
/* Opens the day of l->now when none is open, and seals it when the time is in a later one.  False: failed. */
bool ledger_advance(struct ledger *l, struct when time);
/* The next commit comes so much later, or earlier than that. */
void ledger_due(struct ledger *l, int64_t ns);
/* What waits is on the disk when it returns; without anything that waits it does nothing. */
bool ledger_commit(struct ledger *l);
/* The day was opened again after a commit that seemed to fail: if it did not, its rows no longer wait. */
bool ledger_was_committed(struct ledger *l);
/* All that waits is on the disk, and in blocks; the day stays open. */
bool ledger_pack(struct ledger *l);
/* ledger_seal.c: packs, closes and seals the open day; one that is read is sealed later.  False: failed. */
bool ledger_seal(struct ledger *l);
/* The day that is late, if there is one: false: it still is, or that failed. */
bool ledger_seal_late(struct ledger *l, struct when now);
/* The day that is open: who was in it so far; rows of its peers, into the summary. */
bool ledger_begin_peers(struct ledger *l);
bool ledger_put_peers(struct ledger *l);
/* When the last was made, at a start; is the next due, with a new day? */
void ledger_find_snapshot(struct ledger *l);
void ledger_due_snapshot(struct ledger *l);
/* Settings in force, for a day that begins. */
void ledger_begin_day(struct ledger *l);
void ledger_free_in_force(struct ledger *l);
/* Rows of tables that wait, into the summary. */
bool ledger_put_told(struct ledger *l);

/* A row of the coverage: a minute, or with a cause what happened. */
struct ledger_event {
	struct when begin, end;
	const char *cause;
	int64_t rows;
};
void ledger_coverage(struct ledger *l, const struct ledger_event *e);
void ledger_note(struct ledger *l, const char *cause, int64_t rows); /* now */
/* Removes what is older than it may be, or too much. */
void ledger_retain(struct ledger *l);

#endif
