/*
 * leak_loop: memory read out of the gateway piece by piece: one request again and again, answers that differ a little
 * (CVE-2025-5777: up to 127 bytes).
 *
 * Watched per source and client program, per source, per client program over sources, and, for those who come with the
 * hello of a common browser, per size of request over sources; each remembers two runs of equal requests (leak_run.h).
 * A source with one program is one and the same with it, until another comes: nearly all are, and that spares a third.
 * A few requests are what a response team's check looks like, and answers that are all alike are a gateway that is not
 * vulnerable: both are noted, and begin no chain.
 */
#include "detect/leak_run.h"
#include "detect/visit.h"

enum {
	SHAPE_STEP = 8, /* request sizes within it count as one */
	GROUP_SOURCES = 3,
	GROUP_FACTOR = 2,      /* a program over many sources needs so many times the requests */
	CROWD_FACTOR = 2,      /* any programs over many sources: so many times, */
	CROWD_SLOW_FACTOR = 4, /* spread over a day so many, */
	CROWD_SOURCES = 4,
	CROWD_ANSWERS = 10, /* and answers of so many sizes, */
	CROWD_RANGE = 64,   /* over more than what visitors' cookies and compression make of a page */
	CROWD = 4,          /* no program's hash is made with it */
	SHAPES_AGE_S = 86400,
	PAGES = 3, /* so many in a day are a browser */
	PAGE_REQUEST_MAX = 4096,
	FOLDED_MAX = 16, /* times `request_max`: larger requests are no burst */
	REQUEST_MIN = 60,
	HTTP_MIN = 13, /* a frame's head, then method, scheme, path and authority from a table (RFC 9113, 7541) */
	CHECK = 3,     /* requests of a check (DIVD, Shadowserver), within CHECK_S */
	CHECK_S = 120,
	NOTED_CHECK = 1,
	NOTED_VAIN = 2
};

/* One source, or one program. */
struct leaker {
	struct leak_run run[RUNS];
	uint64_t shapes[2]; /* sizes of requests of this day and the one before */
	uint64_t sources;   /* a set of networks, for programs */
	uint64_t program;   /* of a source: its only one; 0: it has several, or is no source */
	struct when shapes_since, paged;
	uint32_t pages; /* large answers to ordinary requests, the last one at `paged` */
};

struct leak {
	struct memory who;
};

enum { GROUPINGS = 3 };

/* One of the ways to group what a client does. */
struct grouping {
	struct leaker *who; /* NULL: none */
	struct actor actor;
	int64_t factor; /* times `requests`; more than 1: over many sources */
};

void *
leak_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct leak *l = carve_take(c, sizeof(*l));

	bytes -= sizeof(*l) + 64;
	detect_memory(d, &l->who, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct leaker), .version = 2});
	return l;
}

/* One of 64. */
static uint64_t
source_bit(const struct addr *source)
{
	return UINT64_C(1) << (detect_mix_addr(source) & 63);
}

/* A large answer to a large request is another attack, no page. */
static bool
is_page(const struct detect *d, uint32_t request, uint32_t answer)
{
	return answer >= d->param[PARAM_leak_loop_page] && request <= PAGE_REQUEST_MAX;
}

/* Sizes of requests that came at a time, and how many pages were answered. */
static void
leaker_shapes(struct leaker *w, uint64_t shapes, uint32_t pages, struct when t)
{
	if (when_since(t, w->shapes_since) > SHAPES_AGE_S * NS_PER_S) {
		w->shapes[1] = w->shapes[0];
		w->shapes[0] = 0;
		w->shapes_since = t;
	}
	w->shapes[0] |= shapes;
	if (pages) {
		w->pages = when_since(t, w->paged) > SHAPES_AGE_S * NS_PER_S ? pages : w->pages + pages;
		w->paged = t;
	}
}

static bool
browses(const struct detect *d, const struct leaker *w)
{
	return set_count(w->shapes[0] | w->shapes[1]) > d->param[PARAM_leak_loop_shapes];
}

static bool
is_leak(const struct detect *d, const struct view *v, const struct leaker *w, const struct leak_run *r, int64_t factor)
{
	bool paged = w->pages >= PAGES && when_since(r->last, w->paged) <= SHAPES_AGE_S * NS_PER_S;

	if (r->count / 2 < r->told || !run_leaks(r) || paged || run_is_monitor(r, d->gate[v->s->gateway].first))
		return false;
	if (factor > 1 && set_count(w->sources) < GROUP_SOURCES)
		return false;
	return run_is_fast(d, r, factor) || (run_is_slow(d, r, factor) && set_count(w->shapes[0] | w->shapes[1]) <= 2);
}

/* Bits of what is worth a note: three answers of different sizes; many that are all alike, faster than monitors. */
static uint32_t
worth_noting(const struct detect *d, const struct view *v, const struct leaker *w, const struct leak_run *r)
{
	int64_t took_s = when_since(r->last, r->first) / NS_PER_S;

	if (v->familiar || v->monitor || v->degraded || set_count(w->shapes[0] | w->shapes[1]) > 2 || w->pages)
		return 0;
	if (r->count == CHECK && took_s <= CHECK_S && run_leaks(r) && set_count(r->answers) == CHECK)
		return NOTED_CHECK;
	if (r->count >= d->param[PARAM_leak_loop_requests] && run_range(r) <= 2 && r->gaps * 2 < r->count &&
	    took_s <= d->param[PARAM_leak_loop_window])
		return NOTED_VAIN;
	return 0;
}

/* An attempt, or a look whether one would succeed: for the record. */
static void
leak_note(struct detect *d, const struct view *v, const struct leak_run *r, uint32_t what)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_leak_loop);
	f.severity = SEVERITY_INFO;
	f.note = true;
	f.confidence = 20;
	f.time = r->last;
	finding_number(&f, "requests", "requests", r->count);
	finding_number(&f, "duration", "s", when_since(r->last, r->first) / NS_PER_S);
	finding_number(&f, "request", "bytes", r->request_max);
	finding_number(&f, "answer_min", "bytes", r->answer_min);
	finding_number(&f, "answer_max", "bytes", r->answer_max);
	for (unsigned i = 0; i < RUN_SESSIONS; i++)
		finding_session(&f, r->session[i]);
	finding_say(&f,
		    what == NOTED_CHECK ?
			    "{0} requests of {2} from {a} within {1}, answers from {3} to {4}: likely a check" :
			    "{0} requests of {2} from {a} within {1}, all answered with {4}: an attempt without "
			    "success, or "
			    "a program that tries again",
		    NULL);
	f.benign = "a response team or scanner that looks for vulnerable gateways; a client that repeats itself";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

static void
leak_report(struct detect *d, const struct view *v, const struct leak_run *r, const struct actor *a)
{
	const bool group = a->group != 0, crowd = group && a->group != v->s->client_key;
	struct finding f;

	finding_begin(&f, v, DETECTOR_leak_loop);
	if (r->bytes >= (uint64_t)d->param[PARAM_leak_loop_critical])
		f.severity = SEVERITY_CRITICAL;
	if (crowd)
		f.severity = SEVERITY_MEDIUM;
	f.confidence = crowd ? 60 : r->count >= 50 ? 90 : 70;
	f.time = r->last;
	finding_number(&f, "requests", "requests", r->count);
	finding_number(&f, "duration", "s", when_since(r->last, r->first) / NS_PER_S);
	finding_number(&f, "request", "bytes", r->request_max);
	finding_number(&f, "answer_min", "bytes", r->answer_min);
	finding_number(&f, "answer_max", "bytes", r->answer_max);
	finding_number(&f, "answer_range", "bytes", run_range(r));
	finding_number(&f, "answers_total", "bytes", (int64_t)r->bytes);
	finding_weigh(&f, "equal requests, answers that vary a little", 40);
	finding_weigh(&f, "their number", least(r->count, 30));
	finding_weigh(&f, "no page loaded", 20);
	for (unsigned i = 0; i < RUN_SESSIONS; i++)
		finding_session(&f, r->session[i]);
	finding_say(&f,
		    crowd ? "{0} requests of {2} from several strangers, the last {a}, within {1}: answers differ by "
			    "{5} around {4}; {6} in all, no page loaded" :
		    group ? "{0} requests of {2} by one client program from several sources, the last {a}, within {1}: "
			    "answers differ by {5} around {4}; {6} in all, no page loaded" :
			    "{0} requests of {2} from {a} within {1}: answers differ by {5} around {4}; {6} in all, "
			    "no page loaded",
		    NULL);
	f.benign = "a test for the leak by a response team or scanner; a monitor whose page contains changing text";
	incident_report(d, &f, a);
}

/* Requests beyond `request_max` are bursts, and only strangers' are looked at; what is shorter than any is typing. */
static bool
is_candidate(const struct detect *d, const struct view *v, const struct turn *t)
{
	int64_t largest = d->param[PARAM_leak_loop_request_max];

	return t->request >= HTTP_MIN && t->request <= (v->familiar ? largest : largest * FOLDED_MAX);
}

/* As many turns as the burst had, when it is one of a run. */
static struct turn
unfold(const struct detect *d, const struct leaker *w, const struct turn *t)
{
	struct turn one = *t;

	for (unsigned i = 0; i < RUNS; i++) {
		const struct leak_run *r = &w->run[i];
		uint32_t n =
			r->count == 0 ?
				1 :
				run_folds(d, t, &(struct turn){.request = r->request_min, .answer = r->answer_min});

		if (n > 1) {
			one.request /= n;
			one.answer /= n;
			one.count *= n;
			break;
		}
	}
	return one;
}

/* Told now or before. */
static bool
run_judge(struct detect *d, const struct view *v, const struct grouping *g, struct leak_run *r, bool quiet)
{
	bool narrow = g->factor == 1 && g->actor.group == v->s->client_key;
	uint32_t what = narrow ? worth_noting(d, v, g->who, r) & ~r->noted : 0;

	if (is_leak(d, v, g->who, r, g->factor)) {
		r->told = r->count;
		if (!quiet)
			leak_report(d, v, r, g->factor > 1 ? &g->actor : &(struct actor){.net = g->actor.net});
	} else if (what) {
		leak_note(d, v, r, what);
	}
	r->noted |= what;
	return r->told > 0;
}

/* An exchange seen by one grouping.  True when its run was told: wider ones keep quiet. */
static bool
leaker_turn(struct detect *d, const struct view *v, const struct grouping *g, const struct turn *burst, bool quiet)
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	struct turn t = unfold(d, g->who, burst);
	uint32_t at_once = 1 + (t.request ? t.request - 1 : 0) / (uint32_t)d->param[PARAM_leak_loop_request_max];
	struct leak_run *r;

	leaker_shapes(g->who, size_bit(t.request, SHAPE_STEP), is_page(d, t.request, t.answer / at_once), t.time);
	if (!is_candidate(d, v, &t) || browses(d, g->who))
		return false;
	r = run_of(d, g->who->run, &t);
	if (!r)
		r = run_begin(g->who->run, &t);
	run_add(r, &t, v->s->id);
	if (r->count >= 3)
		memory_keep(&l->who, g->who);
	return run_judge(d, v, g, r, quiet);
}

/* Strangers with nothing in common but the size of their request. */
static bool
is_crowd_leak(const struct detect *d, const struct leaker *w, const struct leak_run *r)
{
	return r->count / 2 >= r->told && run_leaks(r) && run_range(r) >= CROWD_RANGE &&
	       set_count(r->answers) >= CROWD_ANSWERS && set_count(w->sources) >= CROWD_SOURCES &&
	       r->request_max - r->request_min <= 1 &&
	       (run_is_fast(d, r, CROWD_FACTOR) || run_is_slow(d, r, CROWD_SLOW_FACTOR));
}

/* What a source asked before it asked again counts, too: of two answers one is the smallest, the other the largest. */
static struct turn
turn_before(const struct leak_run *own, const struct turn *t)
{
	struct turn first = *t;

	first.time = own->first;
	first.answer = t->answer == own->answer_min ? own->answer_max : own->answer_min;
	first.request = t->request == own->request_min ? own->request_max : own->request_min;
	return first;
}

static void
crowd_turn(struct detect *d, const struct view *v, const struct leak_run *own, const struct turn *t)
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	const struct actor crowd = {.group = detect_mix(t->request / SHAPE_STEP, CROWD)};
	const struct memory_key key = {crowd.net, crowd.group, v->s->gateway};
	bool fresh;
	struct leaker *w = memory_use(&l->who, &key, &fresh);
	struct leak_run *r = run_of(d, w->run, t);

	if (!r)
		r = run_begin(w->run, t);
	w->sources |= source_bit(&v->client);
	if (own->count == 2) {
		const struct turn first = turn_before(own, t);

		run_add(r, &first, v->s->id);
	}
	run_add(r, t, v->s->id);
	if (r->count >= 3)
		memory_keep(&l->who, w);
	if (is_crowd_leak(d, w, r)) {
		r->told = r->count;
		leak_report(d, v, r, &crowd);
	}
}

/* The run of nobody who is known here, or browses, or loaded a page; not for the first time, as visitors ask for the
   page.  NULL: no such one. */
static const struct leak_run *
repeats_itself(const struct detect *d, const struct view *v, struct leaker *source, const struct turn *t)
{
	const struct leak_run *r;

	if (v->familiar || v->monitor || v->degraded || !source || source->pages || browses(d, source))
		return NULL;
	r = run_of(d, source->run, t);
	return r && r->count >= 2 ? r : NULL;
}

static void
leak_turn(struct detect *d, const struct view *v, const struct grouping group[GROUPINGS], const struct turn *t)
{
	const struct leak_run *own;
	bool told = false;

	for (unsigned i = 0; i < GROUPINGS; i++)
		if (group[i].who)
			told |= leaker_turn(d, v, &group[i], t, told);
	if (told || t->request > d->param[PARAM_leak_loop_request_max] || !is_candidate(d, v, t))
		return;
	own = repeats_itself(d, v, group[group[1].who != NULL].who, t);
	if (own)
		crowd_turn(d, v, own, t);
}

static struct leaker *
leaker_use(struct detect *d, const struct memory_hashed *key, struct when t)
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	bool fresh;
	struct leaker *w = memory_use_hashed(&l->who, key, &fresh);

	if (fresh)
		w->shapes_since = t;
	return w;
}

/* Another program comes: what the source did was the first one's doing. */
static void
source_split(struct detect *d, const struct view *v, struct leaker *source)
{
	const struct memory_key first = {v->source, source->program, v->s->gateway};
	const struct memory_hashed key = memory_hashed(&d->secret, &first);
	struct leaker *w = leaker_use(d, &key, v->s->start);

	source->program = 0;
	*w = *source;
}

/* The source, as its only program where it has one. */
static void
source_find(struct detect *d, const struct view *v, struct grouping group[GROUPINGS])
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	const uint64_t program = v->s->client_key;
	bool fresh;
	struct leaker *source = memory_use_hashed(&l->who, &v->by_source, &fresh);

	if (fresh) {
		source->shapes_since = v->s->start;
		source->program = program;
	}
	if (source->program && source->program != program)
		source_split(d, v, source);
	group[source->program ? 0 : 1].who = source;
	if (program && !source->program)
		group[0].who = leaker_use(d, &v->by_client, v->s->start);
}

/* The program at this source, whatever is at this source, the program anywhere. */
static void
leak_groupings(struct detect *d, const struct view *v, struct grouping group[GROUPINGS])
{
	const struct addr net = v->source;
	const uint64_t program = v->s->client_key;

	group[0] = (struct grouping){.actor = {net, program}, .factor = 1};
	group[1] = (struct grouping){.actor = {net, 0}, .factor = 1};
	group[2] = (struct grouping){.actor = {.group = program}, .factor = GROUP_FACTOR};
	source_find(d, v, group);
	if (!program)
		return;
	group[2].who = leaker_use(d, &v->by_program, v->s->start);
	group[2].who->sources |= source_bit(&v->source);
}

/* The smallest request of a session: bursts are multiples of it. */
static struct turn
smallest_of(const struct session *s)
{
	struct turn one = {0};

	for (uint32_t i = 0; i < s->exchange_count; i++)
		if (s->exchange[i].request >= REQUEST_MIN && (!one.request || s->exchange[i].request < one.request))
			one = (struct turn){.request = s->exchange[i].request, .answer = s->exchange[i].response};
	return one;
}

/* Most sessions show by themselves that someone browses; then there is no run to look for. */
static bool
session_browses(const struct detect *d, const struct view *v, const struct grouping group[GROUPINGS],
		const struct turn *one)
{
	uint64_t shapes = 0;
	uint32_t pages = 0;

	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < EXCHANGES_KEPT; t++) {
		uint32_t n = run_folds(d, t, one);

		shapes |= size_bit(n > 1 ? t->request / n : t->request, SHAPE_STEP);
		pages += is_page(d, t->request, n > 1 ? t->answer / n : t->answer);
	}
	if (set_count(shapes) <= d->param[PARAM_leak_loop_shapes])
		return false;
	for (unsigned i = 0; i < GROUPINGS; i++)
		if (group[i].who)
			leaker_shapes(group[i].who, shapes, pages, v->s->last);
	return true;
}

/* A burst of the session's own smallest request is as many turns. */
static struct turn
unfold_by(const struct detect *d, const struct turn *one, const struct turn *t)
{
	uint32_t n = run_folds(d, t, one);
	struct turn each = *t;

	if (n > 1) {
		each.request /= n;
		each.answer /= n;
		each.count *= n;
	}
	return each;
}

void
leak_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct grouping group[GROUPINGS];
	struct turn one;

	/* what goes through a tunnel are packets and keystrokes, no requests */
	if (v->from >= v->until || s->role != ROLE_INBOUND || v->hidden || v->tunnels ||
	    (s->carrier != CARRIER_TCP && s->carrier != CARRIER_STARTTLS))
		return;
	leak_groupings(d, v, group);
	one = smallest_of(s);
	if (session_browses(d, v, group, &one))
		return;
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++) {
		const struct turn unfolded = unfold_by(d, &one, t);

		leak_turn(d, v, group, &unfolded);
	}
}
