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
enum by { BY_OUTAGE, BY_PATCH, BY_KILL, BYS };

static const struct text WORDS[BYS] = {
	[BY_OUTAGE] = {"the outage", 10}, [BY_PATCH] = {"the patch", 9}, [BY_KILL] = {"all sessions were ended", 23}};

struct outage_mark {
	struct when time;
	uint64_t told;
};

struct survivors {
	struct outage_mark outage[GATEWAYS_MAX + 1];
	uint64_t told[TOLD]; /* sessions, and whether by an outage only */
	uint64_t told_count;
};

/* The latest moment at which all sessions should have ended. */
struct cut {
	struct when time;
	enum by by;
};

void *
survivor_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct survivors), 2);
}

void
survivor_outage(struct detect *d, uint8_t gateway, struct when t)
{
	struct survivors *all = d->state[DETECTOR_survivor];

	if (when_before(all->outage[gateway].time, t))
		all->outage[gateway] = (struct outage_mark){.time = t};
}

static void
cut_later(struct cut *cut, const struct rule_fact *f, enum by by)
{
	if (f && !when_before(f->at, cut->time))
		*cut = (struct cut){f->at, by};
}

/* An outage that follows the operator's word is what he meant. */
static bool
cut_before(const struct detect *d, uint8_t gateway, struct when t, struct cut *cut)
{
	const struct survivors *all = d->state[DETECTOR_survivor];

	*cut = (struct cut){{0}, BY_OUTAGE};
	cut_later(cut, fact_at(d, gateway, FACT_PATCHED), BY_PATCH);
	cut_later(cut, fact_at(d, gateway, FACT_SESSIONS_KILLED), BY_KILL);
	if (cut->time.ns == 0)
		cut->time = all->outage[gateway].time;
	return cut->time.ns && when_before(cut->time, t) &&
	       when_since(t, cut->time) <= d->param[PARAM_survivor_window] * NS_PER_S;
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
report(struct detect *d, struct finding *f, const struct actor *a, enum by by, const char *words)
{
	if (by == BY_OUTAGE)
		f->severity = SEVERITY_LOW;
	f->explained = by != BY_OUTAGE; /* the operator knows of the moment */
	finding_say(f, words, (const struct text[2]){WORDS[by], {NULL, 0}});
	f->benign = "sessions that high availability hands over; a restart of a part only; a time told wrong";
	incident_report(d, f, a);
}

static bool
enough(struct detect *d, const struct session *s, enum by by)
{
	struct survivors *all = d->state[DETECTOR_survivor];

	if (by == BY_OUTAGE && all->outage[s->gateway].told >= OUTAGE_TOLD)
		return true;
	/* noted after the outage, it is told when the operator says what that was */
	if (!told_once(d, detect_mix(s->id, by != BY_OUTAGE)))
		return true;
	all->outage[s->gateway].told += by == BY_OUTAGE;
	return false;
}

/* A tunnel that began before and in which both sides still talk. */
void
survivor_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct actor actor = {.group = 0}; /* all that outlived the operator's word: one matter of the gateway */
	struct finding f;
	struct cut cut;

	if (!v->visit || !v->more_in || !v->more_out || !cut_before(d, s->gateway, s->last, &cut) ||
	    when_since(cut.time, s->start) < SLACK_S * NS_PER_S || when_since(s->last, cut.time) < ALIVE_S * NS_PER_S ||
	    enough(d, s, cut.by))
		return;
	finding_begin(&f, v, DETECTOR_survivor);
	f.confidence = cut.by == BY_OUTAGE ? 30 : 70;
	f.weak = cut.by == BY_OUTAGE; /* the operator's word makes a fact of it */
	if (f.weak)
		actor = actor_of(v);
	finding_number(&f, "age", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_number(&f, "after", "s", when_since(s->last, cut.time) / NS_PER_S);
	finding_session(&f, s->id);
	report(d, &f, &actor, cut.by, "a tunnel of {a} that began {0} ago is in use {1} after {x}");
}

/* Use after it by someone who did not log in again. */
void
survivor_stay(struct detect *d, struct visit *w)
{
	const struct actor actor = actor_of_stay(w);
	struct finding f;
	struct cut cut;

	if (!cut_before(d, w->gateway, w->first, &cut) || cut.by == BY_OUTAGE || w->part || w->degraded ||
	    visit_hides_login(w) || login_state(d, w->gateway) != LOGIN_LEARNT ||
	    visit_login_near(d, w, w->last, when_since(w->last, cut.time) / NS_PER_S))
		return;
	finding_begin_stay(&f, d, DETECTOR_survivor, w);
	f.confidence = 50;
	finding_number(&f, "exchanges", "exchanges", w->exchanges);
	finding_number(&f, "after", "s", when_since(w->last, cut.time) / NS_PER_S);
	report(d, &f, &actor, cut.by, "{a} uses the gateway {1} after {x} and has not logged in since");
}
