/*
 * hunt: a ledger's records judged again, and what the answer rests on.  What the commands hunt and report share.
 *
 *	ledger --records, pulses--> pipeline (today's detectors, or those settings of then) --> findings of the window
 *	      \--coverage, verification--> how much was seen, where not, and whether it is what the sensor wrote
 *
 * Detectors learn from the first record that the ledger has, so that the window is judged as it was live.  Nothing here
 * writes into the ledger, or prints anything but mistakes.
 */
#ifndef CMD_HUNT_H
#define CMD_HUNT_H

#include "cmd/common.h"
#include "cmd/was.h"
#include "ledger/reading.h"
#include "ledger/verify.h"
#include "session/where.h"

enum { HUNT_BAD = 12, HUNT_WORDS = 200 };

struct hunt_gap {
	struct when begin, end;
};

/* What was lost, by where. */
struct hunt_loss {
	uint64_t ring, interface; /* frames: the kernel's ring was full; the interface dropped them */
	uint64_t upstream;        /* bytes of streams that never came: lost before the sensor */
	uint64_t memory;          /* connections, segments and talks given up */
};

/* An hour of the window of which something was watched. */
struct hunt_hour {
	int64_t hour;     /* since 1970 */
	uint32_t watched; /* its minutes */
	uint64_t frames, bytes;
	struct hunt_loss lost;
};

/* How much of the window was seen. */
struct hunt_coverage {
	uint64_t minutes, watched; /* of the window; those with a row */
	uint64_t frames, bytes;
	struct hunt_loss lost;
	struct when first, last; /* minutes of the ledger */
	struct hunt_gap *gap;    /* in order */
	size_t gaps;
	char event[HUNT_BAD][HUNT_WORDS]; /* of the window: expired, recovered ... */
	unsigned events;
	int64_t *minute; /* that were watched, us */
	size_t known, room;
	struct hunt_hour *hour; /* in order */
	size_t hours;
};

struct hunt {
	struct common *common;
	/* asked */
	const char *dir, *since, *until, *indicators, *detector, *key; /* NULL: not asked for */
	bool as_was;
	bool replays; /* let detectors judge */
	struct where *
		question; /* what is asked of records; its addresses are compared with pseudonyms, too; NULL: nothing */
	/* hears of every record that is read, if set; within: of the window */
	void *arg;
	void (*session)(void *arg, const struct session *s, bool within);
	/* found */
	bool answered; /* all that follows is set */
	char *folder;  /* of the ledger */
	struct when begin, end;
	struct finding *finding;
	size_t findings, room;
	uint64_t sessions, pulses;    /* records of the window */
	uint64_t blocks, passed_over; /* of the ledger; those that were not read */
	uint64_t hidden, foreign;     /* those of them with pseudonyms; of which under a key that was not given */
	uint64_t imported;            /* those from other sensors' logs */
	unsigned lacks;               /* what these cannot tell, LACKS_... */
	char sources[64];             /* "suricata, zeek" */
	bool no_memory;
	struct hunt_coverage coverage;
	struct verify verify;
	uint8_t public[SIGN_KEY];
	char bad[HUNT_BAD][HUNT_WORDS]; /* of the verification */
	unsigned bads;
	char damaged[READING_ERROR_MAX];
	/* what the detectors knew when the replay began */
	struct hunt_learnt {
		bool is; /* from a snapshot; else from the first record */
		struct when at;
		int64_t day, row; /* it came before that row */
		char hex[ATTACHED_HEX];
		unsigned others; /* of another version or size */
	} learnt;
	/* as it was */
	struct was was;
	uint32_t met;                /* hunt_touch.c: gateways of which a block was read */
	bool resumes;                /* a start that went on from memory: its snapshot follows */
	bool lists_changed, refused; /* refused: told why it cannot be repeated */
	char indicators_set[OPTION_TEXT_MAX];
	struct progress progress;
	uint64_t read; /* records so far */
};

/* Options of both commands: rows of their tables, and what takes them (those of common, too). */
enum { HUNT_SINCE = 300, HUNT_UNTIL, HUNT_INDICATORS, HUNT_AS_WAS, HUNT_OPTIONS_END };
#define HUNT_OPTIONS                                                                                                   \
	PRIVACY_OPTION,                                                                                                \
		{HUNT_SINCE, "since", "TIME", "from then on: 2025-05-01, RFC 3339, or 90d before the ledger's end"},   \
		{HUNT_UNTIL, "until", "TIME", "until then"},                                                           \
		{HUNT_INDICATORS, "indicators", "FILE", "who is on this list: plain, CSV, STIX 2.1 or MISP"},          \
	{                                                                                                              \
		HUNT_AS_WAS, "as-was", NULL, "with the settings of then in place of today's"                           \
	}
int hunt_option(struct hunt *h, int id, const char *value);

/* The exit code; mistakes were told.  An answer there may be whatever the code is: `answered`. */
int hunt_search(struct hunt *h);
void hunt_free(struct hunt *h);

/* hunt_privacy.c: after common_open: pseudonyms are known to all that asks for addresses; without their key nothing may
   ask for them, and that is told.  The exit code. */
int hunt_privacy(struct hunt *h);
static inline void
hunt_count_pseudonyms(struct hunt *h, const struct session *s)
{
	const struct pseudonym_key *k = h->common->privacy.key;

	h->hidden += s->privacy_key != 0;
	h->foreign += s->privacy_key != 0 && (!k || s->privacy_key != k->id);
}

/* Is the ledger whole, and all of the window readable? */
bool hunt_whole(const struct hunt *h);
/* Frames that capture lost. */
static inline uint64_t
hunt_lost_frames(const struct hunt_loss *l)
{
	return l->ring + l->interface;
}

void hunt_own_options(struct config *c);

/* hunt_touch.c: may a session of the block touch what is on the list of --indicators?  One that may not is counted. */
bool hunt_may_touch(void *arg, struct block_rows *b);

/* hunt_learnt.c.  False: told. */
bool hunt_learn(struct hunt *h);
/* In place of what the detectors know, where this program can go on from it. */
bool hunt_resume(struct hunt *h, const struct reading_setting *snapshot);

/* hunt_was.c: the settings of then, at the beginning and as they change; lists before the next record. */
int hunt_was_begin(struct hunt *h);
bool hunt_was_setting(void *arg, const struct reading_setting *s);
bool hunt_was_lists(struct hunt *h);
/* What was in force before that row. */
bool hunt_was_until(struct hunt *h, int64_t day, int64_t row);

/* hunt_cover.c: begin and end of the ledger and its minutes; then what of begin to end was watched. */
bool hunt_coverage(struct hunt *h);
void hunt_cover(struct hunt *h);

#endif
