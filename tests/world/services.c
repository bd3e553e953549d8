/*
 * services: what runs by itself: the gateway's own calls, the monitors that ask whether it lives, and other hosts on
 * the same span port.
 */
#include "world.h"

#include <stdlib.h>

enum { ACTOR_SERVICES = 100, MONITORS = 3 };

/* A place that the gateway calls again and again. */
struct egress {
	const char *name; /* SNI, NULL: no TLS */
	uint16_t port;
	uint8_t proto, raw;
	uint32_t period_s, jitter_percent;
	uint32_t request, response;
	uint16_t from_port; /* a daemon keeps its socket; 0: another each time */
	uint8_t chatter;    /* what falls silent with it; 0: nothing makes it */
};
static const struct egress EGRESS[] = {
	{NULL, 123, PROTO_UDP, RAW_NTP, 64, 10, 48, 48, 123, CHATTER_CLOCK},
	{NULL, 123, PROTO_UDP, RAW_NTP, 64, 10, 48, 48, 123, CHATTER_CLOCK},
	{NULL, 53, PROTO_UDP, RAW_DNS, 90, 80, 42, 140, 0, 0},
	{NULL, 1812, PROTO_UDP, RAW_NOISE, 110, 90, 220, 96, 0, 0},
	{NULL, 514, PROTO_UDP, RAW_SYSLOG, 20, 90, 240, 0, 35514, CHATTER_LOGS},
	{"dc1.corp.example.org", 636, PROTO_TCP, 0, 300, 60, 380, 620, 0, 0},
	{NULL, 80, PROTO_TCP, RAW_HTTP, 7200, 30, 260, 1900, 0, 0},
	{"license.vendor.example", 443, PROTO_TCP, 0, 21600, 5, 900, 700, 0, 0},
	{"telemetry.vendor.example", 443, PROTO_TCP, 0, 3600, 15, 6500, 420, 0, 0},
	{"updates.vendor.example", 443, PROTO_TCP, 0, 43200, 20, 600, 9000, 0, 0},
};
enum { EGRESSES = sizeof(EGRESS) / sizeof(EGRESS[0]) };

struct caller {
	const struct egress *e;
	struct rng rng;
	struct addr to;
	struct ticket ticket;
	struct tls_server server;
	struct conn *conn; /* of a daemon that keeps its socket */
};

struct monitor {
	struct rng rng;
	struct location at;
	struct program program;
	struct ticket ticket;
	int64_t period;
	uint32_t request, response;
	int label;
};

struct services {
	struct caller caller[EGRESSES];
	struct monitor monitor[MONITORS];
	struct rng others;
	unsigned quiet; /* enum chatter */
};

static void
caller_hung_up(struct world *w, struct conn *c)
{
	struct caller *k = c->d.who;

	(void)w;
	k->conn = NULL;
}

static void
caller_calls(struct world *w, void *arg)
{
	struct caller *k = arg;
	const struct egress *e = k->e;
	int64_t period = SECOND(e->period_s), jitter = period * e->jitter_percent / 100;
	struct conn *c;

	clock_add(w, w->now + period + between(&k->rng, -jitter, jitter), caller_calls, k);
	if (w->gw.down || w->services->quiet & e->chatter)
		return;
	c = k->conn ? k->conn :
		      dial(w, &(struct dial){.at = w->now,
					     .from = w->gw.snip,
					     .to = k->to,
					     .port = e->from_port,
					     .to_port = e->port,
					     .proto = e->proto,
					     .program = {PROGRAM_OPENSSL12, 5},
					     .server = e->name ? &k->server : NULL,
					     .sni = e->name,
					     .rtt_us = 8000,
					     .ticket = &k->ticket,
					     .who = k,
					     .ended = caller_hung_up});
	k->conn = e->from_port ? c : NULL;
	if (e->name) {
		exchange(c, MS(2), e->request + below(&k->rng, e->request / 8), MS(between(&k->rng, 5, 80)),
			 e->response + below(&k->rng, e->response / 8));
		hang_up(c, MS(5), 0);
		return;
	}
	raw(c, MS(1), 0, e->request + below(&k->rng, 8), (enum raw_kind)e->raw);
	if (e->response)
		raw(c, MS(between(&k->rng, 6, 20)), 1, e->response + below(&k->rng, 8), (enum raw_kind)e->raw);
	if (e->proto == PROTO_TCP)
		hang_up(c, MS(5), 0);
}

static void
caller_begin(struct world *w, struct caller *k, unsigned i)
{
	*k = (struct caller){.e = &EGRESS[i], .rng = rng_of(w->cfg.seed, ACTOR_SERVICES + i)};
	k->to = anywhere(&k->rng);
	if (k->e->port == 514 || k->e->port == 636 || k->e->port == 1812) /* inside, or routed past the span port */
		k->to = w->inside ? inside_server(100 + i) : addr_of(0xc6336400 + 10 + i);
	k->server = (struct tls_server){.v13 = chance(&k->rng, 500),
					.tickets = true,
					.record_max = 16384,
					.ticket_count = 2,
					.ticket_bytes = 180,
					.lifetime_s = 7200,
					.epoch = 1,
					.chain_len = 1500,
					.flavour = (uint8_t)below(&k->rng, 4)};
	server_make(w, &k->server, &k->rng, k->e->name ? k->e->name : "-", 0, 20 + i);
	clock_add(w, w->now + SECOND(below(&k->rng, k->e->period_s) + 1), caller_calls, k);
}

static void
monitor_asks(struct world *w, void *arg)
{
	struct monitor *m = arg;
	struct conn *c;

	clock_add(w, w->now + m->period + MS(between(&m->rng, -40, 40)), monitor_asks, m);
	c = dial(w, &(struct dial){.at = w->now,
				   .from = m->at.v4,
				   .to = w->gw.v4,
				   .to_port = 443,
				   .program = m->program,
				   .server = &w->gw.tls,
				   .sni = w->gw.name,
				   .rtt_us = m->at.rtt_us,
				   .ticket = m->period < SECOND(60) ? &m->ticket : NULL});
	exchange(c, MS(2), m->request, MS(between(&m->rng, 2, 9)), m->response);
	hang_up(c, MS(2), 0);
}

static void
monitor_begin(struct world *w, struct monitor *m, unsigned i)
{
	static const struct program PROGRAM[MONITORS] = {{PROGRAM_GO, 2}, {PROGRAM_CURL, 3}, {PROGRAM_PYTHON, 1}};
	static const uint32_t PERIOD[] = {15, 30, 60, 120, 300};

	m->rng = rng_of(w->cfg.seed, ACTOR_SERVICES + 50 + i);
	m->at = hosting_draw(w, &m->rng);
	m->program = PROGRAM[i];
	m->period = SECOND(PERIOD[below(&m->rng, 5)]);
	m->request = (uint32_t)between(&m->rng, 90, 320);
	m->response = i ? w->gw.theme.page : w->gw.theme.root;
	m->label = label_begin(w, &(struct label){.kind = LABEL_LOOKALIKE, .name = "monitor"});
	label_addr(w, m->label, &m->at.v4);
	clock_add(w, w->now + SECOND(below(&m->rng, 60)), monitor_asks, m);
}

/* Somebody else on the span port, so that silence of the gateway alone is silence of the gateway. */
static void
others_talk(struct world *w, struct conn *c)
{
	raw(c, MS(between(&w->services->others, 2000, 6000)), 0, 60 + below(&w->services->others, 200), RAW_NOISE);
	raw(c, MS(3), 1, 80 + below(&w->services->others, 900), RAW_NOISE);
}

void
services_quiet(struct world *w, unsigned what)
{
	w->services->quiet = what;
}

void
services_begin(struct world *w)
{
	struct services *s = w->services = world_alloc(w, sizeof(*s));

	for (unsigned i = 0; i < EGRESSES; i++)
		caller_begin(w, &s->caller[i], i);
	for (unsigned i = 0; i < MONITORS; i++)
		monitor_begin(w, &s->monitor[i], i);
	s->others = rng_of(w->cfg.seed, ACTOR_SERVICES + 90);
	others_talk(w, dial(w, &(struct dial){.at = w->now,
					      .from = addr_of(0xc0000220),
					      .to = addr_of(0xc0000221),
					      .port = 5000,
					      .to_port = 5001,
					      .proto = PROTO_UDP,
					      .more = others_talk}));
}
