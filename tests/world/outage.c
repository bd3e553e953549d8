/*
 * outage: the gateway goes away and comes back: everyone is dropped, nobody is answered, old TLS sessions are forgotten.
 */
#include "world.h"

static void
comes_back(struct world *w, void *arg)
{
	(void)arg;
	w->gw.down = false;
}

static bool
is_client_of(const struct world *w, const struct conn *c)
{
	return addr_same(&c->d.to, &w->gw.v4) || addr_same(&c->d.to, &w->gw.v6) || addr_same(&c->d.from, &w->gw.snip);
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
		if (is_client_of(w, c) && c->flow.proto && !c->over)
			conn_cut(w, c, w->now + (rst ? MS(below(&w->rng, 1500)) : SECOND(1)), rst);
	}
}
