/*
 * outage: the gateway falls silent while others are alive, and what is left of its connections when it is back.
 *
 *	UP --asked in vain--> DOWN --answers--> BACK --a minute--> UP, told
 *	UP --long-lived connections reset at once, then resumptions in vain--> BACK
 *
 * Silence counts only where it is heard: clients ask and get nothing, or other hosts go on.  When everything stops it
 * is the sensor that sees nothing; when clients acknowledge what was not seen, half of the mirror is missing. TCP alone
 * counts, too: tunnels over UDP may outlive the service that began them. Here it is judged; outage_count.c and
 * outage_lull.c count, outage_report.c reports.
 */
#include "detect/outage_count.h"

enum {
	WARM_PULSES = 30, /* before that nothing is usual */
	BUSY = 5,         /* packets a pulse: somebody is always there */
	ASKED_MIN = 6,    /* segments with data in vain */
	VAIN_PULSES = 2,  /* with something in vain: a path that is lost for a moment */
	SYNS_MIN = 8,     /* connections tried in vain, beyond the usual */
	MUTE_PULSES = 3,  /* nothing either way */
	QUIET_RUN = 30,   /* in vain, where nobody was there before */
	MUTE_OPEN = 3,
	MUTE_PACKETS = 300, /* that were to be expected meanwhile */
	SURE_S = 20,        /* silence before it is told */
	STALE_S = 3600,     /* an outage that no pulse ended */
	HOLE_S = 30,
	HOLE_PACKETS = 2000,
};

/* Half of the mirror: the other half acknowledges what is missing. */
static bool
is_one_sided(const struct outage *o)
{
	return o->missed > 0 && o->missed >= (o->asked + o->tried) / 8;
}

/* More than ever on an ordinary day: packets in vain, or the time in which there are some again and again. */
static bool
is_unusual(const struct outage *o)
{
	return o->asked + o->tried > o->asked_most * UINT64_C(2) || o->vain > o->vain_most * UINT64_C(2) + VAIN_PULSES;
}

/* Connections in vain that scans of closed ports explain in so many pulses. */
static uint64_t
scanned(const struct outage *o, uint64_t pulses)
{
	return o->unserved * 3 * pulses / UNIT;
}

/* Asked in vain as never before, and more than scans explain. */
static bool
is_in_vain(const struct outage *o)
{
	bool busy = o->from >= BUSY * UNIT && o->recent >= BUSY * UNIT && (!o->deaf || o->tcp >= BUSY * UNIT),
	     enough = o->asked >= ASKED_MIN || o->tried >= SYNS_MIN + scanned(o, o->silent);
	uint64_t run = (uint64_t)o->asked + o->tried;

	if (busy)
		return enough && is_unusual(o);
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

int64_t
outage_length_s(const struct outage *o, struct when until)
{
	return when_since(until, o->answered) / NS_PER_S;
}

/* Refused: a third more of them than usual; two are enough where hardly any ever is. */
bool
outage_refused(const struct outage *o)
{
	enum { HARDLY = 50 };
	uint64_t usual = o->usual.offered, usually_refused = usual - o->usual.accepted;
	uint64_t offered = o->after.offered, refused = offered - o->after.accepted;
	uint64_t enough = usual >= HARDLY && usually_refused * HARDLY <= usual ? 2 : 3;

	return usual >= 8 && refused >= enough && (refused * 3 - offered) * usual >= usually_refused * offered * 3 &&
	       refused * 3 >= offered;
}

/* Beyond the usual new ones, a quarter of all that were connected came anew. */
static uint32_t
more_than_usual(const struct outage *o)
{
	uint32_t usual = (uint32_t)((uint64_t)o->handshakes * (BACK_S / PULSE_S) / UNIT);

	return o->came_back - least(usual, o->came_back);
}

/* Within two standard deviations of the usual number (Poisson). */
static bool
came_as_usual(const struct outage *o)
{
	uint64_t more = more_than_usual(o);

	return more * more <= 4 * (o->came_back - more + 1);
}

static bool
is_storm(const struct outage *o)
{
	return !came_as_usual(o) && more_than_usual(o) >= 3 && more_than_usual(o) >= o->open_before / 4;
}

/* Three that lasted, or two where there were hardly more. */
static bool
many_lost(const struct outage *o)
{
	return o->lost >= 3 || (o->lost == 2 && o->lost * 3 >= o->open_before);
}

/* What it had in memory is gone: connections, or the keys of its sessions. */
bool
outage_lost(const struct outage *o)
{
	return many_lost(o) || outage_refused(o) || is_storm(o);
}

/* Nobody had to come anew: the way to it was interrupted. */
bool
outage_survived(const struct outage *o)
{
	return !outage_lost(o) && came_as_usual(o);
}

bool
outage_another_box(const struct outage *o)
{
	uint64_t now = outage_ttl_bit(o->ttl);

	return o->ttls_before && now && !(o->ttls_before & now);
}

static void
go_down(struct outage *o)
{
	o->stage = STAGE_DOWN;
	o->told = false;
	o->reset_only = false;
	o->open_before = o->open + o->old_reset;
	o->steady_then = outage_steady(o);
	o->lost = o->old_reset;
	o->ttls_before = o->ttls;
	o->came_back = o->holes = 0;
	o->doubt = (struct when){0};
	o->after = (struct resumption){0};
	o->clients = o->known = 0;
}

/* The silence that lasts, or one that was over when it was known who had tried in it. */
void
outage_was(struct detect *d, struct outage *o, struct lull *l, uint8_t gateway)
{
	if (l->told || !lull_is_sure(o, l) || o->stage != STAGE_UP || o->pulses < WARM_PULSES || is_one_sided(o) ||
	    seen_poorly(d, gateway, d->now))
		return;
	l->told = true;
	go_down(o);
	o->clients = l->clients;
	o->known = l->known;
	if (!l->until.ns)
		return;
	o->stage = STAGE_BACK;
	o->answered = l->from;
	o->back = l->until;
	o->silent = l->silent;
	o->asked = l->asked;
	o->tried = l->tried;
	o->alive = l->alive;
	o->open_before = l->open;
	o->steady_then = l->steady;
	o->lost = l->lost;
	o->ttls_before = l->ttls;
	o->came_back = l->came_back;
	o->after = l->after;
	o->spent = o->asked + o->tried;
}

/* What nothing died of was no outage, or one that is usual here. */
static void
learn_silence(struct outage *o)
{
	if (o->stage != STAGE_BACK || !outage_survived(o) || outage_another_box(o))
		return;
	o->asked_most = most(o->asked_most, o->asked + o->tried);
	o->vain_most = most(o->vain_most, o->vain);
	o->mute_most = most(o->mute_most, o->silent);
}

static void
go_up(struct outage *o, const struct pulse *p)
{
	learn_silence(o);
	if (o->stage == STAGE_BACK && outage_lost(o))
		o->emptied = o->back;
	outage_silence_forget(o, p->time);
	lull_told(o);
	o->stage = STAGE_UP;
	o->reset_since = p->time;
	o->old_reset = 0;
}

static void
when_up(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (lull_pulse(o, p))
		outage_was(d, o, &o->past, p->gateway);
	if (o->stage != STAGE_UP)
		return;
	if (!outage_is_out(o, p)) {
		outage_run_ends(o, p);
		outage_usual_add(o, p);
		return;
	}
	outage_silence_add(o, p);
	if (o->pulses >= WARM_PULSES && !seen_poorly(d, p->gateway, p->time) && !is_one_sided(o) &&
	    (is_in_vain(o) || is_mute(o)))
		go_down(o);
	else
		outage_usual_add(o, p);
}

/* Did it fall silent (again)?  Somebody must have asked: after resets a quiet pulse is nothing. */
static bool
falls_silent(struct outage *o, const struct pulse *p)
{
	uint64_t pulses = (uint64_t)(when_since(p->time, o->back) / NS_PER_S) / PULSE_S + 1;

	if (!outage_is_out(o, p) || p->acks_unseen) {
		o->spent = o->asked + o->tried;
		return false;
	}
	outage_silence_add(o, p);
	if (outage_in_vain(o, p) < ASKED_MIN && o->asked + o->tried - o->spent < ASKED_MIN + scanned(o, pulses))
		return false;
	o->stage = STAGE_DOWN;
	o->reset_only = false;
	return true;
}

/* Nobody had to come anew, but then at night there is nobody. */
static bool
may_have_died(const struct outage *o)
{
	return !outage_survived(o) || (o->steady_then == 0 && o->clients);
}

/* Those who were reset came back at once, and nobody was there yet. */
static bool
came_in_vain(const struct outage *o)
{
	enum { CAME_MIN = 3 };

	return o->tried >= CAME_MIN + scanned(o, o->silent);
}

/* In the pulse of the resets, those that were accepted may have come before. */
static void
count_resumptions(struct outage *o, const struct pulse *p)
{
	uint32_t accepted = least(p->resumptions_accepted, p->resumptions_offered);
	bool before = o->reset_only && !when_before(o->back, p->time);

	o->after.offered += p->resumptions_offered - (before ? accepted : 0);
	o->after.accepted += before ? 0 : accepted;
}

/* The minute in which clients come back; then all is known. */
static void
when_back(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (falls_silent(o, p))
		return;
	o->came_back += p->handshakes;
	count_resumptions(o, p);
	o->holes += p->gap_bytes > 0;
	if (when_since(p->time, o->back) < BACK_S * NS_PER_S)
		return;
	/* resets alone, and all were answered and resumed what they had: an administrator threw them out */
	if (!o->reset_only || outage_refused(o) || came_in_vain(o)) {
		outage_report_end(d, o, p->gateway, crash_review(d, p->gateway, o->answered, true, may_have_died(o)));
		o->doubt.ns = outage_lost(o) ? 0 : o->back.ns;
		o->doubt_from = o->answered;
	} else {
		crash_review(d, p->gateway, o->answered, true, false);
	}
	go_up(o, p);
}

void
outage_cost(struct detect *d, struct outage *o, uint8_t gateway)
{
	if (o->stage != STAGE_UP || !many_lost(o))
		return;
	outage_report_late(d, o, gateway);
	crash_review(d, gateway, o->doubt_from, true, true);
	o->emptied = o->doubt;
	o->doubt = (struct when){0};
}

static void
when_down(struct detect *d, struct outage *o, const struct pulse *p)
{
	if (outage_is_out(o, p)) {
		outage_silence_add(o, p);
		if (is_one_sided(o)) {
			go_up(o, p);
			return;
		}
	} else {
		o->stage = STAGE_BACK;
		o->back = when_add(p->time, -PULSE_S * NS_PER_S);
		when_back(d, o, p);
	}
	if (!o->told && o->stage == STAGE_DOWN && outage_length_s(o, o->pulse) >= SURE_S) {
		o->told = true;
		outage_report_begin(d, o, p->gateway);
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
	o->spent = o->asked + o->tried;
	o->stage = STAGE_BACK;
}

/* Not one packet of anybody: no pulse either. */
static void
judge_hole(struct detect *d, struct outage *o, const struct pulse *p)
{
	int64_t hole_s = when_since(p->time, o->pulse) / NS_PER_S - PULSE_S;
	uint64_t usual = ((uint64_t)o->from + o->to + o->others) / UNIT;
	int64_t longest_s = o->hole_most;

	o->hole_most = (uint32_t)(hole_s > DAY_S ? DAY_S : most((uint32_t)hole_s, o->hole_most));
	if (o->pulses < WARM_PULSES || hole_s <= longest_s * 2 || usual * (uint64_t)hole_s / PULSE_S < HOLE_PACKETS)
		return;
	outage_report_hole(d, p->gateway, hole_s, usual * (uint64_t)hole_s / PULSE_S);
}

struct when
outage_since(const struct detect *d, uint8_t gateway)
{
	const struct outage *o = outage_of(d, gateway);

	if (o->stage == STAGE_UP)
		return (struct when){0};
	return o->answered;
}

bool
outage_was_long(const struct detect *d, uint8_t gateway, struct when now, int64_t window_s)
{
	struct when last = outage_of(d, gateway)->long_one;

	return last.ns && when_since(now, last) <= window_s * NS_PER_S;
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
	outage_hush(o, p);
	judge_resets(o, p);
	if (o->stage == STAGE_UP)
		when_up(d, o, p);
	else if (o->stage == STAGE_DOWN)
		when_down(d, o, p);
	else
		when_back(d, o, p);
}
