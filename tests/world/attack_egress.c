/*
 * attack_egress: what an implant on the gateway does outwards: beacons, downloads, reverse shells, cloud relays, scans.
 */
#include "attacks.h"

static struct conn *
call_out(struct attack_run *a, int64_t at, const struct addr *to, uint16_t port, bool tls, const char *sni)
{
	struct world *w = a->w;

	return dial(w, &(struct dial){.at = at,
				      .from = w->gw.snip,
				      .to = *to,
				      .to_port = port,
				      .program = {PROGRAM_OPENSSL12, 5},
				      .server = tls ? &a->server : NULL,
				      .sni = sni,
				      .rtt_us = a->at.rtt_us,
				      .ticket = &a->ticket,
				      .who = a});
}

static void
control_server(struct attack_run *a, const char *name)
{
	a->server = (struct tls_server){.v13 = chance(&a->rng, 600),
					.tickets = true,
					.record_max = 16384,
					.ticket_count = 2,
					.ticket_bytes = 190,
					.lifetime_s = 3600,
					.epoch = 1};
	server_make(a->w, &a->server, &a->rng, name, 0, 60);
}

/* B17, B19 */
struct beacon {
	int64_t period;
	uint32_t jitter_percent, times, evidence;
	const char *sni;
};

static void
beacon_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct beacon *b = a->what->recipe;
	struct conn *c = call_out(a, w->now, &a->at.v4, 443, true, b->sni);

	exchange(c, MS(3), 60 + below(&a->rng, 140), MS(between(&a->rng, 5, 60)), 60 + below(&a->rng, 140));
	hang_up(c, MS(10), 0);
	if (++a->step >= b->evidence)
		attack_happened(a);
	attack_done(a, w->now);
	if (a->step < b->times)
		clock_add(w,
			  w->now + b->period +
				  b->period / 100 * between(&a->rng, -(int64_t)b->jitter_percent, b->jitter_percent),
			  beacon_again, a);
}

static void
beacon_begin(struct world *w, struct attack_run *a)
{
	const struct beacon *b = a->what->recipe;

	control_server(a, b->sni ? b->sni : "localhost");
	beacon_again(w, a);
}
static const struct beacon MINUTELY = {SECOND(60), 5, 180, 1, NULL},
			   JITTERED = {SECOND(300), 30, 60, 1, "cdn.static.example"},
			   DAILY = {DAY(1), 4, 3, 1, "cdn.static.example"},
			   DOH = {SECOND(1800), 40, 20, 1, "dns.resolver.example"},
			   WORKER = {HOUR(7), 50, 5, 1, "quiet-forest.workers.example"};

/* B18: an implant fetches its next part after an odd request, or a shell calls home. */
static void
odd_request(struct attack_run *a)
{
	struct conn *c = intrude(a, a->w->now, 0);

	exchange(c, MS(3), 2100 + below(&a->rng, 900), MS(40), 300 + below(&a->rng, 200));
	hang_up(c, MS(4), 0);
}

static void
fetch_now(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const char *tls = a->what->recipe;
	struct conn *c = call_out(a, w->now, &a->at.v4, tls ? 443 : 8080, tls != NULL, NULL);

	if (tls) {
		exchange(c, MS(3), 140, MS(30), 24768);
	} else {
		raw(c, MS(3), 0, 140, RAW_HTTP);
		raw(c, MS(30), 1, 24768, RAW_NOISE);
	}
	hang_up(c, MS(9), 0);
	attack_happened(a);
	attack_done(a, w->now);
}

static void
fetch_begin(struct world *w, struct attack_run *a)
{
	control_server(a, "files.example");
	odd_request(a);
	clock_add(w, w->now + SECOND(between(&a->rng, 2, 45)), fetch_now, a);
}

/* The far end types, the gateway answers: interactive the wrong way round. */
static void
shell_now(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const char *tls = a->what->recipe;
	struct conn *c = call_out(a, w->now, &a->at.v4, tls ? 443 : 4444, tls != NULL, NULL);

	for (unsigned i = 0; i < 40; i++) {
		int64_t typed = MS(skewed(&a->rng, 4000, 60000));
		uint32_t words = 20 + below(&a->rng, 80), output = 50 + below(&a->rng, 4000);

		if (tls) {
			say(c, typed, 1, words);
			say(c, MS(20), 0, output);
		} else {
			raw(c, typed, 1, words, RAW_NOISE);
			raw(c, MS(20), 0, output, RAW_NOISE);
		}
	}
	hang_up(c, SECOND(1), 1);
	attack_happened(a);
	attack_done(a, c->t);
}

static void
shell_begin(struct world *w, struct attack_run *a)
{
	control_server(a, "localhost");
	odd_request(a);
	clock_add(w, w->now + SECOND(between(&a->rng, 1, 20)), shell_now, a);
}

/* B20: the gateway looks for others. */
struct fan {
	uint32_t targets;
	int64_t gap;
	uint16_t port; /* 0: many */
	uint32_t answer_percent;
	bool inside;
};

/* The networks behind the gateway, 10.16.0.0/12. */
static struct addr
somewhere_inside(struct rng *r)
{
	return addr_of(0x0a100000 + below(r, 1 << 20));
}

static void
fan_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct fan *f = a->what->recipe;
	struct addr to = f->inside ? somewhere_inside(&a->rng) : anywhere(&a->rng);
	uint16_t ports[] = {22, 445, 3389, 5985, 8443};
	bool answers = chance(&a->rng, f->answer_percent * 10);
	struct conn *c;

	label_addr(w, a->label, &to);
	c = dial(w, &(struct dial){.at = w->now,
				   .from = w->gw.snip,
				   .to = to,
				   .half_open = !answers,
				   .to_port = f->port ? f->port : ports[below(&a->rng, 5)],
				   .rtt_us = 20000,
				   .who = a});
	if (answers)
		reset(c, MS(2), 0);
	if (++a->step == 60)
		attack_happened(a);
	attack_done(a, w->now);
	if (a->step < f->targets)
		clock_add(w, w->now + f->gap / 2 + between(&a->rng, 0, f->gap), fan_again, a);
}
static void
fan_begin(struct world *w, struct attack_run *a)
{
	fan_again(w, a);
}
static const struct fan FAN_FAST = {4000, MS(120), 443, 20, false}, FAN_SLOW = {700, SECOND(14), 0, 10, false},
			FAN_INSIDE = {1500, MS(400), 0, 12, true}, FAN_INSIDE_USUAL = {1500, MS(400), 443, 12, true};

/* From the gateway to the shell of a server behind it. */
static void
lateral_begin(struct world *w, struct attack_run *a)
{
	struct addr to = inside_server(15);
	struct conn *c;

	label_addr(w, a->label, &to);
	c = dial(w, &(struct dial){.at = w->now, .from = w->gw.snip, .to = to, .to_port = 22, .rtt_us = 900, .who = a});
	raw(c, MS(1), 1, 41, RAW_SSH);
	for (unsigned i = 0; i < 60; i++) {
		raw(c, MS(skewed(&a->rng, 3000, 40000)), 0, 36 + below(&a->rng, 40), RAW_NOISE);
		raw(c, MS(4), 1, 36 + below(&a->rng, 900), RAW_NOISE);
	}
	hang_up(c, SECOND(1), 0);
	attack_happened(a);
	attack_done(a, c->t);
}

#define ANY_EGRESS "new_egress beacon cloud_c2 download fan_out"

const struct attack ATTACKS_EGRESS[] = {
	ATTACK(17, true, false, "minutely", ANY_EGRESS, beacon_begin, &MINUTELY),
	ATTACK(17, true, false, "jittered", ANY_EGRESS, beacon_begin, &JITTERED),
	ATTACK(17, true, false, "daily", ANY_EGRESS, beacon_begin, &DAILY),
	ATTACK(18, true, false, "fetch", ANY_EGRESS, fetch_begin, NULL),
	ATTACK(18, true, false, "fetch_tls", ANY_EGRESS, fetch_begin, "tls"),
	ATTACK(18, true, false, "reverse_shell", ANY_EGRESS, shell_begin, NULL),
	ATTACK(18, true, false, "reverse_shell_tls", ANY_EGRESS, shell_begin, "tls"),
	ATTACK(19, true, false, "doh", ANY_EGRESS, beacon_begin, &DOH),
	ATTACK(19, true, false, "cloud_worker", ANY_EGRESS, beacon_begin, &WORKER),
	ATTACK(20, true, false, "fast", ANY_EGRESS, fan_begin, &FAN_FAST),
	ATTACK(20, true, false, "slow", ANY_EGRESS, fan_begin, &FAN_SLOW),
	ATTACK_INSIDE(20, "inside", ANY_EGRESS, fan_begin, &FAN_INSIDE),
	ATTACK_INSIDE(20, "inside_usual_port", ANY_EGRESS, fan_begin, &FAN_INSIDE_USUAL),
	ATTACK_INSIDE(20, "inside_shell", ANY_EGRESS, lateral_begin, NULL),
};
const unsigned ATTACKS_EGRESS_N = sizeof(ATTACKS_EGRESS) / sizeof(ATTACKS_EGRESS[0]);
