/*
 * step: which exchanges of a visit are worth remembering.  Must not judge.
 */
#include "detect/visit.h"

enum { PAUSE_MOST = 4000, SLOW_MOST = 8000, LARGER_MOST = 4096 };

/* How much a step tells by itself: a slow answer, a request larger than the first, a bare one. */
static inline int64_t
interest_own(uint32_t first, uint32_t request, uint32_t server_ms)
{
	int64_t larger = (int64_t)request - first;

	larger = larger > LARGER_MOST ? LARGER_MOST : larger;
	return 4 * (int64_t)least(server_ms, SLOW_MOST) + 8 * larger;
}

/* And with the pause behind the one before it. */
static int64_t
interest(const struct visit *w, const struct step *s, const struct step *before)
{
	int64_t pause = when_since(s->time, before->time) / NS_PER_MS - s->server_ms;

	return (pause > PAUSE_MOST ? PAUSE_MOST : pause) + interest_own(w->step[0].request, s->request, s->server_ms);
}

/* The step that tells least; the first always stays. */
static unsigned
dullest(const struct visit *w, int64_t *smallest)
{
	unsigned dull = 1;

	*smallest = INT64_MAX;
	for (unsigned i = 1; i < w->steps; i++) {
		int64_t worth = interest(w, &w->step[i], &w->step[i - 1]);

		if (worth < *smallest) {
			*smallest = worth;
			dull = i;
		}
	}
	return dull;
}

/* Would a new step at i be the one to go, and all be as before? */
static bool
is_dull(const struct visit *w, const struct step *s, unsigned i)
{
	int64_t worth;

	if (w->steps < VISIT_STEPS - 1 || i == 0)
		return false;
	worth = interest(w, s, &w->step[i - 1]);
	return worth < w->dullest && (i == w->steps || worth < interest(w, &w->step[i], s));
}

/* In its place by time; when all places are taken, the one that tells least goes.  False: all is as before. */
static bool
step_add(struct visit *w, const struct turn *t, uint64_t session)
{
	const struct step s = {t->time, t->request, t->answer, t->server_us / 1000, (uint32_t)session};
	unsigned i = w->steps;

	while (i > 0 && when_before(s.time, w->step[i - 1].time))
		i--;
	if (is_dull(w, &s, i))
		return false;
	memmove(&w->step[i + 1], &w->step[i], (w->steps - i) * sizeof(s));
	w->step[i] = s;
	if (++w->steps == VISIT_STEPS) {
		i = dullest(w, &w->dullest);
		w->steps--;
		memmove(&w->step[i], &w->step[i + 1], (w->steps - i) * sizeof(s));
	}
	if (w->steps == VISIT_STEPS - 1)
		dullest(w, &w->dullest);
	return true;
}

/* Whatever tells less by itself is dull behind any pause and before any other step: that one's pause may shrink to
   nothing.  With places left nothing is. */
static int64_t
bar(const struct visit *w)
{
	int64_t least_of_all = w->dullest;

	if (w->steps < VISIT_STEPS - 1)
		return INT64_MIN;
	for (unsigned i = 1; i < w->steps; i++) {
		const struct step *s = &w->step[i];
		int64_t least_of_it = interest_own(w->step[0].request, s->request, s->server_ms) - s->server_ms;

		least_of_all = least_of_it < least_of_all ? least_of_it : least_of_all;
	}
	return least_of_all - PAUSE_MOST;
}

/* Of a long stay nearly all exchanges stay below the bar. */
void
steps_add(struct visit *w, const struct view *v, uint32_t until)
{
	int64_t over = v->turns ? bar(w) : 0;

	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < until; t++) {
		bool below = interest_own(w->step[0].request, t->request, t->server_us / 1000) < over;

		if (t->request && !(below && !when_before(t->time, w->step[0].time)) && step_add(w, t, v->s->id))
			over = bar(w);
	}
}
