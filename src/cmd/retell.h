/*
 * retell: what a ledger holds of one incident, as the EVE lines that told of it.
 *
 *	id --> incident --> its findings --> sessions that they name, and those of its actor within an hour of it
 *
 * Lines are made from the rows: what a row does not hold (numbers, weights, other explanations) is not in them.
 */
#ifndef CMD_RETELL_H
#define CMD_RETELL_H

#include <limits.h>

#include "cmd/story.h"
#include "ledger/bytes.h"
#include "sensor/config.h"
#include "sink/eve.h"

enum { RETELL_SESSIONS = 256, RETELL_PEERS = 32 };

struct retold {
	uint64_t incident;
	struct when first, last;                /* of its findings */
	struct bytes findings, sessions, lines; /* lines: both, for the story */
	char folder[PATH_MAX];                  /* that it was found in */
	char *configuration;                    /* that was in force when it began; NULL: the ledger holds none */
	struct config *config;                  /* the same, read */
	bool damaged;                           /* parts of the ledger cannot be read */
	/* while it is looked for */
	uint64_t session[RETELL_SESSIONS];
	struct addr peer[RETELL_PEERS];
	unsigned session_count, peers;
	struct eve_context *context;
};

/* dir: a ledger, or a folder of imports.  id: of a finding, an incident or a session that a finding names.  False:
   `error`. */
bool retell(struct retold *r, const char *dir, const char id[STORY_ID + 1], char error[512]);
/* Makes what was retold of s->id the source of a story (story_find comes next).  False: s->error. */
bool retell_story(struct retold *r, struct story *s, const char *dir);
void retell_free(struct retold *r);

#endif
