/*
 * outbox_parts: what the files of the outbox share: outbox.c, which hands out, and outbox_store.c, which keeps.
 */
#ifndef SINK_OUTBOX_PARTS_H
#define SINK_OUTBOX_PARTS_H

#include "ledger/database.h"
#include "sink/outbox.h"
#include "sink/window.h"

/* SQL for the kinds of event, and for those that are given up first. */
#define OUTBOX_GREATER "kind <= 2"
#define OUTBOX_LESSER  "kind > 2"
_Static_assert((int)EVENT_ALERT == 1 && (int)EVENT_INCIDENT == 2, "what these say");

/* position <= taken <= scanned: acknowledged, handed out, looked at. */
struct outbox_sink {
	char name[OUTBOX_NAME_MAX];
	uint8_t events;
	uint64_t slot; /* its bit in lines.wants */
	uint64_t position, taken, scanned;
	uint64_t at;    /* in the window: behind what was looked at, or before its tail */
	uint64_t swept; /* up to there, its lines were deleted where nobody else wants them */
	uint64_t told, sent, lost;
	char words[SENDER_WORDS];
	struct when error_time;
	struct when oldest; /* of what waits, while position and lost are these */
	uint64_t oldest_position, oldest_lost;
};

struct outbox_losses {
	unsigned count;
	struct outbox_loss loss[OUTBOX_LOSSES];
};

/* What is worth telling: of the file, of lines that are given up. */
enum { NOTICE_FILE, NOTICE_LOSS, OUTBOX_NOTICES };

struct outbox {
	char path[DATABASE_ERROR_MAX / 2]; /* "": memory only */
	uint64_t size;
	int64_t age_ns;
	void (*drain)(void *arg);
	void *arg;
	uint64_t drained; /* the window's head, when it was called last */
	struct window window;
	struct database *db; /* NULL: memory only */
	uint64_t next_id;
	unsigned sinks;
	struct outbox_sink sink[OUTBOX_SINKS_MAX];
	struct outbox_losses losses;
	bool changed, urgent; /* since the last commit; among it an alert */
	int64_t commit_at, urgent_at, bound_at;
	struct when wall;
	bool failing;
	char error[OUTBOX_ERROR_MAX - 64];
	char notice[OUTBOX_NOTICES][OUTBOX_ERROR_MAX]; /* "": told */
	struct bytes lines;                            /* what the last outbox_take read from the disk */
};

static inline bool
outbox_waits_for(const struct outbox_sink *s, uint64_t wants, uint64_t id)
{
	return (wants & s->slot) && s->position < id;
}

static inline bool
outbox_is_waited_for(const struct outbox *o, const struct outbox_line *l)
{
	for (unsigned i = 0; i < o->sinks; i++)
		if (outbox_waits_for(&o->sink[i], l->wants, l->id))
			return true;
	return false;
}

/* So many lines, up to this one, and why. */
struct outbox_lost {
	enum outbox_cause cause;
	uint64_t n, id;
	struct when time;
	const char *words; /* "": the cause says all */
};

/* Counts what sink s will not get. */
void outbox_lose(struct outbox *o, struct outbox_sink *s, const struct outbox_lost *l);

/* A question with one number as its answer. */
int64_t store_ask(struct database *d, const char *sql);

/* Opens or makes the file and takes each sink's state from it.  False: error. */
bool store_open(struct outbox *o, char error[OUTBOX_ERROR_MAX]);

/* After an error: where it is the file's bytes that are wrong, a new one; what the window does not have is lost.  False: it
   is not, or there is none. */
bool store_replace(struct outbox *o);

/* What is in the window and waited for, positions, counts and losses in one transaction; what nobody waits for goes.  False:
   nothing changed, database_error says why. */
bool store_commit(struct outbox *o);

/* Gives up what is too old, and the oldest of what is too much.  False: nothing changed. */
bool store_bound(struct outbox *o);

/* Lines of s behind s->scanned that are on the disk and not in the window; *end: there are no more. */
size_t
store_take(struct outbox *o, struct outbox_sink *s, struct sender_event *to, size_t max, size_t bytes, bool *end);

/* Event time of the first line that s waits for on the disk; 0: there is none. */
struct when store_oldest(struct outbox *o, const struct outbox_sink *s);

#endif
