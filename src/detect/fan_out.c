/*
 * fan_out: the gateway calls many more places in an hour than it ever did: a scanner, or somebody's relay.
 *
 * Distinct addresses are counted by bits (linear counting without its correction, so never too many): from 30 on the
 * number says "at least".  Must not count answers, nor what leaves from addresses that users share.
 */
#include "detect/egress.h"

enum { HALF_HOUR_S = 1800, BITS = 1024, WORDS = BITS / 64, PORTS_MAX = 8 };

/* Half an hour. */
struct half {
	uint32_t unknown;         /* places that are not learnt */
	uint32_t answered, calls; /* calls to them */
	uint32_t reserved;
	uint64_t seen[WORDS];
};

struct fan {
	struct when since;           /* this half hour's begin */
	struct half half[2];         /* this one and the one before */
	uint32_t distinct;           /* places called in both */
	uint32_t most;               /* the most of that, while learning */
	uint32_t told;               /* distinct when it was told last; 0: not in this fan */
	uint32_t sessions, ports;    /* new ones kept */
	uint16_t port[PORTS_MAX];    /* the first ports that were not learnt */
	uint64_t session[PORTS_MAX]; /* the last calls to the unknown */
	uint64_t ports_known;        /* size_bit of ports, learnt */
	uint64_t ports_new;
};
enum { FANS = 2 * (GATEWAYS_MAX + 1) }; /* by gateway; then those of calls inside */
_Static_assert(sizeof(struct fan) * FANS + 128 <= DETECT_MEMORY_MIN / 256 * 2, "two shares");

static bool
fans_sound(const void *bytes)
{
	const struct fan *f = bytes;

	for (unsigned i = 0; i < FANS; i++)
		if (f[i].ports > PORTS_MAX)
			return false;
	return true;
}

void *
fan_init(struct detect *d, struct carve *c, size_t bytes)
{
	void *fans = detect_array(d, c, sizeof(struct fan) * FANS, 3);

	(void)bytes;
	detect_sound(d, fans_sound);
	return fans;
}

/* Marks the address; true when its bit is new in the hour. */
static bool
mark(struct fan *f, const struct addr *a)
{
	uint64_t part[2], bit;
	uint32_t at;
	bool known;

	memcpy(part, a->b, sizeof(part));
	at = (uint32_t)(detect_mix(part[0], part[1]) % BITS);
	bit = UINT64_C(1) << (at % 64);
	known = (f->half[0].seen[at / 64] | f->half[1].seen[at / 64]) & bit;
	f->half[0].seen[at / 64] |= bit;
	return !known;
}

static void
time_passes(struct detect *d, struct fan *f, struct when now)
{
	int64_t gone = when_since(now, f->since);

	if (gone < HALF_HOUR_S * NS_PER_S)
		return;
	f->half[1] = gone < 2 * HALF_HOUR_S * NS_PER_S ? f->half[0] : (struct half){0};
	f->half[0] = (struct half){0};
	f->since = now;
	f->distinct = 0;
	for (unsigned i = 0; i < WORDS; i++)
		f->distinct += set_count(f->half[1].seen[i]);
	if (f->distinct < d->param[PARAM_fan_out_places]) {
		f->told = f->sessions = f->ports = 0;
		f->ports_new = 0;
	}
}

static void
note_unknown(struct fan *f, const struct session *s, bool new_place)
{
	uint64_t port = size_bit(s->dest_port, 1);

	f->half[0].unknown += new_place;
	f->half[0].calls++;
	f->half[0].answered += egress_was_answered(s);
	if (!((f->ports_known | f->ports_new) & port) && f->ports < PORTS_MAX)
		f->port[f->ports++] = s->dest_port;
	if (!(f->ports_known & port))
		f->ports_new |= port;
	f->session[f->sessions++ % PORTS_MAX] = s->id;
}

static uint32_t
unknown_of(const struct fan *f)
{
	return f->half[0].unknown + f->half[1].unknown;
}

#define NUMBERS "at least {0} within {2}, {1} of them unknown, {4} percent answered; the most in an hour was {3}"
static const char *const SAYING[2][2] = {
	{"gateway {a} calls many places as a relay does: " NUMBERS,
	 "gateway {a} tries places as a scanner does: " NUMBERS},
	{"gateway {a} calls many places inside for what it never did there: " NUMBERS,
	 "gateway {a} tries places inside as a scanner does: " NUMBERS},
};

static void
report(struct detect *d, const struct view *v, const struct fan *w)
{
	const struct session *s = v->s;
	uint32_t calls = w->half[0].calls + w->half[1].calls, unknown = unknown_of(w);
	uint32_t answered = (uint32_t)((w->half[0].answered + w->half[1].answered) * UINT64_C(100) / most(calls, 1));
	bool scan = answered < 50;
	struct finding f;

	finding_begin(&f, v, DETECTOR_fan_out);
	f.actor = s->src;
	f.confidence = unknown >= w->distinct / 4 * 3 ? 90 : 75;
	finding_number(&f, "places", "places", w->distinct);
	finding_number(&f, "places_unknown", "places", unknown);
	finding_number(&f, "within", "s", 2 * HALF_HOUR_S);
	finding_number(&f, "most_while_learning", "places", w->most);
	finding_number(&f, "answered", "percent", answered);
	finding_number(&f, "ports_new", "ports", set_count(w->ports_new));
	finding_number(&f, "port", "port", w->ports ? w->port[0] : s->dest_port);
	finding_weigh(&f, "more places than in any hour of learning", 40);
	finding_weigh(&f, "places never called before", 30);
	if (scan)
		finding_weigh(&f, "most do not answer", 20);
	if (w->ports_new)
		finding_weigh(&f, "ports never called before", 20);
	for (uint32_t i = 0; i < least(w->sessions, PORTS_MAX); i++)
		finding_session(&f, w->session[i]);
	finding_say(&f, SAYING[v->inside][scan], NULL);
	f.benign = "a new pool of servers with health checks; a discovery started by an administrator";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static bool
is_fan(const struct detect *d, const struct fan *f)
{
	uint32_t floor = (uint32_t)d->param[PARAM_fan_out_places];

	return f->distinct >= floor && unknown_of(f) >= floor / 2 &&
	       f->distinct > (uint64_t)f->most * (uint64_t)d->param[PARAM_fan_out_times] &&
	       (f->told == 0 || f->distinct >= f->told * UINT64_C(4));
}

/* Inside, users' work leads to many places: only what it does not lead to is counted. */
static bool
is_counted(const struct detect *d, const struct view *v)
{
	return v->first && egress_called(d, v) && !egress_blind(d, v) && (!v->inside || egress_inside_odd(d, v));
}

static bool
is_known(const struct detect *d, const struct view *v)
{
	const struct callee *p = egress_callee(d, v);

	return p && p->standing == PLACE_LEARNT && !(v->learning && egress_fresh(d, v));
}

void
fan_judge(struct detect *d, const struct view *v)
{
	struct fan *f = (struct fan *)d->state[DETECTOR_fan_out] + v->s->gateway + (v->inside ? FANS / 2 : 0);
	bool new_place;

	if (!is_counted(d, v))
		return;
	time_passes(d, f, v->s->time);
	new_place = mark(f, &v->s->dest);
	f->distinct += new_place;
	if (!is_known(d, v))
		note_unknown(f, v->s, new_place);
	if (v->learning) {
		f->most = most(f->most, f->distinct);
		f->ports_known |= size_bit(v->s->dest_port, 1);
	} else if (is_fan(d, f)) {
		f->told = f->distinct;
		report(d, v, f);
	}
}
