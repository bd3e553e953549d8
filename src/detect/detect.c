/*
 * detect: the frame: memory, the view of a record, all judge, then all learn.
 *
 * Must not know what any single detector looks for: they come from detect.def.
 */
#include "detect/frame.h"

#include <string.h>

const struct detector_info DETECTORS[] = {
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind)                                           \
	{id, #name, title, attack, SEVERITY_##severity, doc, blind},
#define PARAM(detector, name, value, unit, doc)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
const unsigned DETECTOR_COUNT = sizeof(DETECTORS) / sizeof(DETECTORS[0]);

const struct detect_param DETECT_PARAMS[] = {
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind)
#define PARAM(detector, name, value, unit, doc) {#detector, #name, unit, doc, value},
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
const unsigned DETECT_PARAM_COUNT = sizeof(DETECT_PARAMS) / sizeof(DETECT_PARAMS[0]);

static const struct detector_code {
	uint16_t id, share;
	void *(*init)(const struct detect *d, struct carve *c, size_t bytes);
	void (*judge)(struct detect *d, const struct view *v);
	void (*learn)(struct detect *d, const struct view *v);
} CODE[] = {
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind)                                           \
	{id, share, code##_init, code##_judge, code##_learn},
#define PARAM(detector, name, value, unit, doc)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};

/* 64ths of the memory; what is left of 64 is the frame itself and rounding. */
enum { SHARES = 64, SHARE_RUNNING = 4, SHARE_INCIDENTS = 1, SHARE_FAMILIAR = 8 };
enum {
	SHARE_SUM = SHARE_RUNNING + SHARE_INCIDENTS + SHARE_FAMILIAR
#define DETECTOR(id, name, code, attack, severity, share, title, doc, blind) +share
#define PARAM(detector, name, value, unit, doc)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
enum { MEMORY_MIN = 256 * 1024 };
_Static_assert(SHARE_SUM <= SHARES - 2, "detectors' shares");
_Static_assert(sizeof(struct detect) + 1024 <= MEMORY_MIN / SHARES * 2, "the frame has two shares");

/* Of a session that is not over. */
struct running {
	uint32_t judged;        /* exchanges */
	bool established, cert; /* were seen */
};

void
detect_memory(const struct detect *d, struct memory *m, struct carve *c, const struct memory_plan *plan)
{
	struct memory_plan p = *plan;

	p.key = d->table;
	memory_init(m, c, &p);
}

uint64_t
detect_hash(const struct detect *d, struct text t)
{
	return t.p ? hash_fast(&d->table, t.p, t.len) : 0;
}

struct addr
detect_net(const struct addr *a, unsigned v4, unsigned v6)
{
	return addr_prefix(a, addr_is_v4(a) ? 96 + v4 : v6);
}

/* No parameter makes sense at 0 or beyond 31 bits, and none shall divide by 0 or overflow in nanoseconds. */
static int64_t
bounded(int64_t v)
{
	return v < 1 ? 1 : v > INT32_MAX ? INT32_MAX : v;
}

struct detect *
detect_new(struct carve *c, const struct detect_config *cfg, struct counts *counts)
{
	const size_t share = cfg->memory / SHARES;
	struct carve own;
	struct detect *d;

	if (cfg->memory < MEMORY_MIN)
		return NULL;
	own.p = carve_take(c, cfg->memory);
	own.end = own.p + cfg->memory;
	d = carve_take(&own, sizeof(*d));
	*d = (struct detect){.learn_ns = cfg->learn_ns,
			     .idle_ns = cfg->incident_idle_ns,
			     .table = cfg->table,
			     .counts = counts,
			     .now = {INT64_MIN}};
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		d->param[i] = bounded(cfg->params ? cfg->params[i] : DETECT_PARAMS[i].value);
	detect_memory(d, &d->running, &own,
		      &(struct memory_plan){.bytes = share * SHARE_RUNNING, .payload = sizeof(struct running)});
	detect_memory(d, &d->incidents, &own,
		      &(struct memory_plan){.bytes = share * SHARE_INCIDENTS, .payload = incident_payload()});
	detect_memory(d, &d->familiars, &own,
		      &(struct memory_plan){.bytes = share * SHARE_FAMILIAR, .payload = familiar_payload()});
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		d->state[CODE[i].id] = CODE[i].init(d, &own, share * CODE[i].share);
	return d;
}

void
detect_indicators(struct detect *d, const struct indicators *i)
{
	d->indicators = i;
}

/* The last exchange of a session that goes on may still grow. */
static uint32_t
finished(const struct session *s)
{
	return s->kind == SESSION_CLOSE || s->exchanges == 0 ? s->exchanges : s->exchanges - 1;
}

/* What is new in this record; remembers it when another one will come. */
static void
view_exchanges(struct detect *d, struct view *v)
{
	const struct memory_key key = {.a = v->s->id};
	struct running *r = memory_find(&d->running, &key);

	v->first = r == NULL;
	v->first_established = v->s->established && !(r && r->established);
	v->first_cert = v->s->cert_sha256.p && !(r && r->cert);
	v->from = r ? r->judged : 0;
	v->until = finished(v->s);
	if (v->from > v->until)
		v->from = v->until;
	if (v->s->kind == SESSION_CLOSE) {
		if (r)
			memory_drop(&d->running, r);
		return;
	}
	r = memory_use(&d->running, &key, &(bool){false});
	*r = (struct running){v->until, v->s->established, v->s->cert_sha256.p != NULL};
}

static struct site *
site_seen(struct detect *d, uint8_t gateway, struct when t)
{
	struct site *site = &d->site[gateway];

	if (!site->seen || when_before(t, site->first))
		site->first = t;
	site->seen = true;
	return site;
}

static void
time_passes(struct detect *d, struct when now)
{
	if (when_before(d->now, now))
		d->now = now;
	incident_idle(d, d->now);
}

void
detect_session(struct detect *d, const struct session *s, const struct detect_sink *to)
{
	struct view v = {.s = s};
	static const struct addr none;

	d->to = to;
	if (s->gateway == 0)
		return;
	d->session = s;
	time_passes(d, s->time);
	v.client = addr_same(&s->actor, &none) ? s->src : s->actor;
	v.known_ns = when_since(s->time, site_seen(d, s->gateway, s->start)->first);
	v.learning = v.known_ns < d->learn_ns;
	view_exchanges(d, &v);
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		CODE[i].judge(d, &v);
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		CODE[i].learn(d, &v);
	familiar_learn(d, &v);
	d->session = NULL;
}

void
detect_pulse(struct detect *d, const struct pulse *p, const struct detect_sink *to)
{
	d->to = to;
	if (p->gateway == 0)
		return;
	time_passes(d, p->time);
	site_seen(d, p->gateway, when_add(p->time, -PULSE_S * NS_PER_S));
}

void
detect_idle(struct detect *d, struct when now, const struct detect_sink *to)
{
	d->to = to;
	incident_idle(d, now);
}
