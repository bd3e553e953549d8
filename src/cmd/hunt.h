/*
 * hunt: what a hunt looks for and what it found.  Internal to hunt*.c.
 */
#ifndef CMD_HUNT_H
#define CMD_HUNT_H

#include "cmd/common.h"
#include "ledger/reading.h"
#include "ledger/verify.h"
#include "session/where.h"

enum { HUNT_GAPS = 12, HUNT_BAD = 12, HUNT_WORDS = 200 };

struct hunt_gap {
	struct when begin, end;
};

/* How much of the window was seen. */
struct hunt_coverage {
	uint64_t minutes, watched; /* of the window; those with a row */
	uint64_t frames, bytes, lost_ring, lost_interface, lost_upstream, lost_memory;
	struct when first, last; /* minutes of the ledger */
	struct hunt_gap gap[HUNT_GAPS];
	unsigned gaps;
	char event[HUNT_BAD][HUNT_WORDS]; /* expired, recovered ... */
	unsigned events;
	int64_t *minute; /* that were watched, us */
	size_t known, room;
};

struct hunt {
	struct common *common;
	const char *dir, *folder, *indicators, *expression, *detector;
	char *was; /* the configuration of then; NULL: today's */
	const char *since_text, *until_text;
	struct when since, until;
	bool as_was, json, replays;
	struct where where;
	struct finding *finding;
	size_t findings, room;
	uint64_t sessions, pulses, matches;
	bool no_memory;
	struct term out;
	struct hunt_coverage coverage;
	struct verify verify;
	char bad[HUNT_BAD][HUNT_WORDS]; /* of the verification */
	unsigned bads;
	char damaged[READING_ERROR_MAX];
};

bool hunt_coverage(struct hunt *h); /* sets since and until where they were not given */
void hunt_cover(struct hunt *h);    /* counts what of the window was watched */
void hunt_match(struct hunt *h, const struct session *s);
void hunt_print(const struct hunt *h);

#endif
