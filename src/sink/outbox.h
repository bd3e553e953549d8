/*
 * outbox: lines that wait until their sinks' receivers have acknowledged them.
 *
 *	event -> sinks -> outbox -> window (memory) -> couriers -> receivers
 *				 \-> SQLite file <-/ who is behind
 *
 * Each line has an id that grows and is never used twice; each sink has its own position: up to it, all that it wanted is
 * acknowledged.  What was handed out and not acknowledged is handed out again, with the same id: at least once, in order.
 *
 * outbox.md says what survives which accident.  One owner, who calls outbox_poll often; nothing here waits for a receiver.
 */
#ifndef SINK_OUTBOX_H
#define SINK_OUTBOX_H

#include "sink/sender.h"

enum { OUTBOX_SINKS_MAX = 16, OUTBOX_ERROR_MAX = 512, OUTBOX_NAME_MAX = 64, OUTBOX_LOSSES = 64 };

struct outbox_config {
	const char *path; /* of its file; NULL: memory only, for who sends as it goes */
	uint64_t size;    /* bytes on the disk at most */
	int64_t age_ns;   /* of a line at most, by its event's time */
	unsigned sinks;
	struct {
		const char *name;
		uint8_t events; /* that it may want, enum event_kind or-ed */
	} sink[OUTBOX_SINKS_MAX];
	/* In memory only: called when much of it waits, to take and acknowledge; NULL: nobody does. */
	void (*drain)(void *arg);
	void *arg;
	struct when now; /* wall clock: ids begin there, so that a new file repeats none of an old one */
};

/* Why a line was given up. */
enum outbox_cause {
	OUTBOX_SIZE,    /* outbox.size was reached */
	OUTBOX_AGE,     /* outbox.age */
	OUTBOX_DISK,    /* the disk failed, and memory was full */
	OUTBOX_DAMAGED, /* the outbox's file does not read */
	OUTBOX_REFUSED, /* the receiver will never take it */
	OUTBOX_CAUSES
};
extern const char *const OUTBOX_CAUSE[OUTBOX_CAUSES];

/* Lines of one sink that were given up one after the other, for one cause. */
struct outbox_loss {
	char sink[OUTBOX_NAME_MAX];
	enum outbox_cause cause;
	uint64_t count, first_id, last_id;
	struct when first, last; /* of their events */
};

/* One sink, for people: what `status` shows. */
struct outbox_status {
	const char *sink;
	uint64_t position, newest; /* ids: acknowledged up to, handed out at most */
	uint64_t told, sent, lost; /* lines, over all runs */
	uint64_t waiting;
	struct when oldest;     /* event time of the oldest that waits; 0: none does */
	const char *error;      /* what the link last said while it was not well; "": it is well */
	struct when error_time; /* when it last was not */
};

struct outbox;

/* NULL: `error` is one line.  A file that is no outbox, or is damaged, is set aside, and said so by outbox_notice. */
struct outbox *outbox_open(const struct outbox_config *cfg, char error[OUTBOX_ERROR_MAX]);

/* Commits what waits.  False: `error` says what could not be kept, or, in memory only, was not acknowledged.  NULL is fine. */
bool outbox_close(struct outbox *o, char error[OUTBOX_ERROR_MAX]);

/* One line for these sinks (bit i: cfg->sink[i].name); e->id is not used, e->gateway must outlive the outbox. */
void outbox_add(struct outbox *o, const struct sender_event *e, uint32_t sinks);

/* Commits at once after an alert, in a storm of them 20 times a second, else each second, and gives up what is too old or too much.  now_ns: monotonic;
   wall: what ages are counted to. */
void outbox_poll(struct outbox *o, int64_t now_ns, struct when wall);

/* The next lines that sink i was not handed yet, at most `max` of them and, but for the first, `bytes`; texts are valid until
   the next call of any function here. */
size_t outbox_take(struct outbox *o, unsigned i, struct sender_event *to, size_t max, size_t bytes);

/* `count` lines of sink i, up to this id, are at its receiver. */
void outbox_acknowledge(struct outbox *o, unsigned i, uint64_t id, size_t count);
/* This one, the next after the acknowledged, will never be taken; words: as the receiver says. */
void outbox_refuse(struct outbox *o, unsigned i, uint64_t id, struct when time, const char *words);
/* What was handed out and not acknowledged will be handed out again. */
void outbox_again(struct outbox *o, unsigned i);
/* How the link is; "": well. */
void outbox_says(struct outbox *o, unsigned i, const char *words);

/* So many lines wait for sink i, about; those that were handed out among them. */
uint64_t outbox_waiting(const struct outbox *o, unsigned i);
/* An alert came since the last commit. */
bool outbox_is_urgent(const struct outbox *o);

/* Its file cannot be written: lines wait in memory only. */
bool outbox_is_failing(const struct outbox *o);

unsigned outbox_sinks(const struct outbox *o);
struct outbox_status outbox_status(struct outbox *o, unsigned i);
/* The latest runs of losses, oldest first; how many. */
unsigned outbox_losses(const struct outbox *o, struct outbox_loss to[OUTBOX_LOSSES]);

/* Something worth telling that was not yet told: one line. */
bool outbox_notice(struct outbox *o, char words[OUTBOX_ERROR_MAX]);

#endif
