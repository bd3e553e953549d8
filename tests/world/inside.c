/*
 * inside: the leg behind the gateway, in worlds where that is mirrored, too: what users' work leads to, from the
 * gateway's own address: desktops that are made anew each night, applications, and the health checks of their servers.
 *
 * Only portals proxy from an address of their own; what comes out of a VPN has its user's.
 */
#include "people.h"

enum {
	ACTOR_INSIDE = 200,
	PER_MILLE = 400, /* of worlds */
	SERVERS = 0x0a140100,
	CHECKED = 0x0a140200,
	DESKTOPS = 0x0a1e0000,
	DESKTOPS_A_NIGHT = 2048, /* addresses; used again after eight nights */
	NIGHTS = 8,
	CHECK_S = 120,
	POOL = 4,      /* servers that are checked */
	NEW_POOL = 12, /* more of them from some day on */
	NEW_POOL_DAY = 8
};

struct inside {
	struct rng rng;
	uint32_t checked;
};

static struct conn *
lead_to(struct world *w, int64_t at, uint32_t host, uint16_t port)
{
	return dial(w,
		    &(struct dial){.at = at, .from = w->gw.snip, .to = addr_of(host), .to_port = port, .rtt_us = 900});
}

/* ICA, its screen thinned out: the user's leg has it in full. */
static void
desktop_more(struct world *w, struct conn *c)
{
	struct person *p = c->d.who;
	struct rng *r = &w->inside->rng;

	if (w->now >= p->until) {
		c->d.more = NULL;
		hang_up(c, MS(30), 0);
		return;
	}
	raw(c, MS(skewed(r, 240000, 900000)), 0, 60 + below(r, 900), RAW_NOISE);
	raw(c, MS(9), 1, 200 + below(r, 1200), RAW_NOISE);
}

static uint32_t
desktop_of(const struct world *w, uint32_t number)
{
	uint32_t night = (uint32_t)((w->now - WORLD_BEGIN) / DAY(1) % NIGHTS);

	return DESKTOPS + night * DESKTOPS_A_NIGHT + number * 7 % DESKTOPS_A_NIGHT;
}

/* An application more each week. */
static uint32_t
application(const struct world *w, struct rng *r)
{
	return SERVERS + 10 + below(r, (uint32_t)(6 + (w->now - WORLD_BEGIN) / DAY(7)));
}

void
inside_work(struct world *w, struct person *p, int64_t at)
{
	struct conn *c;

	if (!w->inside)
		return;
	c = lead_to(w, at, desktop_of(w, p->number), 2598);
	c->d.who = p;
	c->d.more = desktop_more;
	for (unsigned i = 0, n = 1 + below(&w->inside->rng, 3); i < n; i++) {
		struct rng *r = &w->inside->rng;

		c = lead_to(w, at + SECOND(between(r, 1, 2400)), application(w, r), chance(r, 800) ? 443 : 80);
		raw(c, MS(2), 0, 400 + below(r, 900), RAW_NOISE);
		raw(c, MS(between(r, 5, 300)), 1, (uint32_t)skewed(r, 3000, 60000), RAW_NOISE);
		hang_up(c, SECOND(between(r, 1, 60)), 0);
	}
}

static void
servers_checked(struct world *w, void *arg)
{
	struct inside *n = arg;

	clock_add(w, w->now + SECOND(CHECK_S), servers_checked, n);
	if (w->gw.down)
		return;
	for (uint32_t i = 0; i < n->checked; i++) {
		struct conn *c = lead_to(w, w->now + MS(40 * i), CHECKED + 1 + i, 443);

		raw(c, MS(1), 0, 120, RAW_NOISE);
		raw(c, MS(3), 1, 340, RAW_NOISE);
		hang_up(c, MS(2), 0);
	}
}

static void
pool_grows(struct world *w, void *arg)
{
	struct inside *n = arg;

	(void)w;
	n->checked = POOL + NEW_POOL;
}

struct addr
inside_server(uint32_t n)
{
	return addr_of(SERVERS + n);
}

void
inside_told(const struct world *w, struct detect_rules *rules)
{
	if (!w->inside)
		return;
	rules->net[rules->nets] = (struct rule_net){.kind = NET_INSIDE, .gateway = 1, .from = {INT64_MIN}};
	addr_net_parse(&rules->net[rules->nets++].net, "10.0.0.0/8");
}

void
inside_begin(struct world *w)
{
	struct rng r = rng_of(w->cfg.seed, ACTOR_INSIDE);
	bool proxies = w->cfg.kind == KIND_PORTAL || w->cfg.kind == KIND_SAML;

	if (!chance(&r, PER_MILLE))
		return;
	w->inside = world_alloc(w, sizeof(*w->inside));
	*w->inside = (struct inside){.rng = r, .checked = POOL};
	if (!proxies)
		return;
	clock_add(w, w->now + SECOND(between(&w->inside->rng, 1, CHECK_S)), servers_checked, w->inside);
	if (w->cfg.lookalikes)
		clock_add(w, w->now + DAY(NEW_POOL_DAY) + HOUR(10), pool_grows, w->inside);
}
