/*
 * plan: the site by seed: the gateway and what its pages weigh, networks people come from; begins and runs a world.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "records.h"
#include "frames.h"

const char *const KIND_NAMES[KINDS] = {"portal", "tunnel", "protect", "saml", "cert"};

const char *const RHYTHM_NAMES[RHYTHMS] = {"office hours", "shifts", "campus", "time zones"};

/* Actors below this number are the site's own; people and the rest have the numbers above. */
enum { ACTOR_SITE = 1, ACTOR_HABITS = 7, UPDATE_MS = 240000 };

void *
world_alloc(struct world *w, size_t bytes)
{
	void *p = calloc(1, bytes);

	if (w->owned_count == w->owned_room) {
		w->owned_room = w->owned_room ? w->owned_room * 2 : 256;
		w->owned = realloc(w->owned, w->owned_room * sizeof(void *));
	}
	return w->owned[w->owned_count++] = p;
}

struct addr
addr_of(uint32_t v4)
{
	return addr_v4((const uint8_t[]){(uint8_t)(v4 >> 24), (uint8_t)(v4 >> 16), (uint8_t)(v4 >> 8), (uint8_t)v4});
}

/* 2001:db8:NET::HOST, the documentation prefix. */
struct addr
addr6_of(uint32_t net, uint64_t host)
{
	struct addr a = {{0x20, 0x01, 0x0d, 0xb8, (uint8_t)(net >> 8), (uint8_t)net}};

	for (unsigned i = 0; i < 8; i++)
		a.b[15 - i] = (uint8_t)(host >> 8 * i);
	return a;
}

/* Made up like everything here: whoever really has such an address has nothing to do with it. */
struct addr
anywhere(struct rng *r)
{
	return addr_of((uint32_t)between(r, 0x0b000000, 0x60000000) + (below(r, 8) << 28 & 0x40000000) + 1);
}

static uint32_t
host_in(struct rng *r, uint32_t net16)
{
	return net16 | below(r, 256) << 8 | (2 + below(r, 250));
}

struct location
home_draw(struct world *w, struct rng *r)
{
	uint32_t isp = below(r, ISPS);

	return (struct location){.v4 = addr_of(host_in(r, w->isp[isp])),
				 .v6 = addr6_of((uint32_t)between(r, 0x100, 0xefff), rng_next(r)),
				 .rtt_us = (uint32_t)skewed(r, 14000, 90000),
				 .has_v6 = chance(r, 300),
				 .blocks_udp = chance(r, 50)};
}

/* A rented server: another part of the address space, short ways. */
struct location
hosting_draw(struct world *w, struct rng *r)
{
	(void)w;
	return (struct location){.v4 = addr_of(0x9a000000 + below(r, 0x08000000)),
				 .v6 = addr6_of((uint32_t)between(r, 0xf000, 0xffff), rng_next(r)),
				 .rtt_us = (uint32_t)skewed(r, 22000, 180000)};
}

/* Where the client calls: by IPv6 where it has it (RFC 8305). */
const struct addr *
gateway_addr(const struct world *w, const struct location *p, struct rng *r)
{
	return p->has_v6 && chance(r, 900) ? &w->gw.v6 : &w->gw.v4;
}

static void
theme_draw(struct theme *t, struct rng *r)
{
	t->objects = (uint32_t)between(r, 12, OBJECTS);
	for (unsigned i = 0; i < t->objects; i++)
		t->object[i] = (uint32_t)skewed(r, 6000, 380000) + 200;
	t->root = (uint32_t)between(r, 320, 700);
	t->page = (uint32_t)between(r, 4000, 19000);
	t->config = (uint32_t)between(r, 1500, 6000);
	t->login = (uint32_t)between(r, 1000, 3000);
	t->fail = (uint32_t)between(r, 900, 2200);
	t->poll = (uint32_t)between(r, 200, 420);
	t->granted = (uint32_t)between(r, 700, 2600);
	t->store = (uint32_t)between(r, 4000, 60000);
	t->launch = (uint32_t)between(r, 1300, 3200);
	t->not_modified = (uint32_t)between(r, 230, 340);
	t->headers = (uint32_t)between(r, 310, 620);
}

/* What the products are known for: NetScaler's 8 kB quantum and two minutes of session reuse, OpenSSL's five
   minutes. */
static void
gateway_draw(struct world *w, struct rng *r)
{
	struct gateway *g = &w->gw;
	bool portal = w->cfg.kind == KIND_PORTAL || w->cfg.kind == KIND_SAML;
	bool v13 = chance(r, 600);
	uint32_t issuer;

	g->v4 = addr_of(0xc000020a);
	g->v6 = addr6_of(1, 0x10);
	g->snip = addr_of(0xc000020b);
	snprintf(g->name, sizeof(g->name), "remote%u.example.org", below(r, 90) + 10);
	g->tls = (struct tls_server){.v13 = v13,
				     .ids = portal,
				     .tickets = !portal && chance(r, 700),
				     .chacha = chance(r, 100),
				     .asks_cert = w->cfg.kind == KIND_CERT,
				     .record_max = (uint16_t)(portal ? 8192 : 16384),
				     .ticket_count = (uint8_t)(v13 ? (portal ? 1 : 2) : 0),
				     .ticket_bytes = (uint16_t)between(r, 160, 224),
				     .lifetime_s = portal ? 120 : 300,
				     .epoch = 1,
				     .chain_len = (uint16_t)between(r, 1100, 1900),
				     .flavour = (uint8_t)below(r, 4)};
	issuer = below(r, 9);
	server_make(w, &g->tls, r, g->name, 0, issuer);
	g->other = g->tls;
	server_make(w, &g->other, r, g->name, 0, issuer);
	g->two_certs = w->cfg.lookalikes && chance(r, 150);
	g->dtls = g->tls;
	g->dtls.ids = g->dtls.tickets = g->dtls.asks_cert = false;
	g->udp_works = true;
	theme_draw(&g->theme, r);
}

static void
habits_draw(struct world *w)
{
	struct rng r = rng_of(w->cfg.seed, ACTOR_HABITS);
	struct habits *h = &w->habits;

	h->rhythm = (uint8_t)(chance(&r, 500) ? RHYTHM_OFFICE : below(&r, RHYTHMS));
	h->chromium = (uint16_t)between(&r, 450, 950);
	h->other_client = (uint16_t)skewed(&r, 40, 250);
	h->push = (uint16_t)between(&r, 0, 900);
	h->code = (uint16_t)between(&r, 600, 1000);
	h->mobile = (uint16_t)skewed(&r, 40, 250);
	h->roams = (uint16_t)skewed(&r, 60, 300);
	h->kept_s = (uint16_t)skewed(&r, 60, 300);
	h->phones_share = chance(&r, 400);
	h->empty_cache = (uint16_t)skewed(&r, 80, 250);
}

void
gateway_told(const struct world *w, struct gateway_addr to[GATEWAY_TOLD])
{
	const struct addr *const addr[GATEWAY_TOLD] = {&w->gw.v4, &w->gw.v6, &w->gw.snip};

	for (unsigned i = 0; i < GATEWAY_TOLD; i++)
		to[i] = (struct gateway_addr){*addr[i], 1, true, true};
}

void
world_begin(struct world *w, const struct world_config *cfg, const struct render *render, const struct world_sink *to)
{
	struct rng r = rng_of(cfg->seed, ACTOR_SITE);

	*w = (struct world){.cfg = *cfg, .now = WORLD_BEGIN, .render = render, .to = *to};
	for (unsigned i = 0; i < ISPS; i++)
		w->isp[i] = (uint32_t)between(&r, 0x1f00, 0x5f00) << 16;
	gateway_draw(w, &r);
	habits_draw(w);
	for (unsigned i = 0; i < OFFICES; i++) {
		w->office[i] = home_draw(w, &r);
		w->office[i].has_v6 = false;
	}
	if (render == &RENDER_RECORDS)
		records_begin(w, MS(UPDATE_MS));
	else
		frames_begin(w);
	inside_begin(w);
	people_begin(w);
	services_begin(w);
	noise_begin(w);
	if (cfg->lookalikes)
		lookalikes_begin(w);
}

void
world_run(struct world *w, int64_t until)
{
	while (clock_step(w, until))
		;
	w->now = until;
	w->render->pass(w, until);
}

void
world_end(struct world *w)
{
	w->render->end(w);
	clock_free(&w->clock);
	conns_free(w);
	for (uint32_t i = 0; i < w->owned_count; i++)
		free(w->owned[i]);
	free(w->owned);
	free(w->names.slot);
}
