/*
 * outage, whom it left without an answer: in hours in which hardly anybody is there, a gateway that is silent for half
 * a minute is no news, but two clients that it always served and now does not answer are.  Must not report.
 *
 *	answered | silence: A tries, tries, tries;  B tries | answered
 *	            A: log2(attempts / such in vain) bits, B: as many;  SURE bits in all: it was out
 *	            and when none can resume behind it, where all could, and when the gateway says nothing to anybody,
 *	            nor calls anyone, for longer than it ever does: a few bits more
 *
 * Attempts count at ports that answer: one source once, and a little more when one that it serves comes again.  How
 * often they are in vain on ordinary days (filters of countries, floods, scans with forged sources) is learnt, of
 * networks that use the gateway and of others; then one attempt in vain tells little.  A connection that is never
 * answered is told of half a minute after its last SYN, so the silence may be over by then.
 */
#include "detect/outage_count.h"

enum {
	SURE = 16, /* bits */
	CAP = 12,  /* that one client of a network that it serves gives at most */
	CAP_STRANGE = 6,
	AGAIN_BITS = 4,   /* of one that it serves */
	REFUSED_BITS = 6, /* keys change on ordinary days, too */
	HUSH_BITS = 6,    /* it may have nothing to say */
	AGAIN_S = 10,     /* SYNs closer together are one attempt */
	LATE_S = 10,      /* an outage ends, and begins, somewhere in a pulse */
	KEPT = 1 << 14    /* attempts; then older ones count half */
};

void
lull_begin(struct outage *o)
{
	o->lull = (struct lull){.from = o->answered, .open = o->open, .ttl = o->ttl};
}

static void
note_return(struct lull *l, const struct pulse *p)
{
	l->came_back += p->handshakes;
	l->after.offered += p->resumptions_offered;
	l->after.accepted += least(p->resumptions_accepted, p->resumptions_offered);
}

/* The last one in which anybody tried in vain is kept for a minute, unless more tried in the one before. */
void
lull_end(struct outage *o, const struct pulse *p)
{
	struct lull *l = &o->lull;

	l->until = when_add(p->time, -PULSE_S * NS_PER_S);
	l->silent = o->silent;
	l->asked = o->asked;
	l->tried = o->tried;
	l->alive = o->alive;
	if (o->tried && !o->missed &&
	    (l->tried >= o->past.tried || when_since(l->until, o->past.until) > BACK_S * NS_PER_S))
		o->past = *l;
	if (o->past.until.ns == l->until.ns)
		note_return(&o->past, p);
	*l = (struct lull){0};
}

bool
lull_pulse(struct outage *o, const struct pulse *p)
{
	struct lull *l = &o->past;

	if (!l->until.ns || when_since(p->time, l->until) > BACK_S * NS_PER_S)
		return false;
	note_return(l, p);
	return true;
}

static uint64_t *
served_word(const struct served *s, unsigned generation, uint64_t network)
{
	return &s->set[generation][network >> 32 & (s->words - 1)];
}

static uint64_t
bit_of(uint64_t network)
{
	return UINT64_C(1) << (network & 63);
}

static void
day_passes(struct served *s, struct when t)
{
	int64_t day = t.ns / (DAY_S * NS_PER_S);
	uint64_t *old = s->set[1];

	if (day <= s->day)
		return;
	s->day = day;
	memset(old, 0, s->words * sizeof(*old));
	memcpy(old, s->set[0], s->words * sizeof(*old));
	memset(s->set[0], 0, s->words * sizeof(*old));
}

static uint64_t
port_bit(uint16_t port)
{
	return UINT64_C(1) << ((uint16_t)(port * 40503u) >> 10);
}

void
lull_serves(struct detect *d, struct outage *o, const struct view *v)
{
	struct outages *all = d->state[DETECTOR_outage];
	uint64_t network = network_of(v);

	day_passes(&all->served, v->s->time);
	*served_word(&all->served, 0, network) |= bit_of(network);
	o->ports |= port_bit(v->s->dest_port);
}

static bool
is_served(const struct detect *d, const struct view *v)
{
	const struct outages *all = d->state[DETECTOR_outage];
	uint64_t network = network_of(v), set = 0;

	for (unsigned i = 0; i < 2; i++)
		set |= *served_word(&all->served, i, network);
	return (set & bit_of(network)) != 0;
}

/* A SYN, and nothing behind it: refused or not heard. */
static bool
is_unanswered(const struct session *s)
{
	return s->kind == SESSION_CLOSE && !(s->flags_in & TCP_SYN) && s->flags_out & TCP_SYN &&
	       !(s->flags_out & TCP_ACK);
}

static void
tries_add(struct tries *t, bool in_vain, bool known)
{
	t->all++;
	t->known += in_vain && known;
	t->strange += in_vain && !known;
	if (t->all >= KEPT) {
		t->all /= 2;
		t->known /= 2;
		t->strange /= 2;
	}
}

static uint8_t
surprise(const struct tries *t, bool known)
{
	uint32_t alike = (known ? t->known : t->strange) + 1;
	uint8_t bits = 0, most = known ? CAP : CAP_STRANGE;

	while (bits < most && alike << (bits + 1) <= t->all + 1)
		bits++;
	return bits;
}

/* Within this silence, and not one that was in vain when others were answered again. */
static bool
is_within(const struct lull *l, const struct session *s)
{
	struct when early = when_add(l->from, -LATE_S * NS_PER_S), late = when_add(l->until, LATE_S * NS_PER_S);

	if (!l->from.ns || when_before(s->start, early))
		return false;
	if (is_unanswered(s))
		return !when_before(s->last, l->from) && (!l->until.ns || when_before(s->last, late));
	return l->until.ns && when_before(s->start, l->until);
}

static void
lull_add(struct lull *l, const struct tries *t, const struct view *v, bool known)
{
	uint32_t client = (uint32_t)detect_mix_addr(&v->source);
	int64_t since = when_since(v->s->start, l->from) / NS_PER_S;
	uint32_t s = since > 0 ? (uint32_t)since : 0;
	uint8_t bits = surprise(t, known);
	unsigned i = 0;

	while (i < l->clients && l->client[i] != client)
		i++;
	if (i == LULL_CLIENTS)
		return;
	if (i < l->clients) {
		if (!known || s < l->tried_s[i] + AGAIN_S)
			return;
		bits = (uint8_t)least(bits, AGAIN_BITS);
	} else {
		l->client[l->clients++] = client;
		l->known = (uint8_t)(l->known + known);
	}
	l->tried_s[i] = s;
	l->bits = (uint8_t)least(l->bits + bits, UINT8_MAX);
}

/* What clients offer to resume is refused behind it, where it hardly ever was. */
static unsigned
refused_bits(const struct outage *o, const struct lull *l)
{
	uint32_t all = o->usual.offered + 1, alike = o->usual.offered - o->usual.accepted + 1;
	unsigned bits = 0;

	if (!l->after.offered || l->after.accepted)
		return 0;
	while (bits < REFUSED_BITS && alike << (bits + 1) <= all)
		bits++;
	return bits;
}

/* Not even its own calls (names, time, logs) are heard, while other hosts are: how rarely is it so for so long? */
static unsigned
hush_bits(const struct outage *o, const struct lull *l)
{
	uint64_t all = UINT64_C(1) << 32, alike = all;
	unsigned bits = 0;

	if (!l->known || !(l->until.ns ? l->alive : o->alive))
		return 0;
	for (uint32_t run = 1; run < l->hushed && alike >> (32 - HUSH_BITS); run++)
		alike = alike * (o->hush.again + 1) / (o->hush.behind + 2);
	while (bits < HUSH_BITS && alike << (bits + 1) <= all)
		bits++;
	return bits;
}

bool
lull_is_sure(const struct outage *o, const struct lull *l)
{
	return l->clients && l->bits + refused_bits(o, l) + hush_bits(o, l) >= SURE;
}

struct lull *
lull_tried(struct detect *d, struct outage *o, const struct view *v)
{
	const struct session *s = v->s;
	bool unanswered = is_unanswered(s), again = unanswered || s->retransmits_out, known;
	struct lull *l = is_within(&o->lull, s) ? &o->lull : is_within(&o->past, s) ? &o->past : NULL;

	if (!(o->ports & port_bit(s->dest_port)))
		return NULL;
	known = again && is_served(d, v);
	if (again && l)
		lull_add(l, &o->tries, v, known);
	if (!l || l->bits < SURE)
		tries_add(&o->tries, unanswered, known);
	return again ? l : NULL;
}
