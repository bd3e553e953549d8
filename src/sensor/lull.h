/*
 * lull: what time it is for a tap to which no frames come: timeouts go on by the clock, behind every frame that may still
 * lie in a block of the kernel's.
 *
 *	a frame comes ... its block is closed by a timer ... the tap asks
 *	|<---------------- a second at most ---------------->|	the clock's, by which a machine that got no turn jumps (a
 *								guest; a board that throttles): the kernel's timers and
 *	|<------------- some of the tap's own turns -------->|	the tap's sleep stand still together, so turns count, too
 *
 * Must not ask a clock.
 */
#ifndef SENSOR_LULL_H
#define SENSOR_LULL_H

#include <stdbool.h>

#include "base/when.h"

/* Each waits CAPTURE_TIMEOUT_MS, in which a block is closed at the latest by the second time. */
enum { LULL_TURNS = 5 };

struct lull {
	struct when asked[LULL_TURNS];
	unsigned turns; /* without a frame, in a row */
};

/* A turn is over; asked: the clock before the ring was asked. */
void lull_turn(struct lull *l, struct when asked, bool frames);

/* False: a frame may still come that is older than any time of the clock's that was seen since the last one. */
bool lull_time(const struct lull *l, struct when *now);

#endif
