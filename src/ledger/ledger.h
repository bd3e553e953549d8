/*
 * ledger: writes what was seen and judged into days that nobody changes unseen.
 *
 *	records, pulses --rows--> pending --commit--> tail of the day --8192 rows--> block
 *	findings, incidents, coverage, settings --commit--> tables of the day
 *	midnight (packet time): the day is packed, closed, sealed; the next one links to its head
 *
 * All time is that of the packets.  Records go to the day that is open when they come; a day that was sealed is never
 * opened again.  One writer a folder.  The first failure is the last thing that happens, and ledger_error says why; a
 * ledger that persists keeps what waits, as far as there is room, tries again, and notes what it could not keep.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "detect/detect.h"
#include "ledger/chain.h"

struct ledger;

struct ledger_config {
	const char *folder, *key_folder; /* both must be there */
	uint64_t sensor;
	int64_t commit_ns;     /* how much a power cut may cost; 0: commit when a block is full (imports) */
	uint64_t quota;        /* bytes of all days, 0: no limit */
	int64_t snapshot_days; /* how far apart what was learnt is kept, 0: never */
	int64_t session_days, summary_days; /* how long files are kept, 0: for ever */
	bool seal_last;                     /* the last day is sealed at the end, too: nothing will follow */
	bool persists;                      /* a failure is not the end */
	void (*clear)(const char *folder);  /* what an earlier try left there goes, once nobody else writes; or NULL */
	struct when visit; /* opened by the clock for a note, nothing is watched; 0: by whoever sees traffic */
};

enum { LEDGER_ERROR_MAX = 400, LEDGER_FINDING_S = 5 };

/* NULL: `error` is one line. */
struct ledger *ledger_open(const struct ledger_config *cfg, char error[LEDGER_ERROR_MAX]);
/* Commits, packs and closes.  False: `error`. */
bool ledger_close(struct ledger *l, char error[LEDGER_ERROR_MAX]);
const char *ledger_error(const struct ledger *l); /* why nothing is written now; "": all is well */
bool ledger_failed(const struct ledger *l);       /* and nothing will be */

/* Since it was opened. */
struct ledger_losses {
	uint64_t failures; /* times that it could not be written, from the first error until it was written again */
	uint64_t rows;     /* records and rows of tables that were not kept */
};
struct ledger_losses ledger_losses(const struct ledger *l);

void ledger_session(struct ledger *l, const struct session *s);
void ledger_pulse(struct ledger *l, const struct pulse *p);
void ledger_finding(struct ledger *l, const struct finding *f);
void ledger_closed(struct ledger *l, const struct incident *i);
/* A note of its time, behind the records so far. */
void ledger_setting(struct ledger *l, const char *name, const char *value);
/* A setting that is in force from now on: each day begins with those that are. */
void ledger_in_force(struct ledger *l, const char *name, const char *value);
/* A file beside the days that a setting is to name (ledger/attached.h), at once.  False: errno. */
bool ledger_attach(struct ledger *l, const char *kind, const void *bytes, size_t n, char hex[65]);

/* What happened to what is seen, now: a row of the coverage. */
void ledger_happened(struct ledger *l, const char *cause);

/* Commits now.  False: it cannot be written. */
bool ledger_sync(struct ledger *l);

/* Is it time to keep what the detectors learnt?  Asked between packets, behind ledger_time. */
bool ledger_wants_snapshot(const struct ledger *l);
/* It lies beside the days, named by its content, and belongs behind the records so far.  made_by: who can go on from it.
   False: it is not kept. */
bool ledger_snapshot(struct ledger *l, const void *bytes, size_t n, const char *made_by);

/* Nothing was seen in between, and why: a row of the coverage, committed as soon as a finding. */
void ledger_gap(struct ledger *l, struct when begin, struct when end, const char *cause);

/* What was seen so far, since the start: before the time that is told with it. */
struct ledger_seen {
	uint64_t frames, bytes;
	uint64_t lost_ring, lost_interface; /* frames */
	uint64_t lost_upstream;             /* bytes of streams that were never seen */
	uint64_t lost_memory;               /* connections, segments, talks given up */
};

/* Time passes: minutes become coverage, commits fall due, days end. */
void ledger_time(struct ledger *l, struct when now, const struct ledger_seen *seen);

/* Is the clock that stamps the packets one that somebody keeps right?  Told when it changes; the coverage has it. */
void ledger_clock(struct ledger *l, bool kept_right);

/* The chain's head, for alerts and statistics; commit 0: nothing yet. */
struct ledger_head {
	int64_t commit;
	char date[CHAIN_DATE];
	char hash[65];
};
struct ledger_head ledger_head(const struct ledger *l);

#endif
