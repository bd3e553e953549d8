/*
 * beacon: the gateway calls a place that is new here again and again, in a rhythm (COATHANGER, UPSTYLE's cron).
 *
 *	calls, or exchanges on one connection -> beats (start, sizes, duration) -> rhythm -> regular?
 *	one connection that lasts hours                                        -> held open
 *
 * Much on a gateway is periodic: NTP, health checks, licences.  Those places are learnt, or have the rhythm of others
 * that are; must not alert on them.
 */
#include "detect/egress.h"
#include "detect/rhythm.h"

struct caller {
	struct when first;
	struct when told;      /* 0: not yet */
	struct when long_told; /* that a connection is held open */
	uint64_t session;      /* of the last beat */
	uint32_t beats;        /* all; the last BEATS are kept */
	uint16_t ready, reserved;
	struct beat beat[BEATS];
};

enum { SAME_BEAT_DS = 40, DS_PER_S = 10, NS_PER_DS = 100000000, SLOW_S = 6 * 3600, LONG_HIGH = 12 };

void *
beacon_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	detect_memory(d, m, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*m) - 64, .payload = sizeof(struct caller), .version = 1});
	return m;
}

static struct memory_key
caller_key(const struct session *s)
{
	return (struct memory_key){s->dest, (uint64_t)s->proto << 16 | s->dest_port, s->gateway};
}

static uint32_t
since_ds(const struct caller *c, struct when t)
{
	int64_t ds = when_since(t, c->first) / NS_PER_DS;

	return ds < 0 ? 0 : ds > UINT32_MAX ? UINT32_MAX : (uint32_t)ds;
}

static uint16_t
add_size(uint16_t size, uint64_t bytes)
{
	return rhythm_size(rhythm_bytes(size) + bytes);
}

/* Several connections at once are one beat. */
static bool
beat_add(struct caller *c, struct when at, const uint64_t bytes[2], int64_t lasted_ns)
{
	uint32_t start = since_ds(c, at);
	struct beat *b = &c->beat[(c->beats + BEATS - 1) % BEATS];
	int64_t lasted = lasted_ns / NS_PER_DS;

	if (c->beats && start < b->start_ds + SAME_BEAT_DS && start + SAME_BEAT_DS > b->start_ds) {
		b->out = add_size(b->out, bytes[0]);
		b->in = add_size(b->in, bytes[1]);
		b->calls = (uint16_t)(b->calls + (b->calls != UINT16_MAX));
		return false;
	}
	c->beat[c->beats % BEATS] = (struct beat){start, rhythm_size(bytes[0]), rhythm_size(bytes[1]),
						  (uint16_t)(lasted < UINT16_MAX ? lasted : UINT16_MAX), 1};
	c->beats += c->beats < UINT32_MAX - BEATS;
	return true;
}

/* What of the record are beats: its exchanges, or, without any, the call once it is over. */
static bool
beats_of(struct caller *c, const struct view *v)
{
	const struct session *s = v->s;
	bool any = false;

	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++)
		if (t->index < EXCHANGES_KEPT)
			any |= beat_add(c, t->time, (const uint64_t[2]){t->request, t->answer}, 0);
	if (s->kind == SESSION_CLOSE && s->exchanges == 0)
		any |= beat_add(c, s->start, (const uint64_t[2]){s->bytes_out, s->bytes_in},
				when_since(s->last, s->start));
	return any;
}

/* Does the gateway call the same service elsewhere in this way? */
static bool
is_habit(const struct service *w, const struct rhythm *r)
{
	for (unsigned i = 0; w && i < w->habits; i++) {
		const struct habit *h = &w->habit[i];
		uint32_t out = h->out > r->out ? h->out - r->out : r->out - h->out;
		uint32_t in = h->in > r->in ? h->in - r->in : r->in - h->in;
		uint32_t period =
			h->period_ds > r->period_ds ? h->period_ds - r->period_ds : r->period_ds - h->period_ds;

		if (out <= h->out / 8 + 8 && in <= h->in / 4 + 8 && period <= h->period_ds / 8)
			return true;
	}
	return false;
}

static void
habit_add(struct detect *d, const struct session *s, const struct rhythm *r)
{
	struct service *w = egress_service(d, s);

	if (!w || is_habit(w, r) || w->habits == HABITS_KNOWN)
		return;
	w->habit[w->habits++] = (struct habit){r->period_ds, r->out, r->in};
}

/* The fewer beats, the stricter: of eight intervals none may be out of line.  Slow beats are few, and as telling. */
static bool
is_regular(const struct detect *d, const struct view *v, const struct rhythm *r)
{
	enum { SLOW_INTERVALS = 4, MANY = 16, TIME = 600, TIME_FEW = 700, STEADY = 850 };
	bool slow = r->period_ds >= SLOW_S * DS_PER_S && !v->learning, few = r->intervals < MANY;
	uint32_t need = slow ? SLOW_INTERVALS : (uint32_t)d->param[PARAM_beacon_calls];

	return r->intervals >= need && r->period_ds >= d->param[PARAM_beacon_period] * DS_PER_S &&
	       r->time >= (few ? TIME_FEW : TIME) && r->steady >= (few ? SCORE_FULL : STEADY) &&
	       r->score >= d->param[PARAM_beacon_score];
}

static void
report_beats(struct detect *d, const struct view *v, const struct caller *c, const struct rhythm *r)
{
	const struct session *s = v->s;
	bool habit = is_habit(egress_service(d, s), r);
	struct finding f;

	finding_begin(&f, v, DETECTOR_beacon);
	f.actor = s->src;
	if (v->learning || habit)
		f.severity = v->learning ? SEVERITY_INFO : SEVERITY_LOW;
	f.explained = habit || v->learning;
	f.confidence = (uint8_t)(habit ? 20 : r->score / 10 - 2);
	finding_number(&f, "period", "s", r->period_ds / DS_PER_S);
	finding_number(&f, "jitter", "permille", r->jitter);
	finding_number(&f, "beats", "beats", c->beats);
	finding_number(&f, "known_for", "s", when_since(s->time, c->first) / NS_PER_S);
	finding_number(&f, "bytes_sent", "bytes", (int64_t)rhythm_bytes((uint16_t)r->out));
	finding_number(&f, "bytes_received", "bytes", (int64_t)rhythm_bytes((uint16_t)r->in));
	finding_weigh(&f, "even intervals", r->time / 10);
	finding_weigh(&f, "no interval out of line", r->steady / 10);
	finding_weigh(&f, "equal sizes", r->size / 10);
	finding_weigh(&f, "equal durations", r->duration / 10);
	finding_session(&f, c->session);
	finding_session(&f, s->id);
	finding_say(
		&f,
		habit ? "gateway {a} calls {t} port {p} every {0}, as it does other servers of this service" :
			"gateway {a} calls {t} port {p} every {0}, {2} times since {3} ago, sending {4} and receiving "
			"{5} each time; the place is new here",
		NULL);
	f.benign = "a new monitor, licence, time or log server; a health check of a new server";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static void
report_long(struct detect *d, const struct view *v, int64_t lasted_s)
{
	const struct session *s = v->s;
	struct finding f;

	finding_begin(&f, v, DETECTOR_beacon);
	f.actor = s->src;
	f.severity = lasted_s >= LONG_HIGH * d->param[PARAM_beacon_held] ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	f.confidence = 60;
	finding_number(&f, "lasts", "s", lasted_s);
	finding_number(&f, "bytes_sent", "bytes", (int64_t)s->bytes_out);
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_in);
	finding_session(&f, s->id);
	finding_say(&f,
		    "gateway {a} has held a connection to {t} port {p} open for {0}, {1} sent and {2} received; the "
		    "place is new here",
		    NULL);
	f.benign = "a new log, directory or management server";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static void
judge_long(struct detect *d, const struct view *v, struct caller *c)
{
	int64_t lasted_s = when_since(v->s->last, v->s->start) / NS_PER_S, held = d->param[PARAM_beacon_held];
	bool first = c->long_told.ns == 0, grown = lasted_s >= LONG_HIGH * held && v->s->kind == SESSION_CLOSE;

	if (v->learning || v->s->packets_in == 0 || lasted_s < held || (!first && !grown))
		return;
	c->long_told = v->s->time;
	report_long(d, v, lasted_s);
}

/* New places are judged until they are old; while learning, any rhythm is told once and becomes a habit. */
static bool
is_judged(const struct detect *d, const struct view *v)
{
	const struct callee *p = egress_callee(d, v);

	if (!p || egress_blind(d, v))
		return false;
	if (v->learning)
		return true;
	return p->standing == PLACE_NEW &&
	       when_since(v->s->time, p->first) <= d->param[PARAM_beacon_new] * 86400 * NS_PER_S;
}

static void
judge_beats(struct detect *d, const struct view *v, struct caller *c)
{
	enum { AGAIN_S = 7 * 86400 };
	struct rhythm r;

	if (c->told.ns && when_since(v->s->time, c->told) < AGAIN_S * NS_PER_S)
		return;
	r = rhythm_of(c->beat, least(c->beats, BEATS));
	if (!is_regular(d, v, &r))
		return;
	c->told = v->s->time;
	report_beats(d, v, c, &r);
	if (v->learning)
		habit_add(d, v->s, &r);
}

void
beacon_judge(struct detect *d, const struct view *v)
{
	struct memory *m = d->state[DETECTOR_beacon];
	struct memory_key key;
	struct caller *c;
	bool fresh;

	if (v->s->role != ROLE_OUTBOUND || !is_judged(d, v))
		return;
	key = caller_key(v->s);
	c = memory_use(m, &key, &fresh);
	if (fresh)
		c->first = v->s->start;
	judge_long(d, v, c);
	if (!beats_of(c, v))
		return;
	if (v->s->packets_in) /* most of what a scan tries does not answer */
		memory_keep(m, c);
	judge_beats(d, v, c);
	c->session = v->s->id;
}
