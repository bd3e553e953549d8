/*
 * brute_force: one source that guesses, or one tool on a few.
 *
 *	source	20 attempts in ten minutes whose requests differ and whose answers do not
 *	tool	more than six in ten of an hour's attempts are alike and by one client program, from a few networks
 *
 * A client with an expired password asks the same again and again: its requests do not differ, and nothing is said.
 */
#include "detect/attempt.h"
#include "detect/sketch.h"

enum {
	RUNS = 2,    /* a page and a form */
	SOURCES = 6, /* told one by one in a day; more are one campaign */
	TOOL_MIN = 100,
	TOOL_NETWORKS = 3,
	TOOL_OVER = 5,
	GROWN = 8
};

/* Attempts alike of one source. */
struct guesses {
	struct heap heap;
	struct when since, last;
	uint64_t session;
	uint32_t told;
};

struct guesser {
	struct guesses run[RUNS];
};

/* Of a gateway: how many sources were told today, and the hour whose tool was. */
struct campaign {
	int64_t day, hour;
	uint32_t sources, told;
};

struct brute {
	struct memory who;
	struct campaign *campaign; /* by gateway */
};

void *
brute_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct brute *b = carve_take(c, sizeof(*b));
	size_t campaigns = sizeof(struct campaign) * (GATEWAYS_MAX + 1);

	b->campaign = detect_array(d, c, campaigns, 1);
	bytes -= sizeof(*b) + campaigns + 2 * 64;
	detect_memory(d, &b->who, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct guesser), .version = 1});
	return b;
}

/* The run that goes on with this attempt, else the one that ended first. */
static struct guesses *
run_for(const struct detect *d, struct guesser *g, const struct turn *t)
{
	int64_t gap = d->param[PARAM_brute_force_window] * NS_PER_S;
	struct guesses *old = &g->run[0];

	for (unsigned i = 0; i < RUNS; i++) {
		struct guesses *r = &g->run[i];

		if (heap_fits(&r->heap, t) && when_since(t->time, r->last) <= gap)
			return r;
		if (when_before(r->last, old->last))
			old = r;
	}
	*old = (struct guesses){.since = t->time};
	return old;
}

/* As many as `attempts` in `window`, or more in as much more time. */
static bool
is_fast(const struct detect *d, const struct guesses *r)
{
	int64_t want = d->param[PARAM_brute_force_attempts];
	int64_t allowed_s = d->param[PARAM_brute_force_window] * r->heap.count / want;

	return r->heap.count >= want && when_since(r->last, r->since) / NS_PER_S <= allowed_s;
}

static void
say(struct detect *d, struct finding *f, const struct heap *h, const char *words, const struct actor *a)
{
	finding_number(f, "request_min", "bytes", h->request_min);
	finding_number(f, "request_max", "bytes", h->request_max);
	finding_number(f, "answer", "bytes", h->answer_max);
	finding_say(f, words, NULL);
	f->benign = "a test of passwords that was ordered; a script or app whose login fails and that tries variants";
	incident_report(d, f, a);
}

/* The first few of a day are incidents of their own; then it is one campaign, by program. */
static struct actor
actor_for(struct brute *b, const struct view *v, bool first)
{
	struct campaign *k = &b->campaign[v->s->gateway];
	int64_t day = baseline_hours(v->s->time) / 24;

	if (k->day != day) {
		k->day = day;
		k->sources = 0;
	}
	k->sources += first;
	if (k->sources > SOURCES)
		return (struct actor){.group = v->s->client_key};
	return actor_of(v);
}

static void
report_source(struct detect *d, const struct view *v, struct guesses *r)
{
	struct actor a = actor_for(d->state[DETECTOR_brute_force], v, r->told == 0);
	struct finding f;

	r->told = r->heap.count;
	guesser_add(d, v);
	finding_begin(&f, v, DETECTOR_brute_force);
	f.confidence = 80;
	finding_number(&f, "attempts", "requests", r->heap.count);
	finding_number(&f, "duration", "s", when_since(r->last, r->since) / NS_PER_S);
	finding_weigh(&f, "attempts", least(r->heap.count, 40));
	finding_weigh(&f, "sizes of requests", least(set_count(r->heap.sizes) * 4, 40));
	finding_session(&f, r->session);
	finding_session(&f, v->s->id);
	say(d, &f, &r->heap,
	    "{0} attempts to log in from {a} within {1}: requests of {2} to {3}, answered with {4} each, no page "
	    "loaded",
	    &a);
}

static bool
is_news(const struct guesses *r)
{
	return r->told == 0 || r->heap.count >= r->told * (uint64_t)GROWN;
}

static void
judge_turn(struct detect *d, const struct view *v, struct guesser *g, const struct turn *t)
{
	struct brute *b = d->state[DETECTOR_brute_force];
	struct guesses *r = run_for(d, g, t);

	if (r->heap.count == 0)
		r->session = v->s->id;
	heap_add(&r->heap, t);
	if (when_before(r->last, t->time))
		r->last = t->time;
	if (r->heap.count >= 4)
		memory_keep(&b->who, g);
	if (is_fast(d, r) && heap_varies(&r->heap) && is_news(r))
		report_source(d, v, r);
	else if (r->told == 0 && r->heap.count >= d->param[PARAM_brute_force_attempts] && !is_fast(d, r))
		*r = (struct guesses){.since = t->time}; /* too slow: another beginning */
}

/* One tool makes most of this hour's attempts, from a few networks. */
static void
judge_tool(struct detect *d, const struct view *v)
{
	struct brute *b = d->state[DETECTOR_brute_force];
	struct campaign *k = &b->campaign[v->s->gateway];
	int64_t hour = baseline_hours(v->s->time);
	struct attempts_hour a;
	uint32_t alike;
	struct finding f;

	if (k->hour != hour) {
		k->hour = hour;
		k->told = 0;
	}
	alike = attempts_alike(d, v->s->gateway);
	if (alike < TOOL_MIN || (k->told && alike < k->told * (uint64_t)GROWN))
		return;
	a = attempts_hour(d, v->s->gateway);
	if (!a.heap || a.heap->count < TOOL_MIN || a.heap->count * UINT64_C(10) < a.attempts * UINT64_C(6) ||
	    a.heap->count < (uint64_t)a.usual * TOOL_OVER || a.networks < TOOL_NETWORKS || !a.program ||
	    !heap_varies(a.heap) || (k->told && a.heap->count < k->told * (uint64_t)GROWN))
		return;
	k->told = a.heap->count;
	finding_begin(&f, v, DETECTOR_brute_force);
	f.confidence = 75;
	finding_number(&f, "attempts", "requests", a.heap->count);
	finding_number(&f, "networks", "networks", a.networks);
	for (unsigned i = 0; i < SPRAY_SESSIONS; i++)
		finding_session(&f, a.session[i]);
	say(d, &f, a.heap,
	    "{0} attempts to log in this hour by one client program from {1} networks, the last {a}: requests of {2} "
	    "to "
	    "{3}, answered with {4} each",
	    &(struct actor){.group = a.program});
}

void
brute_judge(struct detect *d, const struct view *v)
{
	struct brute *b = d->state[DETECTOR_brute_force];
	struct guesser *g;
	bool fresh;

	if (!attempts_possible(v))
		return;
	g = memory_use_hashed(&b->who, &v->by_source, &fresh);
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++)
		if (is_attempt(t))
			judge_turn(d, v, g, t);
	judge_tool(d, v);
}
