/*
 * reading: a ledger's records and pulses back in the order in which they came, and what its tables say.
 */
#ifndef LEDGER_READING_H
#define LEDGER_READING_H

#include "base/when.h"
#include "session/session.h"

enum { READING_ERROR_MAX = 400 };

struct scan_about;
struct block_rows;

/* A setting, and what was told before it. */
struct reading_setting {
	int64_t day, row; /* so many rows of that day came before it */
	bool sessions;    /* that day's are left */
	struct when time;
	const char *name, *value; /* valid during the call */
};

struct reading {
	const char *folder;
	int64_t from_day, from_row; /* what came before that row of that day is not told; 0, 0: all is */
	struct when since, until;   /* blocks that end before or begin after are passed over */
	void *arg;
	bool (*wants)(void *arg, const struct scan_about *a); /* is that block (ledger/scan.h)?  NULL: all */
	/* Are its sessions, by what their columns have?  No: only its pulses are told.  NULL: all are */
	bool (*wants_sessions)(void *arg, struct block_rows *b);
	const bool *fields; /* of session.def, in its order, that records need; NULL: all.  Others may be absent */
	bool (*session)(void *arg, const struct session *s);         /* false: enough */
	bool (*pulse)(void *arg, const struct pulse *p);             /* may be NULL */
	bool (*setting)(void *arg, const struct reading_setting *s); /* between the records; may be NULL */
	/* found */
	uint64_t blocks, passed_over,
		damaged;               /* passed over: not read, or not its sessions; damaged: blocks and tails that
						  cannot be read */
	char error[READING_ERROR_MAX]; /* of the first of them, or why nothing is read */
};

/* False: r->error; what could be read was told. */
bool reading_run(struct reading *r);

/* The records of a day that is open; no settings.  False: one of them was enough. */
struct day;
bool reading_day(struct reading *r, const struct day *d);

/* All settings in their order, until one is enough (false).  False: a day could not be read. */
bool reading_history(const char *folder, void *arg, bool (*tell)(void *arg, const struct reading_setting *s));

/* The first of which sessions are left; INT64_MAX: there is none. */
int64_t reading_first_day(const char *folder);

/* Every value that a setting had, in order. */
void reading_settings(const char *folder, const char *name, void *arg,
		      void (*tell)(void *arg, struct when t, const char *value));

/* The latest value of a setting at that time, the caller frees it; NULL: none. */
char *reading_setting(const char *folder, const char *name, struct when at);

/* One row of the coverage: a minute, or with a cause what happened. */
struct reading_minute {
	struct when begin, end;
	const char *cause; /* NULL: a minute that was watched */
	int64_t frames, bytes, lost_ring, lost_interface, lost_upstream, lost_memory, rows;
};
bool reading_coverage(const char *folder, void *arg, void (*tell)(void *arg, const struct reading_minute *m));

/* Why not, in one line: of the first day that cannot be read. */
void reading_trouble(const char *folder, char error[READING_ERROR_MAX]);

/* Who talked with the gateways on the days whose sessions have expired, as the day's table has it (ledger/peers.h). */
struct reading_peer {
	struct addr addr; /* or its network, /24 or /48, of strangers */
	bool outbound;
	struct when first, last;
	uint64_t sessions, to_gateway, from_gateway; /* bytes */
};
bool reading_peers(const char *folder, void *arg, void (*tell)(void *arg, const struct reading_peer *p));

#endif
