/*
 * noise: what the Internet sends to every address: half-open scans, wrong protocols, crawlers, certificate collectors,
 * password guesses at products that are not here.  None of it is an attack on this gateway.
 */
#include "world.h"

#include <stdlib.h>

enum { ACTOR_NOISE = 200, A_DAY = 160 };

struct noise {
	struct rng rng;
	struct addr census[8]; /* benign scanners that come back every day */
	int label, census_label;
};

static struct conn *
stranger(struct world *w, struct noise *n, const struct addr *from, bool tls, struct program p)
{
	return dial(w, &(struct dial){.at = w->now,
				      .from = *from,
				      .to = w->gw.v4,
				      .to_port = 443,
				      .program = p,
				      .server = tls ? &w->gw.tls : NULL,
				      .sni = tls && chance(&n->rng, 300) ? w->gw.name : NULL,
				      .rtt_us = (uint32_t)skewed(&n->rng, 60000, 280000)});
}

/* Asks for pages that do not exist here. */
static void
crawl(struct noise *n, struct conn *c, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		exchange(c, MS(between(&n->rng, 50, 900)), 130 + below(&n->rng, 240), MS(2),
			 330 + below(&n->rng, 3) * 150);
}

static void
wrong_protocol(struct noise *n, struct conn *c)
{
	static const enum raw_kind KINDS_OF[] = {RAW_SSH, RAW_HTTP, RAW_RDP, RAW_NOISE, RAW_ZERO, RAW_TLS_OLD};

	raw(c, MS(2), 0, 24 + below(&n->rng, 180), KINDS_OF[below(&n->rng, 6)]);
	if (chance(&n->rng, 400))
		raw(c, MS(1), 1, 7, RAW_NOISE);
	reset(c, MS(1), 1);
}

static void
visit(struct world *w, struct noise *n, const struct addr *from)
{
	static const struct program TOOLS[] = {{PROGRAM_GO, 0},   {PROGRAM_GO12, 0},      {PROGRAM_PYTHON, 0},
					       {PROGRAM_CURL, 0}, {PROGRAM_OPENSSL12, 0}, {PROGRAM_JAVA, 0},
					       {PROGRAM_GO, 4},   {PROGRAM_CHROMIUM, 0},  {PROGRAM_GNUTLS12, 0}};
	struct program p = TOOLS[below(&n->rng, sizeof(TOOLS) / sizeof(TOOLS[0]))];
	static const enum {
		SYN,
		WRONG,
		CERTIFICATE,
		ROOT,
		CRAWL
	} WANTS[] = {SYN, SYN, SYN, SYN, WRONG, CERTIFICATE, CERTIFICATE, CERTIFICATE, ROOT, CRAWL};
	struct conn *c;

	switch (WANTS[below(&n->rng, sizeof(WANTS) / sizeof(WANTS[0]))]) {
	case SYN: /* and an answer, no more */
		c = stranger(w, n, from, false, p);
		reset(c, MS(60), 0);
		break;
	case WRONG:
		wrong_protocol(n, stranger(w, n, from, false, p));
		break;
	case CERTIFICATE: /* is all it wants */
		reset(stranger(w, n, from, true, p), MS(1), 0);
		break;
	case ROOT:
		c = stranger(w, n, from, true, p);
		exchange(c, MS(5), 90 + below(&n->rng, 120), MS(2), w->gw.theme.root);
		hang_up(c, MS(2), 0);
		break;
	case CRAWL:
		c = stranger(w, n, from, true, p);
		crawl(n, c, 1 + below(&n->rng, 6));
		hang_up(c, MS(2), 0);
	}
}

static void
noise_comes(struct world *w, void *arg)
{
	struct noise *n = arg;
	struct addr from = anywhere(&n->rng);

	clock_add(w, w->now + DAY(1) / A_DAY + SECOND(between(&n->rng, -500, 900)), noise_comes, n);
	label_addr(w, n->label, &from);
	visit(w, n, &from);
}

static void
census_comes(struct world *w, void *arg)
{
	struct noise *n = arg;

	clock_add(w, w->now + HOUR(3) + SECOND(between(&n->rng, -3000, 3000)), census_comes, n);
	visit(w, n, &n->census[below(&n->rng, 8)]);
}

void
noise_begin(struct world *w)
{
	struct noise *n = world_alloc(w, sizeof(*n));

	n->rng = rng_of(w->cfg.seed, ACTOR_NOISE);
	n->label = label_begin(w, &(struct label){.kind = LABEL_LOOKALIKE, .name = "internet_noise"});
	n->census_label = label_begin(w, &(struct label){.kind = LABEL_LOOKALIKE, .name = "benign_scanner"});
	for (unsigned i = 0; i < 8; i++) {
		n->census[i] = hosting_draw(w, &n->rng).v4;
		label_addr(w, n->census_label, &n->census[i]);
	}
	clock_add(w, w->now + SECOND(30), noise_comes, n);
	clock_add(w, w->now + SECOND(95), census_comes, n);
}
