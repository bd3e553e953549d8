/*
 * checkup: is the sensor itself well?  Each second its health is looked at; what trouble.def has becomes news when it has lasted
 * long enough, and again when it is over.
 *
 *	struct health, each second -> checkup -> begins, ends -> alerts and incidents of the sensor's own
 *
 * Pure: the clock is the caller's.
 */
#ifndef SENSOR_CHECKUP_H
#define SENSOR_CHECKUP_H

#include "sensor/health.h"
#include "sink/trouble.h"

/* What the conditions are made of, as it was counted. */
struct checkup_sums {
	uint64_t frames, bytes, lost, upstream, memory, not_kept, steps, deaths;
	uint64_t given_up[SINKS_MAX];
};

struct checkup_state {
	int64_t since; /* the condition is as it is since then, monotonic seconds */
	bool is, told;
	struct when opened;
	uint64_t incident;
};

struct checkup {
	bool began;
	int64_t minute_at;
	struct checkup_sums last, minute_began;
	struct checkup_sums second, minute; /* grown in the last second, in the last whole minute */
	struct checkup_state state[TROUBLES][SINKS_MAX];
};

struct checkup_news {
	enum trouble what;
	bool begins; /* else it is over */
	uint64_t incident;
	struct when opened, now; /* wall clock */
	char text[FINDING_TEXT]; /* of one that begins */
};
typedef void checkup_fn(void *arg, const struct checkup_news *n);

/* now_s: monotonic.  wall: of the news. */
void
checkup_look(struct checkup *c, const struct health *h, int64_t now_s, struct when wall, checkup_fn *tell, void *arg);

/* How many last; *worst: its title, NULL: none does. */
unsigned checkup_lasting(const struct checkup *c, const char **worst);

#endif
