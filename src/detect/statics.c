/*
 * statics: which sizes of answers many clients get.  Must not judge.
 *
 * An array of sets, found by size alone: the same records leave the same array in every run.  In a full set the
 * least recently fetched size goes that is not static.
 */
#include "detect/statics.h"

enum {
	ANSWER_MIN = 96, /* below: redirects of nothing, keystrokes, acknowledgements */
	SPARSE = 65536,  /* so large sizes do not meet by chance: few networks are enough */
	NEEDED_SPARSE = 2,
	SPIKE = 3,       /* a static size has so many times the networks of the sizes around it */
	AROUND_FROM = 2, /* in steps: jitter of the size itself is nearer */
	AROUND_TO = 4,
	LANDING = 64, /* exchanges of a stay; afterwards people work */
	LOOP = 6,     /* exchanges of one shape that are a loop, no visitor */
	EPOCH_DAYS = 30,
	AGE_DAYS = 60,        /* a page nobody fetched for so long is gone */
	AGE_LARGE_DAYS = 400, /* an installer is fetched seldom */
	READY_SIZES = 3,
	NEEDED_MIN = 3,
	NEEDED_MAX = 8
};

void
statics_init(struct detect *d, struct statics *s, struct carve *c, size_t bytes)
{
	size_t gates = (GATEWAYS_MAX + 1) * sizeof(struct static_gate);
	size_t one = STATIC_WAYS * sizeof(struct static_size);

	*s = (struct statics){.sets = (uint32_t)((bytes - gates - 256) / one)};
	s->gate = detect_array(d, c, gates, 2);
	s->size = detect_array(d, c, s->sets * one, 2);
}

uint64_t
network_bit(const struct view *v)
{
	uint64_t own = detect_mix_addr(&v->client) ^ v->s->client_key;

	return v->network_bit ? v->network_bit : UINT64_C(1) << ((network_of(v) & 60) | (own & 3));
}

unsigned
network_count(uint64_t set)
{
	static const uint16_t count[65] = {
		0,  1,  2,  3,  4,  5,  6,  7,   9,   10,  11,  12,  13,  15,  16,  17,  18,  20,  21,  23,  24, 25,
		27, 28, 30, 32, 33, 35, 37, 39,  40,  42,  44,  46,  48,  51,  53,  55,  58,  60,  63,  65,  68, 71,
		74, 78, 81, 85, 89, 93, 97, 102, 107, 113, 119, 126, 133, 142, 151, 163, 177, 196, 222, 266, 300};

	return count[set_count(set)];
}

unsigned
networks_needed(uint64_t all)
{
	unsigned quarter = set_count(all) / 4;

	return quarter < NEEDED_MIN ? NEEDED_MIN : quarter > NEEDED_MAX ? NEEDED_MAX : quarter;
}

/* Neighbours lie far apart (Knuth, TAOCP 6.4, Fibonacci hashing). */
static struct static_size *
set_of(const struct statics *s, uint8_t gateway, uint32_t step)
{
	uint64_t h = ((uint64_t)gateway << 32 | step) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return s->size + (h * s->sets >> 32) * STATIC_WAYS;
}

static struct static_size *
find_step(const struct statics *s, uint8_t gateway, uint32_t step)
{
	struct static_size *e = set_of(s, gateway, step);

	for (unsigned i = 0; i < STATIC_WAYS; i++)
		if (e[i].bytes - step * STATIC_STEP < STATIC_STEP && e[i].bytes && e[i].gateway == gateway)
			return &e[i];
	return NULL;
}

struct static_size *
statics_find(const struct statics *s, uint8_t gateway, uint32_t bytes)
{
	return find_step(s, gateway, bytes / STATIC_STEP);
}

static uint32_t
seconds(struct when t)
{
	return (uint32_t)(t.ns / NS_PER_S);
}

static bool
is_alive(const struct static_size *e, struct when now)
{
	int64_t days = e->bytes >= SPARSE ? AGE_LARGE_DAYS : AGE_DAYS;

	return e->is_static && (int64_t)seconds(now) - e->last[0] <= days * 86400;
}

static const struct statics *
statics_of(const struct detect *d)
{
	return d->state[DETECTOR_page_change];
}

/* Its own step, or the one beside it when the size is nearer than half a step to it. */
bool
static_known(const struct detect *d, uint8_t gateway, uint32_t bytes)
{
	const struct statics *s = statics_of(d);
	uint32_t step = bytes / STATIC_STEP, beside = bytes % STATIC_STEP < STATIC_STEP / 2 ? step - 1 : step + 1;
	const struct static_size *e = find_step(s, gateway, step);

	if (bytes < ANSWER_MIN)
		return false;
	if (e && is_alive(e, d->now))
		return true;
	e = find_step(s, gateway, beside);
	return e && is_alive(e, d->now);
}

bool
statics_ready(const struct detect *d, uint8_t gateway)
{
	return statics_of(d)->gate[gateway].ready;
}

bool
static_larger(const struct detect *d, uint8_t gateway, uint32_t bytes)
{
	const struct statics *s = statics_of(d);

	for (const struct static_size *e = NULL; (e = statics_next(s, gateway, e)) != NULL;)
		if (e->bytes > bytes && is_alive(e, d->now))
			return true;
	return false;
}

bool
static_near(const struct detect *d, uint8_t gateway, uint32_t bytes)
{
	enum { PARTS = 8 };
	const struct statics *s = statics_of(d);

	for (const struct static_size *e = NULL; (e = statics_next(s, gateway, e)) != NULL;) {
		uint32_t apart = most(e->bytes, bytes) - least(e->bytes, bytes);

		if (e->bytes >= SPARSE && apart <= e->bytes / PARTS && is_alive(e, d->now))
			return true;
	}
	return false;
}

/* Sizes of dynamic answers lie everywhere; an object is a peak among them. */
static bool
is_peak(const struct statics *s, const struct static_size *e)
{
	unsigned allowed = network_count(e->days[0] | e->days[1]) * 2 * (AROUND_TO - AROUND_FROM + 1), sum = 0;
	uint32_t step = e->bytes / STATIC_STEP;

	for (uint32_t i = AROUND_FROM; i <= AROUND_TO; i++)
		for (unsigned up = 0; up < 2; up++) {
			const struct static_size *o = find_step(s, e->gateway, up ? step + i : step - i);

			if (o && e->day - o->day <= AGE_DAYS)
				sum += network_count(o->days[0] | o->days[1]);
			if (SPIKE * sum > allowed)
				return false;
		}
	return true;
}

/* A snapshot may bring any number. */
static struct static_gate *
gate_of(struct statics *s, const struct static_size *e)
{
	return &s->gate[e->gateway <= GATEWAYS_MAX ? e->gateway : 0];
}

static void
weigh(struct statics *s, struct static_size *e, unsigned nets, unsigned needed)
{
	struct static_gate *g = gate_of(s, e);
	bool was = e->is_static != 0;
	bool sparse = e->bytes >= SPARSE;

	e->is_static = nets >= (sparse ? NEEDED_SPARSE : needed) && (sparse || is_peak(s, e));
	g->sizes += e->is_static && !was;
	g->sizes -= was && !e->is_static;
	g->ready |= g->sizes >= READY_SIZES;
}

/* A free place, else the oldest that is not static, else the oldest. */
static struct static_size *
place_for(struct statics *s, uint8_t gateway, uint32_t bytes)
{
	struct static_size *e = set_of(s, gateway, bytes / STATIC_STEP), *old = e;

	for (unsigned i = 0; i < STATIC_WAYS; i++) {
		if (e[i].bytes == 0)
			return &e[i];
		if (e[i].is_static != old->is_static ? old->is_static : e[i].last[0] < old->last[0])
			old = &e[i];
	}
	gate_of(s, old)->sizes -= old->is_static != 0;
	s->evicted++;
	return old;
}

static void
days_pass(struct static_size *e, int32_t day)
{
	uint16_t epoch = (uint16_t)(day / EPOCH_DAYS);

	if (day <= e->day)
		return;
	e->days[1] = e->days[0];
	e->days[0] = 0;
	e->day = day;
	e->active = (uint8_t)(e->active + (e->active < UINT8_MAX));
	if (!e->is_static && set_count(e->days[1]) <= STATIC_STRAYS)
		e->began = e->visitors = 0;
	if (epoch > e->epoch) {
		e->nets[1] = e->nets[0];
		e->nets[0] = 0;
		e->epoch = epoch;
	}
}

/* Records come at their ends: times are in no order. */
static void
note_fetch(struct static_size *e, uint32_t at)
{
	for (unsigned i = 0; i <= STATIC_STRAYS; i++)
		if (e->last[i] < at) {
			uint32_t older = e->last[i];

			e->last[i] = at;
			at = older;
		}
}

static struct static_size *
size_use(struct statics *s, uint8_t gateway, const struct turn *t, int32_t day)
{
	struct static_size *e = statics_find(s, gateway, t->answer);

	if (!e) {
		e = place_for(s, gateway, t->answer);
		*e = (struct static_size){.bytes = t->answer,
					  .day = day,
					  .epoch = (uint16_t)(day / EPOCH_DAYS),
					  .active = 1,
					  .gateway = gateway};
	}
	days_pass(e, day);
	return e;
}

/* A new size that many networks fetch: asked again whenever they are half as many again. */
static bool
is_worth_a_look(const struct static_size *e, struct when now, unsigned days, unsigned asked_from)
{
	return (int64_t)seconds(now) - e->began <= STATIC_YOUNG_S && days >= asked_from && 2 * days >= 3u * e->asked;
}

/* Somebody who has nothing of the page yet loads it: what else is fetched no more? */
static void
look_again(struct statics *s, const struct static_size *e, uint32_t before)
{
	struct static_gate *g = gate_of(s, e);
	const struct static_size *fresh = &s->size[(g->fresh - 1) % (s->sets * STATIC_WAYS)];

	if (e->is_static && before < fresh->began && e->last[STATIC_STRAYS] >= fresh->began)
		g->pending = g->fresh;
}

/* So many networks make a size ordinary, and a new one worth a look. */
struct enough {
	unsigned ordinary, look;
};

/* One who loads the page.  Of people who come back most lies in their browsers, and a parallel connection is told of
   before the one that goes on: then nothing else of the visit is known yet. */
static bool
is_visitor(const struct view *v)
{
	return v->familiar || v->visit->phases & PHASE_ASSETS;
}

static void
size_add(struct statics *s, const struct view *v, const struct turn *t, struct enough enough)
{
	uint64_t bit = network_bit(v);
	unsigned nets, days;
	struct static_size *e = size_use(s, v->s->gateway, t, (int32_t)(t->time.ns / (86400 * NS_PER_S)));
	uint32_t before = e->last[STATIC_STRAYS];

	note_fetch(e, seconds(t->time));
	e->visitors = (uint8_t)(e->visitors + (is_visitor(v) && e->visitors < UINT8_MAX));
	if (s->gate[v->s->gateway].fresh)
		look_again(s, e, before);
	if ((e->days[0] & bit) && (e->nets[0] & bit))
		return;
	e->days[0] |= bit;
	e->nets[0] |= bit;
	/* those of its days are among them: where they are few, so are these */
	nets = set_count(e->nets[0] | e->nets[1]);
	days = nets > STATIC_STRAYS || nets >= enough.look ? set_count(e->days[0] | e->days[1]) : nets;
	if (!e->began && days > STATIC_STRAYS)
		e->began = seconds(t->time);
	weigh(s, e, nets, enough.ordinary);
	if (is_worth_a_look(e, t->time, days, enough.look)) {
		e->asked = (uint8_t)days;
		s->gate[e->gateway].pending = (uint32_t)(e - s->size) + 1;
	}
}

/* A visitor in the first part of the stay; no tunnel, nobody who asks for one thing again and again. */
static bool
is_landing(const struct view *v)
{
	const struct session *s = v->s;
	const struct visit *w = v->visit;
	bool tcp = s->carrier == CARRIER_TCP || s->carrier == CARRIER_STARTTLS;

	if (s->role != ROLE_INBOUND || !tcp || !w || v->from >= v->until)
		return false;
	if (w->phases & PHASE_TUNNEL || w->exchanges > LANDING + (v->until - v->from))
		return false;
	return w->exchanges < LOOP || set_count(w->requests) > 1;
}

void
statics_learn(struct statics *s, const struct view *v, unsigned asked_from)
{
	struct static_gate *g = &s->gate[v->s->gateway];
	uint32_t epoch = (uint32_t)(v->s->time.ns / (EPOCH_DAYS * 86400 * NS_PER_S));
	struct enough enough;

	if (!is_landing(v))
		return;
	if (epoch > g->epoch) {
		g->nets[1] = g->nets[0];
		g->nets[0] = 0;
		g->news /= 2;
		g->epoch = epoch;
	}
	g->nets[0] |= network_bit(v);
	enough = (struct enough){networks_needed(g->nets[0] | g->nets[1]), asked_from};
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < EXCHANGES_KEPT; t++)
		if (t->answer >= ANSWER_MIN)
			size_add(s, v, t, enough);
}
