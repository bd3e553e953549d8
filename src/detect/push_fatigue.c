/*
 * push_fatigue: the second factor asked again and again until somebody's thumb slips.
 *
 *	credentials --- the answer waits 15 to 65 s --- small refusal --- credentials --- ...
 *
 * Push providers wait 30 to 60 s for the phone.  Must not take for it a page that polls: a poll that waits is
 * asked again at once, people and scripts that log in send something else, or pause, in between.
 */
#include "detect/login.h"

enum { TIMES = 8, PAUSE_MS = 1000, FOLLOWS_S = 1800, TOLD_S = 86400, HABIT_STAYS = 20, HABIT_PARTS = 20 };

/* One source. */
struct asker {
	struct when time[TIMES]; /* of the last refusals */
	struct when told, told_follow;
	uint64_t session[TIMES];
	uint32_t count;
};

struct habit {
	uint32_t stays, asked;
};

struct push {
	struct memory askers;
	struct habit *habit; /* by gateway: ordinary stays, and those with as many waits */
};

void *
push_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct push *p = carve_take(c, sizeof(*p));
	size_t habit = (GATEWAYS_MAX + 1) * sizeof(*p->habit);

	p->habit = detect_array(d, c, habit, 1);
	bytes -= sizeof(*p) + habit + 192;
	detect_memory(d, &p->askers, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct asker)});
	return p;
}

static struct memory_key
asker_key(const struct addr *client, uint8_t gateway)
{
	return (struct memory_key){.addr = detect_net(client, 32, 64), .b = gateway};
}

static unsigned
within(const struct asker *a, struct when now, int64_t window_s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TIMES && i < a->count; i++)
		n += when_since(now, a->time[i]) <= window_s * NS_PER_S;
	return n;
}

enum { SECOND_US = 1000000 };

static bool
waited(const struct detect *d, const struct turn *t)
{
	return t->server_us >= d->param[PARAM_push_fatigue_hold_min] * SECOND_US && t->count == 1 &&
	       t->server_us < (d->param[PARAM_push_fatigue_hold_max] + 1) * SECOND_US &&
	       t->answer <= d->param[PARAM_push_fatigue_answer];
}

/* Is it this portal's habit to let many wait: a slow directory, a page that polls? */
static bool
is_habit(const struct push *p, uint8_t gateway)
{
	const struct habit *h = &p->habit[gateway];

	return h->stays >= HABIT_STAYS && h->asked * HABIT_PARTS >= h->stays;
}

static void
report(struct detect *d, const struct view *v, const struct asker *a, unsigned n)
{
	const struct actor actor = actor_of(v);
	struct finding f;

	finding_begin(&f, v, DETECTOR_push_fatigue);
	if (f.learning) /* the portal's habits are not known yet */
		f.severity = SEVERITY_INFO;
	f.confidence = (uint8_t)least(40 + 5 * (n - least(n, 4)), 60);
	finding_number(&f, "requests", "requests", n);
	finding_number(&f, "window", "s", d->param[PARAM_push_fatigue_window]);
	for (unsigned i = 0; i < TIMES && i < a->count; i++)
		finding_session(&f, a->session[i]);
	finding_say(&f, "{a} asked for a second factor {0} times within {1}; each time the answer waited and was small",
		    NULL);
	f.benign = "a user whose phone is elsewhere; a slow RADIUS server";
	incident_report(d, &f, &actor);
}

static void
asker_note(struct detect *d, const struct view *v, const struct turn *t)
{
	struct push *p = d->state[DETECTOR_push_fatigue];
	const struct memory_key key = asker_key(&v->client, v->s->gateway);
	bool fresh;
	struct asker *a = memory_use(&p->askers, &key, &fresh);
	unsigned n;

	a->time[a->count % TIMES] = t->time;
	a->session[a->count % TIMES] = v->s->id;
	a->count++;
	n = within(a, t->time, d->param[PARAM_push_fatigue_window]);
	if (n < d->param[PARAM_push_fatigue_requests] || is_habit(p, v->s->gateway) ||
	    (a->told.ns && when_since(t->time, a->told) < TOLD_S * NS_PER_S))
		return;
	a->told = t->time;
	memory_keep(&p->askers, a);
	report(d, v, a, n);
}

void
push_judge(struct detect *d, const struct view *v)
{
	struct when ended = {0};
	bool held = false;

	if (v->slowest_us < d->param[PARAM_push_fatigue_hold_min] * SECOND_US || !v->visit ||
	    v->visit->phases & (PHASE_USE | PHASE_TUNNEL) || session_data_channel(v->s))
		return;
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++) {
		bool hold = waited(d, t);
		struct when begun = when_add(t->time, -(t->server_us * NS_PER_US));

		if (hold && (!held || when_since(begun, ended) >= PAUSE_MS * NS_PER_MS))
			asker_note(d, v, t);
		held = hold;
		ended = t->time;
	}
}

/* It worked at last, it seems. */
static void
report_follow(struct detect *d, const struct visit *w, const struct asker *a, unsigned n)
{
	const struct actor actor = actor_of_stay(w);
	struct finding f;

	finding_begin_stay(&f, d, DETECTOR_push_fatigue, w);
	f.severity = f.learning ? SEVERITY_INFO : SEVERITY_HIGH;
	f.confidence = 60;
	finding_number(&f, "requests", "requests", n);
	finding_number(&f, "within", "s", FOLLOWS_S);
	for (unsigned i = 0; i < TIMES && i < a->count; i++)
		finding_session(&f, a->session[i]);
	finding_say(&f, "{a} went on after {0} second factors in a row that were not given", NULL);
	f.benign = "a user whose phone was elsewhere";
	incident_report(d, &f, &actor);
}

void
push_stay(struct detect *d, struct visit *w)
{
	struct push *p = d->state[DETECTOR_push_fatigue];
	const struct memory_key key = asker_key(&w->client, w->gateway);
	struct asker *a = memory_find(&p->askers, &key);
	unsigned n = a ? within(a, w->used, FOLLOWS_S) : 0;
	bool many = n >= d->param[PARAM_push_fatigue_requests];

	p->habit[w->gateway].stays++;
	p->habit[w->gateway].asked += many;
	if (!many || !a->told.ns || is_habit(p, w->gateway) ||
	    (a->told_follow.ns && when_since(w->used, a->told_follow) < TOLD_S * NS_PER_S))
		return;
	a->told_follow = w->used;
	report_follow(d, w, a, n);
}
