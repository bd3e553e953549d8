/*
 * leak_loop: memory read out of the gateway piece by piece: one request again and again, answers that differ a little.
 *
 *		request		answer		period
 *	leak	constant	jitters		any
 *	spray	varies		constant
 *	probe	constant	constant
 *	monitor	constant	constant, or a few bytes of compression jitter in a strict period
 *	browser	varies		varies, pages
 *
 * Watched per source and client program, per source, and per client program over sources; each remembers two
 * runs of equal requests.  Integers only: ranges and counts, no moments to drift.
 */
#include "detect/frame.h"

enum {
	RUN_SESSIONS = 4,
	SHAPE_STEP = 8,    /* request sizes within it count as one */
	DISTINCT_FAST = 3, /* sizes of answers; two of them are a cookie that is there or not */
	DISTINCT_SLOW = 5,
	BAND_SLOW = 8,
	MONITOR_BAND = 8,
	MONITOR_PERIOD_PERCENT = 5,
	GROUP_SOURCES = 3,
	GROUP_FACTOR = 3, /* a program over many sources needs so many times the requests */
	SHAPES_AGE_S = 86400,
	PAGES = 3, /* so many in a day are a browser */
	PAGE_REQUEST_MAX = 4096,
	RUN_GAP_PARTS = 8, /* a run ends after this part of the slow window in silence */
};

struct leak_run {
	struct when first, last;
	uint64_t answers; /* size_bit, step 1 */
	uint64_t bytes;   /* of answers */
	uint64_t session[RUN_SESSIONS];
	uint32_t count, told; /* told: the count when it was last reported */
	uint32_t request_min, request_max, answer_min, answer_max;
	uint32_t gap_min_ms, gap_max_ms;
};

/* One source, or one program. */
struct leaker {
	struct leak_run run[2];
	uint64_t shapes[2]; /* sizes of requests of this day and the one before */
	uint64_t sources;   /* a set of networks, for programs */
	struct when shapes_since, paged;
	uint32_t pages; /* large answers to ordinary requests, the last one at `paged` */
};

struct leak {
	struct memory who;
};

enum { GROUPINGS = 3 };

/* One of the ways to group what a client does. */
struct grouping {
	struct leaker *who;
	struct actor actor;
	int64_t factor; /* times `requests`; more than 1: over many sources */
};

void *
leak_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct leak *l = carve_take(c, sizeof(*l));

	bytes -= sizeof(*l) + 64;
	detect_memory(d, &l->who, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct leaker)});
	return l;
}

/* One of 64 for a network; the public key keeps it the same in a replay. */
static uint64_t
source_bit(const struct addr *client)
{
	static const struct hash_key key = {UINT64_C(0x6c65616b), UINT64_C(0x736f75726365)};
	struct addr net = detect_net(client, 32, 64);

	return UINT64_C(1) << (hash_fast(&key, net.b, sizeof(net.b)) & 63);
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

/* The run that this exchange continues, NULL: none. */
static struct leak_run *
run_of(struct leaker *w, const struct detect *d, const struct turn *t)
{
	int64_t gap = d->param[PARAM_leak_loop_slow_window] * NS_PER_S / RUN_GAP_PARTS;

	for (unsigned i = 0; i < 2; i++) {
		struct leak_run *r = &w->run[i];
		uint32_t from = least(r->request_min, t->request), to = most(r->request_max, t->request);
		uint32_t smallest = least(r->answer_min, t->answer), largest = most(r->answer_max, t->answer);

		if (r->count && when_since(t->time, r->last) <= gap &&
		    to - from <= d->param[PARAM_leak_loop_request_spread] &&
		    largest - smallest <= d->param[PARAM_leak_loop_band])
			return r;
	}
	return NULL;
}

static struct leak_run *
run_begin(struct leaker *w, const struct turn *t)
{
	unsigned older = w->run[0].count && (!w->run[1].count || when_before(w->run[1].last, w->run[0].last));

	w->run[older] = (struct leak_run){.first = t->time,
					  .last = t->time,
					  .request_min = t->request,
					  .request_max = t->request,
					  .answer_min = t->answer,
					  .answer_max = t->answer,
					  .gap_min_ms = UINT32_MAX};
	return &w->run[older];
}

static void
run_add(struct leak_run *r, const struct turn *t, uint64_t session)
{
	int64_t gap_ms = when_since(t->time, r->last) / NS_PER_MS;
	uint32_t gap = gap_ms < 0 || t->count > 1 ? 0 : gap_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_ms;

	if (r->count) {
		r->gap_min_ms = least(r->gap_min_ms, gap);
		r->gap_max_ms = most(r->gap_max_ms, gap);
	}
	r->request_min = least(r->request_min, t->request);
	r->request_max = most(r->request_max, t->request);
	r->answer_min = least(r->answer_min, t->answer);
	r->answer_max = most(r->answer_max, t->answer);
	r->answers |= size_bit(t->answer, 1);
	r->bytes += (uint64_t)t->answer * t->count;
	r->count = r->count > UINT32_MAX - t->count ? UINT32_MAX : r->count + t->count;
	if (when_before(r->last, t->time))
		r->last = t->time;
	for (unsigned i = 0; i < RUN_SESSIONS; i++) {
		if (r->session[i] == session)
			break;
		if (r->session[i] == 0 || i == RUN_SESSIONS - 1) {
			r->session[i] = session;
			break;
		}
	}
}

/* Every minute on the minute, compressed a byte or two differently each time. */
static bool
is_monitor(const struct leak_run *r)
{
	uint32_t spread = r->gap_max_ms - r->gap_min_ms;

	return r->answer_max - r->answer_min <= MONITOR_BAND && r->gap_min_ms > 0 &&
	       spread <= r->gap_min_ms / 100 * MONITOR_PERIOD_PERCENT;
}

/* `factor` times the requests, at the rate that `window` allows. */
static bool
is_fast(const struct detect *d, const struct leak_run *r, int64_t factor)
{
	int64_t want = d->param[PARAM_leak_loop_requests] * factor;
	int64_t allowed_s = d->param[PARAM_leak_loop_window] * r->count / want;

	return r->count >= want && when_since(r->last, r->first) / NS_PER_S <= allowed_s &&
	       set_count(r->answers) >= DISTINCT_FAST;
}

static bool
is_slow(const struct detect *d, const struct leaker *w, const struct leak_run *r, int64_t factor)
{
	int64_t want = d->param[PARAM_leak_loop_requests] * factor;
	int64_t allowed_s = d->param[PARAM_leak_loop_slow_window] * r->count / want;

	return r->count >= want && when_since(r->last, r->first) / NS_PER_S <= allowed_s &&
	       r->request_max - r->request_min <= 1 && r->answer_max - r->answer_min >= BAND_SLOW &&
	       set_count(r->answers) >= DISTINCT_SLOW && set_count(w->shapes[0] | w->shapes[1]) <= 2;
}

static bool
is_leak(const struct detect *d, const struct leaker *w, const struct leak_run *r, int64_t factor)
{
	bool paged = w->pages >= PAGES && when_since(r->last, w->paged) <= SHAPES_AGE_S * NS_PER_S;

	if (r->count / 2 < r->told || r->answer_max == r->answer_min || paged || is_monitor(r))
		return false;
	if (factor > 1 && set_count(w->sources) < GROUP_SOURCES)
		return false;
	return is_fast(d, r, factor) || is_slow(d, w, r, factor);
}

static void
leak_report(struct detect *d, const struct view *v, const struct leak_run *r, const struct actor *a)
{
	const bool group = a->group != 0;
	struct finding f;

	finding_begin(&f, v, DETECTOR_leak_loop);
	if (r->bytes >= (uint64_t)d->param[PARAM_leak_loop_critical])
		f.severity = SEVERITY_CRITICAL;
	f.confidence = r->count >= 50 ? 90 : 70;
	f.time = r->last;
	finding_number(&f, "requests", "requests", r->count);
	finding_number(&f, "duration", "s", when_since(r->last, r->first) / NS_PER_S);
	finding_number(&f, "request", "bytes", r->request_max);
	finding_number(&f, "answer_min", "bytes", r->answer_min);
	finding_number(&f, "answer_max", "bytes", r->answer_max);
	finding_number(&f, "answer_range", "bytes", r->answer_max - r->answer_min);
	finding_number(&f, "answers_total", "bytes", (int64_t)r->bytes);
	for (unsigned i = 0; i < RUN_SESSIONS; i++)
		finding_session(&f, r->session[i]);
	finding_say(&f,
		    group ? "{0} requests of {2} by one client program from several sources, the last {a}, within {1}: "
			    "answers differ by {5} around {4}; {6} in all, no page loaded" :
			    "{0} requests of {2} from {a} within {1}: answers differ by {5} around {4}; {6} in all, "
			    "no page loaded",
		    NULL);
	f.benign = "a test for the leak by a response team or scanner; a monitor whose page contains changing text";
	incident_report(d, &f, a);
}

/* An exchange seen by one grouping.  True when its run was reported before or now: wider ones keep quiet. */
static bool
leaker_turn(struct detect *d, const struct view *v, const struct grouping *g, const struct turn *t, bool quiet)
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	struct leak_run *r;

	leaker_shapes(g->who, size_bit(t->request, SHAPE_STEP), is_page(d, t->request, t->answer), t->time);
	if (t->request == 0 || t->request > d->param[PARAM_leak_loop_request_max] || browses(d, g->who))
		return false;
	r = run_of(g->who, d, t);
	if (!r)
		r = run_begin(g->who, t);
	run_add(r, t, v->s->id);
	if (r->count >= 3)
		memory_keep(&l->who, g->who);
	if (is_leak(d, g->who, r, g->factor)) {
		r->told = r->count;
		if (!quiet)
			leak_report(d, v, r, g->factor > 1 ? &g->actor : &(struct actor){.net = g->actor.net});
	}
	return r->told > 0;
}

static void
leak_turn(struct detect *d, const struct view *v, const struct grouping group[GROUPINGS], const struct turn *t)
{
	bool told = false;

	for (unsigned i = 0; i < GROUPINGS; i++)
		if (group[i].who)
			told |= leaker_turn(d, v, &group[i], t, told);
}

static void
grouping_find(struct detect *d, const struct view *v, struct grouping *g, struct when t)
{
	struct leak *l = d->state[DETECTOR_leak_loop];
	const struct memory_key key = {g->actor.net, g->actor.group, v->s->gateway};
	bool fresh;

	g->who = memory_use(&l->who, &key, &fresh);
	if (fresh)
		g->who->shapes_since = t;
	if (g->factor > 1)
		g->who->sources |= source_bit(&v->client);
}

/* The program at this source, whatever is at this source, the program anywhere. */
static void
leak_groupings(struct detect *d, const struct view *v, struct grouping group[GROUPINGS])
{
	const struct addr net = detect_net(&v->client, 32, 64);
	const uint64_t program = v->s->client_key;

	group[0] = (struct grouping){.actor = {net, program}, .factor = 1};
	group[1] = (struct grouping){.actor = {net, 0}, .factor = 1};
	group[2] = (struct grouping){.actor = {.group = program}, .factor = GROUP_FACTOR};
	for (unsigned i = 0; i < GROUPINGS; i++)
		if (program || i == 1)
			grouping_find(d, v, &group[i], v->s->start);
}

/* Most sessions show by themselves that someone browses; then there is no run to look for. */
static bool
session_browses(const struct detect *d, const struct view *v, const struct grouping group[GROUPINGS])
{
	const struct session *s = v->s;
	uint64_t shapes = 0;
	uint32_t pages = 0;

	for (uint32_t i = v->from; i < v->until && i < s->exchange_count; i++) {
		shapes |= size_bit(s->exchange[i].request, SHAPE_STEP);
		pages += is_page(d, s->exchange[i].request, s->exchange[i].response);
	}
	if (set_count(shapes) <= d->param[PARAM_leak_loop_shapes])
		return false;
	for (unsigned i = 0; i < GROUPINGS; i++)
		if (group[i].who)
			leaker_shapes(group[i].who, shapes, pages, s->last);
	return true;
}

void
leak_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct grouping group[GROUPINGS];
	struct turns it = turns_of(v);
	struct turn t;

	if (v->from >= v->until || s->role != ROLE_INBOUND || v->hidden ||
	    (s->carrier != CARRIER_TCP && s->carrier != CARRIER_STARTTLS))
		return;
	leak_groupings(d, v, group);
	if (session_browses(d, v, group))
		return;
	while (turns_next(&it, &t))
		leak_turn(d, v, group, &t);
}
