/*
 * outage, whom it left without an answer: in hours in which hardly anybody is there, a gateway that is silent for half
 * a minute is no news, but two clients that it always served and now does not answer are.  Must not report.
 *
 *	answered | silence: A tries, tries, tries;  B tries | answered
 *	            A: log2(attempts / such in vain) bits, B: as many;  SURE bits in all: it was out
 *	            and when fewer can resume behind it, and when the gateway says nothing to anybody, nor calls anyone,
 *	            for longer than it ever does, and when A is answered again so soon that it was not blocked: a few
 *	            bits more
 *
 * What A is worth is its own: a monitor that was answered ten thousand times on end says most of all.
 *
 * Attempts count at ports that answer: one source once, and a little more when one that it serves comes again.  How
 * often they are in vain on ordinary days (filters of countries, floods, scans with forged sources) is learnt, of
 * networks that use the gateway and of others; then one attempt in vain tells little.  A connection that is never
 * answered is told of half a minute after its last SYN, so the silence may be over by then.
 */
#include "detect/bits.h"
#include "detect/outage_count.h"

enum {
	SURE = 16, /* bits */
	CAP = 12,  /* that one client of a network that it serves gives at most */
	CAP_STRANGE = 6,
	AGAIN_BITS = 4,   /* of one that it serves */
	REFUSED_BITS = 6, /* keys change on ordinary days, too */
	HUSH_BITS = 8,    /* it may have nothing to say */
	RETURN_BITS = 4,  /* who is blocked is so for longer */
	RETURN_S = 300,
	CAP_REGULAR = 14,
	REGULAR_MANY = 1 << 20,
	AGAIN_S = 10,   /* SYNs closer together are one attempt */
	LATE_S = 10,    /* an outage ends, and begins, somewhere in a pulse */
	LOST_TWICE = 2, /* segments on end: no accident of the way */
	MUTE_LONG = 3,  /* pulses without a word, which somebody may find at its end */
	KEPT = 1 << 14  /* attempts; then older ones count half */
};

void
lull_begin(struct outage *o)
{
	o->lull = (struct lull){.from = o->answered, .open = o->open, .steady = outage_steady(o), .ttls = o->ttls};
}

static void
note_return(struct lull *l, const struct pulse *p)
{
	l->came_back += p->handshakes;
	l->after.offered += p->resumptions_offered;
	l->after.accepted += least(p->resumptions_accepted, p->resumptions_offered);
}

/* May this one take the place of the last?  Not within a minute, if more tried in that; not while it is open what
   becomes of those who did, if they are always answered. */
static bool
is_worth_more(const struct lull *l, const struct lull *past)
{
	int64_t apart = when_since(l->until, past->until);
	bool open = past->bits > CAP_STRANGE && !past->told && apart <= RETURN_S * NS_PER_S;

	return open ? l->tried > 2 * past->tried : l->tried >= past->tried || apart > BACK_S * NS_PER_S;
}

/* The last one in which anybody tried in vain is kept; who was let in at its end may have tried in its last pulse. */
void
lull_end(struct outage *o, const struct pulse *p)
{
	struct lull *l = &o->lull;

	l->until = when_add(p->time, -PULSE_S * NS_PER_S);
	l->silent = o->silent;
	l->asked = o->asked;
	l->tried = most(o->tried, l->clients);
	l->alive = o->alive;
	if ((l->tried || l->hushed >= MUTE_LONG) && !o->missed && is_worth_more(l, &o->past))
		o->past = *l;
	if (o->past.until.ns == l->until.ns)
		note_return(&o->past, p);
	*l = (struct lull){0};
}

void
lull_told(struct outage *o)
{
	if (!o->lull.from.ns)
		return;
	o->past = o->lull;
	o->past.until = o->back;
	o->past.told = true;
	o->lull = (struct lull){0};
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

static uint32_t
client_of(const struct view *v)
{
	return (uint32_t)detect_mix_addr(&v->source);
}

static struct regular *
regular_at(const struct detect *d, uint32_t client)
{
	const struct outages *all = d->state[DETECTOR_outage];

	return &all->regular[client >> (32 - REGULAR_BITS)];
}

/* One attempt more: whoever comes most often holds the place, as in a vote (Boyer and Moore, 1981). */
static void
regular_add(const struct detect *d, uint32_t client, bool in_vain)
{
	struct regular *r = regular_at(d, client);

	if (r->client != client && r->answered) {
		r->answered--;
		return;
	}
	if (r->client != client)
		*r = (struct regular){.client = client};
	r->failed += in_vain;
	r->answered += !in_vain;
	if (r->answered >= REGULAR_MANY) {
		r->answered /= 2;
		r->failed /= 2;
	}
}

/* Was it left without an answer before, and so shortly before that nothing blocked it? */
static struct lull *
lull_return(struct outage *o, uint32_t client, struct when t)
{
	struct lull *l = &o->past;

	if (l->told || l->returned || !l->until.ns || when_since(t, l->until) > RETURN_S * NS_PER_S)
		return NULL;
	for (unsigned i = 0; i < l->clients; i++)
		if (l->client[i] == client && when_before(when_add(l->from, l->tried_s[i] * NS_PER_S), t)) {
			l->returned = true;
			return l;
		}
	return NULL;
}

struct lull *
lull_serves(struct detect *d, struct outage *o, const struct view *v)
{
	struct outages *all = d->state[DETECTOR_outage];
	uint64_t network = network_of(v);
	uint32_t client = client_of(v);

	day_passes(&all->served, v->s->time);
	*served_word(&all->served, 0, network) |= bit_of(network);
	o->ports |= port_bit(v->s->dest_port);
	if (v->s->retransmits_out)
		return NULL; /* lull_tried looks at it */
	regular_add(d, client, false);
	return lull_return(o, client, v->s->start);
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

/* That this client tries in vain: by those alike, or by its own past. */
static uint8_t
vain_bits(const struct detect *d, const struct tries *t, uint32_t client, bool known)
{
	const struct regular *r = regular_at(d, client);
	uint8_t own = known && r->client == client ? bits_surprise(r->answered + 1, r->failed + 1, CAP_REGULAR) : 0;
	uint8_t alike = bits_surprise(t->all + 1, (known ? t->known : t->strange) + 1, known ? CAP : CAP_STRANGE);

	return own > alike ? own : alike;
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
	if (s->retransmits_out >= LOST_TWICE && (!l->until.ns || when_before(s->start, late)))
		return true; /* it ends with this one, whose first words were in vain */
	return l->until.ns && when_before(s->start, l->until);
}

static void
lull_add(const struct detect *d, struct lull *l, const struct tries *t, const struct view *v, bool known)
{
	uint32_t client = client_of(v);
	int64_t since = when_since(v->s->start, l->from) / NS_PER_S;
	uint32_t s = since > 0 ? (uint32_t)since : 0;
	uint8_t bits = vain_bits(d, t, client, known);
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

/* What clients offer to resume is refused behind it, where it hardly ever was: r of n by chance, which is no more than
   2^n times (refused / offered)^r. */
static unsigned
refused_bits(const struct outage *o, const struct lull *l)
{
	uint32_t offered = l->after.offered, refused = offered - l->after.accepted;
	uint32_t each = bits_surprise(o->usual.offered + 1, o->usual.offered - o->usual.accepted + 1, REFUSED_BITS);
	uint32_t choices = refused < offered ? offered : 0;

	return refused * each > choices ? least(refused * each - choices, REFUSED_BITS) : 0;
}

/* Not even its own calls (names, time, logs) are heard, while other hosts are: how rarely is it so for so long? */
static unsigned
hush_bits(const struct outage *o, const struct lull *l)
{
	uint32_t all = UINT32_C(1) << 31, alike = all;

	if (!l->known || !(l->until.ns ? l->alive : o->alive))
		return 0;
	for (uint32_t run = 1; run < l->hushed && alike >> (31 - HUSH_BITS); run++) {
		unsigned i = least(run, HUSH_RUNS) - 1;

		alike = (uint32_t)((uint64_t)alike * (o->hush.again[i] + 1) / (o->hush.behind[i] + 2));
	}
	return bits_surprise(all, alike, HUSH_BITS);
}

bool
lull_is_sure(const struct outage *o, const struct lull *l)
{
	unsigned returned = l->returned ? RETURN_BITS : 0;

	return l->clients && l->bits + returned + refused_bits(o, l) + hush_bits(o, l) >= SURE;
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
		lull_add(d, l, &o->tries, v, known);
	if (l && (l->told || l->bits >= SURE))
		return again ? l : NULL;
	tries_add(&o->tries, unanswered, known);
	if (again && known)
		regular_add(d, client_of(v), true);
	return again ? l : NULL;
}
