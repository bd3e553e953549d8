/*
 * login: how people get in, by kind of gateway: which connections, in which order, with which sizes and pauses.
 *
 *	portal	page and objects, credentials, second factor, store, start of an application (NetScaler)
 *	saml	page, away to the identity provider, back with a large POST
 *	vpn	client program: configuration, credentials, second factor, CONNECT (ocserv, AnyConnect, FortiGate)
 *	protect	several short connections, a host report, then the tunnel (GlobalProtect)
 *	cert	a machine certificate opens the tunnel at once
 */
#include "people.h"

enum {
	WRONG_PER_MILLE = 50,
	EXPIRED_PER_MILLE = 400,
	MISSED_PER_MILLE = 25,
	SLOW_V6_PER_MILLE = 30,
	POLL_MS = 2500,
	TEXTS_OBJECT = 3
};

static void
person_connected(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	if (c->failed && p->busy && c == p->tunnel)
		person_dropped(w, p);
}

/* CGNAT: neighbours share a pool, and each connection gets another address of it. */
static struct addr
v4_now(struct person *p)
{
	struct addr a = p->at->v4;

	if (p->at->pool) {
		a.b[14] = (uint8_t)((a.b[14] & ~3u) | below(&p->rng, 4));
		a.b[15] = (uint8_t)(1 + below(&p->rng, 254));
	}
	return a;
}

/* Happy eyeballs (RFC 8305): IPv6 did not answer at once, IPv4 is tried beside it and given up. */
static void
race(struct person *p, int64_t at)
{
	struct conn *c = dial(p->w, &(struct dial){.at = at,
						   .from = v4_now(p),
						   .to = p->w->gw.v4,
						   .to_port = 443,
						   .rtt_us = p->at->rtt_us,
						   .who = p});

	reset(c, MS(40), 0);
}

struct conn *
person_dial(struct person *p, int64_t at, bool browser)
{
	struct world *w = p->w;
	const struct addr *to = gateway_addr(w, p->at, &p->rng);
	struct dial d = {.at = at,
			 .from = addr_same(to, &w->gw.v6) ? p->at->v6 : v4_now(p),
			 .to = *to,
			 .to_port = 443,
			 .program = browser ? p->browser : p->client,
			 .server = &w->gw.tls,
			 .sni = w->gw.name,
			 .rtt_us = p->at->rtt_us,
			 .far_us = p->far_us,
			 .ticket = browser ? &p->browser_ticket : &p->client_ticket,
			 .who = p,
			 .ended = person_connected};

	if (p->at->has_v6 && chance(&p->rng, SLOW_V6_PER_MILLE))
		race(p, at + MS(250));
	return dial(w, &d);
}

static uint32_t
get_bytes(struct person *p)
{
	return p->w->gw.theme.headers + p->headers + below(&p->rng, 60);
}

static int64_t
quick(struct person *p)
{
	return MS(between(&p->rng, 2, 30));
}

static void
object(struct person *p, struct conn *c, unsigned i, bool cached)
{
	const struct theme *t = &p->w->gw.theme;
	uint32_t request = t->headers + p->headers + i * 7 % 43;
	uint32_t bytes = t->object[i] + (i == TEXTS_OBJECT && p->number % 5 == 0 ? 640 : 0); /* in another language */

	if (cached && t->changed[i] <= p->cached_at)
		exchange(c, quick(p), request + 70, MS(1), t->not_modified);
	else
		exchange(c, quick(p), request, MS(1 + t->object[i] / 40000), bytes + t->not_modified);
}

/* The browser's idle connections are closed by the gateway. */
static void
let_go(struct person *p, struct conn *c)
{
	int64_t kept = p->w->habits.kept_s;

	hang_up(c, MS(between(&p->rng, kept * 300, kept * 1000)), chance(&p->rng, 700));
}

void
fetch_page(struct person *p, struct conn *c, bool cached)
{
	const struct theme *t = &p->w->gw.theme;
	unsigned lanes = cached ? 1 + below(&p->rng, 2) : 3 + below(&p->rng, 3);
	struct conn *lane[6];

	exchange(c, quick(p), get_bytes(p), MS(2), t->root);
	exchange(c, quick(p), get_bytes(p) + 20, MS(4), t->page);
	lane[0] = c;
	for (unsigned i = 1; i < lanes; i++)
		lane[i] = person_dial(p, c->t + MS(between(&p->rng, 5, 60)), true);
	for (unsigned i = 0; i < t->objects; i++)
		if (!cached || i % 4 == 0 || t->changed[i] > p->cached_at)
			object(p, lane[i % lanes], i, cached);
	for (unsigned i = 1; i < lanes; i++)
		let_go(p, lane[i]);
	exchange(c, quick(p), get_bytes(p) + 150, MS(8), t->config);
}

/* Push: the phone is at hand or not; code: typed off a token. */
int64_t
mfa_hold(struct person *p)
{
	if (p->fixed_hold)
		return MS(between(&p->rng, 300, 2000));
	return p->mfa == MFA_PUSH ? SECOND(3) + MS(skewed(&p->rng, 6000, 50000)) :
				    SECOND(5) + MS(skewed(&p->rng, 7000, 35000));
}

static void
second_factor(struct person *p, struct conn *c)
{
	const struct theme *t = &p->w->gw.theme;
	int64_t hold = p->mfa == MFA_NONE ? 0 : mfa_hold(p);
	uint32_t poll = get_bytes(p) + 60;

	if (p->mfa == MFA_PUSH && chance(&p->rng, MISSED_PER_MILLE)) /* the phone lay elsewhere */
		exchange(c, MS(300), poll, SECOND(between(&p->rng, 45, 60)), t->poll + 60);
	if (p->mfa == MFA_CODE)
		exchange(c, hold, get_bytes(p) + 280, MS(between(&p->rng, 60, 300)), t->granted);
	else if (p->mfa == MFA_PUSH && p->number % 2)
		for (; hold > 0; hold -= MS(POLL_MS)) /* nFactor polls (nf-poll) */
			exchange(c, MS(POLL_MS), poll, MS(3), t->poll);
	else if (p->mfa == MFA_PUSH) /* the answer waits */
		exchange(c, MS(300), poll, hold, t->granted);
}

/* Whether this try is a wrong password. */
static bool
is_wrong(struct person *p)
{
	return chance(&p->rng, p->w->now < p->w->gw.expiry_until ? EXPIRED_PER_MILLE : WRONG_PER_MILLE);
}

/* Single sign-on inside a managed network: a Kerberos ticket of kilobytes in a header, once refused without. */
static void
negotiate(struct person *p, struct conn *c)
{
	exchange(c, MS(20), get_bytes(p) + 40, MS(3), 520);
	exchange(c, MS(60), get_bytes(p) + 6500 + p->number % 7 * 900, MS(30), p->w->gw.theme.granted + 300);
}

static void
credentials(struct person *p, struct conn *c)
{
	const struct theme *t = &p->w->gw.theme;
	uint32_t request = get_bytes(p) + 240 + p->name_len;

	while (is_wrong(p))
		exchange(c, SECOND(between(&p->rng, 4, 25)), request + below(&p->rng, 6), MS(between(&p->rng, 60, 400)),
			 t->fail);
	exchange(c, SECOND(between(&p->rng, 4, 25)), request, MS(between(&p->rng, 60, 400)), t->login);
}

/* The list of applications, icons, and the file that starts one. */
static void
store(struct person *p, struct conn *c, bool cached)
{
	const struct theme *t = &p->w->gw.theme;
	unsigned icons = cached ? below(&p->rng, 4) : 8 + below(&p->rng, 12);

	exchange(c, quick(p), get_bytes(p) + 90, MS(40), t->granted);
	exchange(c, quick(p), get_bytes(p) + 120, MS(80), t->store + p->name_len * 90 % 4000);
	for (unsigned i = 0; i < icons; i++)
		exchange(c, quick(p), get_bytes(p), MS(3), 900 + (p->number * 31 + i * 577) % 7000);
	exchange(c, SECOND(between(&p->rng, 2, 20)), get_bytes(p) + 200, MS(between(&p->rng, 100, 600)),
		 t->launch + p->name_len);
}

static void
logged_in(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;

	p->cookie_until = w->now + HOUR(12);
	p->then(w, p, w->now + MS(between(&p->rng, 400, 4000)));
}

/* A fifth of page views are by empty caches at a portal of the public (Theurer, Yahoo, 2007); fewer where people work. */
static bool
is_cached(struct person *p, int64_t at)
{
	return at < p->cached_until && !chance(&p->rng, p->w->habits.empty_cache);
}

void
login_portal(struct world *w, struct person *p, int64_t at)
{
	bool cached = is_cached(p, at);
	struct conn *c = person_dial(p, at, true);

	(void)w;
	fetch_page(p, c, cached);
	if (p->at == p->office && p->number % 5 == 0) { /* Kerberos: where the domain is */
		negotiate(p, c);
	} else {
		credentials(p, c);
		second_factor(p, c);
	}
	store(p, c, cached);
	p->cached_until = at + DAY(7);
	p->cached_at = at;
	p->then = work_begin;
	call(c, MS(50), logged_in);
	let_go(p, c);
}

void
login_saml(struct world *w, struct person *p, int64_t at)
{
	bool cached = is_cached(p, at);
	struct conn *c = person_dial(p, at, true), *back;

	(void)w;
	exchange(c, quick(p), get_bytes(p), MS(2), p->w->gw.theme.root);
	exchange(c, quick(p), get_bytes(p) + 30, MS(5), 1400 + p->w->gw.theme.root);
	let_go(p, c);
	back = person_dial(p, at + SECOND(8) + mfa_hold(p), true);
	exchange(back, quick(p), 4200 + p->w->gw.theme.config * 2 + p->name_len * 40 + get_bytes(p), MS(40),
		 p->w->gw.theme.granted);
	store(p, back, cached);
	p->cached_until = at + DAY(7);
	p->then = work_begin;
	call(back, MS(50), logged_in);
	let_go(p, back);
}

void
login_vpn(struct world *w, struct person *p, int64_t at)
{
	const struct theme *t = &w->gw.theme;
	struct conn *c = person_dial(p, at, false);
	uint32_t form = 520 + p->name_len;

	exchange(c, MS(5), 480 + p->headers / 4, MS(6), t->config);
	while (is_wrong(p))
		exchange(c, SECOND(between(&p->rng, 3, 15)), form + below(&p->rng, 8), MS(200), t->fail);
	exchange(c, SECOND(between(&p->rng, 3, 15)), form, MS(between(&p->rng, 80, 400)), t->login);
	if (p->mfa == MFA_PUSH)
		exchange(c, MS(200), 560, mfa_hold(p), t->granted);
	else if (p->mfa == MFA_CODE)
		exchange(c, mfa_hold(p), 566, MS(200), t->granted);
	exchange(c, MS(20), 430, MS(4), t->store / 4 + 2000);
	p->then = work_begin;
	call(c, MS(20), logged_in);
	hang_up(c, MS(200), 0);
}

void
login_protect(struct world *w, struct person *p, int64_t at)
{
	const struct theme *t = &w->gw.theme;
	struct conn *c = person_dial(p, at, false);

	exchange(c, MS(5), 390, MS(5), 1100 + t->root);
	hang_up(c, MS(5), 0);
	c = person_dial(p, c->t + MS(100), false);
	exchange(c, SECOND(between(&p->rng, 3, 15)), 1050 + p->name_len,
		 MS(300) + (p->mfa == MFA_PUSH ? mfa_hold(p) : 0), t->config + 5000);
	hang_up(c, MS(5), 0);
	c = person_dial(p, c->t + MS(200), false);
	exchange(c, MS(5), 1280 + p->name_len, MS(150), t->login);
	exchange(c, MS(10), 900, MS(20), t->config + 2500);
	/* the host report: an honest upload of some kilobytes right after login */
	exchange(c, MS(800), 9000 + (p->number * 613) % 21000, MS(30), 420);
	p->then = work_begin;
	call(c, MS(20), logged_in);
	hang_up(c, MS(100), 0);
}

void
login_cert(struct world *w, struct person *p, int64_t at)
{
	p->cookie_until = at + HOUR(48);
	work_begin(w, p, at);
}
