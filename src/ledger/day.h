/*
 * day: the pair of files of a day: DATE.sessions (blocks, tail) and DATE.summary (chain, findings, incidents, coverage,
 * settings, peers).
 *
 * A commit is made in the first file, then in the second, whose chain has the last word: what the first holds beyond it
 * is taken back when the day is opened again.
 */
#ifndef LEDGER_DAY_H
#define LEDGER_DAY_H

#include <limits.h>

#include "ledger/chain.h"
#include "ledger/database.h"

enum { DAY_FORMAT = 1 };

/* The tables of DATE.summary beside the chain, in the order of its digests. */
enum day_table { TABLE_FINDING, TABLE_INCIDENT, TABLE_COVERAGE, TABLE_SETTING, TABLE_PEER };
_Static_assert(TABLE_PEER + 1 == CHAIN_TABLES, "one digest each");
extern const char *const DAY_TABLES[CHAIN_TABLES], *const DAY_INSERTS[CHAIN_TABLES];

struct day {
	int64_t day;
	char sessions_path[PATH_MAX], summary_path[PATH_MAX];
	struct database *sessions, *summary; /* sessions NULL: expired, when reading */
	int64_t commits;                     /* so far */
	struct digest link, head;            /* head before the first, and now */
	int64_t rows;                        /* of all commits */
	int64_t dropped;                     /* rows that were taken back when it was opened */
	bool empty;                          /* reading failed because it was being made when the power went */
	int number;                          /* reading failed because of the system: errno */
	bool damaged;                        /* opening failed because of the bytes that are there */
	bool recovered;                      /* the files were not at the same commit then */
};

/* Where the files of a day are; nothing is opened.  False: the name is too long. */
bool day_names(struct day *d, const char *folder, int64_t day);

/* link: the head of the day before.  False: `error`; writing makes what is not there. */
bool
day_open(struct day *d, const char *folder, int64_t day, const struct digest *link, char error[DATABASE_ERROR_MAX]);
bool day_read(struct day *d, const char *folder, int64_t day, char error[DATABASE_ERROR_MAX]);
/* The worse end of its two files; only one that is WHOLE may be sealed. */
enum database_end day_close(struct day *d);
const char *day_error(const struct day *d);
bool day_is_damaged(const struct day *d); /* of that error: it is the bytes that are there, not the system */

/* Digests of what the files hold for a commit. */
bool day_digest_table(struct day *d, enum day_table table, int64_t commit, struct digest *to);
bool day_digest_blocks(struct day *d, int64_t commit, struct digest *to);

/* The chain: adds an entry (hash and commit are set here); reads the next after `commit`, false: none. */
bool day_chain(struct day *d, struct chain_entry *e);
bool day_entry(struct day *d, int64_t commit, struct chain_entry *e);

/* Days that have files in the folder, in the order in which they were written; *n of them.  NULL: none, or errno is set. */
int64_t *days_in(const char *folder, size_t *n);

#endif
