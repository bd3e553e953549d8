/*
 * step: which exchanges of a visit are worth remembering.  Must not judge.
 */
#include "detect/visit.h"

enum { PAUSE_MOST = 4000, SLOW_MOST = 8000, LARGER_MOST = 4096 };

/* How much a step tells by itself: a slow answer, a request larger than the first, a bare one. */
static int64_t
interest_own(const struct visit *w, const struct step *s)
{
	int64_t larger = (int64_t)s->request - w->step[0].request;

	larger = larger > LARGER_MOST ? LARGER_MOST : larger;
	return 4 * (int64_t)least(s->server_ms, SLOW_MOST) + 8 * larger;
}

/* And with the pause behind the one before it. */
static int64_t
interest(const struct visit *w, const struct step *s, const struct step *before)
{
	int64_t pause = when_since(s->time, before->time) / NS_PER_MS - s->server_ms;

	return (pause > PAUSE_MOST ? PAUSE_MOST : pause) + interest_own(w, s);
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

/* Would a new step at i be the one to go, and all be as before?  Of a long stay nearly all are, most after any pause. */
static bool
is_dull(const struct visit *w, const struct step *s, unsigned i)
{
	int64_t others = w->dullest, next;

	if (w->steps < VISIT_STEPS - 1 || i == 0)
		return false;
	next = i < w->steps ? interest(w, &w->step[i], s) : INT64_MAX;
	others = next < others ? next : others;
	return interest_own(w, s) + PAUSE_MOST < others || interest(w, s, &w->step[i - 1]) < others;
}

/* Behind all that were not later. */
static unsigned
place_of(const struct visit *w, struct when t, unsigned near)
{
	unsigned i = least(near, w->steps);

	while (i < w->steps && !when_before(t, w->step[i].time))
		i++;
	while (i > 0 && when_before(t, w->step[i - 1].time))
		i--;
	return i;
}

/* In its place by time; when all places are taken, the one that tells least goes. */
unsigned
step_add(struct visit *w, const struct turn *t, uint64_t session, unsigned near)
{
	const struct step s = {t->time, t->request, t->answer, t->server_us / 1000, (uint32_t)session};
	unsigned at = place_of(w, s.time, near), i = at;

	if (is_dull(w, &s, i))
		return at;
	memmove(&w->step[i + 1], &w->step[i], (w->steps - i) * sizeof(s));
	w->step[i] = s;
	if (++w->steps == VISIT_STEPS) {
		i = dullest(w, &w->dullest);
		w->steps--;
		memmove(&w->step[i], &w->step[i + 1], (w->steps - i) * sizeof(s));
	}
	if (w->steps == VISIT_STEPS - 1)
		dullest(w, &w->dullest);
	return at;
}
