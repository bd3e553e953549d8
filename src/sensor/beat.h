/*
 * beat: when a whole second of packet time is over, for whoever sees the time of every frame: counters, coverage and
 * commits are of whole seconds, so that they are the same however the frames came in, and for any number of taps.
 */
#ifndef SENSOR_BEAT_H
#define SENSOR_BEAT_H

#include "base/when.h"

struct beat {
	struct when now;  /* the latest time seen; since the clock went back, where it did */
	struct when next; /* 0: no frame was seen */
	bool begins;      /* a capture file begins with the next frame */
};

/* How far back a frame's time may lie within one input; beyond that the pipeline is asked. */
static const int64_t BEAT_BACK_NS = NS_PER_S;

/* Is a second over, or may it be another time altogether?  Then beat_pass is next, before the frame is worked in. */
static inline bool
beat_is_due(const struct beat *b, struct when t)
{
	return !when_before(t, b->next) || b->begins || when_since(b->now, t) > BEAT_BACK_NS;
}

static inline struct when
beat_second(struct when t)
{
	return (struct when){t.ns - t.ns % NS_PER_S};
}

static inline void
beat_see(struct beat *b, struct when t)
{
	if (when_before(b->now, t))
		b->now = t;
}

/* The beat at that time; back: it is another time. */
static inline void
beat_pass(struct beat *b, struct when t, bool back)
{
	if (back)
		b->now = t;
	beat_see(b, t);
	b->next = when_add(beat_second(b->now), NS_PER_S);
	b->begins = false;
}

#endif
