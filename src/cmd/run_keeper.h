/*
 * run_keeper: who keeps what run sees, and the two ways it gets it.
 *
 *	run_keeper_taps.c	records of taps, in processes of their own
 *	run_keeper_frames.c	frames, worked on here: where one process has to have both (run_fan.h)
 */
#ifndef CMD_RUN_KEEPER_H
#define CMD_RUN_KEEPER_H

#include "cmd/keep.h"
#include "cmd/run_desk.h"
#include "sensor/duty.h"

struct keeping {
	const struct running *run;
	struct common *common;
	struct duty duty;
	struct keep keep;
	struct summary summary;
	struct run_health *health;
	int64_t began, flush_at;
	int exit;
	const struct feed *feed;
	void *own; /* the feed's */
};

/* Where it comes from. */
struct feed {
	unsigned taps;
	/* before rights are given up; EXIT_DONE, or it was told */
	int (*open)(struct keeping *k);
	/* all is open: what needs the watch; false: told */
	bool (*begin)(struct keeping *k);
	/* a piece of work, or a wait of a tenth of a second; false: there will be no more */
	bool (*work)(struct keeping *k);
	void (*each_second)(struct keeping *k);
	/* what is left, when the end was asked for */
	void (*end)(struct keeping *k);
	/* so many frames came to a tap that died */
	void (*died)(struct keeping *k, unsigned tap, uint64_t came);
	/* a new connection to a tap; ours to close */
	void (*link)(struct keeping *k, unsigned tap, int fd);
};

/* What happened to what is seen: a line for people, and a row of the ledger's coverage. */
void run_keep_news(struct keeping *k, const char *words);

/* The life of a keeper; own: the feed's.  The exit code. */
int run_keep(struct running *run, const struct feed *feed, void *own);

#endif
