/*
 * page_change: one object of the portal is replaced by a larger one, and everything else stays.
 *
 *	before	a b c d e		a b c d e
 *	after	a b C d e  tampering	A B C D E  an upgrade, a theme, a new cookie: silent
 *
 * A page that collects passwords is somewhat larger than the one it replaces, is fetched by as many, and the old
 * one is fetched by nobody from then on.  It owns the memory of static sizes.
 *
 * Where objects stay in browsers for days, everybody fetches the new one once, and nobody the others.  Then only
 * newcomers, who load all that is left, tell which object it replaced: it went when three times they fetched others
 * that were as seldom, and not it.  Until then the new object alone is noted.
 */
#include "detect/statics.h"

enum {
	ALIVE_MIN = 3,      /* objects that stayed, at least */
	GONE_MAX = 2,       /* a changed script changes the size of the page that names it, too */
	SAME_S = 86400,     /* what appeared so short before belongs to it */
	GONE_S = 7 * 86400, /* fetched until so long before the new one */
	MARKER_S = 86400,   /* an outage or a new certificate so short before: an upgrade */
	SET_BITS = 64,
	NEWS_MAX = 3, /* new objects in a month or two: more, and they are usual here */
	ANNOUNCED = 1 << FACT_PATCHED | 1 << FACT_UPGRADE
};

void *
page_change_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct statics *s = carve_take(c, sizeof(*s));

	statics_init(d, s, c, bytes - sizeof(*s) - 64);
	return s;
}

/* Around one new size: what went, what came, what stayed. */
struct change {
	const struct static_size *fresh;
	struct static_size *gone;   /* the nearest in size that went */
	unsigned networks;          /* that fetched the new one */
	unsigned most;              /* networks of the object that most fetch */
	unsigned most_since;        /* of these those since the day on which the new one appeared */
	unsigned today, today_most; /* and both of today only: who came before it appeared says nothing of it */
	unsigned went, came, stayed;
	unsigned objects; /* known ones */
	unsigned regular; /* that went, and were fetched until the day before */
	unsigned unknown; /* of which nothing was heard for longer */
	unsigned could;   /* of these, that it may have been */
	uint64_t back;    /* networks that fetched the new one: what they fetched before and what since is one */
	/* objects that stayed, by how many other networks (bits) fetched them in two days */
	uint16_t alive[SET_BITS + 1];
	bool seldom; /* objects lie in browsers: only newcomers tell what went */
};

static const int32_t ANY_DAY = INT32_MIN;

/* Of its last two days, and not before that one. */
static uint64_t
fetched(const struct static_size *e, int32_t since)
{
	return (e->day >= since ? e->days[0] : 0) | (e->day > since ? e->days[1] : 0);
}

/* Jitter spreads an object over neighbouring steps: below and above, NULL: none worth the name. */
static struct static_size *
beside(const struct statics *s, const struct static_size *e, int steps)
{
	struct static_size *o = statics_find(s, e->gateway, e->bytes + (uint32_t)(steps * STATIC_STEP));

	return o && network_count(fetched(o, ANY_DAY)) * 8 >= network_count(fetched(e, ANY_DAY)) ? o : NULL;
}

/* The same of all its steps: one of two halves looks as seldom as what only newcomers fetch. */
static uint64_t
fetched_all(const struct statics *s, const struct static_size *e, int32_t since)
{
	uint64_t by = 0;

	for (int steps = -2; steps <= 2; steps++) {
		const struct static_size *o = steps ? beside(s, e, steps) : e;

		by |= o ? fetched(o, since) : 0;
	}
	return by;
}

static unsigned
networks_of(const struct statics *s, const struct static_size *e)
{
	return network_count(fetched_all(s, e, ANY_DAY));
}

static unsigned
networks_since(const struct statics *s, const struct static_size *e, uint32_t began)
{
	return network_count(fetched_all(s, e, (int32_t)(began / 86400)));
}

static unsigned
networks_today(const struct detect *d, const struct statics *s, const struct static_size *e)
{
	return network_count(fetched_all(s, e, (int32_t)(d->now.ns / (86400 * NS_PER_S))));
}

/* The steps of one object share its fate; the lowest of them counts. */
static bool
is_head(const struct statics *s, const struct static_size *e)
{
	return !beside(s, e, -1);
}

static bool
is_fresh(const struct static_size *e, const struct static_size *f)
{
	return e->began + SAME_S >= f->began;
}

static bool
is_gone(const struct static_size *e, const struct static_size *f)
{
	return e->last[STATIC_STRAYS] < f->began;
}

/* All of the object's steps. */
static bool
is_all(bool (*what)(const struct static_size *e, const struct static_size *f), const struct statics *s,
       const struct static_size *e, const struct static_size *f)
{
	for (int steps = -2; steps <= 2; steps++) {
		const struct static_size *o = steps ? beside(s, e, steps) : e;

		if (o && !what(o, f))
			return false;
	}
	return true;
}

static bool
could_become(const struct detect *d, const struct static_size *o, const struct static_size *fresh)
{
	return fresh->bytes >= o->bytes + d->param[PARAM_page_change_growth_min] &&
	       fresh->bytes <= o->bytes + d->param[PARAM_page_change_growth_max];
}

/* While the gateway is known for fewer days, nothing can have been fetched on so many. */
static bool
may_have_objects(const struct detect *d, uint8_t gateway)
{
	int64_t days = when_since(d->now, d->gate[gateway].first) / (86400 * NS_PER_S);

	return days + 2 >= d->param[PARAM_page_change_stable];
}

static bool
is_object(const struct detect *d, const struct static_size *e)
{
	return e->is_static && e->active >= d->param[PARAM_page_change_stable];
}

/* Would it have been fetched since, at its rank? */
static bool
is_missed(const struct detect *d, const struct statics *s, const struct change *c, const struct static_size *e)
{
	return (uint64_t)c->networks * networks_of(s, e) * 4 >=
	       3 * (uint64_t)c->most * (uint64_t)d->param[PARAM_page_change_networks];
}

/* In its last two days; while these are days of the change, before it: the old object is counted until then only, and every
   other one would soon seem to be fetched by far more. */
static unsigned
seldom_as(const struct statics *s, const struct change *c, const struct static_size *e)
{
	return set_count(fetched_all(s, e, ANY_DAY) & ~c->back);
}

/* Objects as seldom as this one were fetched meanwhile: by newcomers, who would have fetched it, too. */
static bool
is_missed_by_newcomers(const struct statics *s, const struct change *c, const struct static_size *e)
{
	enum { MORE = 3 };
	unsigned bits = seldom_as(s, c, e), more = MORE * set_count(~c->back) / SET_BITS, peers = 0;

	for (unsigned i = 0; i <= SET_BITS && i <= bits * 2 + more; i++)
		peers += c->alive[i];
	return peers >= ALIVE_MIN;
}

static bool
has_rank(const struct statics *s, const struct change *c, const struct static_size *e)
{
	return networks_of(s, e) * 2 >= c->networks;
}

/* First pass: who most fetch, and what is still fetched. */
static void
change_survey(const struct detect *d, const struct statics *s, struct change *c, const struct static_size *e)
{
	if (!is_object(d, e))
		return;
	c->most = most(c->most, networks_of(s, e));
	c->most_since = most(c->most_since, networks_since(s, e, c->fresh->began));
	c->today_most = most(c->today_most, networks_today(d, s, e));
	if (is_fresh(e, c->fresh) || !is_head(s, e))
		return;
	c->objects++;
	if (!is_all(is_gone, s, e, c->fresh))
		c->alive[seldom_as(s, c, e)]++;
}

/* Second pass. */
static void
change_note(const struct detect *d, const struct statics *s, struct change *c, struct static_size *e)
{
	const struct static_size *f = c->fresh;
	bool ranks = has_rank(s, c, e), regular, by_newcomers;

	if (is_fresh(e, f)) {
		c->came += ranks && is_head(s, e) && is_all(is_fresh, s, e, f);
		return;
	}
	if (!is_object(d, e))
		return;
	if (!is_all(is_gone, s, e, f)) {
		c->stayed += ranks && is_head(s, e);
		return;
	}
	if (f->began - e->last[STATIC_STRAYS] > GONE_S)
		return;
	regular = ranks && f->began - e->last[STATIC_STRAYS] <= SAME_S;
	c->regular += regular;
	c->unknown += !regular && is_head(s, e);
	c->could += !regular && could_become(d, e, f);
	by_newcomers = !ranks && is_missed_by_newcomers(s, c, e);
	if (!ranks && !by_newcomers)
		return;
	if (!could_become(d, e, f) || (c->gone && e->bytes <= c->gone->bytes) || (ranks && !is_missed(d, s, c, e)))
		return;
	c->gone = e;
	c->seldom = by_newcomers;
}

/* Third pass: what went as well as the one that was replaced; that somebody's own few bytes were not fetched again
   means nothing. */
static void
change_count(const struct detect *d, const struct statics *s, struct change *c, const struct static_size *e)
{
	const struct static_size *f = c->fresh;

	if (is_fresh(e, f) || !is_object(d, e) || !is_head(s, e) || !is_all(is_gone, s, e, f) ||
	    f->began - e->last[STATIC_STRAYS] > GONE_S)
		return;
	c->went += (has_rank(s, c, e) || is_missed_by_newcomers(s, c, e)) &&
		   networks_of(s, e) * 2 >= networks_of(s, c->gone);
}

/* All steps of both are told of. */
static void
change_told(const struct statics *s, struct static_size *gone, struct static_size *fresh)
{
	for (int steps = -2; steps <= 2; steps++) {
		uint32_t apart = (uint32_t)(steps * STATIC_STEP);
		struct static_size *o = statics_find(s, gone->gateway, gone->bytes + apart);
		struct static_size *n = statics_find(s, fresh->gateway, fresh->bytes + apart);

		if (o)
			o->active = 0;
		if (n && is_fresh(n, fresh))
			n->asked = STATIC_TOLD;
	}
	fresh->asked = STATIC_TOLD;
}

/* An upgrade, or what looks like one. */
static bool
is_marked(const struct detect *d, uint8_t gateway)
{
	return trace_of(d, gateway, DETECTOR_server_identity, d->now, MARKER_S) ||
	       trace_of(d, gateway, DETECTOR_outage, d->now, MARKER_S);
}

static void
page_change_report(struct detect *d, const struct view *v, const struct change *c)
{
	const struct static_size *f = c->fresh, *o = c->gone;
	struct finding n;

	finding_begin_gateway(&n, d, DETECTOR_page_change, f->gateway);
	n.target_port = n.actor_port = v->s->dest_port;
	n.proto = v->s->proto;
	if (n.learning)
		n.severity = SEVERITY_INFO;
	else if (is_marked(d, f->gateway) || o->changes)
		n.severity = SEVERITY_LOW;
	n.confidence = c->stayed >= 2 * ALIVE_MIN ? 75 : 60;
	finding_number(&n, "bytes_before", "bytes", o->bytes);
	finding_number(&n, "bytes_after", "bytes", f->bytes);
	finding_number(&n, "grown", "bytes", (int64_t)f->bytes - o->bytes);
	finding_number(&n, "networks", "networks", c->networks);
	finding_number(&n, "days_before", "days", o->active);
	finding_number(&n, "unchanged", "objects", c->stayed);
	finding_number(&n, "since", "s", d->now.ns / NS_PER_S - f->began);
	finding_weigh(&n, "one object changed, the others did not", 40);
	finding_weigh(&n, "the old one is fetched by nobody any more", 25);
	finding_weigh(&n, "it was the same on many days", least(o->active, 20));
	finding_session(&n, v->s->id);
	finding_say(&n,
		    "an object of the portal of {t} that was {0} on {4} days is {1} for {6}: {3} networks fetched it, "
		    "none the old one; {5} other objects did not change",
		    NULL);
	n.benign = "an administrator edited one page or script; a hotfix that replaces one file";
	finding_expected(d, &n, ANNOUNCED);
	incident_report(d, &n, &(struct actor){0});
}

/* All that is sure yet: almost everybody fetches something new, and what else the page has is not fetched. */
static bool
is_news(const struct change *c)
{
	enum { NETWORKS = 15 };
	bool most_do = c->networks >= NETWORKS && c->networks * 2 >= c->most_since;

	most_do |= c->today >= NETWORKS && c->today * 2 >= c->today_most;
	if (c->fresh->asked >= STATIC_NOTED || !most_do)
		return false;
	return c->regular == 0 && c->came <= GONE_MAX && c->could && c->objects >= ALIVE_MIN &&
	       (c->could == 1 || c->unknown * 3 >= c->objects);
}

static void
page_news(struct detect *d, const struct view *v, struct static_size *fresh, const struct change *c)
{
	struct statics *s = d->state[DETECTOR_page_change];
	struct static_gate *g = &s->gate[fresh->gateway];
	struct finding n;

	fresh->asked = STATIC_NOTED;
	g->fresh = (uint32_t)(fresh - s->size) + 1;
	if (g->news++ >= NEWS_MAX)
		return;
	finding_begin_gateway(&n, d, DETECTOR_page_change, fresh->gateway);
	n.target_port = n.actor_port = v->s->dest_port;
	n.proto = v->s->proto;
	n.severity = n.learning || is_marked(d, fresh->gateway) ? SEVERITY_INFO : SEVERITY_LOW;
	n.confidence = 40;
	finding_number(&n, "bytes", "bytes", fresh->bytes);
	finding_number(&n, "networks", "networks", c->networks);
	finding_number(&n, "networks_most", "networks", c->most_since);
	finding_number(&n, "objects", "objects", c->objects);
	finding_number(&n, "since", "s", d->now.ns / NS_PER_S - fresh->began);
	finding_weigh(&n, "almost everybody fetches it", 30);
	finding_session(&n, v->s->id);
	finding_say(&n,
		    "the portal of {t} has something new of {0} for {4}: {1} networks fetched it, where {2} fetch what "
		    "most fetch; whether it replaces one of {3} objects newcomers will tell",
		    NULL);
	n.benign = "an administrator added or edited an object";
	finding_expected(d, &n, ANNOUNCED);
	incident_report(d, &n, &(struct actor){0});
}

/* Fetched by those who load the page, in all its steps; a spray gets one size as well, and nothing else. */
static bool
is_visitors(const struct statics *s, const struct static_size *fresh)
{
	unsigned visitors = 0, networks = 0;

	for (int steps = -2; steps <= 2; steps++) {
		const struct static_size *e = steps ? beside(s, fresh, steps) : fresh;

		visitors += e ? e->visitors : 0;
		networks += e ? network_count(fetched(e, ANY_DAY)) : 0;
	}
	return visitors >= UINT8_MAX || visitors * 2 >= networks;
}

/* Those of the day of the change and of the next; 0: it is longer ago. */
static uint64_t
back_since(const struct detect *d, const struct statics *s, const struct static_size *fresh)
{
	int64_t days = d->now.ns / (86400 * NS_PER_S) - fresh->began / 86400;

	return days <= 1 ? fetched_all(s, fresh, ANY_DAY) : 0;
}

static void
look(struct detect *d, const struct view *v, struct static_size *fresh)
{
	struct statics *s = d->state[DETECTOR_page_change];
	struct change c = {.fresh = fresh,
			   .networks = networks_of(s, fresh),
			   .today = networks_today(d, s, fresh),
			   .back = back_since(d, s, fresh)};
	struct static_size *e;
	bool replaced;

	if (fresh->asked == STATIC_TOLD || !is_visitors(s, fresh) || !is_all(is_fresh, s, fresh, fresh))
		return;
	for (e = NULL; (e = statics_next(s, fresh->gateway, e)) != NULL;)
		change_survey(d, s, &c, e);
	if (c.most == 0)
		return; /* there is no object yet */
	for (e = NULL; (e = statics_next(s, fresh->gateway, e)) != NULL;)
		change_note(d, s, &c, e);
	for (e = NULL; c.gone && (e = statics_next(s, fresh->gateway, e)) != NULL;)
		change_count(d, s, &c, e);
	if (c.seldom)
		c.stayed = c.objects - c.went;
	replaced =
		c.gone && c.went <= GONE_MAX && c.came <= GONE_MAX && c.stayed >= ALIVE_MIN && c.went * 3 <= c.stayed;
	if (replaced) {
		page_change_report(d, v, &c);
		fresh->changes = (uint8_t)least(c.gone->changes + 1u, UINT8_MAX);
		change_told(s, c.gone, fresh);
	} else if (is_news(&c)) {
		page_news(d, v, fresh, &c);
	} else if (c.gone && c.came <= GONE_MAX && !s->gate[fresh->gateway].fresh) {
		s->gate[fresh->gateway].fresh = (uint32_t)(fresh - s->size) + 1; /* too few came to tell what went */
	}
}

/* Learning finds the new size; the next record is the occasion to look. */
void
page_change_judge(struct detect *d, const struct view *v)
{
	struct statics *s = d->state[DETECTOR_page_change];
	struct static_gate *g = &s->gate[v->s->gateway];
	struct static_size *fresh = g->pending ? &s->size[(g->pending - 1) % (s->sets * STATIC_WAYS)] : NULL;

	if (!fresh || v->degraded)
		return;
	g->pending = 0;
	if (g->fresh && d->now.ns / NS_PER_S > fresh->began + STATIC_YOUNG_S)
		g->fresh = 0;
	if (fresh->gateway == v->s->gateway && fresh->bytes && may_have_objects(d, fresh->gateway))
		look(d, v, fresh);
}

void
page_change_learn(struct detect *d, const struct view *v)
{
	statics_learn(d->state[DETECTOR_page_change], v, (unsigned)d->param[PARAM_page_change_networks]);
}
