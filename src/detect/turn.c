/*
 * turn: the exchanges of a record that were not judged before, one by one, with their times.
 * Those behind the kept ones are known by the commonest pairs of sizes only: they come as counts.
 */
#include "detect/frame.h"

struct turns
turns_of(const struct view *v)
{
	uint32_t kept = v->s->exchange_count, told = v->from > kept ? v->from : kept;

	return (struct turns){.v = v, .left = v->until > told ? v->until - told : 0, .time = v->s->start};
}

static bool
next_kept(struct turns *it, struct turn *t)
{
	const struct session *s = it->v->s;

	while (it->at < it->v->until && it->at < s->exchange_count) {
		const struct exchange *e = &s->exchange[it->at];

		it->time = when_add(it->time, (e->think_us + (int64_t)e->server_us + e->reply_us) * NS_PER_US);
		*t = (struct turn){e->request, e->response, 1, it->at, e->server_us, it->time};
		if (it->at++ >= it->v->from)
			return true;
	}
	return false;
}

bool
turns_next(struct turns *it, struct turn *t)
{
	const struct session *s = it->v->s;

	if (next_kept(it, t))
		return true;
	for (; it->pair < s->pair_count && it->left; it->pair++) {
		const struct exchange_pair *p = &s->pair[it->pair];
		uint32_t n = least(p->count, it->left);

		if (n == 0)
			continue;
		it->left -= n;
		it->pair++;
		*t = (struct turn){p->request, p->response, n, EXCHANGES_KEPT, 0, s->last};
		return true;
	}
	return false;
}
