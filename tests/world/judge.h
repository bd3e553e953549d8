/*
 * judge: holds alerts against labels.
 */
#ifndef TESTS_WORLD_JUDGE_H
#define TESTS_WORLD_JUDGE_H

#include <stdio.h>

#include "world.h"

/* An alert: opens or worsens an incident, severity low or more (EVE contract); from medium on it counts. */
struct hit {
	int64_t at;         /* when it was told; 0: never */
	uint32_t exchanges; /* of the actor until then */
	uint8_t severity;
};

struct judge {
	struct world *w;
	struct pipeline *pipeline;
	void *memory;
	struct hit hit[LABELS], faint[LABELS]; /* as severe as it should be; less */
	struct detect_rules rules[2];          /* in force, and the ones before or next */
	unsigned told;                         /* facts */
	bool show;                             /* every finding on standard output */
	uint8_t least;                         /* severity from which an attack is found */
	FILE *report;                          /* false alerts as lines */
	uint32_t alerts, false_alerts, findings;
};

void judge_begin(struct judge *j, struct world *w);
void judge_end(struct judge *j);
/* The sensor is started anew: all is forgotten, or what was learnt is kept. */
void judge_restart(struct judge *j, bool keep);
void judge_site(struct judge *j); /* once the world has a gateway */
struct world_sink judge_records(struct judge *j);
void judge_time(FILE *to, int64_t ns);
/* strangers.c: so many addresses that nobody knows connect until then, beside the world's own. */
void strangers_come(struct judge *j, struct world *w, uint32_t count, int64_t until);

#endif
