/*
 * page_change: one object of the portal is replaced by a larger one, and everything else stays.
 *
 *	before	a b c d e		a b c d e
 *	after	a b C d e  tampering	A B C D E  an upgrade, a theme, a new cookie: silent
 *
 * A page that collects passwords is somewhat larger than the one it replaces, is fetched by as many, and the old
 * one is fetched by nobody from then on.  It owns the memory of static sizes.
 */
#include "detect/statics.h"

enum {
	ALIVE_MIN = 3,      /* objects that stayed, at least */
	GONE_MAX = 2,       /* a changed script changes the size of the page that names it, too */
	SAME_S = 86400,     /* what appeared so short before belongs to it */
	GONE_S = 7 * 86400, /* fetched until so long before the new one */
	MARKER_S = 86400,   /* an outage or a new certificate so short before: an upgrade */
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
	struct static_size *gone; /* the nearest in size that went */
	unsigned networks;        /* that fetched the new one */
	unsigned most;            /* networks of the object that most fetch */
	unsigned went, came, stayed;
};

static unsigned
networks_of(const struct static_size *e)
{
	return network_count(e->days[0] | e->days[1]);
}

/* Jitter spreads an object over neighbouring steps: below and above, NULL: none worth the name. */
static struct static_size *
beside(const struct statics *s, const struct static_size *e, int steps)
{
	struct static_size *o = statics_find(s, e->gateway, e->bytes + (uint32_t)(steps * STATIC_STEP));

	return o && networks_of(o) * 8 >= networks_of(e) ? o : NULL;
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

static bool
is_object(const struct detect *d, const struct static_size *e)
{
	return e->is_static && e->active >= d->param[PARAM_page_change_stable];
}

/* Would it have been fetched since, at its rank? */
static bool
is_missed(const struct detect *d, const struct change *c, const struct static_size *e)
{
	return (uint64_t)c->networks * networks_of(e) * 4 >=
	       3 * (uint64_t)c->most * (uint64_t)d->param[PARAM_page_change_networks];
}

static void
change_note(const struct detect *d, const struct statics *s, struct change *c, struct static_size *e)
{
	const struct static_size *f = c->fresh;

	if (e->bytes == 0 || e->gateway != f->gateway || networks_of(e) * 2 < c->networks)
		return;
	if (is_fresh(e, f)) {
		c->came += is_head(s, e) && is_all(is_fresh, s, e, f);
		return;
	}
	if (!is_object(d, e))
		return;
	if (!is_all(is_gone, s, e, f)) {
		c->stayed += is_head(s, e);
		return;
	}
	if (f->began - e->last[STATIC_STRAYS] > GONE_S)
		return;
	c->went += is_head(s, e);
	if (could_become(d, e, f) && is_missed(d, c, e) && (!c->gone || e->bytes > c->gone->bytes))
		c->gone = e;
}

/* What is replaced once more by the steps of the same new object is told already. */
static void
change_forget(const struct statics *s, struct static_size *gone)
{
	for (int steps = -2; steps <= 2; steps++) {
		struct static_size *o = statics_find(s, gone->gateway, gone->bytes + (uint32_t)(steps * STATIC_STEP));

		if (o)
			o->active = 0;
	}
}

static void
page_change_report(struct detect *d, const struct view *v, const struct change *c)
{
	const struct static_size *f = c->fresh, *o = c->gone;
	bool marker = trace_of(d, f->gateway, DETECTOR_server_identity, d->now, MARKER_S) ||
		      trace_of(d, f->gateway, DETECTOR_outage, d->now, MARKER_S);
	struct finding n;

	finding_begin_gateway(&n, d, DETECTOR_page_change, f->gateway);
	n.target_port = n.actor_port = v->s->dest_port;
	n.proto = v->s->proto;
	if (n.learning)
		n.severity = SEVERITY_INFO;
	else if (marker || o->changes)
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

static void
look(struct detect *d, const struct view *v, struct static_size *fresh)
{
	struct statics *s = d->state[DETECTOR_page_change];
	struct change c = {.fresh = fresh, .networks = networks_of(fresh)};
	uint32_t n = s->sets * STATIC_WAYS;

	if (!is_all(is_fresh, s, fresh, fresh))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (s->size[i].gateway == fresh->gateway && is_object(d, &s->size[i]))
			c.most = most(c.most, networks_of(&s->size[i]));
	for (uint32_t i = 0; i < n; i++)
		change_note(d, s, &c, &s->size[i]);
	if (!c.gone || c.went > GONE_MAX || c.came > GONE_MAX || c.stayed < ALIVE_MIN || c.went * 3 > c.stayed)
		return;
	page_change_report(d, v, &c);
	fresh->changes = (uint8_t)least(c.gone->changes + 1u, UINT8_MAX);
	fresh->asked = UINT8_MAX; /* told */
	change_forget(s, c.gone);
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
	if (fresh->gateway == v->s->gateway && fresh->bytes)
		look(d, v, fresh);
}

void
page_change_learn(struct detect *d, const struct view *v)
{
	statics_learn(d->state[DETECTOR_page_change], v, (unsigned)d->param[PARAM_page_change_networks]);
}
