/*
 * turn: the exchanges of a record that were not judged before, one by one, with their times.
 * Those behind the kept ones are known by the commonest pairs of sizes only: they come as counts.
 */
#include "detect/frame.h"

static uint32_t
turns_kept(struct view *v, struct turn *room)
{
	const uint32_t until = least(v->until, least(v->s->exchange_count, EXCHANGES_KEPT)), from = v->from;
	struct when time = v->s->start;
	uint32_t n = 0, slowest_us = 0;

	for (uint32_t i = 0; i < until; i++) {
		const struct exchange *e = &v->s->exchange[i];

		time = when_add(time, (e->think_us + (int64_t)e->server_us + e->reply_us) * NS_PER_US);
		if (i < from)
			continue;
		room[n++] = (struct turn){e->request, e->response, 1, i, e->server_us, time};
		slowest_us = most(slowest_us, e->server_us);
	}
	v->slowest_us = slowest_us;
	return n;
}

static uint32_t
turns_summed(const struct view *v, struct turn *room)
{
	const struct session *s = v->s;
	uint32_t told = most(v->from, s->exchange_count), left = v->until > told ? v->until - told : 0, n = 0;

	for (uint32_t i = 0; i < least(s->pair_count, PAIRS_KEPT) && left; i++) {
		const struct exchange_pair *p = &s->pair[i];
		uint32_t count = least(p->count, left);

		if (count)
			room[n++] = (struct turn){p->request, p->response, count, EXCHANGES_KEPT, 0, s->last};
		left -= count;
	}
	return n;
}

void
view_turns(struct view *v, struct turn room[TURNS_MOST])
{
	v->turn = room;
	v->turns = v->from < v->until ? turns_kept(v, room) : 0;
	v->turns += v->from < v->until ? turns_summed(v, room + v->turns) : 0;
}
