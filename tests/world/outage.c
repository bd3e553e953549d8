/*
 * outage: the gateway goes away and comes back: everyone is dropped, nobody is answered, old TLS sessions are
 * forgotten.
 */
#include "world.h"

static void
comes_back(struct world *w, void *arg)
{
	(void)arg;
	w->gw.down = false;
}

static bool
is_client(const struct world *w, const struct conn *c)
{
	return addr_same(&c->d.to, &w->gw.v4) || addr_same(&c->d.to, &w->gw.v6);
}

/* Its own calls over UDP have no connection to lose. */
static bool
is_dropped(const struct world *w, const struct conn *c)
{
	bool client = is_client(w, c);
	bool call = addr_same(&c->d.from, &w->gw.snip) && c->d.proto == PROTO_TCP;

	return (client || call) && c->flow.proto && !c->over && !c->survives;
}

unsigned
gateway_clients(const struct world *w)
{
	unsigned n = 0;

	for (const struct conn *c = w->open; c; c = c->next)
		n += is_client(w, c) && is_dropped(w, c) && c->d.proto != PROTO_UDP;
	return n;
}

void
gateway_crash(struct world *w, int64_t silence, bool rst)
{
	struct conn *next;

	w->gw.tls.epoch++;
	w->gw.dtls.epoch++;
	w->gw.down = true;
	clock_add(w, w->now + silence, comes_back, NULL);
	for (struct conn *c = w->open; c; c = next) {
		next = c->next;
		if (is_dropped(w, c))
			conn_cut(w, c, w->now + (rst ? MS(below(&w->rng, 1500)) : SECOND(1)), rst);
	}
}

void
gateway_stall(struct world *w, int64_t silence)
{
	w->gw.down = true;
	clock_add(w, w->now + silence, comes_back, NULL);
}

void
theme_change(struct world *w, unsigned object, int64_t more_bytes)
{
	struct theme *t = &w->gw.theme;
	unsigned i = object % t->objects;

	t->object[i] = (uint32_t)((int64_t)t->object[i] + more_bytes);
	t->changed[i] = w->now;
}

void
operator_tells(struct world *w, enum fact_kind kind, int64_t at)
{
	if (w->to.told)
		w->to.told(w->to.arg, kind, at);
}

/* A new version: other pages, maybe another TLS library. */
void
gateway_upgrade(struct world *w, struct rng *r, int64_t silence)
{
	gateway_crash(w, silence, true);
	for (unsigned i = 0; i < w->gw.theme.objects / 3; i++)
		theme_change(w, below(r, OBJECTS), between(r, 30, 9000));
	w->gw.theme.page += (uint32_t)between(r, 20, 900);
	if (chance(r, 400))
		w->gw.tls.flavour ^= 2;
}
