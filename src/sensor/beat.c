/*
 * beat: see beat.h.  Must not ask a clock.
 */
#include "sensor/beat.h"

void
beat_catch_up(const struct beat *b, struct pipeline *p)
{
	if (when_before(pipeline_now(p), b->now))
		pipeline_tick(p, b->now);
}

bool
beat_pass(struct beat *b, struct pipeline *p, struct when t)
{
	struct when next = b->next;
	bool back;

	if (!b->begins)
		beat_catch_up(b, p);
	back = pipeline_goes_back(p, t);
	b->now = back || when_before(b->now, t) ? t : b->now;
	b->next = when_add(beat_second(b->now), NS_PER_S);
	b->begins = false;
	pipeline_tick(p, t);
	return back || when_before(next, b->next);
}
