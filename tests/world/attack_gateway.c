/*
 * attack_gateway: what shows at the gateway itself: crashes and reboots, another identity, changed pages, floods, scans
 * by many, hidden services, silence, sessions that outlive an upgrade.
 */
#include "attacks.h"

#include "people.h"

enum { DAY_H = 24 };

/* B04: odd requests, then everybody is dropped and nobody answered for a while.  B25: without them. */
static void
crash_now(struct world *w, void *arg)
{
	struct attack_run *a = arg;

	gateway_crash(w, SECOND(between(&a->rng, 15, 110)), a->what->recipe != NULL);
	attack_happened(a);
	attack_done(a, w->now);
}

/* With nobody connected and nobody calling it leaves a reset or nothing at all on the wire, and a passive observer
   knows of no outage: it waits for clients.  A stage of a chain has its time. */
static bool
is_deserted(const struct world *w, struct attack_run *a)
{
	enum { CLIENTS = 3, WAITS = 72 };

	return !a->chain && gateway_clients(w) < CLIENTS && a->step++ < WAITS;
}

static void crash_begin(struct world *w, struct attack_run *a);

static void
crash_again(struct world *w, void *arg)
{
	crash_begin(w, arg);
}

static void
crash_begin(struct world *w, struct attack_run *a)
{
	if (is_deserted(w, a)) {
		attack_done(a, w->now + MINUTE(10));
		clock_add(w, w->now + MINUTE(10), crash_again, a);
		return;
	}
	if (a->what->behaviour == 25) {
		crash_now(w, a);
		return;
	}
	for (unsigned i = 0; i < 3; i++) {
		struct conn *c = intrude(a, w->now + SECOND(2 * i), 0);

		say(c, MS(3), 0, 3000 + below(&a->rng, 9000));
	}
	clock_add(w, w->now + SECOND(6), crash_now, a);
}

/* B11: the Internet looks for gateways of this make. */
struct scan {
	uint32_t sources;
	int64_t time;
};

static void
scan_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct scan *s = a->what->recipe;
	struct addr from = anywhere(&a->rng);
	struct conn *c;

	label_addr(w, a->label, &from);
	a->ticket = (struct ticket){0};
	a->sources = &from;
	a->source_count = 1;
	c = intrude(a, w->now, 0);
	a->sources = NULL;
	a->source_count = 0;
	if (chance(&a->rng, 600))
		exchange(c, MS(4), 180 + below(&a->rng, 80), MS(3), w->gw.theme.root);
	hang_up(c, MS(3), 0);
	if (++a->step == s->sources / 2)
		attack_happened(a);
	attack_done(a, w->now + HOUR(DAY_H));
	if (a->step < s->sources)
		clock_add(w, w->now + between(&a->rng, 0, 2 * s->time / s->sources), scan_again, a);
}

static void
scan_begin(struct world *w, struct attack_run *a)
{
	a->program = (struct program){PROGRAM_GO, 7};
	scan_again(w, a);
}
static const struct scan SPIKE_LARGE = {6000, HOUR(20)}, SPIKE_SMALL = {1300, HOUR(22)};

/* B16: who knows the word is served by somebody else behind the same address. */
static void
hidden_seen(struct world *w, void *arg)
{
	(void)w;
	attack_happened(arg);
}

static void
forged_begin(struct world *w, struct attack_run *a)
{
	struct conn *c;

	a->server = w->gw.tls;
	a->server.chain_len = 0;
	a->server.flavour ^= 3;
	server_make(w, &a->server, &a->rng, w->gw.name, 0, 77);
	for (unsigned i = 0; i < 3; i++) {
		c = dial(w, &(struct dial){.at = w->now + MINUTE(9 * i),
					   .from = a->at.v4,
					   .to = w->gw.v4,
					   .to_port = 443,
					   .program = {PROGRAM_OPENSSL12, 2},
					   .server = &a->server,
					   .sni = w->gw.name,
					   .rtt_us = a->at.rtt_us,
					   .who = a});
		for (unsigned k = 0; k < 30; k++)
			exchange(c, MS(skewed(&a->rng, 2500, 40000)), 60 + below(&a->rng, 200), MS(30),
				 60 + below(&a->rng, 3000));
		hang_up(c, SECOND(1), 0);
	}
	clock_add(w, w->now + SECOND(10), hidden_seen, a);
	attack_done(a, w->now + HOUR(1));
}

/* A hello, and then both speak something else. */
static void
after_hello_begin(struct world *w, struct attack_run *a)
{
	struct conn *c = dial(w, &(struct dial){.at = w->now,
						.from = a->at.v4,
						.to = w->gw.v4,
						.to_port = 443,
						.program = a->program,
						.server = &w->gw.tls,
						.half_open = true,
						.sni = w->gw.name,
						.rtt_us = a->at.rtt_us,
						.who = a});

	for (unsigned i = 0; i < 80; i++) {
		raw(c, MS(between(&a->rng, 20, 900)), 1, 60 + below(&a->rng, 1300), RAW_NOISE);
		raw(c, MS(between(&a->rng, 40, 2000)), 0, 40 + below(&a->rng, 200), RAW_NOISE);
	}
	reset(c, MS(30), 0);
	clock_add(w, w->now + SECOND(10), hidden_seen, a);
	attack_done(a, c->t);
}

/* The gateway speaks on a connection that nobody opened (LINE VIPER: after an ICMP echo). */
static void
no_syn_begin(struct world *w, struct attack_run *a)
{
	struct conn *c = dial(w, &(struct dial){.at = w->now,
						.from = a->at.v4,
						.to = w->gw.v4,
						.to_port = 443,
						.midway = true,
						.rtt_us = a->at.rtt_us,
						.who = a});

	for (unsigned i = 0; i < 25; i++)
		raw(c, SECOND(between(&a->rng, 1, 20)), 1, 200 + below(&a->rng, 1000), RAW_NOISE);
	clock_add(w, w->now + MINUTE(1), hidden_seen, a);
	attack_done(a, c->t);
}

/* Nobody can know of a certificate that nobody was shown yet. */
static void
identity_seen(struct world *w, void *arg)
{
	if (w->gw.second_seen >= SECOND_SEEN)
		attack_happened(arg);
	else
		clock_add(w, w->now + MINUTE(1), identity_seen, arg);
}

/* For all, or for some. */
static void
another_identity(struct world *w, struct attack_run *a, uint32_t per_mille)
{
	a->server = w->gw.tls;
	a->server.chain_len = (uint16_t)(a->server.chain_len / 3);
	server_make(w, &a->server, &a->rng, w->gw.name, 30, 55);
	w->gw.second = &a->server;
	w->gw.second_per_mille = per_mille;
}

/* B23: another certificate. */
static void
identity_begin(struct world *w, struct attack_run *a)
{
	const char *mixed = a->what->recipe;

	another_identity(w, a, mixed ? 200 : 1000);
	clock_add(w, w->now + HOUR(1), identity_seen, a);
	attack_done(a, w->now + HOUR(20));
}

/* B24: a script in the login page sends passwords elsewhere. */
static void
page_begin(struct world *w, struct attack_run *a)
{
	const char *small = a->what->recipe;

	theme_change(w, below(&a->rng, OBJECTS), small ? between(&a->rng, 60, 400) : between(&a->rng, 800, 9000));
	clock_add(w, w->now + HOUR(10), hidden_seen, a);
	attack_done(a, w->now + DAY(2));
}

/* B26 */
struct flood {
	uint32_t count;
	int64_t gap;
	bool half_open, many;
};

static void
flood_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct flood *f = a->what->recipe;

	for (unsigned burst = 0; burst < 20; burst++) {
		struct addr from = f->many ? anywhere(&a->rng) : a->at.v4;

		label_addr(w, a->label, &from);
		dial(w, &(struct dial){.at = w->now + f->gap * burst,
				       .from = from,
				       .to = w->gw.v4,
				       .to_port = 443,
				       .program = a->program,
				       .server = f->half_open ? NULL : &w->gw.tls,
				       .half_open = f->half_open,
				       .sni = w->gw.name,
				       .rtt_us = 30000,
				       .who = a});
	}
	a->step += 20;
	if (a->step >= 2000)
		attack_happened(a);
	attack_done(a, w->now);
	if (a->step < f->count)
		clock_add(w, w->now + 20 * f->gap, flood_again, a);
}

static void
flood_begin(struct world *w, struct attack_run *a)
{
	flood_again(w, a);
}
static const struct flood FLOOD_SYN = {40000, MS(1), true, true}, FLOOD_TLS = {12000, MS(5), false, false},
			  FLOOD_TLS_MANY = {15000, MS(5), false, true};

/* Requests that are taken back before they are answered (HTTP/2 rapid reset). */
static void
rapid_begin(struct world *w, struct attack_run *a)
{
	for (unsigned i = 0; i < 12; i++) {
		struct conn *c = intrude(a, w->now + MS(300 * i), 0);

		for (unsigned k = 0; k < 400; k++)
			says(c, MS(60), 0, 45, 90);
		hang_up(c, MS(5), 0);
	}
	clock_add(w, w->now + SECOND(8), hidden_seen, a);
	attack_done(a, w->now);
}

/* Small questions in others' names, large answers to them (DTLS, December 2020). */
static void
reflect_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	struct addr victim = addr_of(0x60000000 + below(&a->rng, 200));

	label_addr(w, a->label, &victim);
	for (unsigned i = 0; i < 20; i++) {
		struct conn *c = dial(w, &(struct dial){.at = w->now + MS(i),
							.from = victim,
							.to = w->gw.v4,
							.to_port = 443,
							.proto = PROTO_UDP,
							.rtt_us = 30000,
							.who = a});

		raw(c, 0, 0, 44, RAW_NOISE);
		for (unsigned k = 0; k < 3; k++)
			raw(c, MS(1), 1, 1200, RAW_NOISE);
	}
	a->step += 20;
	if (a->step >= 1000)
		attack_happened(a);
	attack_done(a, w->now);
	if (a->step < 24000)
		clock_add(w, w->now + MS(50), reflect_again, a);
}

static void
reflect_begin(struct world *w, struct attack_run *a)
{
	reflect_again(w, a);
}

/* B27: everybody is dropped by an upgrade, one tunnel goes on.  What the operator says of it, he says the hour
   after.  C06: he says nothing, and the gateway is back with another certificate. */
struct upgrade {
	bool told, another;
	enum fact_kind fact;
};

static void
survivor_told(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct upgrade *u = a->what->recipe;

	operator_tells(w, u->fact, (int64_t)a->extra[0]);
	attack_happened(a);
}

static void
upgrade_now(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct upgrade *u = a->what->recipe;

	if (a->conn)
		a->conn->survives = true;
	gateway_upgrade(w, &a->rng, SECOND(between(&a->rng, 60, 200)));
	a->extra[0] = (uint64_t)w->now;
	if (u->another)
		another_identity(w, a, 1000);
	if (u->told)
		clock_add(w, w->now + MINUTE(between(&a->rng, 15, 55)), survivor_told, a);
	else
		clock_add(w, w->now + MINUTE(10), hidden_seen, a);
	attack_done(a, w->now + HOUR(3));
}

static void
survivor_more(struct world *w, struct conn *c)
{
	struct attack_run *a = ((struct person *)c->d.who)->boss;

	tunnel_round(w, c, &a->rng, 6);
}

static void
survivor_opened(struct world *w, struct person *p)
{
	struct attack_run *a = p->boss;

	p->opened = NULL;
	a->conn = p->channel ? p->channel : p->tunnel;
	p->tunnel->survives = true;
	a->conn->d.more = survivor_more;
	clock_add(w, w->now + MINUTE(between(&a->rng, 40, 120)), upgrade_now, a);
}

static void
survivor_begin(struct world *w, struct attack_run *a)
{
	struct person *p;

	attack_from(a, home_draw(w, &a->rng));
	a->at.has_v6 = false;
	p = person_new(w, rng_next(&a->rng), &a->at);
	p->at = &p->home;
	p->boss = a;
	p->opened = survivor_opened;
	p->until = w->now + HOUR(9);
	attack_done(a, w->now + HOUR(4));
	person_login(w, p);
}

/* B28: the log and the clock fall silent, users do not. */
static void
quiet_ends(struct world *w, void *arg)
{
	(void)arg;
	services_quiet(w, 0);
}

static void
quiet_begin(struct world *w, struct attack_run *a)
{
	const enum chatter *what = a->what->recipe;

	services_quiet(w, *what);
	clock_add(w, w->now + HOUR(1), hidden_seen, a);
	clock_add(w, w->now + HOUR(16), quiet_ends, a);
	attack_done(a, w->now + HOUR(16));
}

static const enum chatter ALL_CHATTER = CHATTER_LOGS | CHATTER_CLOCK, LOGS_ONLY = CHATTER_LOGS;
static const struct upgrade UNTOLD = {.told = false}, ANOTHER = {.another = true},
			    PATCHED = {.told = true, .fact = FACT_PATCHED},
			    KILLED = {.told = true, .fact = FACT_SESSIONS_KILLED};

#define PAGES (1u << KIND_PORTAL)

const struct attack ATTACKS_GATEWAY[] = {
	ATTACK(4, true, true, "resets", "crash outage", crash_begin, "rst"),
	ATTACK(4, true, true, "freeze", "crash outage", crash_begin, NULL),
	ATTACK_AT(11, true, true, SEVERITY_INFO, 0, "large", "scan_spike", scan_begin, &SPIKE_LARGE),
	ATTACK_AT(11, true, true, SEVERITY_INFO, 0, "small", "scan_spike", scan_begin, &SPIKE_SMALL),
	ATTACK(16, true, true, "forged_certificate", "hidden_service server_identity", forged_begin, NULL),
	ATTACK(16, true, false, "after_hello", "hidden_service wrong_protocol ndpi_risk", after_hello_begin, NULL),
	ATTACK(16, true, false, "no_syn", "hidden_service wrong_protocol ndpi_risk", no_syn_begin, NULL),
	ATTACK(23, true, true, "replaced", "server_identity", identity_begin, NULL),
	ATTACK(23, true, true, "mixed", "server_identity hidden_service", identity_begin, "mixed"),
	ATTACK_AT(24, false, true, SEVERITY_MEDIUM, PAGES, "script", "page_change", page_begin, NULL),
	ATTACK_AT(24, false, true, SEVERITY_MEDIUM, PAGES, "few_bytes", "page_change", page_begin, "small"),
	ATTACK(25, true, true, "resets", "outage crash", crash_begin, "rst"),
	ATTACK(25, true, true, "freeze", "outage crash", crash_begin, NULL),
	ATTACK(26, true, true, "syn", "flood", flood_begin, &FLOOD_SYN),
	ATTACK(26, true, true, "tls", "flood", flood_begin, &FLOOD_TLS),
	ATTACK(26, true, true, "tls_distributed", "flood", flood_begin, &FLOOD_TLS_MANY),
	ATTACK(26, true, true, "rapid_reset", "flood", rapid_begin, NULL),
	ATTACK(26, true, true, "reflection", "flood", reflect_begin, NULL),
	ATTACK_AT(27, false, false, SEVERITY_LOW, 0, "nothing_told", "survivor", survivor_begin, &UNTOLD),
	ATTACK_TOLD(27, "patched", "survivor", survivor_begin, &PATCHED),
	ATTACK_TOLD(27, "sessions_killed", "survivor", survivor_begin, &KILLED),
	ATTACK_AT(46, false, true, SEVERITY_MEDIUM, 0, "identity_survivor", "survivor", survivor_begin, &ANOTHER),
	ATTACK(28, true, true, "syslog_ntp", "quiet_gateway", quiet_begin, &ALL_CHATTER),
	ATTACK_INSIDE(28, "syslog_inside", "quiet_gateway", quiet_begin, &LOGS_ONLY),
};
const unsigned ATTACKS_GATEWAY_N = sizeof(ATTACKS_GATEWAY) / sizeof(ATTACKS_GATEWAY[0]);
