/*
 * detect: the frame: memory; of each record a view (view.c), all judge it, then all learn.
 *
 * Must not know what any single detector looks for: they come from detect.def.
 */
#include "base/nearest.h"
#include "detect/monitor.h"
#include "detect/statics.h"
#include "detect/visit.h"

#include <string.h>

enum strength { STRONG, WEAK };

enum row {
#define DETECTOR(id, name, ...) ROW_##name,
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
	ROWS
};
_Static_assert(ROWS <= 64, "sets of rows are 64 bits");

const struct detector_info DETECTORS[] = {
#define DETECTOR(id, name, code, attack, severity, strength, calls, needs, share, title, doc, raise, blind)            \
	{id, #name, title, attack, SEVERITY_##severity, (strength) == WEAK, doc, raise, blind},
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
const unsigned DETECTOR_COUNT = sizeof(DETECTORS) / sizeof(DETECTORS[0]);

const struct detect_param DETECT_PARAMS[] = {
#define DETECTOR(...)
#define PARAM(detector, name, value, unit, doc) {#detector, #name, unit, doc, value},
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
const unsigned DETECT_PARAM_COUNT = sizeof(DETECT_PARAMS) / sizeof(DETECT_PARAMS[0]);

const struct detector_info *
detector_by_id(uint16_t id)
{
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (DETECTORS[i].id == id)
			return &DETECTORS[i];
	return NULL;
}

const struct detector_info *
detector_by_name(const char *name)
{
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (strcmp(DETECTORS[i].name, name) == 0)
			return &DETECTORS[i];
	return NULL;
}

const struct detector_info *
detector_nearest(const char *name)
{
	const struct detector_info *nearest = &DETECTORS[0];

	for (unsigned i = 1; i < DETECTOR_COUNT; i++)
		if (text_distance(name, DETECTORS[i].name) < text_distance(name, nearest->name))
			nearest = &DETECTORS[i];
	return nearest;
}

/* Which functions a detector has. */
#define JUDGE(code)             code##_judge, NULL, NULL, NULL
#define JUDGE_LEARN(code)       code##_judge, code##_learn, NULL, NULL
#define JUDGE_PULSE(code)       code##_judge, NULL, code##_pulse, NULL
#define JUDGE_LEARN_PULSE(code) code##_judge, code##_learn, code##_pulse, NULL
#define PULSE(code)             NULL, NULL, code##_pulse, NULL
#define STAY(code)              NULL, NULL, NULL, code##_stay
#define JUDGE_STAY(code)        code##_judge, NULL, NULL, code##_stay

/* What detectors need of a record: most records have nothing for most of them, and are not shown to them. */
enum need {
	ANY = 0,
	IN = 1 << 0,        /* inbound */
	OUT = 1 << 1,       /* outbound */
	CALLS = 1 << 2,     /* outbound, or datagrams */
	NEWS = 1 << 3,      /* exchanges not judged before */
	VISIT = 1 << 4,     /* belongs to one */
	OVER = 1 << 5,      /* the last of its session */
	TALK = 1 << 6,      /* established, or with exchanges */
	SERVED = 1 << 7,    /* the first one established, or with a certificate */
	IDENTITY = 1 << 8,  /* a TLS identity offered or issued */
	LISTS = 1 << 9,     /* there are lists of indicators */
	RISKS = 1 << 10,    /* nDPI saw some */
	TUNNEL = 1 << 11,   /* more packets than a login needs, both ways */
	STRANGER = 1 << 12, /* inbound, by whom nothing is known here */
	RANDOM = 1 << 13    /* a ClientHello with its random */
};
_Static_assert(HALF_NEEDS *HALF_NEEDS > RANDOM, "tables for all needs");

static const struct detector_code {
	uint16_t id, share, needs;
	void *(*init)(struct detect *d, struct carve *c, size_t bytes);
	void (*judge)(struct detect *d, const struct view *v);
	void (*learn)(struct detect *d, const struct view *v);
	void (*pulse)(struct detect *d, const struct pulse *p);
	void (*stay)(struct detect *d, struct visit *w);
} CODE[] = {
#define DETECTOR(id, name, code, attack, severity, strength, calls, needs, share, ...)                                 \
	{id, share, needs, code##_init, calls(code)},
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};

/* Those that need no more of a record than a log of connections has: who called whom, when, how much, which name,
   fingerprint and certificate. */
static bool
fits_imports(const struct detector_code *c)
{
	return c->needs & (OUT | CALLS | LISTS | SERVED) && !(c->needs & RANDOM);
}

bool
detector_judges_imports(const struct detector_info *info)
{
	return fits_imports(&CODE[info - DETECTORS]);
}

bool
detector_pulses(const struct detector_info *info)
{
	return CODE[info - DETECTORS].pulse != NULL;
}

enum {
#define FIELD(id, name, type, group, unit, doc) PLACE_##name,
#include "session/session.def"
#undef FIELD
	PLACES
};

bool
detect_reads(unsigned place)
{
	static const bool READS[PLACES] = {
#define READ(name) [PLACE_##name] = true,
#include "detect/reads.def"
#undef READ
	};

	return place < PLACES && READS[place];
}

/* 256ths of the memory; what is left of 256 is the frame itself and rounding. */
enum {
	SHARES = 256,
	SHARE_RUNNING = 11,
	SHARE_INCIDENTS = 6,
	SHARE_TRAILS = 3,
	SHARE_FAMILIAR = 91,
	SHARE_VISITS = 18,
	SHARE_MONITORS = 1
};
enum {
	SHARE_SUM = SHARE_RUNNING + SHARE_INCIDENTS + SHARE_TRAILS + SHARE_FAMILIAR + SHARE_VISITS + SHARE_MONITORS
#define DETECTOR(id, name, code, attack, severity, strength, calls, needs, share, ...) +share
#define PARAM(...)
#include "detect/detect.def"
#undef DETECTOR
#undef PARAM
};
_Static_assert(SHARE_SUM <= SHARES - 4, "detectors' shares");
_Static_assert(sizeof(struct detect) + RULES_SUPPRESS * 8 + 1024 <= DETECT_MEMORY_MIN / SHARES * 4,
	       "the frame has four shares");

static void
keep(struct detect *d, const struct kept *k)
{
	if (d->kept_count < KEPT_MAX)
		d->kept[d->kept_count++] = *k;
}

void
detect_memory(struct detect *d, struct memory *m, struct carve *c, const struct memory_plan *plan)
{
	struct memory_plan p = *plan;

	p.secret = &d->secret;
	memory_init(m, c, &p);
	keep(d, &(struct kept){.detector = d->making, .version = plan->version, .table = m, .bytes = plan->payload});
}

void *
detect_array(struct detect *d, struct carve *c, size_t bytes, uint16_t version)
{
	void *array = carve_take(c, bytes);

	memset(array, 0, bytes);
	keep(d, &(struct kept){.detector = d->making, .version = version, .array = array, .bytes = bytes});
	return array;
}

/* A public key: what is remembered of a text is compared with what another run remembers. */
void
detect_sound(struct detect *d, bool (*sound)(const void *bytes))
{
	d->kept[d->kept_count - 1].sound = sound;
}

static const struct hash_key PUBLIC_KEY = {UINT64_C(0x6761746577697477), UINT64_C(0x6465746563740001)};

uint64_t
detect_hash(struct text t)
{
	return t.p ? hash_keep(&PUBLIC_KEY, t.p, t.len) : 0;
}

uint64_t
detect_hash_again(struct detect *d, uint64_t said, enum text_of which, struct text t)
{
	uint64_t of = said + which;
	struct known_text *k = &d->texts[of * UINT64_C(0x9e3779b97f4a7c15) >> (64 - KNOWN_TEXT_BITS)];

	if (said == 0 || !t.p)
		return detect_hash(t);
	if (k->said != of)
		*k = (struct known_text){of, detect_hash(t)};
	return k->hash;
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

/* The rows that need nothing beside what a record has: by the lower half of the needs, and by the upper. */
static void
rows_init(struct detect *d)
{
	for (unsigned row = 0; row < ROWS; row++) {
		uint64_t bit = UINT64_C(1) << row;

		d->judging |= CODE[row].judge ? bit : 0;
		d->learning |= CODE[row].learn ? bit : 0;
		d->imports |= fits_imports(&CODE[row]) ? bit : 0;
		for (unsigned met = 0; met < HALF_NEEDS; met++) {
			d->lower[met] |= CODE[row].needs % HALF_NEEDS & ~met ? 0 : bit;
			d->upper[met] |= CODE[row].needs / HALF_NEEDS & ~met ? 0 : bit;
		}
	}
}

void
detect_params(struct detect *d, const struct detect_config *cfg)
{
	d->learn_ns = cfg->learn_ns;
	d->idle_ns = cfg->incident_idle_ns;
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		d->param[i] = bounded(cfg->params ? cfg->params[i] : DETECT_PARAMS[i].value);
}

struct detect *
detect_new(struct carve *c, const struct detect_config *cfg, struct counts *counts)
{
	const size_t share = cfg->memory / SHARES;
	struct carve own;
	struct detect *d;

	if (cfg->memory < DETECT_MEMORY_MIN)
		return NULL;
	own.p = carve_take(c, cfg->memory);
	own.end = own.p + cfg->memory;
	d = carve_take(&own, sizeof(*d));
	*d = (struct detect){
		.secret = memory_secret(&cfg->table), .counts = counts, .only = cfg->only, .now = {INT64_MIN}};
	detect_params(d, cfg);
	d->suppressed = carve_take(&own, RULES_SUPPRESS * sizeof(*d->suppressed));
	memset(d->suppressed, 0, RULES_SUPPRESS * sizeof(*d->suppressed));
	const struct {
		struct memory *m;
		uint32_t payload;
		unsigned share;
		bool (*sound)(const void *bytes);
	} tables[] = {{&d->running, running_payload(), SHARE_RUNNING, running_sound},
		      {&d->incidents, incident_payload(), SHARE_INCIDENTS, incident_sound},
		      {&d->trails, trail_payload(), SHARE_TRAILS, trail_sound},
		      {&d->familiars, familiar_payload(), SHARE_FAMILIAR, NULL},
		      {&d->monitors, monitor_payload(), SHARE_MONITORS, NULL}};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		detect_memory(d, tables[i].m, &own,
			      &(struct memory_plan){.bytes = share * tables[i].share, .payload = tables[i].payload});
		detect_sound(d, tables[i].sound);
	}
	visit_init(d, &own, share * SHARE_VISITS);
	rows_init(d);
	for (unsigned i = 0; i < DETECTOR_COUNT; i++) {
		d->making = CODE[i].id;
		d->state[CODE[i].id] = CODE[i].init(d, &own, share * CODE[i].share);
	}
	return d;
}

void
detect_indicators(struct detect *d, const struct indicators *i)
{
	d->indicators = i;
}

/* Visits that went on some minutes ago are told to those who judge a stay as a whole. */
static void
tell_stays(struct detect *d)
{
	struct visit *w;

	while (memory_count(&d->stays) && (w = visit_due(d)) != NULL) {
		for (unsigned i = 0; i < DETECTOR_COUNT; i++)
			if (CODE[i].stay)
				CODE[i].stay(d, w);
		familiar_stay(d, w);
	}
	visits_pass(d);
}

static void
time_passes(struct detect *d, struct when now)
{
	if (when_before(d->now, now))
		d->now = now;
	incident_idle(d, d->now);
	tell_stays(d);
}

static bool
gateway_known(uint8_t gateway)
{
	return gateway > 0 && gateway <= GATEWAYS_MAX;
}

static unsigned
needs_met_by(const struct session *s)
{
	return (s->role == ROLE_INBOUND ? IN : 0) | (s->role == ROLE_OUTBOUND ? OUT | CALLS : 0) |
	       (s->proto != PROTO_TCP ? CALLS : 0) | (s->kind == SESSION_CLOSE ? OVER : 0) |
	       (s->established || s->exchanges ? TALK : 0) | (s->id_offered || s->id_issued ? IDENTITY : 0) |
	       (s->ndpi_risks ? RISKS : 0) | (s->client_random ? RANDOM : 0);
}

static unsigned
needs_met(const struct detect *d, const struct view *v)
{
	return needs_met_by(v->s) | (v->from < v->until ? NEWS : 0) | (v->visit ? VISIT : 0) |
	       (v->first_established || v->first_cert ? SERVED : 0) | (d->indicators ? LISTS : 0) |
	       (v->tunnelled ? TUNNEL : 0) |
	       (v->s->role == ROLE_INBOUND && !v->hidden && !v->familiar && !v->monitor ? STRANGER : 0);
}

bool
detector_fed(const struct detector_info *info, const struct session *s)
{
	unsigned met = needs_met_by(s) | LISTS | RISKS | (s->role == ROLE_INBOUND ? STRANGER : 0) |
		       (s->exchanges ? NEWS : 0) | (s->client_hello ? VISIT : 0) | (s->established ? SERVED : 0) |
		       (s->established && s->packets_in ? TUNNEL : 0);

	return s->gateway && !(CODE[info - DETECTORS].needs & ~met) && (!s->lacks || detector_judges_imports(info));
}

/* The detectors that the record has something for: a set of rows. */
static uint64_t
rows_for(const struct detect *d, const struct view *v)
{
	unsigned met = needs_met(d, v);

	return d->lower[met % HALF_NEEDS] & d->upper[met / HALF_NEEDS] & (v->s->lacks ? d->imports : ~UINT64_C(0));
}

/* The first of a set, taken out. */
static unsigned
row_take(uint64_t *rows)
{
	unsigned row = (unsigned)__builtin_ctzll(*rows);

	*rows &= *rows - 1;
	return row;
}

void
detect_session(struct detect *d, const struct session *s, const struct detect_sink *to)
{
	struct view v = {.s = s};
	struct turn room[TURNS_MOST];
	uint64_t rows;

	d->to = to;
	if (!gateway_known(s->gateway))
		return;
	time_passes(d, s->time);
	d->session = s;
	view_make(d, &v, room);
	rows = rows_for(d, &v);
	for (uint64_t left = rows & d->judging; left;)
		CODE[row_take(&left)].judge(d, &v);
	if (!v.degraded && !v.suspect) {
		for (uint64_t left = rows & d->learning; left;)
			CODE[row_take(&left)].learn(d, &v);
		familiar_learn(d, &v);
	}
	d->session = NULL;
}

void
detect_pulse(struct detect *d, const struct pulse *p, const struct detect_sink *to)
{
	d->to = to;
	if (!gateway_known(p->gateway))
		return;
	time_passes(d, p->time);
	gate_seen(d, p->gateway, when_add(p->time, -PULSE_S * NS_PER_S));
	seen_add(d, p);
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (CODE[i].pulse)
			CODE[i].pulse(d, p);
}

void
detect_idle(struct detect *d, struct when now, const struct detect_sink *to)
{
	d->to = to;
	incident_idle(d, now);
}

struct when
detect_due(const struct detect *d)
{
	return incident_due(d);
}
