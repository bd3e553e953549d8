/*
 * ledger_parts: the writer's state.  Internal to ledger*.c.
 */
#ifndef LEDGER_LEDGER_PARTS_H
#define LEDGER_LEDGER_PARTS_H

#include "ledger/block.h"
#include "ledger/day.h"
#include "ledger/ledger.h"

struct ledger {
	struct ledger_config cfg;
	char folder[PATH_MAX];
	struct sign_key key;
	struct seals seals;
	bool open; /* a day is */
	bool started;
	struct day day;
	bool begun;           /* a transaction of the summary's: something waits there */
	struct when now, due; /* due: of the next commit */
	struct bytes pending; /* rows since the last commit */
	int64_t pending_rows; /* */
	struct bytes tail;    /* rows of commits that are in no block yet */
	int64_t tail_rows, tail_first;
	struct digest head; /* of the last day */
	int64_t minute;     /* that goes on; 0: none */
	struct ledger_seen seen, at_minute;
	int64_t rows_in_minute;
	struct when last_time; /* ledger_time's */
	char error[LEDGER_ERROR_MAX];
};

void ledger_fail(struct ledger *l, const char *words);
/* Opens the day of l->now when none is open.  False: failed. */
bool ledger_ready(struct ledger *l);
/* What waits is on the disk when it returns; without anything that waits it does nothing. */
bool ledger_commit(struct ledger *l);
/* Packs the tail into a block within the sessions' transaction; the block is hashed by the commit that is being
   made. */
bool ledger_pack(struct ledger *l, const struct bytes *rows, int64_t count, int64_t first, int64_t last);
/* Packs, closes and seals the open day. */
bool ledger_seal(struct ledger *l);
void ledger_coverage(struct ledger *l, struct when begin, struct when end, const char *cause);
void ledger_minute_end(struct ledger *l);
/* Removes what is older than it may be, or too much. */
void ledger_retain(struct ledger *l);

#endif
