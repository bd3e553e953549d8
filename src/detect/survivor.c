/*
 * survivor: tunnels older than the moment at which all of them should have ended, and use after it without a login.
 *
 * Patching alone does not end stolen sessions ("kill icaconnection -all", CTX693420).  The operator says when he
 * patched or killed sessions; an outage says that the gateway restarted, but high availability hands sessions over, so
 * then it is noted only.  Must not count who merely kept sending into the silence: both sides have to talk.
 */
#include "detect/survivor.h"
#include "detect/login.h"

enum { SLACK_S = 60, ALIVE_S = 420, OUTAGE_TOLD = 3, TOLD = 64 };
static const char *const CUT_WORDS[] = {"", "the outage", "the patch", "all sessions were ended"};
static const uint32_t CUT_LENGTHS[] = {0, 10, 9, 23};

struct cut_at {
	struct when time;
	uint32_t by, told;
};

struct survivors {
	struct cut_at cut[GATEWAYS_MAX + 1];
	uint64_t told[TOLD]; /* sessions */
	uint32_t told_count, unused;
};

void *
survivor_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct survivors), 1);
}

void
survivor_cut(struct detect *d, uint8_t gateway, enum cut by, struct when t)
{
	struct survivors *all = d->state[DETECTOR_survivor];
	struct cut_at *cut = &all->cut[gateway];

	if (when_before(t, cut->time) || (by == CUT_OUTAGE && cut->by > CUT_OUTAGE))
		return;
	*cut = (struct cut_at){t, (uint32_t)by, 0};
}

static struct cut_at *
cut_for(struct detect *d, uint8_t gateway, struct when t)
{
	struct survivors *all = d->state[DETECTOR_survivor];
	struct cut_at *cut = &all->cut[gateway];
	int64_t window = d->param[PARAM_survivor_window];

	return cut->by && when_before(cut->time, t) && when_since(t, cut->time) <= window * NS_PER_S ? cut : NULL;
}

static bool
told_once(struct detect *d, uint64_t session)
{
	struct survivors *all = d->state[DETECTOR_survivor];

	for (unsigned i = 0; i < TOLD; i++)
		if (all->told[i] == session)
			return false;
	all->told[all->told_count++ % TOLD] = session;
	return true;
}

static void
report(struct detect *d, struct finding *f, const struct actor *a, struct cut_at *cut, const char *words)
{
	const struct text by = {CUT_WORDS[cut->by], CUT_LENGTHS[cut->by]};

	cut->told++;
	if (cut->by == CUT_OUTAGE)
		f->severity = SEVERITY_LOW;
	finding_say(f, words, (const struct text[2]){by, {NULL, 0}});
	f->benign = "sessions that high availability hands over; a restart of a part only; a time told wrong";
	incident_report(d, f, a);
}

/* A tunnel that began before and in which both sides still talk. */
void
survivor_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct cut_at *cut = cut_for(d, s->gateway, s->last);
	const struct actor actor = actor_of(v);
	struct finding f;

	if (!cut || !v->visit || when_since(cut->time, s->start) < SLACK_S * NS_PER_S ||
	    when_since(s->last, cut->time) < ALIVE_S * NS_PER_S || !v->more_in || !v->more_out || !session_tunnels(s))
		return;
	if ((cut->by == CUT_OUTAGE && cut->told >= OUTAGE_TOLD) || !told_once(d, s->id))
		return;
	finding_begin(&f, v, DETECTOR_survivor);
	f.confidence = cut->by == CUT_OUTAGE ? 30 : 70;
	finding_number(&f, "age", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_number(&f, "after", "s", when_since(s->last, cut->time) / NS_PER_S);
	finding_session(&f, s->id);
	report(d, &f, &actor, cut, "a tunnel of {a} that began {0} ago is in use {1} after {x}");
}

/* Use after it by someone who did not log in again. */
void
survivor_stay(struct detect *d, struct visit *w)
{
	struct cut_at *cut = cut_for(d, w->gateway, w->first);
	const struct actor actor = actor_of_stay(w);
	struct finding f;

	if (!cut || cut->by == CUT_OUTAGE || w->part || w->degraded || visit_hides_login(w) ||
	    login_state(d, w->gateway) != LOGIN_LEARNT ||
	    visit_login_near(d, w, w->last, when_since(w->last, cut->time) / NS_PER_S))
		return;
	finding_begin_stay(&f, d, DETECTOR_survivor, w);
	f.confidence = 50;
	finding_number(&f, "exchanges", "exchanges", w->exchanges);
	finding_number(&f, "after", "s", when_since(w->last, cut->time) / NS_PER_S);
	report(d, &f, &actor, cut, "{a} uses the gateway {1} after {x} and has not logged in since");
}
