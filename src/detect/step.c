/*
 * step: which exchanges of a visit are worth remembering.  Must not judge.
 */
#include "detect/visit.h"

/* How much a step tells beside the one before it: a pause, a slow answer, a request larger than the first, a bare
   one. */
static int64_t
interest(const struct visit *w, const struct step *s, const struct step *before)
{
	enum { PAUSE_MOST = 4000, SLOW_MOST = 8000, LARGER_MOST = 4096 };
	int64_t pause = when_since(s->time, before->time) / NS_PER_MS - s->server_ms;
	int64_t larger = (int64_t)s->request - w->step[0].request;

	pause = pause > PAUSE_MOST ? PAUSE_MOST : pause;
	larger = larger > LARGER_MOST ? LARGER_MOST : larger;
	return pause + 4 * (int64_t)least(s->server_ms, SLOW_MOST) + 8 * larger;
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

/* Would a new step at i be the one to go, and all be as before?  Of a long stay nearly all are. */
static bool
is_dull(const struct visit *w, const struct step *s, unsigned i)
{
	int64_t worth;

	if (w->steps < VISIT_STEPS - 1 || i == 0)
		return false;
	worth = interest(w, s, &w->step[i - 1]);
	return worth < w->dullest && (i == w->steps || worth < interest(w, &w->step[i], s));
}

/* In its place by time; when all places are taken, the one that tells least goes. */
void
step_add(struct visit *w, const struct turn *t, uint64_t session)
{
	const struct step s = {t->time, t->request, t->answer, t->server_us / 1000, (uint32_t)session};
	unsigned i = w->steps;

	while (i > 0 && when_before(s.time, w->step[i - 1].time))
		i--;
	if (is_dull(w, &s, i))
		return;
	memmove(&w->step[i + 1], &w->step[i], (w->steps - i) * sizeof(s));
	w->step[i] = s;
	if (++w->steps == VISIT_STEPS) {
		i = dullest(w, &w->dullest);
		w->steps--;
		memmove(&w->step[i], &w->step[i + 1], (w->steps - i) * sizeof(s));
	}
	if (w->steps == VISIT_STEPS - 1)
		dullest(w, &w->dullest);
}
