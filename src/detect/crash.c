/*
 * crash: the black box.  Who asked what in the last minute before an outage, ranked by how unusual it was, and whether
 * the same hand was there before an earlier one.
 *
 * A first crash proves little about whoever came last; a second one after the same rare network, program or size of
 * request is no accident.  Bits are of surprise: log2(all / alike).
 */
#include "detect/bits.h"
#include "detect/outage.h"
#include "detect/sketch.h"
#include "detect/visit.h"

#include <string.h>

enum {
	BOXES = 8,
	SUSPECTS = 4,
	TIMES = 4,
	NEAR_S = 15,
	WINDOW_S = 60,
	STAY_S = 600, /* of silence, and it is another visit */
	SLACK_S = 10, /* an outage begins somewhere in ten seconds */
	NET_BITS = 8,
	PROGRAM_BITS = 6,
	CAP = 8,       /* bits that one surprise gives at most */
	NOTED = 16,    /* bits in all: worth telling */
	MATCHING = 18, /* worth comparing with another crash */
	STRONG = 26,
	RARE = 4, /* bits of one surprise that tell a hand from others */
	SIZE_SPREAD = 2
};

/* A client program at an address, and its last requests. */
struct source {
	struct when time[TIMES]; /* of requests, the latest first */
	struct addr client;
	uint64_t program, session, unanswered_session;
	uint32_t requests, request, answer; /* request: the most surprising, and its answer */
	uint8_t gateway, net_bits, program_bits, size_bits;
	uint8_t ordinary, unanswered; /* 0 or 1 */
};

struct suspect {
	struct source who;
	uint32_t bits;
	int32_t before_s;
};

/* One outage: the four most surprising. */
struct box {
	struct when down;
	uint32_t count;
	uint8_t gateway, told; /* told: 1 once, 2 as a repetition */
	struct suspect suspect[SUSPECTS];
};

struct crash {
	struct memory sources;
	struct rarity {
		uint16_t nets[CMS_ROWS << NET_BITS], programs[CMS_ROWS << PROGRAM_BITS];
		uint32_t total;
		struct quantiles requests;
	} * rarity;
	struct boxes {
		uint32_t next;
		struct box box[BOXES];
	} * boxes;
};

static bool
boxes_sound(const void *bytes)
{
	const struct boxes *all = bytes;

	for (unsigned i = 0; i < BOXES; i++)
		if (all->box[i].count > SUSPECTS)
			return false;
	return true;
}

void *
crash_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct crash *k = carve_take(c, sizeof(*k));

	k->rarity = detect_array(d, c, sizeof(*k->rarity), 2);
	k->boxes = detect_array(d, c, sizeof(*k->boxes), 1);
	detect_sound(d, boxes_sound);
	bytes -= sizeof(*k) + sizeof(*k->rarity) + sizeof(*k->boxes) + 3 * 64;
	detect_memory(d, &k->sources, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct source), .version = 1});
	return k;
}

static uint8_t
surprise(uint32_t total, uint32_t alike)
{
	return bits_surprise((uint64_t)total + 1, (uint64_t)alike + 1, CAP);
}

static void
rarity_halve(struct rarity *r)
{
	cms_halve(r->nets, NET_BITS);
	cms_halve(r->programs, PROGRAM_BITS);
	r->total /= 2;
}

/* One more connection: how rare are its network and program among those before it? */
static void
note_connection(struct rarity *r, const struct view *v, struct source *who, bool learns)
{
	uint64_t net = network_of(v), program = detect_mix(v->s->client_key, 1);

	who->net_bits = surprise(r->total, cms_count(r->nets, NET_BITS, net));
	who->program_bits = surprise(r->total, cms_count(r->programs, PROGRAM_BITS, program));
	if (!learns)
		return;
	cms_add(r->nets, NET_BITS, net, 1);
	cms_add(r->programs, PROGRAM_BITS, program, 1);
	if (++r->total >= UINT16_MAX)
		rarity_halve(r);
}

static void
note_time(struct source *who, struct when t)
{
	if (!when_before(who->time[0], t))
		return;
	for (unsigned i = TIMES - 1; i > 0; i--)
		who->time[i] = who->time[i - 1];
	who->time[0] = t;
}

static void
note_request(struct rarity *r, const struct view *v, struct source *who, const struct turn *t, bool learns)
{
	/* a larger request is the rarer one */
	bool rarer = who->requests == 0 || t->request > who->request;
	uint8_t bits = rarer ? surprise(r->requests.total, quantile_above(&r->requests, t->request)) : 0;

	note_time(who, t->time);
	who->requests += t->count;
	if (who->requests == t->count || bits > who->size_bits) {
		who->size_bits = bits;
		who->request = t->request;
		who->answer = t->answer;
		who->session = v->s->id;
	}
	if (t->answer == 0 && v->s->kind == SESSION_CLOSE && v->s->end != FLOW_FIN) {
		who->unanswered = true;
		who->unanswered_session = v->s->id;
	}
	if (learns)
		quantile_add(&r->requests, t->request);
}

static bool
is_ordinary(const struct view *v)
{
	return v->familiar || v->monitor ||
	       (v->visit && v->visit->phases & (PHASE_ASSETS | PHASE_TUNNEL) && v->visit->exchanges >= 8);
}

void
crash_judge(struct detect *d, const struct view *v)
{
	struct crash *k = d->state[DETECTOR_crash];
	const struct session *s = v->s;
	struct when since = outage_since(d, s->gateway);
	const bool learns = !v->degraded && !v->suspect;
	struct source *who;
	bool fresh;

	/* hellos that come to nothing are the noise of every address; a flood of them must not empty the box */
	if (s->role != ROLE_INBOUND || (!s->established && s->exchanges == 0) ||
	    (!v->first_established && v->from >= v->until))
		return;
	who = memory_use_hashed(&k->sources, &v->by_client, &fresh);
	if (when_since(s->start, who->time[0]) > STAY_S * NS_PER_S)
		*who = (struct source){.gateway = s->gateway};
	who->client = v->client;
	who->program = s->client_key;
	who->ordinary = is_ordinary(v);
	if (v->first_established)
		note_connection(k->rarity, v, who, learns);
	/* while it is out, what comes later explains nothing */
	if (v->first_established && (!since.ns || when_since(s->start, since) <= SLACK_S * NS_PER_S)) {
		note_time(who, s->start);
		who->session = who->session ? who->session : s->id;
	}
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end; t++)
		if (!since.ns || when_since(t->time, since) <= SLACK_S * NS_PER_S)
			note_request(k->rarity, v, who, t, learns);
}

/* Seconds from its last request to the outage; more than the window: none was before it. */
static int32_t
before_s(const struct source *who, struct when down)
{
	for (unsigned i = 0; i < TIMES && who->time[i].ns; i++) {
		int64_t s = when_since(down, who->time[i]) / NS_PER_S;

		if (s >= -SLACK_S && s <= WINDOW_S)
			return s < 0 ? 0 : (int32_t)s;
	}
	return INT32_MAX;
}

static uint32_t
weigh(const struct source *who, int32_t before)
{
	uint32_t bits = (uint32_t)who->net_bits + who->program_bits + who->size_bits;

	bits += before <= NEAR_S ? 8 : 3;
	bits += who->unanswered ? 4 : 0;
	return who->ordinary ? bits / 3 : bits;
}

/* Ties go to the later one, then to the lower address: never to the table's order. */
static bool
ranks_before(const struct suspect *a, const struct suspect *b)
{
	if (a->bits != b->bits)
		return a->bits > b->bits;
	if (a->before_s != b->before_s)
		return a->before_s < b->before_s;
	return memcmp(&a->who.client, &b->who.client, sizeof(a->who.client)) < 0;
}

static void
box_add(struct box *b, const struct suspect *s)
{
	struct suspect in = *s;

	for (uint32_t i = 0; i < b->count; i++)
		if (ranks_before(&in, &b->suspect[i])) {
			struct suspect out = b->suspect[i];

			b->suspect[i] = in;
			in = out;
		}
	if (b->count < SUSPECTS)
		b->suspect[b->count++] = in;
}

/* By age, so that the table's random key has no say. */
static void
box_fill(const struct crash *k, struct box *b)
{
	const struct source *who = memory_oldest(&k->sources);

	for (; who; who = memory_newer(&k->sources, who)) {
		int32_t before = who->gateway == b->gateway ? before_s(who, b->down) : INT32_MAX;

		if (before <= WINDOW_S)
			box_add(b, &(struct suspect){*who, weigh(who, before), before});
	}
}

static bool
same_size(const struct source *a, const struct source *b)
{
	uint32_t apart = a->request > b->request ? a->request - b->request : b->request - a->request;

	return a->request && apart <= SIZE_SPREAD && a->size_bits >= RARE && b->size_bits >= RARE;
}

/* What two suspects have in common that few have; NULL: nothing. */
static const char *
in_common(const struct source *a, const struct source *b)
{
	if (detect_mix_network(&a->client) == detect_mix_network(&b->client))
		return "the same network";
	if (a->program == b->program && a->program && a->program_bits >= RARE && b->program_bits >= RARE)
		return "the same rare client program";
	if (same_size(a, b))
		return "the same unusual size of request";
	return NULL;
}

/* An earlier crash of this gateway with the same hand in it. */
static const char *
repeats(const struct boxes *all, const struct box *b, const struct suspect *s, const struct box **earlier)
{
	for (uint32_t i = 0; i < BOXES; i++) {
		const struct box *o = &all->box[i];

		if (o->gateway != b->gateway || !when_before(o->down, b->down))
			continue;
		for (uint32_t n = 0; n < o->count; n++) {
			const char *what =
				o->suspect[n].bits >= MATCHING ? in_common(&o->suspect[n].who, &s->who) : NULL;

			if (what) {
				*earlier = o;
				return what;
			}
		}
	}
	return NULL;
}

static void
crash_report(struct detect *d, const struct box *b, const struct suspect *s, const char *again,
	     const struct box *earlier)
{
	const struct source *who = &s->who;
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_crash, (uint8_t)b->gateway);
	f.actor = who->client;
	f.severity = again ? SEVERITY_CRITICAL : s->bits >= STRONG ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	f.confidence = again ? 90 : s->bits >= STRONG ? 70 : 40;
	finding_number(&f, "before", "s", s->before_s);
	finding_number(&f, "requests", "requests", who->requests);
	finding_number(&f, "request", "bytes", who->request);
	finding_number(&f, "answer", "bytes", who->answer);
	finding_number(&f, "surprise", "bits", s->bits);
	finding_number(&f, "sources", "clients", b->count);
	if (again)
		finding_number(&f, "earlier", "s", when_since(b->down, earlier->down) / NS_PER_S);
	finding_weigh(&f, "rare network (bits)", who->net_bits);
	finding_weigh(&f, "rare client program (bits)", who->program_bits);
	finding_weigh(&f, "unusual size of request (bits)", who->size_bits);
	finding_weigh(&f, "close to the outage (bits)", s->before_s <= NEAR_S ? 8 : 3);
	finding_weigh(&f, "unanswered (bits)", who->unanswered ? 4 : 0);
	finding_session(&f, who->unanswered ? who->unanswered_session : who->session);
	for (uint32_t i = 0; i < b->count; i++)
		finding_session(&f, b->suspect[i].who.session);
	finding_say(
		&f,
		again ? "gateway {t} went down again {0} after a request of {a}: {x} as before the outage {6} earlier; "
			"{1} requests, the oddest of {2} answered with {3}" :
			"gateway {t} went down {0} after the last request of {a}, the most unusual client of that "
			"minute ({4} bits): {1} requests, the oddest of {2} answered with {3}",
		(const struct text[2]){{again, again ? (uint32_t)strlen(again) : 0}, {NULL, 0}});
	f.benign = "a coincidence: somebody is always the last before an outage; a restart that was planned";
	finding_expected(d, &f, OUTAGE_FACTS);
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* The copy of this outage, made at its first review and filled anew at the last. */
static struct box *
box_of(struct boxes *all, uint8_t gateway, struct when down)
{
	struct box *b = &all->box[(all->next + BOXES - 1) % BOXES];

	bool same = b->gateway == gateway && b->down.ns == down.ns;

	if (!same)
		b = &all->box[all->next++ % BOXES];
	*b = (struct box){.down = down, .gateway = gateway, .told = same ? b->told : 0};
	return b;
}

bool
crash_review(struct detect *d, uint8_t gateway, struct when down, bool over, bool lost)
{
	struct crash *k = d->state[DETECTOR_crash];
	struct box *b = box_of(k->boxes, gateway, down);
	const struct box *earlier = NULL;
	const char *again = NULL;
	const struct suspect *who = &b->suspect[0];

	box_fill(k, b);
	if (over && !lost) {
		*b = (struct box){0}; /* nothing died: nobody killed it */
		return false;
	}
	for (uint32_t i = 0; i < b->count && !again; i++)
		if (b->suspect[i].bits >= MATCHING && (again = repeats(k->boxes, b, &b->suspect[i], &earlier)))
			who = &b->suspect[i];
	if (b->count && (again || who->bits >= (over ? NOTED : STRONG)) && b->told < (again ? 2 : 1)) {
		crash_report(d, b, who, again, earlier);
		b->told = again ? 2 : 1;
	}
	return again != NULL;
}
