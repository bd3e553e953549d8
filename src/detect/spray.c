/*
 * spray: many networks that never used the gateway knock with what looks like failed logins, each a few times.
 *
 *	hour	floor, or 5 times what is usual at this hour		botnets: 3 to 5 an hour and address
 *	day	5 floors, or 5 times the usual day			patience
 *
 * Who fails and then uses the gateway is a user: networks with pages or tunnels are taken out, even afterwards:
 * |failed without use| = |failed or used| - |used|.  Sources are counted, not kept; the count of one address says
 * nothing.
 */
#include "detect/netset.h"
#include "detect/sketch.h"
#include "detect/spray_heap.h"
#include "detect/visit.h"

#include <string.h>

enum {
	DAYS = 28,
	USED_DAYS = 45,    /* a network is known for one or two of these */
	GUESSER_DAYS = 14, /* threats: a login within so long after a spray belongs to it */
	OVER = 5,          /* times the usual */
	GROWN = 4,
	LANDINGS = 16,
	LANDING_STEP = 8,
	LANDING_SEEN = 3,
	LANDING_PARTS = 10, /* less than this part of the commonest is chance */
	LANDING_DAYS = 7
};

enum window_kind { WINDOW_HOUR, WINDOW_DAY, WINDOWS };

struct window {
	int64_t index; /* hour or day since 1970 */
	struct when since;
	uint32_t attempts, news, told;
	uint32_t usual;               /* networks, by the windows before it */
	uint32_t known;               /* windows that tell it, 0: none yet */
	uint8_t used[1 << NETS_BITS]; /* networks that were new and then used it */
	struct spray_heaps heaps;
};

struct spray_gate {
	struct window window[WINDOWS];
	struct baseline hours, hours_attempts;
	uint32_t days, day[DAYS]; /* networks by day, a ring */
	struct top landing[LANDINGS];
	int64_t landing_day;
};

struct spray {
	struct memory gates;
	struct netset used;     /* networks that used a gateway */
	struct netset guessers; /* that made guesses which were told, by gateway */
};

void *
spray_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct spray *y = carve_take(c, sizeof(*y));
	size_t half = 64;

	while (half * 256 <= bytes) /* a sixteenth at most for each half */
		half *= 2;
	netset_init(d, c, &y->used, half, USED_DAYS);
	netset_init(d, c, &y->guessers, half, GUESSER_DAYS);
	bytes -= 4 * half * sizeof(uint64_t) + sizeof(*y) + 2 * sizeof(struct netset_age) + 8 * 64;
	detect_memory(d, &y->gates, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct spray_gate), .version = 3});
	return y;
}

static struct spray_gate *
gate_of(struct detect *d, uint8_t gateway)
{
	struct spray *y = d->state[DETECTOR_spray];
	const struct memory_key key = {.b = gateway};
	struct spray_gate *g = memory_newest(&y->gates, &key);

	return g ? g : memory_use(&y->gates, &key, &(bool){false});
}

/* ---- hours and days ---- */

static int64_t
index_of(enum window_kind kind, struct when t)
{
	int64_t hours = baseline_hours(t);

	return kind == WINDOW_HOUR ? hours : hours / 24;
}

/* What was told as a spray is not usual. */
static void
window_ends(struct spray_gate *g, enum window_kind kind)
{
	const struct window *w = &g->window[kind];
	uint32_t networks;

	if (w->index == 0 || w->told)
		return;
	heaps_largest(&w->heaps, w->used, 0, &networks);
	if (kind == WINDOW_DAY) {
		g->day[g->days++ % DAYS] = networks;
		return;
	}
	baseline_add(&g->hours, baseline_of(w->index), networks);
	baseline_add(&g->hours_attempts, baseline_of(w->index), w->attempts);
}

static uint32_t
usual_day(const struct spray_gate *g)
{
	uint32_t n = least(g->days, DAYS), smaller, median = 0;

	for (uint32_t i = 0; i < n; i++) {
		smaller = 0;
		for (uint32_t k = 0; k < n; k++)
			smaller += g->day[k] < g->day[i] || (k < i && g->day[k] == g->day[i]);
		if (smaller == n / 2)
			median = g->day[i];
	}
	return median;
}

static struct window
window_begins(const struct spray_gate *g, enum window_kind kind, int64_t index, struct when t)
{
	struct window w = {.index = index, .since = t};

	w.known = kind == WINDOW_HOUR ? baseline_known(&g->hours, baseline_of(index)) : g->days;
	w.usual = kind == WINDOW_HOUR ? baseline_expect(&g->hours, baseline_of(index)) : usual_day(g);
	return w;
}

static struct window *
window_at(struct spray_gate *g, enum window_kind kind, struct when t)
{
	struct window *w = &g->window[kind];
	int64_t index = index_of(kind, t);

	if (index > w->index) {
		window_ends(g, kind);
		*w = window_begins(g, kind, index, t);
	}
	return w;
}

/* So many networks are too many. */
static uint32_t
limit_of(const struct detect *d, const struct window *w, enum window_kind kind)
{
	enum { UNKNOWN = 3 }; /* on the first day everybody is new */
	uint32_t floor = least((uint32_t)d->param[PARAM_spray_networks], UINT32_MAX / 32);

	floor *= w->known ? 1 : UNKNOWN;
	floor *= kind == WINDOW_DAY ? OVER : 1;
	return most(floor, w->usual * OVER);
}

/* ---- guessers ---- */

static uint64_t
guesser_key(uint64_t net, uint8_t gateway)
{
	return detect_mix(net, gateway);
}

void
guesser_add(struct detect *d, const struct view *v)
{
	struct spray *y = d->state[DETECTOR_spray];

	netset_add(&y->guessers, guesser_key(network_of(v), v->s->gateway), index_of(WINDOW_DAY, v->s->time));
}

bool
guesser_has(const struct detect *d, uint8_t gateway, const struct addr *client)
{
	const struct spray *y = d->state[DETECTOR_spray];

	return netset_has(&y->guessers, guesser_key(detect_mix_network(client), gateway));
}

/* The spray's own program in the heap that was told: whoever mistypes in that hour is no part of it. */
static bool
is_of_spray(const struct window *w, const struct spray_heap *h, const struct view *v)
{
	return w->told && h->heap.count >= w->told && h->program == v->s->client_key &&
	       is_most(h->program_votes, &h->heap);
}

static void
window_add(struct detect *d, struct window *w, const struct view *v, const struct guess *g)
{
	const struct spray_heap *h = heaps_add(&w->heaps, g);

	w->attempts += least(g->turn->count, UINT32_MAX - w->attempts);
	if (is_of_spray(w, h, v))
		guesser_add(d, v);
}

uint32_t
attempts_alike(struct detect *d, uint8_t gateway)
{
	const struct window *w = &gate_of(d, gateway)->window[WINDOW_HOUR];
	uint32_t largest_one = 0;

	for (unsigned i = 0; i < HEAPS; i++) {
		const struct spray_heap *h = &w->heaps.one[i];

		if (h->heap.count > largest_one && is_most(h->program_votes, &h->heap) && heap_varies(&h->heap))
			largest_one = h->heap.count;
	}
	return largest_one;
}

struct attempts_hour
attempts_hour(struct detect *d, uint8_t gateway)
{
	struct spray_gate *g = gate_of(d, gateway);
	const struct window *w = &g->window[WINDOW_HOUR];
	struct attempts_hour a = {.attempts = w->attempts};
	const struct spray_heap *h = heaps_largest(&w->heaps, w->used, 0, &a.networks);

	a.usual = baseline_expect(&g->hours_attempts, baseline_of(w->index));
	if (!h || w->told)
		return a; /* nobody, or told as a spray */
	a.heap = &h->heap;
	a.session = h->session;
	a.program = is_most(h->program_votes, &h->heap) ? h->program : 0;
	return a;
}

/* ---- first answers ---- */

static uint64_t
landing_key(uint32_t answer)
{
	return answer / LANDING_STEP + UINT64_C(1);
}

/* What users get first is no refusal. */
static bool
is_landing(const struct spray_gate *g, const struct turn *t)
{
	const struct top *at = t->index == 0 ? top_find(g->landing, LANDINGS, landing_key(t->answer)) : NULL;

	return at && at->count - at->over >= LANDING_SEEN &&
	       at->count >= g->landing[top_largest(g->landing, LANDINGS)].count / LANDING_PARTS;
}

/* From visits that begin with this connection and load pages over it: what begins a later connection is often the form,
   because people type longer than connections are kept. */
static void
landing_learn(struct spray_gate *g, const struct view *v)
{
	int64_t day = index_of(WINDOW_DAY, v->s->time);
	bool fresh;

	if (v->from > 0 || v->s->exchange_count == 0 || !v->visit || v->visit->sessions != 1 ||
	    !(v->visit->phases & PHASE_ASSETS))
		return;
	if (day - g->landing_day >= LANDING_DAYS) {
		top_halve(g->landing, LANDINGS);
		g->landing_day = day;
	}
	top_add(g->landing, LANDINGS, landing_key(v->s->exchange[0].response), 1, &fresh);
}

/* ---- judging ---- */

static void
report(struct detect *d, const struct view *v, const struct window *w, const struct spray_heap *h, uint32_t networks)
{
	bool one = is_most(h->program_votes, &h->heap), stack = is_most(h->signature_votes, &h->heap);
	const char *who = one && stack ? "one client program and TCP stack" :
			  one          ? "one client program" :
			  stack        ? "several client programs on one TCP stack" :
					 "several client programs";
	struct finding f;

	finding_begin(&f, v, DETECTOR_spray);
	f.confidence = one || stack ? 85 : 70;
	finding_number(&f, "networks", "networks", networks);
	finding_number(&f, "duration", "s", when_since(v->s->time, w->since) / NS_PER_S);
	finding_number(&f, "networks_usual", "networks", w->usual);
	finding_number(&f, "attempts", "requests", w->attempts);
	finding_number(&f, "request_min", "bytes", h->heap.request_min);
	finding_number(&f, "request_max", "bytes", h->heap.request_max);
	finding_number(&f, "answer", "bytes", h->heap.answer_max);
	finding_weigh(&f, "networks over the limit", 40);
	finding_weigh(&f, "requests differ, answers do not", 25);
	finding_weigh(&f, "one client program", one ? 15 : 0);
	finding_weigh(&f, "one TCP stack", stack ? 10 : 0);
	for (unsigned i = 0; i < SPRAY_SESSIONS; i++)
		finding_session(&f, h->session[i]);
	finding_say(
		&f,
		"{0} networks that never used gateway {t} try to log in within {1}, where {2} are usual: {3} attempts, "
		"most of {4} to {5}, answered with {6} each; {x}; the last is {a}",
		(const struct text[2]){{who, (uint32_t)strlen(who)}, {NULL, 0}});
	f.benign = "a test of passwords that was ordered; an app that many install and that logs in with old passwords";
	incident_report(d, &f, &(struct actor){.group = one ? h->program : 0});
}

/* While what people do here is being learned, or is lost in part, they look like attempts as well; guesses are then what a
   good part of all look like. */
static bool
is_work(const struct view *v, const struct window *w, const struct spray_heap *h)
{
	enum { PARTS = 3 };

	return (v->learning || v->lossy) && (uint64_t)h->heap.count * PARTS < w->attempts;
}

static void
judge_window(struct detect *d, const struct view *v, struct window *w, enum window_kind kind)
{
	uint32_t limit = most(limit_of(d, w, kind), least(w->told, UINT32_MAX / GROWN) * GROWN), n;
	const struct spray_heap *h;

	/* counting networks takes 13,000 instructions: once for an eighth of the limit, and where so many can be */
	if (++w->news < limit / 8 || w->attempts < limit)
		return;
	w->news = 0;
	h = heaps_largest(&w->heaps, w->used, limit, &n);
	if (!h || n < limit || is_work(v, w, h))
		return;
	w->told = n;
	report(d, v, w, h, n);
}

/* Who uses the gateway: known from now on, and no failure of this hour. */
static void
note_use(struct spray *y, struct spray_gate *g, const struct view *v, uint64_t net)
{
	for (enum window_kind k = WINDOW_HOUR; k < WINDOWS && !netset_has(&y->used, net); k++)
		hll_add(window_at(g, k, v->s->time)->used, NETS_BITS, net);
	netset_add(&y->used, net, index_of(WINDOW_DAY, v->s->time));
}

static bool
uses(const struct view *v)
{
	return v->s->role == ROLE_INBOUND && v->visit && v->visit->phases & (PHASE_ASSETS | PHASE_TUNNEL);
}

void
spray_judge(struct detect *d, const struct view *v)
{
	struct spray *y = d->state[DETECTOR_spray];
	struct window *now[WINDOWS] = {NULL};
	bool any = false;
	struct spray_gate *g;
	struct guess one;

	if (!attempts_possible(v))
		return;
	one.net = network_of(v);
	if (netset_has(&y->used, one.net))
		return;
	one.program = v->s->client_key;
	one.signature = tcp_signature(v->s);
	one.session = v->s->id;
	g = gate_of(d, v->s->gateway);
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++) {
		if (!is_attempt(t) || is_landing(g, t))
			continue;
		one.turn = t;
		for (enum window_kind k = WINDOW_HOUR; k < WINDOWS; k++) {
			if (!any)
				now[k] = window_at(g, k, v->s->time);
			window_add(d, now[k], v, &one);
		}
		any = true;
	}
	for (enum window_kind k = WINDOW_HOUR; any && k < WINDOWS; k++)
		judge_window(d, v, now[k], k);
}

/* Time passes also where nobody knocks: an hour of nothing is usual, too. */
void
spray_pulse(struct detect *d, const struct pulse *p)
{
	struct spray_gate *g = gate_of(d, p->gateway);

	for (enum window_kind k = WINDOW_HOUR; k < WINDOWS; k++)
		window_at(g, k, when_add(p->time, -1));
}

void
spray_learn(struct detect *d, const struct view *v)
{
	struct spray *y = d->state[DETECTOR_spray];
	struct spray_gate *g;

	if (v->from >= v->until || (!v->familiar && !uses(v)))
		return;
	g = gate_of(d, v->s->gateway);
	if (v->s->role == ROLE_INBOUND)
		landing_learn(g, v);
	note_use(y, g, v, network_of(v));
}
