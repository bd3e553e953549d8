/*
 * lull: see lull.h.
 */
#include "sensor/lull.h"

void
lull_turn(struct lull *l, struct when asked, bool frames)
{
	if (frames)
		l->turns = 0;
	else
		l->asked[l->turns++ % LULL_TURNS] = asked;
}

bool
lull_time(const struct lull *l, struct when *now)
{
	struct when late, first;

	if (l->turns < LULL_TURNS)
		return false;
	late = when_add(l->asked[(l->turns - 1) % LULL_TURNS], -NS_PER_S);
	first = l->asked[l->turns % LULL_TURNS];
	*now = when_before(late, first) ? late : first;
	return true;
}
