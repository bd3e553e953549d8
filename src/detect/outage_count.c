/*
 * outage, what is counted: pulse by pulse what a gateway answers and what is asked of it in vain, and by session the
 * connections that it resets.  Must not judge.
 *
 * What is usual (unanswered scans of closed ports, resets, refused resumptions) is learnt as it comes.
 */
#include "detect/outage_count.h"

enum {
	MEAN_PARTS = 64, /* a mean over about ten minutes of pulses */
	RECENT_PARTS = 4,
	DOUBT_S = 600, /* behind an outage: whoever was connected has spoken again */
	HUSH_KEPT = 1 << 15
};

static bool
hush_sound(const struct hush *h)
{
	for (unsigned i = 0; i < HUSH_RUNS; i++)
		if (h->behind[i] >= HUSH_KEPT || h->again[i] > h->behind[i])
			return false;
	return true;
}

static bool
outage_sound(const void *bytes)
{
	const struct outage *o = bytes;

	for (unsigned i = 0; i <= GATEWAYS_MAX; i++)
		if (o[i].lull.clients > LULL_CLIENTS || o[i].past.clients > LULL_CLIENTS || !hush_sound(&o[i].hush))
			return false;
	return true;
}

enum {
	ROUNDING = 5 * 64,
	GATES = sizeof(struct outage) * (GATEWAYS_MAX + 1),
	REGULARS = sizeof(struct regular) << REGULAR_BITS,
	FIXED = sizeof(struct outages) + GATES + REGULARS + ROUNDING
};
_Static_assert(FIXED + 1024 <= DETECT_MEMORY_MIN / 256 * 2, "two shares");

void *
outage_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct outages *all = carve_take(c, sizeof(*all));

	*all = (struct outages){.served.words = 1};
	while (all->served.words * sizeof(uint64_t) * 4 <= bytes - FIXED)
		all->served.words *= 2;
	all->gate = detect_array(d, c, GATES, 8);
	detect_sound(d, outage_sound);
	all->regular = detect_array(d, c, REGULARS, 1);
	for (unsigned i = 0; i < 2; i++)
		all->served.set[i] = detect_array(d, c, all->served.words * sizeof(uint64_t), 1);
	return all;
}

/* The mean of a few a minute moves by less than a unit each time: what a division leaves is rounded up in turn, so that
   nothing is lost over `parts` of them. */
static void
mean_add(uint32_t *mean, uint32_t value, uint32_t parts, uint32_t pulses)
{
	enum { STRIDE = 37 };
	uint64_t v = (uint64_t)least(value, UINT32_MAX / UNIT) * UNIT;

	*mean = (uint32_t)(((uint64_t)*mean * (parts - 1) + v + (pulses * STRIDE) % parts) / parts);
}

/* Packets that are more than a refusal. */
static uint32_t
answers(const struct pulse *p)
{
	return p->packets_from > p->resets_from ? p->packets_from - p->resets_from : 0;
}

static uint32_t
tcp_answers(const struct pulse *p)
{
	return p->data_from + p->syns_answered;
}

/* A kernel that goes on acknowledging what nobody reads is as silent as a dead one. */
static bool
is_silent(const struct outage *o, const struct pulse *p)
{
	if (p->data_from || p->handshakes || p->udp_bytes_from)
		return false;
	if (o->counts_data && p->data_to)
		return true;
	return p->syns_answered == 0 && answers(p) <= o->from / UNIT / 32;
}

static uint32_t
unserved(const struct pulse *p)
{
	return p->syns_to > p->syns_answered ? p->syns_to - p->syns_answered : 0;
}

/* Of segments that are acknowledged, those that are full: somebody uploads, and is answered at the end. */
static uint32_t
uploaded(const struct pulse *p)
{
	enum { FULL = 1200 };
	uint64_t full = p->bytes_to > p->udp_bytes_to ? (p->bytes_to - p->udp_bytes_to) / FULL : 0;

	if (!answers(p))
		return 0;
	return full < p->data_to ? (uint32_t)full : p->data_to;
}

/* Segments with data to it, none of which is answered; where pulses do not tell them, what neither opens nor resets. */
static uint32_t
asked(const struct outage *o, const struct pulse *p)
{
	uint64_t other = (uint64_t)p->syns_to + p->resets_to;

	if (o->counts_data)
		return p->data_from ? 0 : p->data_to - uploaded(p);
	return p->packets_to > other ? (uint32_t)(p->packets_to - other) : 0;
}

uint32_t
outage_in_vain(const struct outage *o, const struct pulse *p)
{
	return asked(o, p) + unserved(p);
}

/* TCP answers nobody, while tunnels over UDP go on, or a few calls of its own: the data path is another process than
   the listener, or in the kernel. */
static bool
is_deaf(const struct outage *o, const struct pulse *p)
{
	enum { FEW = 16 };

	return o->counts_data && !p->syns_answered && p->data_from <= o->tcp / UNIT / FEW &&
	       (o->deaf || outage_in_vain(o, p) > 0);
}

bool
outage_is_out(const struct outage *o, const struct pulse *p)
{
	return is_silent(o, p) || is_deaf(o, p);
}

void
outage_silence_add(struct outage *o, const struct pulse *p)
{
	if (!o->silent)
		lull_begin(o);
	o->deaf |= !is_silent(o, p);
	o->silent++;
	o->vain += outage_in_vain(o, p) > 0;
	o->asked += asked(o, p);
	o->tried += unserved(p);
	o->missed += p->acks_unseen;
	o->alive += p->others;
	o->mute = p->packets_to || p->packets_from ? 0 : o->mute + 1;
	o->lull.hushed = most(o->lull.hushed, o->hushed);
}

void
outage_silence_forget(struct outage *o, struct when answered)
{
	o->answered = answered;
	o->silent = o->vain = o->asked = o->tried = o->missed = o->alive = o->mute = 0;
	o->deaf = false;
}

void
outage_hush(struct outage *o, const struct pulse *p)
{
	unsigned run = least(o->hushed, HUSH_RUNS) - 1;
	bool asked = p->packets_to != 0, again = p->packets_from == 0 && !asked;

	if (o->hushed && (p->packets_from || !asked)) {
		o->hush.behind[run]++;
		o->hush.again[run] += again;
		if (o->hush.behind[run] >= HUSH_KEPT) {
			o->hush.behind[run] /= 2;
			o->hush.again[run] /= 2;
		}
	}
	o->hushed = again ? o->hushed + 1 : 0;
}

/* What was open at every pulse of the last minute. */
static void
note_open(struct outage *o)
{
	if (o->pulses % (BACK_S / PULSE_S) == 0) {
		o->fewest[1] = o->fewest[0];
		o->fewest[0] = o->open;
	}
	o->fewest[0] = least(o->fewest[0], o->open);
}

uint32_t
outage_steady(const struct outage *o)
{
	return least(o->fewest[0], o->fewest[1]);
}

void
outage_usual_add(struct outage *o, const struct pulse *p)
{
	enum { KEPT = 400 };

	note_open(o);
	mean_add(&o->from, answers(p), MEAN_PARTS, o->pulses);
	mean_add(&o->recent, answers(p), RECENT_PARTS, o->pulses);
	mean_add(&o->tcp, tcp_answers(p), MEAN_PARTS, o->pulses);
	mean_add(&o->to, p->packets_to, MEAN_PARTS, o->pulses);
	mean_add(&o->others, p->others, MEAN_PARTS, o->pulses);
	mean_add(&o->handshakes, p->handshakes, MEAN_PARTS, o->pulses);
	mean_add(&o->unserved, unserved(p), MEAN_PARTS, o->pulses);
	o->usual.offered += p->resumptions_offered;
	o->usual.accepted += least(p->resumptions_accepted, p->resumptions_offered);
	if (o->usual.offered > KEPT) {
		o->usual.offered /= 2;
		o->usual.accepted /= 2;
	}
	if (o->pulses % DAY_PULSES == 0) {
		o->asked_most -= o->asked_most / 8;
		o->vain_most -= (o->vain_most + 7) / 8;
		o->mute_most -= o->mute_most / 8;
		o->hole_most -= o->hole_most / 8;
	}
}

/* Ends a run of silence that was none: this is how long they usually are. */
void
outage_run_ends(struct outage *o, const struct pulse *p)
{
	if (o->pulses > 1) {
		o->asked_most = most(o->asked_most, o->asked + o->tried);
		o->vain_most = most(o->vain_most, o->vain);
		o->mute_most = most(o->mute_most, o->mute);
	}
	if (o->old_reset && when_since(p->time, o->reset_since) > OLD_S * NS_PER_S)
		o->old_reset = 0;
	lull_end(o, p);
	outage_silence_forget(o, p->time);
}

/* A lasting connection that the gateway reset. */
static void
note_reset(struct outage *o, const struct session *s)
{
	if (s->end != FLOW_RST || !s->ended_by_dest || when_since(s->last, s->start) < OLD_S * NS_PER_S)
		return;
	if (o->stage != STAGE_UP) {
		o->lost++;
		return;
	}
	if (when_before(s->start, o->emptied))
		return; /* it died then, and its client has asked only now */
	if (when_before(s->start, o->doubt) && when_since(s->last, o->doubt) <= DOUBT_S * NS_PER_S) {
		o->lost++;
		return;
	}
	o->past.lost += o->past.until.ns && !when_before(s->last, o->past.from) &&
			when_since(s->last, o->past.until) <= BACK_S * NS_PER_S;
	if (when_since(s->last, o->reset_since) > PULSE_S * NS_PER_S) {
		o->reset_since = s->last;
		o->old_reset = 0;
	}
	o->old_reset++;
}

void
outage_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct outage *o = outage_of(d, s->gateway);
	struct lull *l = NULL;

	if (s->role != ROLE_INBOUND || s->proto != PROTO_TCP)
		return;
	if (s->kind != SESSION_CLOSE) {
		o->open += v->first;
	} else {
		o->open -= !v->first && o->open > 0;
		note_reset(o, s);
		if (o->doubt.ns)
			outage_cost(d, o, s->gateway);
	}
	if (v->first_established) {
		o->ttl = s->ttl_dest ? s->ttl_dest : o->ttl;
		o->ttls |= outage_ttl_bit(o->ttl);
		l = lull_serves(d, o, v);
	}
	if (v->first && !l)
		l = lull_tried(d, o, v);
	if (l)
		outage_was(d, o, l, s->gateway);
}
