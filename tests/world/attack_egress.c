/*
 * attack_egress: what an implant on the gateway does outwards: beacons, downloads, reverse shells, cloud relays, scans.
 */
#include "attacks.h"

static struct conn *
call_out(struct attack_run *a, int64_t at, const struct addr *to, uint16_t port, bool tls, const char *sni)
{
	struct world *w = a->w;

	return dial(w, &(struct dial){.at = at, .from = w->gw.snip, .to = *to, .to_port = port,
				      .program = {PROGRAM_OPENSSL12, 5}, .server = tls ? &a->server : NULL, .sni = sni,
				      .rtt_us = a->at.rtt_us, .ticket = &a->ticket, .who = a});
}

static void
control_server(struct attack_run *a, const char *name)
{
	a->server = (struct tls_server){.v13 = chance(&a->rng, 600), .tickets = true, .record_max = 16384,
					.ticket_count = 2, .ticket_bytes = 190, .lifetime_s = 3600, .epoch = 1};
	server_make(&a->server, &a->rng, name, 0, 60);
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
		label_happened(w, a->label);
	attack_done(a, w->now);
	if (a->step < b->times)
		clock_add(w, w->now + b->period + b->period / 100 * between(&a->rng, -(int64_t)b->jitter_percent, b->jitter_percent),
			  beacon_again, a);
}

static void
beacon_begin(struct world *w, struct attack_run *a)
{
	const struct beacon *b = a->what->recipe;

	control_server(a, b->sni ? b->sni : "localhost");
	beacon_again(w, a);
}
static const struct beacon MINUTELY = {SECOND(60), 5, 180, 1, NULL}, JITTERED = {SECOND(300), 30, 60, 1, "cdn.static.example"},
			   DAILY = {DAY(1), 4, 3, 1, "cdn.static.example"}, DOH = {SECOND(1800), 40, 20, 1, "dns.resolver.example"},
			   WORKER = {HOUR(7), 50, 5, 1, "quiet-forest.workers.example"};

const struct attack ATTACKS_EGRESS[] = {
	ATTACK(17, true, false, "minutely", "new_egress beacon", beacon_begin, &MINUTELY),
	ATTACK(17, true, false, "jittered", "new_egress beacon", beacon_begin, &JITTERED),
	ATTACK(17, true, false, "daily", "new_egress beacon", beacon_begin, &DAILY),
	ATTACK(19, true, false, "doh", "new_egress cloud_c2 beacon", beacon_begin, &DOH),
	ATTACK(19, true, false, "cloud_worker", "new_egress cloud_c2 beacon", beacon_begin, &WORKER),
};
const unsigned ATTACKS_EGRESS_N = sizeof(ATTACKS_EGRESS) / sizeof(ATTACKS_EGRESS[0]);
