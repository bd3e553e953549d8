/*
 * outage: the gateway falls silent while others are alive, and what is left of its connections when it is back.
 *
 *	UP --asked in vain--> DOWN --answers--> BACK --a minute--> UP, told
 *	UP --long-lived connections reset at once, then resumptions in vain--> BACK
 *
 * Silence counts only where it is heard: clients ask and get nothing, or other hosts go on.  When everything stops it is
 * the sensor that sees nothing; when clients acknowledge what was not seen, half of the mirror is missing.
 * TCP alone counts, too: tunnels over UDP may outlive the service that began them.
 * What is usual (unanswered scans of closed ports, resets, refused resumptions) is learnt as it comes.
 */
#include "detect/survivor.h"
#include "detect/outage.h"

enum {
	MEAN_PARTS = 64, /* a mean over about ten minutes of pulses */
	RECENT_PARTS = 4,
	UNIT = 256,       /* means are in 256ths */
	WARM_PULSES = 30, /* before that nothing is usual */
	BUSY = 5,         /* packets a pulse: somebody is always there */
	ASKED_MIN = 6,    /* segments with data in vain */
	SYNS_MIN = 8,     /* connections tried in vain, beyond the usual */
	MUTE_PULSES = 3,  /* nothing either way */
	QUIET_RUN = 30,   /* in vain, where nobody was there before */
	MUTE_OPEN = 3,
	MUTE_PACKETS = 300, /* that were to be expected meanwhile */
	SURE_S = 20,        /* silence before it is told */
	BACK_S = 60,
	STALE_S = 3600, /* an outage that no pulse ended */
	OLD_S = 60,     /* a connection that lasted */
	HOLE_S = 30,
	HOLE_PACKETS = 2000,
	DAY_S = 86400,
	DAY_PULSES = DAY_S / PULSE_S
};

enum stage { STAGE_UP, STAGE_DOWN, STAGE_BACK };

/* What connections offered to resume, decaying; and what the server made of it. */
struct resumption {
	uint32_t offered, accepted;
};

struct outage {
	struct when pulse, answered, back; /* ends of pulses; back: the begin of the first that was answered again */
	struct when reset_since;
	uint32_t pulses, silent;                         /* seen in all; in vain since `answered` */
	uint32_t from, to, others, handshakes, unserved; /* means, in UNITths */
	uint32_t recent;                                 /* as `from`, of the last half minute */
	uint32_t tcp;                                    /* as `from`, of answers over TCP alone */
	uint32_t asked, tried, missed, alive; /* since `answered`: data, connections in vain, unseen, others' packets */
	uint32_t asked_most;                  /* the longest such run of ordinary days */
	uint32_t mute, mute_most;             /* pulses without a packet either way */
	uint32_t hole_most;                   /* seconds in which nobody at all was seen */
	uint32_t old_reset;                   /* lasting connections that it reset since reset_since */
	uint32_t open;                        /* inbound connections */
	uint32_t open_before, lost, came_back, holes;
	struct resumption usual, after;
	uint8_t stage, ttl, ttl_before;
	uint8_t told, reset_only, counts_data; /* 0 or 1; counts_data: pulses tell segments with data */
	uint8_t deaf;                          /* 0 or 1: UDP went on in this silence */
};

void *
outage_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct outage) * (GATEWAYS_MAX + 1), 2);
}

static struct outage *
outage_of(const struct detect *d, uint8_t gateway)
{
	return (struct outage *)d->state[DETECTOR_outage] + gateway;
}

static void
mean_add(uint32_t *mean, uint32_t value, int parts)
{
	int64_t v = (int64_t)least(value, UINT32_MAX / UNIT) * UNIT;

	*mean = (uint32_t)(*mean + (v - *mean) / parts);
}

/* Packets that are more than a refusal. */
static uint32_t
answers(const struct pulse *p)
{
	return p->packets_from > p->resets_from ? p->packets_from - p->resets_from : 0;
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
tcp_answers(const struct pulse *p)
{
	return p->data_from + p->syns_answered;
}

static uint32_t
unserved(const struct pulse *p)
{
	return p->syns_to > p->syns_answered ? p->syns_to - p->syns_answered : 0;
}

/* Segments with data to it; where pulses do not tell them, what neither opens nor resets. */
static uint32_t
asked(const struct outage *o, const struct pulse *p)
{
	uint64_t other = (uint64_t)p->syns_to + p->resets_to;

	if (o->counts_data)
		return p->data_to;
	return p->packets_to > other ? (uint32_t)(p->packets_to - other) : 0;
}

/* TCP answers nobody, while tunnels over UDP go on: the data path is another process than the listener, or in the
   kernel. */
static bool
is_deaf(const struct outage *o, const struct pulse *p)
{
	return o->counts_data && !tcp_answers(p) && (o->deaf || asked(o, p) + unserved(p) > 0);
}

static bool
is_out(const struct outage *o, const struct pulse *p)
{
	return is_silent(o, p) || is_deaf(o, p);
}

static void
silence_add(struct outage *o, const struct pulse *p)
{
	o->deaf |= !is_silent(o, p);
	o->silent++;
	o->asked += asked(o, p);
	o->tried += unserved(p);
	o->missed += p->acks_unseen;
	o->alive += p->others;
	o->mute = p->packets_to || p->packets_from ? 0 : o->mute + 1;
}

/* Half of the mirror: the other half acknowledges what is missing. */
static bool
is_one_sided(const struct outage *o)
{
	return o->missed > 0 && o->missed >= (o->asked + o->tried) / 8;
}

/* Asked in vain more than ever on an ordinary day, and more than scans of closed ports explain. */
static bool
is_in_vain(const struct outage *o)
{
	uint64_t usual = (uint64_t)o->unserved * 3 * o->silent / UNIT;
	bool busy = o->from >= BUSY * UNIT && o->recent >= BUSY * UNIT && (!o->deaf || o->tcp >= BUSY * UNIT),
	     enough = o->asked >= ASKED_MIN || o->tried >= SYNS_MIN + usual;
	uint64_t run = (uint64_t)o->asked + o->tried;

	if (busy)
		return enough && run > o->asked_most * UINT64_C(2);
	return enough && o->pulses >= DAY_PULSES && run >= QUIET_RUN && run > o->asked_most * UINT64_C(4);
}

/* No packet either way, though there was much and connections are open; the others go on.  (When the last user leaves,
   nothing is open any more.) */
static bool
is_mute(const struct outage *o)
{
	uint64_t expected = (uint64_t)o->from * o->mute / UNIT, others = (uint64_t)o->others * o->mute / UNIT;

	return o->open >= MUTE_OPEN && o->mute >= MUTE_PULSES && o->mute > o->mute_most * UINT64_C(4) &&
	       expected >= MUTE_PACKETS && others > 0 && o->alive >= others / 4;
}

static void
go_down(struct outage *o)
{
	o->stage = STAGE_DOWN;
	o->told = false;
	o->reset_only = false;
	o->open_before = o->open + o->old_reset;
	o->lost = o->old_reset;
	o->ttl_before = o->ttl;
	o->came_back = o->holes = 0;
	o->after = (struct resumption){0};
}

static int64_t
length_s(const struct outage *o, struct when until)
{
	return when_since(until, o->answered) / NS_PER_S;
}

static void
report_begin(struct detect *d, struct outage *o, uint8_t gateway)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.confidence = o->asked + o->tried ? 80 : 50;
	finding_number(&f, "silent", "s", length_s(o, o->pulse));
	finding_number(&f, "packets_in_vain", "packets", o->asked);
	finding_number(&f, "connections_in_vain", "connections", o->tried);
	finding_number(&f, "packets_of_others", "packets", o->alive);
	finding_number(&f, "packets_usual", "packets", (int64_t)o->from * o->silent / UNIT);
	finding_weigh(&f, "asked in vain", least(o->asked + o->tried, 60));
	finding_weigh(&f, "other hosts alive", o->alive ? 20 : 0);
	finding_say(
		&f,
		"gateway {a} does not answer for {0}: {1} packets and {2} connections in vain, where {4} packets of "
		"it were usual; {3} packets of other hosts meanwhile",
		NULL);
	f.benign = "a restart or upgrade; a broken link or power behind the mirrored port; a change of addresses";
	finding_expected(d, &f, OUTAGE_FACTS);
	survivor_outage(d, gateway, d->now);
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* Refused: a third more of them than usual. */
static bool
is_miss(const struct outage *o)
{
	uint64_t usual = o->usual.offered, usually_refused = usual - o->usual.accepted;
	uint64_t offered = o->after.offered, refused = offered - o->after.accepted;

	return usual >= 8 && refused >= 3 && (refused * 3 - offered) * usual >= usually_refused * offered * 3 &&
	       refused * 3 >= offered;
}

/* Beyond the usual new ones, a quarter of all that were connected came anew. */
static uint32_t
more_than_usual(const struct outage *o)
{
	uint32_t usual = (uint32_t)((uint64_t)o->handshakes * (BACK_S / PULSE_S) / UNIT);

	return o->came_back - least(usual, o->came_back);
}

static bool
is_storm(const struct outage *o)
{
	return more_than_usual(o) >= 3 && more_than_usual(o) >= o->open_before / 4;
}

/* What it had in memory is gone: connections, or the keys of its sessions. */
static bool
has_lost(const struct outage *o)
{
	return o->lost >= 3 || is_miss(o) || is_storm(o);
}

/* Nobody had to come anew: the way to it was interrupted. */
static bool
has_survived(const struct outage *o)
{
	uint64_t more = more_than_usual(o);

	/* within two standard deviations of the usual number */
	return !has_lost(o) && more * more <= 4 * (o->came_back - more + 1);
}

static bool
another_box(const struct outage *o)
{
	return o->ttl_before && o->ttl && o->ttl != o->ttl_before;
}

/* Half a minute without an answer is an outage, whatever outlived it. */
static bool
is_short(const struct outage *o)
{
	enum { SHORT_S = 30 };

	return has_survived(o) && !another_box(o) && length_s(o, o->back) < SHORT_S;
}

static const char *
words_of(const struct outage *o)
{
	if (another_box(o))
		return "gateway {a} was silent for {0}, and what answers now is another machine: {1} of {2} "
		       "connections "
		       "reset, {3} clients back within a minute, {4} of {5} resumptions accepted";
	if (has_lost(o))
		return "gateway {a} was silent for {0} and lost its state: {1} of {2} connections reset, {3} clients "
		       "back "
		       "within a minute, {4} of {5} resumptions accepted, where {6} % were usual";
	return has_survived(o) ?
		       "gateway {a} was silent for {0}; its {2} connections went on: {3} new handshakes within a "
		       "minute" :
		       "gateway {a} was silent for {0}; {1} of {2} connections reset, {3} clients back within a "
		       "minute";
}

static void
report_end(struct detect *d, struct outage *o, uint8_t gateway, bool repeated)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.severity = repeated ? SEVERITY_CRITICAL : is_short(o) ? SEVERITY_LOW : SEVERITY_MEDIUM;
	if (!has_lost(o) && o->holes)
		f.severity = SEVERITY_INFO; /* it talked meanwhile: the sensor missed it */
	f.confidence = has_lost(o) ? 90 : 60;
	finding_number(&f, "silent", "s", o->reset_only ? PULSE_S : length_s(o, o->back));
	finding_number(&f, "connections_reset", "connections", o->lost);
	finding_number(&f, "connections_before", "connections", most(o->open_before, o->lost));
	finding_number(&f, "handshakes_after", "handshakes", o->came_back);
	finding_number(&f, "resumptions_accepted", "handshakes", o->after.accepted);
	finding_number(&f, "resumptions_offered", "handshakes", o->after.offered);
	finding_number(&f, "accepted_before", "percent",
		       o->usual.offered ? (int64_t)o->usual.accepted * 100 / o->usual.offered : 0);
	finding_number(&f, "ttl", "hops", o->ttl);
	finding_weigh(&f, "connections reset", least(o->lost * 5, 40));
	finding_weigh(&f, "resumptions refused", is_miss(o) ? 30 : 0);
	finding_weigh(&f, "another machine answers", another_box(o) ? 20 : 0);
	finding_say(&f, words_of(o), NULL);
	f.benign = "a restart or upgrade that was planned; a failover test; power";
	finding_expected(d, &f, OUTAGE_FACTS);
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* What nothing died of was no outage, or one that is usual here. */
static void
learn_silence(struct outage *o)
{
	if (o->stage != STAGE_BACK || !has_survived(o) || another_box(o))
		return;
	o->asked_most = most(o->asked_most, o->asked + o->tried);
	o->mute_most = most(o->mute_most, o->silent);
}

static void
go_up(struct outage *o, const struct pulse *p)
{
	learn_silence(o);
	o->stage = STAGE_UP;
	o->answered = p->time;
	o->reset_since = p->time;
	o->silent = o->asked = o->tried = o->missed = o->alive = o->mute = o->old_reset = 0;
	o->deaf = false;
}

static void
usual_add(struct outage *o, const struct pulse *p)
{
	enum { KEPT = 400 };

	mean_add(&o->from, answers(p), MEAN_PARTS);
	mean_add(&o->recent, answers(p), RECENT_PARTS);
	mean_add(&o->tcp, tcp_answers(p), MEAN_PARTS);
	mean_add(&o->to, p->packets_to, MEAN_PARTS);
	mean_add(&o->others, p->others, MEAN_PARTS);
	mean_add(&o->handshakes, p->handshakes, MEAN_PARTS);
	mean_add(&o->unserved, unserved(p), MEAN_PARTS);
	o->usual.offered += p->resumptions_offered;
	o->usual.accepted += least(p->resumptions_accepted, p->resumptions_offered);
	if (o->usual.offered > KEPT) {
		o->usual.offered /= 2;
		o->usual.accepted /= 2;
	}
	if (o->pulses % DAY_PULSES == 0) {
		o->asked_most -= o->asked_most / 8;
		o->mute_most -= o->mute_most / 8;
		o->hole_most -= o->hole_most / 8;
	}
}

/* Ends a run of silence that was none: this is how long they usually are. */
static void
run_ends(struct outage *o, const struct pulse *p)
{
	if (o->pulses > 1) {
		o->asked_most = most(o->asked_most, o->asked + o->tried);
		o->mute_most = most(o->mute_most, o->mute);
	}
	if (o->old_reset && when_since(p->time, o->reset_since) > OLD_S * NS_PER_S)
		o->old_reset = 0;
	o->answered = p->time;
	o->silent = o->asked = o->tried = o->missed = o->alive = o->mute = 0;
	o->deaf = false;
}

static void
when_up(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (!is_out(o, p)) {
		run_ends(o, p);
		usual_add(o, p);
		return;
	}
	silence_add(o, p);
	if (o->pulses >= WARM_PULSES && !seen_poorly(d, p->gateway, p->time) && !is_one_sided(o) &&
	    (is_in_vain(o) || is_mute(o)))
		go_down(o);
	else
		usual_add(o, p);
}

/* Did it fall silent (again)?  Somebody must have asked: after resets a quiet pulse is nothing. */
static bool
falls_silent(struct outage *o, const struct pulse *p)
{
	if (!is_out(o, p) || asked(o, p) + unserved(p) < ASKED_MIN || p->acks_unseen)
		return false;
	silence_add(o, p);
	o->stage = STAGE_DOWN;
	o->reset_only = false;
	return true;
}

/* The minute in which clients come back; then all is known. */
static void
when_back(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (falls_silent(o, p))
		return;
	o->came_back += p->handshakes;
	o->after.offered += p->resumptions_offered;
	o->after.accepted += least(p->resumptions_accepted, p->resumptions_offered);
	o->holes += p->gap_bytes > 0;
	if (when_since(p->time, o->back) < BACK_S * NS_PER_S)
		return;
	/* resets alone, and all resumed what they had: an administrator threw them out */
	if (!o->reset_only || is_miss(o))
		report_end(d, o, p->gateway, crash_review(d, p->gateway, o->answered, true, !has_survived(o)));
	else
		crash_review(d, p->gateway, o->answered, true, false);
	go_up(o, p);
}

static void
when_down(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (is_out(o, p)) {
		silence_add(o, p);
		if (is_one_sided(o)) {
			go_up(o, p);
			return;
		}
	} else {
		o->stage = STAGE_BACK;
		o->back = when_add(p->time, -PULSE_S * NS_PER_S);
		when_back(d, o, p);
	}
	if (!o->told && o->stage == STAGE_DOWN && length_s(o, o->pulse) >= SURE_S) {
		o->told = true;
		report_begin(d, o, p->gateway);
		crash_review(d, p->gateway, o->answered, false, o->lost > 0);
	}
}

/* Lasting connections reset at once, without a silence of ten seconds. */
static void
judge_resets(struct outage *o, const struct pulse *p)
{
	if (o->stage != STAGE_UP || o->pulses < WARM_PULSES || o->old_reset < 3 ||
	    o->old_reset * UINT64_C(3) < (uint64_t)o->open + o->old_reset)
		return;
	go_down(o);
	o->reset_only = true;
	o->answered = when_add(p->time, -PULSE_S * NS_PER_S);
	o->back = p->time;
	o->stage = STAGE_BACK;
}

/* Not one packet of anybody: no pulse either. */
static void
judge_hole(struct detect *d, struct outage *o, const struct pulse *p)
{
	int64_t hole_s = when_since(p->time, o->pulse) / NS_PER_S - PULSE_S;
	uint64_t usual = ((uint64_t)o->from + o->to + o->others) / UNIT;
	int64_t longest_s = o->hole_most;
	struct finding f;

	o->hole_most = (uint32_t)(hole_s > DAY_S ? DAY_S : most((uint32_t)hole_s, o->hole_most));
	if (o->pulses < WARM_PULSES || hole_s <= longest_s * 2 || usual * (uint64_t)hole_s / PULSE_S < HOLE_PACKETS)
		return;
	finding_begin_gateway(&f, d, DETECTOR_outage, p->gateway);
	f.severity = SEVERITY_INFO;
	f.confidence = 90;
	finding_number(&f, "nothing_seen", "s", hole_s);
	finding_number(&f, "packets_usual", "packets", (int64_t)(usual * (uint64_t)hole_s / PULSE_S));
	finding_say(&f,
		    "the sensor saw nothing of anybody for {0}, where {1} packets were usual: the mirror or its link, "
		    "not gateway {a}",
		    NULL);
	f.benign = "a link that went down; a change of the mirror port; no traffic at all";
	incident_report(d, &f, &(struct actor){.group = 0});
}

struct when
outage_since(const struct detect *d, uint8_t gateway)
{
	const struct outage *o = outage_of(d, gateway);

	if (o->stage == STAGE_UP)
		return (struct when){0};
	return o->answered;
}

void
outage_pulse(struct detect *d, const struct pulse *p)
{
	struct outage *o = outage_of(d, p->gateway);

	if (o->pulses && when_since(p->time, o->pulse) > (PULSE_S + HOLE_S) * NS_PER_S) {
		judge_hole(d, o, p);
		if (o->stage != STAGE_DOWN || when_since(p->time, o->pulse) > STALE_S * NS_PER_S)
			go_up(o, p);
	}
	if (o->pulses == 0)
		go_up(o, p);
	o->pulse = p->time;
	o->pulses += o->pulses < UINT32_MAX;
	o->counts_data |= p->data_from != 0;
	judge_resets(o, p);
	if (o->stage == STAGE_UP)
		when_up(d, o, p);
	else if (o->stage == STAGE_DOWN)
		when_down(d, o, p);
	else
		when_back(d, o, p);
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

	if (s->role != ROLE_INBOUND || s->proto != PROTO_TCP)
		return;
	if (s->kind != SESSION_CLOSE) {
		o->open += v->first;
	} else {
		o->open -= !v->first && o->open > 0;
		note_reset(o, s);
	}
	if (v->first_established && s->ttl_dest)
		o->ttl = s->ttl_dest;
}
