/*
 * Logins at gateways of several kinds, as records in the order in which a sensor tells them: an open record at the
 * handshake, updates after one minute and every four, a close.  Sizes are drawn once a test, as a theme has them.
 */
#ifndef TESTS_UNIT_DETECT_LOGINS_H
#define TESTS_UNIT_DETECT_LOGINS_H

#include "detect_site.h"

#include "detect/familiar.h"
#include "detect/login.h"

enum kind { PORTAL, NATIVE, PROTECT, SAML, MACHINE, CLIENTLESS, KINDS };
enum style { KEEP_ALIVE, ONE_EACH, MULTIPLEXED, STYLES };
enum { LANES = 4, TURNS = 48, CONNS = 2048, TELLS = 65536, OBJECTS = 24 };

/* One connection while it is written. */
struct wire {
	struct session s;
	struct exchange turn[TURNS];
	double end[TURNS]; /* of each answer */
	unsigned turns;
	double now, over;
	double tunnel, rate; /* from when on, small records up a second */
	double down;         /* bytes a second to the client */
	uint32_t small_up;   /* bytes of one */
	double full, fulls;  /* from when on, full records up a second besides, and twice as many down */
};

struct tell {
	double at;
	unsigned wire, order;
	uint8_t kind;
};

/* What pages weigh here. */
struct theme {
	uint32_t root, page, object[OBJECTS], login, refused, granted, store, launch, bare;
};

struct logins_test {
	struct site_test t;
	enum kind kind;
	enum style style;
	uint16_t version;
	struct theme theme;
	struct wire wire[CONNS];
	unsigned wires;
	struct tell tell[TELLS];
};

/* Who comes, and how. */
struct comer {
	const char *addr;
	uint64_t browser, client, channel; /* programs; channel: DTLS */
	double at, stays;                  /* s */
	uint32_t name;                     /* bytes of name and password */
	uint32_t headers;                  /* of his program */
	double hold;                       /* for the second factor */
	unsigned wrong;                    /* passwords */
	bool cached, no_login, resumes, abandons;
	unsigned before;   /* so many exchanges before the login, in its connection */
	double rate, down; /* of the tunnel; 0: ordinary */
	uint32_t rtt_us;
};

static const uint64_t BROWSER = 0xb001, BROWSER2 = 0xb002, CLIENT = 0xc001, CHANNEL = 0xd001, TOOL = 0x7001;

static inline void
logins_begin(struct logins_test *r, enum kind kind, enum style style, uint16_t version, size_t memory)
{
	memset(r, 0, sizeof(*r));
	site_begin(&r->t, memory, 7 * DAY);
	r->t.random += kind * 977u + style * 131u + version; /* a theme of its own */
	r->kind = kind;
	r->style = style;
	r->version = version;
	for (unsigned i = 0; i < OBJECTS; i++)
		r->theme.object[i] = 600 + site_random(&r->t, 40000);
	r->theme.root = 700 + site_random(&r->t, 400);
	r->theme.page = 6000 + site_random(&r->t, 8000);
	r->theme.login = 1200 + site_random(&r->t, 1200);
	r->theme.refused = r->theme.login + 150 + site_random(&r->t, 400);
	r->theme.granted = r->theme.login - 150 - site_random(&r->t, 400);
	r->theme.store = 12000 + site_random(&r->t, 9000);
	r->theme.launch = 2600 + site_random(&r->t, 900);
	r->theme.bare = 260 + site_random(&r->t, 200);
}

static inline void
logins_end(struct logins_test *r)
{
	site_end(&r->t);
}

static inline struct wire *
wire_open(struct logins_test *r, const struct comer *c, uint64_t program, double seconds)
{
	struct wire *w = &r->wire[r->wires++];

	assert_true(r->wires <= CONNS);
	*w = (struct wire){
		.s = site_session(&r->t, c->addr, program, seconds), .now = seconds + 0.05, .over = seconds + 0.06};
	w->s.version = r->version;
	w->s.rtt_src_us = c->rtt_us ? c->rtt_us : 20000;
	w->s.src_port = (uint16_t)(20000 + r->t.next_id);
	if (c->resumes)
		w->s.resumed = r->version >= 0x0304 ? RESUMED_PSK : RESUMED_TICKET;
	return w;
}

static inline void
wire_turn(struct wire *w, double think, uint32_t request, double server, uint32_t answer)
{
	assert_true(w->turns < TURNS);
	w->turn[w->turns] = (struct exchange){request, answer, (uint32_t)(think * 1e6), (uint32_t)(server * 1e6), 1000};
	w->now += think + server + 0.001;
	w->end[w->turns++] = w->now;
	w->over = w->now;
}

static inline void
wire_tunnel(struct wire *w, double from, double until, double rate, double down)
{
	w->tunnel = from;
	w->over = until;
	w->rate = rate;
	w->down = down;
	w->small_up = 70;
}

/* The record of a connection at a time. */
static inline void
wire_tell(struct logins_test *r, const struct tell *t)
{
	struct wire *w = &r->wire[t->wire];
	struct session s = w->s;
	double tunnel = w->tunnel > 0 && t->at > w->tunnel ? (t->at < w->over ? t->at : w->over) - w->tunnel : 0;
	uint64_t up = (uint64_t)(tunnel * w->rate), down = (uint64_t)(tunnel * w->rate * 1.5);
	double uploads = w->full > 0 && t->at > w->full ? (t->at < w->over ? t->at : w->over) - w->full : 0;
	uint32_t full = (uint32_t)(uploads * w->fulls);

	s.kind = t->kind;
	s.time = at(t->at);
	s.last = s.start;
	for (unsigned i = 0; i < w->turns && w->end[i] <= t->at; i++) {
		s.exchanges++;
		s.last = at(w->end[i]);
		s.request_max = s.request_max < w->turn[i].request ? w->turn[i].request : s.request_max;
		s.bytes_out += w->turn[i].request;
		s.bytes_in += w->turn[i].response;
	}
	s.exchange = w->turn;
	s.exchange_count = s.exchanges < EXCHANGES_KEPT ? s.exchanges : EXCHANGES_KEPT;
	for (unsigned i = EXCHANGES_KEPT; i < s.exchanges && s.pair_count < PAIRS_KEPT; i++)
		r->t.pair[s.pair_count++] = (struct exchange_pair){w->turn[i].request, w->turn[i].response, 1};
	s.pair = r->t.pair;
	if (tunnel > 0)
		s.last = at(t->at < w->over ? t->at : w->over);
	s.bytes_out += up * w->small_up;
	s.bytes_in += (uint64_t)(tunnel * w->down);
	s.packets_out += (uint32_t)up;
	s.packets_in += (uint32_t)down;
	s.records_out = s.exchanges + (s.carrier == CARRIER_TCP ? (uint32_t)up : 0);
	s.records_in = s.exchanges + (s.carrier == CARRIER_TCP ? (uint32_t)down : 0);
	s.small_out = s.carrier == CARRIER_TCP ? (uint32_t)up : 0;
	s.small_in = s.carrier == CARRIER_TCP ? (uint32_t)(down / 2) : 0;
	s.bytes_out += full * UINT64_C(1300);
	s.packets_out += full;
	s.bytes_in += full * UINT64_C(2600);
	s.packets_in += full * 2;
	s.records_out += full;
	s.records_in += full * 2;
	site_judge(&r->t, &s);
}

static int
tell_before(const void *a, const void *b)
{
	const struct tell *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at ? 1 : x->order < y->order ? -1 : x->order > y->order;
}

/* All that was written is told in the order of time. */
static inline void
logins_play(struct logins_test *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->wires; i++) {
		struct wire *w = &r->wire[i];
		double start = (double)(w->s.start.ns - at(0).ns) / 1e9, t = start + 60,
		       idle = w->turns + w->tunnel > 0 ? 5 : 0;

		r->tell[n] = (struct tell){start + 0.05, i, n, SESSION_OPEN};
		n++;
		for (; t < w->over + idle && n < TELLS - 2; t += 240) {
			r->tell[n] = (struct tell){t, i, n, SESSION_UPDATE};
			n++;
		}
		r->tell[n] = (struct tell){w->over + idle, i, n, SESSION_CLOSE};
		n++;
	}
	qsort(r->tell, n, sizeof(r->tell[0]), tell_before);
	for (unsigned i = 0; i < n; i++)
		wire_tell(r, &r->tell[i]);
	r->wires = 0;
}

/* Time passes without traffic: silent pulses. */
static inline void
logins_wait(struct logins_test *r, double until)
{
	struct pulse p = {.time = at(until), .gateway = 1};

	detect_pulse(r->t.d, &p, &r->t.to);
}

/* A browser asks: on one connection, on a new one each time, or over HTTP/2, where headers shrink. */
struct browsing {
	struct logins_test *r;
	const struct comer *c;
	struct wire *lane;
};

static inline void
browse(struct browsing *b, double think, uint32_t request, double server, uint32_t answer)
{
	bool each = b->r->style == ONE_EACH || (b->lane->turns >= 14 && !b->c->before);

	if (b->r->style == MULTIPLEXED)
		request = b->lane->turns ? request / 3 + 40 : request;
	if (each && b->lane->turns) {
		double now = b->lane->now;

		b->lane->over = now + 0.01;
		b->lane = wire_open(b->r, b->c, b->lane->s.client_key, now + (think > 0.06 ? think - 0.05 : 0.01));
		wire_turn(b->lane, 0.001, request, server, answer);
		return;
	}
	wire_turn(b->lane, think, request, server, answer);
}

static inline void
landing(struct browsing *b)
{
	const struct theme *h = &b->r->theme;
	uint32_t bare = h->bare + b->c->headers, sum = 0;

	browse(b, 0.01, bare, 0.002, h->root);
	browse(b, 0.02, bare + 60, 0.004, h->page);
	for (unsigned i = 0; i < OBJECTS && b->r->style != KEEP_ALIVE; i++) {
		sum += h->object[i];
		if (b->r->style == ONE_EACH && i < 8 && !b->c->cached)
			browse(b, 0.02, bare + 130 + i * 37 % 151, 0.002, h->object[i]);
	}
	if (b->r->style == MULTIPLEXED && !b->c->cached)
		browse(b, 0.02, 2400, 0.003, sum);
	if (b->r->style == KEEP_ALIVE && !b->c->cached) {
		struct wire *lane[LANES];

		for (unsigned i = 0; i < LANES; i++)
			lane[i] = wire_open(b->r, b->c, b->c->browser, b->lane->now + 0.02);
		for (unsigned i = 0; i < OBJECTS; i++)
			wire_turn(lane[i % LANES], 0.01, bare + 130 + i * 37 % 151, 0.002, h->object[i]);
	}
}

static inline void
post_login(struct browsing *b)
{
	const struct theme *h = &b->r->theme;
	uint32_t bare = h->bare + b->c->headers + 240;

	browse(b, 0.02, bare + 60, 0.05, h->store);
	for (unsigned i = 0; i < 4; i++)
		browse(b, 0.02, bare + i * 5, 0.004, 900 + (b->c->name * 131 + i * 577) % 7000);
	browse(b, 3 + b->c->name % 9, bare + 150, 0.15, h->launch + b->c->name);
}

static inline double
form(struct browsing *b, uint32_t request)
{
	const struct theme *h = &b->r->theme;

	for (unsigned i = 0; i < b->c->wrong; i++)
		browse(b, 6, request + b->c->name + i, 0.2, h->refused);
	if (b->c->abandons)
		return b->lane->now;
	browse(b, 4 + b->c->name % 11, request + b->c->name, 0.18 + b->c->hold, h->login);
	return b->lane->now;
}

/* The tunnel, in its own connection, with a data channel beside it. */
static inline void
tunnel(struct logins_test *r, const struct comer *c, uint64_t program, double from)
{
	struct wire *w = wire_open(r, c, program, from);
	double rate = c->rate > 0 ? c->rate : 4 + c->name % 7, down = c->down > 0 ? c->down : 4000;

	if (r->kind == PORTAL)
		wire_turn(w, 0.01, 1200, 0.01, 400);
	else
		wire_turn(w, 0.01, 560, 0.01, 900);
	if (!c->channel) {
		wire_tunnel(w, w->now, from + c->stays, rate, down);
		return;
	}
	w->over = from + c->stays;
	w = wire_open(r, c, c->channel, from + 1);
	w->s.proto = PROTO_UDP;
	w->s.carrier = CARRIER_DTLS;
	wire_tunnel(w, from + 1.5, from + c->stays, rate, down);
}

static inline void
come_by_browser(struct logins_test *r, const struct comer *c)
{
	struct browsing b = {r, c, wire_open(r, c, c->browser, c->at)};

	if (!c->no_login) {
		landing(&b);
		for (unsigned i = 0; i < c->before; i++)
			browse(&b, 0.02, r->theme.bare + c->headers + i * 37 % 151, 0.002,
			       r->theme.object[i % OBJECTS]);
		if (r->kind == SAML) {
			if (c->abandons)
				return;
			b.lane = wire_open(r, c, c->browser, b.lane->now + 14 + c->name % 9 + c->hold);
			wire_turn(b.lane, 0.01, 5200 + c->name * 31, 0.06, r->theme.granted);
		} else {
			form(&b, r->theme.bare + c->headers + 380);
		}
		if (c->abandons)
			return;
	} else if (r->kind == CLIENTLESS) {
		browse(&b, 0.01, r->theme.bare + c->headers + 100, 0.01, r->theme.root);
	}
	if (!c->no_login || r->kind == CLIENTLESS)
		post_login(&b);
	if (r->kind != CLIENTLESS) {
		tunnel(r, c, c->client, b.lane->now + 1.5);
		return;
	}
	for (double t = b.lane->now; b.lane->now < t + 900;)
		browse(&b, 20 + site_random(&r->t, 25), r->theme.bare + c->headers + 300 + site_random(&r->t, 80), 0.06,
		       500 + site_random(&r->t, 30000));
}

static inline void
come_by_client(struct logins_test *r, const struct comer *c)
{
	struct wire *w = wire_open(r, c, c->client, c->at);
	double when;

	if (r->kind == MACHINE || c->no_login) {
		tunnel(r, c, c->client, c->at);
		r->wire[r->wires - 2 - (c->channel != 0)].over = c->at + 1;
		return;
	}
	wire_turn(w, 0.01, 480 + c->headers / 4, 0.006, r->theme.root + 900);
	if (r->kind == PROTECT) {
		w->over = w->now + 0.1;
		w = wire_open(r, c, c->client, w->now + 4 + c->name % 7);
	}
	for (unsigned i = 0; i < c->wrong; i++)
		wire_turn(w, 5, 520 + c->name + i, 0.2, r->theme.refused);
	if (c->abandons)
		return;
	wire_turn(w, r->kind == PROTECT ? 0.01 : 3 + c->name % 7, 520 + c->name, 0.15, r->theme.login);
	if (c->hold > 0)
		wire_turn(w, 0.2, 566, c->hold, r->theme.granted);
	when = w->now + 0.1;
	if (r->kind == PROTECT) {
		w = wire_open(r, c, c->client, when);
		wire_turn(w, 0.8, 9000 + c->name * 613, 0.03, 420);
	}
	tunnel(r, c, c->client, when + 0.2);
}

/* Writes what somebody does; logins_play tells it, together with what others do then. */
static inline void
come(struct logins_test *r, const struct comer *c)
{
	if (r->kind == PORTAL || r->kind == SAML || r->kind == CLIENTLESS)
		come_by_browser(r, c);
	else
		come_by_client(r, c);
}

/* User number n of the house, at home. */
static inline struct comer
user(struct logins_test *r, unsigned n, double when, char addr[32])
{
	snprintf(addr, 32, "100.%u.%u.9", 64 + n / 200, n % 200);
	return (struct comer){.addr = addr,
			      .browser = n % 3 ? BROWSER : BROWSER2,
			      .client = CLIENT,
			      .channel = r->kind == NATIVE || r->kind == MACHINE ? CHANNEL : 0,
			      .at = when,
			      .stays = 1800 + n % 7 * 600,
			      .name = 14 + n * 7 % 23,
			      .headers = n % 3 ? 180 : 235,
			      .hold = n % 4 == 0 ? 0 : 3 + n % 17,
			      .wrong = n % 19 == 0,
			      .cached = when > DAY,
			      .rtt_us = 8000 + n % 5 * 13000};
}

/* Ten days of a house: everybody logs in each morning; some give up, strangers look at the page. */
static inline void
ordinary_days(struct logins_test *r, unsigned users, unsigned days)
{
	char addr[32];

	for (unsigned day = 0; day < days; day++) {
		for (unsigned n = 0; n < users; n++) {
			struct comer c = user(r, n, day * DAY + 7 * HOUR + n * 400, addr);

			come(r, &c);
			if (n % 9 == 5) {
				struct comer stranger = c;

				stranger.addr = "198.51.100.77";
				stranger.browser = stranger.client = TOOL + n;
				stranger.abandons = true;
				stranger.wrong = n % 2 * 2;
				stranger.at += 40;
				come(r, &stranger);
			}
		}
		logins_play(r);
		logins_wait(r, (day + 1) * DAY);
	}
}

static inline unsigned
found(const struct logins_test *r, enum detector_id id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->t.got.findings && i < GOT_MAX; i++)
		n += r->t.got.finding[i].detector == id;
	return n;
}

/* Alerts of the detectors of logins, and of what a chain here begins with. */
static inline unsigned
alerts(const struct logins_test *r)
{
	const uint64_t ours = DETECTOR_BIT(loginless) | DETECTOR_BIT(stolen_login) | DETECTOR_BIT(push_fatigue) |
			      DETECTOR_BIT(tunnel_exfil) | DETECTOR_BIT(hands_on) | DETECTOR_BIT(survivor) |
			      DETECTOR_BIT(leak_loop);
	unsigned n = 0;

	assert_true(r->t.got.findings < GOT_MAX);
	for (unsigned i = 0; i < r->t.got.findings; i++) {
		const struct finding *f = &r->t.got.finding[i];

		n += (f->opens || f->worsens) && ours >> f->detector & 1;
	}
	return n;
}

static inline const struct finding *
finding_of(const struct logins_test *r, enum detector_id id)
{
	for (unsigned i = 0; i < r->t.got.findings && i < GOT_MAX; i++)
		if (r->t.got.finding[i].detector == id)
			return &r->t.got.finding[i];
	return NULL;
}

#endif
