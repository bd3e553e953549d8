/*
 * beat: when a whole second of packet time is over, for whoever sees the time of every frame: counters, coverage and
 * commits are of whole seconds, so that they are the same however the frames came in, and for any number of taps.
 *
 * A pipeline goes by the packets that it works on.  Of a tap's share, and where frames are no packets, others have been
 * later: then its time is theirs.
 */
#ifndef SENSOR_BEAT_H
#define SENSOR_BEAT_H

#include "pipeline.h"

struct beat {
	struct when now;  /* the latest time seen; since the clock went back, where it did */
	struct when next; /* the second after it */
	bool begins;      /* an input begins with the next frame */
};

/* How far back a frame's time may lie without a question whether it is another time altogether. */
static const int64_t BEAT_BACK_NS = NS_PER_S;

/* Is a second over, or may it be another time?  Then beat_pass is next, before the frame is worked in. */
static inline bool
beat_is_due(const struct beat *b, struct when t)
{
	return !when_before(t, b->next) || b->begins || when_since(b->now, t) > BEAT_BACK_NS;
}

static inline void
beat_see(struct beat *b, struct when t)
{
	if (when_before(b->now, t))
		b->now = t;
}

/* The whole second at or before t. */
static inline struct when
beat_second(struct when t)
{
	return (struct when){t.ns - t.ns % NS_PER_S};
}

/* The pipeline's time is the latest that was seen. */
void beat_catch_up(const struct beat *b, struct pipeline *p);

/* It is that time now, and the pipeline has done what was due until then.  True: a second was over, that before
   beat_second(b->now). */
bool beat_pass(struct beat *b, struct pipeline *p, struct when t);

#endif
