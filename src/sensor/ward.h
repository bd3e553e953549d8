/*
 * ward: a role that the monitor keeps running: its process, its descriptors, and what became of the last one.
 * Must not decide when it is started again.
 */
#ifndef SENSOR_WARD_H
#define SENSOR_WARD_H

#include "sensor/role_note.h"

enum { WARD_HELD = 8 };
enum ward_state { WARD_OUT, WARD_OPENING, WARD_OPEN, WARD_AT_WORK, WARD_STOPPING };

struct ward {
	struct role_spec spec;
	const struct role_rights *rights;
	struct role_process process;
	enum ward_state state;
	int64_t since, alive;                 /* it was started; its last sign of life */
	int64_t wait, again;                  /* to wait after its next death; when it is started again */
	int fatal;                            /* the batch that it died of, until it is told; -1: none */
	int held[WARD_HELD], next[WARD_HELD]; /* HOLD: of the one that was at work last; of the one that opens now */
	unsigned helds, nexts;
	int link;               /* of a tap: the keeper's end, until it is told; -1: it has it */
	uint64_t came, told;    /* COUNTS of a tap at work */
	uint64_t left;          /* of those that were: frames that the keeper was not told of, as far as we know */
	int64_t gone, back;     /* wall clock: it did nothing in between, which the keeper is to be told; 0: nothing */
	bool joined;            /* with the keeper that is there */
	bool waits;             /* for a port, before it can open */
	bool lively;            /* it has given a sign of life since its start */
	bool stuck, follows;    /* it was ended: it gave no sign of life; the keeper that it spoke to died */
	char cause[ROLE_WORDS]; /* why it is gone: what came first */
	char why[ROLE_WORDS];   /* why it is out */
};

enum { WARD_NAME = 2 * ROLE_NAME_MAX };

void ward_init(struct ward *w, const struct role_spec *spec);

/* "tap 0", "keeper" */
const char *ward_name(const struct ward *w, char to[WARD_NAME]);

/* batch: what it works on is to be had when it dies.  False: errno. */
bool ward_start(struct ward *w, bool batch);
/* It hands over what stays open when it dies, until another in its place has its own: fd is the ward's. */
void ward_hold(struct ward *w, int fd);
/* It does nothing from now on, for w->why, until it works again: that is a gap. */
void ward_idle(struct ward *w);
/* Its port is not there: it is idle. */
void ward_wait(struct ward *w);
/* All is open: what was held for the one before is let go. */
void ward_open(struct ward *w);
/* It begins. */
void ward_work(struct ward *w);
void ward_tell(const struct ward *w, enum role_note_kind kind);
/* The keeper and this role get an end each of a new connection. */
void ward_join(struct ward *w, const struct ward *keeper);

/* It was reaped; w->why is in words. */
void ward_ended(struct ward *w, int status);

/* The time between its death and its return, told to the keeper. */
void ward_report(struct ward *w, const struct ward *keeper);

/* Ends one that is silent for longer than its patience, counted from there; six times that until its first sign of life. */
void ward_impatient(struct ward *w, int64_t since);

#endif
