/*
 * slow_probe: somebody who comes back for days, asks different things, and never uses the gateway.
 *
 * A sequential test (Wald; Jung, Paxson, Berger, Balakrishnan 2004 for scanners) by client program and TCP stack, not
 * by address: each visit without a page, a login or a tunnel makes "never logs in" likelier, each that uses the gateway
 * far less likely.  Weak by nature: it makes a timeline, and adds to what else is known of the source.
 */
#include "detect/attempt.h"
#include "detect/visit.h"

enum {
	BITS = 16,       /* the score is in 16ths of a bit */
	SCORE_IDLE = 50, /* P(no use | prober) 0.95 : P(no use | user) 0.1 = 3.2 bits */
	SCORE_NEW = 16,  /* from a network and program without history */
	SCORE_USE = 128, /* one use outweighs three visits */
	SCORE_MAX = 1024,
	SCORE_ENOUGH = 213, /* 10^4 = 13.3 bits */
	SLOT_S = 6 * 3600,  /* a network counts once in it */
	NETS = 4,
	SHAPES = 3, /* sizes of requests, and of answers: a bookmark has one */
	SHAPE_STEP = 8,
	DAYS_MIN = 3,
	DAILY_MAX = 8, /* visits: more in a day is a scan of the internet, or a program that many use */
	BUSY_DAYS = 7,
	FORGET_S = 30 * 86400
};

struct prober {
	struct when first, last, told;
	uint64_t requests, answers; /* size_bit */
	uint64_t net[NETS];         /* network and slot, the latest */
	uint64_t session[NETS];
	int64_t day, busy; /* busy: behind the last day of too many visits */
	int32_t score;
	uint32_t visits, days, today;
};

void *
probe_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	detect_memory(d, m, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*m) - 64, .payload = sizeof(struct prober), .version = 2});
	return m;
}

static bool
is_use(const struct view *v)
{
	return v->familiar || (v->visit && v->visit->phases & (PHASE_ASSETS | PHASE_TUNNEL | PHASE_USE));
}

/* True: this network was not counted in these six hours. */
static bool
is_new_visit(struct prober *p, const struct view *v)
{
	uint64_t slot = (uint64_t)(v->s->start.ns / (SLOT_S * NS_PER_S));
	uint64_t key = detect_mix(network_of(v), slot);

	for (unsigned i = 0; i < NETS; i++)
		if (p->net[i] == key)
			return false;
	for (unsigned i = NETS - 1; i > 0; i--) {
		p->net[i] = p->net[i - 1];
		p->session[i] = p->session[i - 1];
	}
	p->net[0] = key;
	p->session[0] = v->s->id;
	return true;
}

static void
note_day(struct prober *p, const struct view *v)
{
	int64_t day = v->s->start.ns / (86400 * NS_PER_S);

	if (day != p->day) {
		p->day = day;
		p->days++;
		p->today = 0;
	}
	p->today++;
	p->visits++;
}

/* Of visits without use: what users ask for says nothing about a prober of the same program. */
static void
note_sizes(struct prober *p, const struct view *v)
{
	for (uint32_t i = 0; i < v->until && i < v->s->exchange_count; i++) {
		p->requests |= size_bit(v->s->exchange[i].request, SHAPE_STEP);
		p->answers |= size_bit(v->s->exchange[i].response, SHAPE_STEP);
	}
}

static void
note_visit(struct prober *p, const struct view *v)
{
	int32_t gain = is_use(v) ? -SCORE_USE : v->visit->requests ? SCORE_IDLE + SCORE_NEW : 0;

	if (p->today > DAILY_MAX)
		p->busy = p->day + 1;
	p->score = p->busy && p->day - p->busy < BUSY_DAYS ? 0 : p->score + gain;
	p->score = p->score < 0 ? 0 : p->score > SCORE_MAX ? SCORE_MAX : p->score;
}

static bool
is_probing(const struct detect *d, const struct prober *p, struct when t)
{
	return p->score >= SCORE_ENOUGH && p->days >= DAYS_MIN && set_count(p->requests) >= SHAPES &&
	       set_count(p->answers) >= SHAPES &&
	       (p->told.ns == 0 || when_since(t, p->told) > d->param[PARAM_slow_probe_again] * NS_PER_S);
}

static void
report(struct detect *d, const struct view *v, struct prober *p)
{
	struct finding f;

	p->told = v->s->time;
	finding_begin(&f, v, DETECTOR_slow_probe);
	f.confidence = 40;
	finding_number(&f, "visits", "visits", p->visits);
	finding_number(&f, "days", "days", p->days);
	finding_number(&f, "duration", "s", when_since(v->s->time, p->first) / NS_PER_S);
	finding_number(&f, "likelihood", "bits", p->score / BITS);
	finding_number(&f, "requests", "sizes", set_count(p->requests));
	finding_weigh(&f, "visits without use (bits)", (unsigned)(p->score / BITS));
	for (unsigned i = 0; i < NETS; i++)
		finding_session(&f, p->session[i]);
	finding_say(&f,
		    "one client program and TCP stack came {0} times on {1} days within {2}, asked for {4} different "
		    "things and "
		    "never used gateway {t}; the last time from {a}",
		    NULL);
	f.benign = "a checker of links or of malicious addresses; a search engine; a maker's own inventory";
	struct actor a = actor_of(v);

	incident_report(d, &f, &a);
}

/* A use is told by any record, a visit without one only by its end. */
void
probe_judge(struct detect *d, const struct view *v)
{
	struct memory *m = d->state[DETECTOR_slow_probe];
	const struct session *s = v->s;
	struct memory_key key = {.a = s->client_key};
	struct prober *p;
	bool fresh;

	if (s->role != ROLE_INBOUND || s->kind != SESSION_CLOSE || !v->visit || !s->client_key || v->monitor ||
	    v->degraded || s->proto != PROTO_TCP)
		return;
	key.b = detect_mix(tcp_signature(s), s->gateway);
	p = memory_use(m, &key, &fresh);
	if (fresh || when_since(s->start, p->last) > FORGET_S * NS_PER_S)
		*p = (struct prober){.first = s->start};
	p->last = s->start;
	if (!is_use(v))
		note_sizes(p, v);
	if (is_new_visit(p, v)) {
		note_day(p, v);
		note_visit(p, v);
	} else if (is_use(v)) {
		p->score = 0;
	}
	if (p->days >= 2 && p->score > 0)
		memory_keep(m, p);
	if (is_probing(d, p, s->time))
		report(d, v, p);
}
