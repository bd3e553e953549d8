/*
 * attack_loops: attacks that say the same again and again: leaks, guesses, probes, shells, file reads.
 * Sizes and times are those of published cases (NVISO's, Citrix's and Arctic Wolf's reports, public checkers); there is
 * no content.
 */
#include "attacks.h"

#include <stdlib.h>

static void loop_goes_on(struct world *w, void *arg);

static void
loop_sources(struct attack_run *a, uint32_t n)
{
	a->source_count = n;
	a->sources = world_alloc(a->w, n * sizeof(*a->sources));
	for (uint32_t i = 0; i < n; i++) {
		a->sources[i] = n > 1 ? anywhere(&a->rng) : a->at.v4;
		label_addr(a->w, a->label, &a->sources[i]);
	}
}

static void
loop_exchange(struct attack_run *a, const struct loop *l, struct conn *c, bool first)
{
	struct rng *r = &a->rng;
	uint32_t request = l->request + (l->request_spread ? below(r, l->request_spread) : 0);
	uint32_t response = l->response + (l->response_spread ? below(r, l->response_spread) : 0);
	int64_t server = l->server + (l->server_spread ? between(r, 0, l->server_spread) : MS(below(r, 6) + 2));

	if (l->tail && chance(r, l->tail * 10u))
		response *= 2 + below(r, 8);
	exchange(c, first ? MS(2) : l->think / 2 + between(r, 0, l->think), request, server, response);
}

/* Requests of a multiplexed connection go out together, and answers come as they are ready. */
static void
loop_together(struct attack_run *a, const struct loop *l, struct conn *c, uint32_t n)
{
	says(c, MS(30), 0, l->request, n);
	for (uint32_t i = 0; i < n; i++)
		say(c, MS(3), 1, l->response + below(&a->rng, l->response_spread));
}

static void
loop_connection(struct world *w, struct attack_run *a, const struct loop *l)
{
	uint32_t each = l->each && l->each < a->left ? l->each : a->left;
	struct conn *c;

	if (!l->resumes)
		a->ticket = (struct ticket){0};
	c = intrude(a, w->now, below(&a->rng, a->source_count));
	if (l->together)
		loop_together(a, l, c, each);
	else
		for (uint32_t i = 0; i < each; i++)
			loop_exchange(a, l, c, i == 0);
	hang_up(c, MS(3), 0);
	a->left -= each;
	a->step += each;
	/* what one long connection says has happened when it is said */
	if (a->step >= l->evidence && !w->label[a->label].happened && !a->stage)
		w->label[a->label].happened = w->now + (c->t - w->now) * l->evidence / a->step;
	label_end(w, a->label, c->t + HOUR(6));
}

static void
loop_goes_on(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct loop *l = a->what->recipe;

	loop_connection(w, a, l);
	if (a->left)
		clock_add(w, w->now + l->gap + between(&a->rng, -l->jitter, l->jitter), loop_goes_on, a);
	else
		attack_done(a, w->now);
}

void
loop_begin(struct world *w, struct attack_run *a)
{
	const struct loop *l = a->what->recipe;

	if (l->program != PROGRAMS)
		a->program = (struct program){l->program, 0};
	loop_sources(a, l->sources ? l->sources : 1);
	if (a->chain) {
		a->chain->tool = a->program;
		a->chain->sources = a->sources;
		a->chain->source_count = a->source_count;
	}
	a->left = l->count;
	loop_goes_on(w, a);
}

/* B01, CVE-2025-5777: 173 B ask, up to 127 B of memory come with the answer. */
#define LEAK .request = 173, .response = 1700, .response_spread = 128, .evidence = 10
static const struct loop LEAK_TEN = {LEAK,      .program = PROGRAMS, .count = 10,
				     .each = 1, .gap = MS(500),      .jitter = MS(20)};
static const struct loop LEAK_FAST = {LEAK,      .program = PROGRAMS, .count = 1000,
				      .each = 1, .gap = MS(200),      .jitter = MS(9)};
static const struct loop LEAK_SLOW = {LEAK,      .program = PROGRAMS, .count = 36,
				      .each = 1, .gap = MINUTE(20),   .jitter = MINUTE(3)};
static const struct loop LEAK_KEPT = {LEAK, .program = PROGRAMS, .count = 80, .think = MS(500)};
static const struct loop LEAK_MANY = {LEAK,      .program = PROGRAM_GO, .sources = 8,       .count = 160,
				      .each = 1, .gap = SECOND(3),      .jitter = SECOND(1)};
static const struct loop LEAK_MANY_BROWSER = {LEAK,
					      .program = PROGRAM_CHROMIUM,
					      .sources = 8,
					      .count = 160,
					      .each = 1,
					      .gap = SECOND(3),
					      .jitter = SECOND(1)};
static const struct loop LEAK_EACH = {LEAK,      .program = PROGRAM_GO, .sources = 4000,    .count = 160,
				      .each = 1, .gap = SECOND(3),      .jitter = SECOND(1)};
static const struct loop LEAK_BROWSER = {LEAK,
					 .program = PROGRAM_CHROMIUM,
					 .count = 60,
					 .each = 10,
					 .gap = SECOND(6),
					 .jitter = SECOND(1),
					 .think = MS(700)};
static const struct loop LEAK_RESUMED = {
	LEAK, .program = PROGRAM_PYTHON, .count = 60, .each = 1, .resumes = true, .gap = SECOND(1), .jitter = MS(90)};
static const struct loop LEAK_TOGETHER = {
	LEAK, .program = PROGRAM_CURL, .count = 240, .each = 8, .together = true, .gap = SECOND(1), .jitter = MS(90)};
/* B03, CVE-2026-3055: memory comes back in a cookie, kilobytes at a time. */
#define SAML .request = 900, .response = 2000, .response_spread = 9000, .tail = 25, .evidence = 40, .program = PROGRAMS
static const struct loop SAML_FAST = {SAML, .count = 300, .each = 1, .gap = MS(200), .jitter = MS(20)};
static const struct loop SAML_KEPT = {SAML, .count = 300, .think = MS(200)};
static const struct loop SAML_SLOW = {SAML, .count = 150, .each = 1, .gap = SECOND(120), .jitter = SECOND(40)};
/* B07, Citrix in December 2024: three to five guesses an address and hour, legacy endpoint, no page loaded. */
#define SPRAY                                                                                                          \
	.request = 685, .request_spread = 31, .response = 1400, .each = 1, .server = MS(60), .server_spread = MS(240)
static const struct loop SPRAY_MANY = {SPRAY,           .program = PROGRAM_GO, .sources = 3000,  .count = 12000,
				       .evidence = 300, .gap = MS(900),        .jitter = MS(800)};
static const struct loop SPRAY_FEW = {SPRAY,           .program = PROGRAM_PYTHON, .sources = 250,     .count = 2500,
				      .evidence = 200, .gap = SECOND(4),          .jitter = SECOND(3)};
static const struct loop SPRAY_SLOW = {SPRAY,           .program = PROGRAM_CURL12, .sources = 400,      .count = 1600,
				       .evidence = 300, .gap = SECOND(30),         .jitter = SECOND(25)};
static const struct loop SPRAY_BROWSER = {SPRAY,
					  .program = PROGRAM_CHROMIUM,
					  .sources = 1500,
					  .count = 4000,
					  .evidence = 300,
					  .gap = SECOND(2),
					  .jitter = SECOND(1)};
/* B08, FortiOS in August 2025. */
#define BRUTE                                                                                                          \
	.request = 692, .request_spread = 17, .response = 1400, .server = MS(60), .server_spread = MS(140),            \
	.evidence = 40
static const struct loop BRUTE_FAST = {BRUTE,     .program = PROGRAMS, .count = 1500,
				       .each = 1, .gap = MS(500),      .jitter = MS(90)};
static const struct loop BRUTE_KEPT = {
	BRUTE, .program = PROGRAMS, .count = 400, .each = 100, .gap = SECOND(2), .jitter = MS(90), .think = MS(400)};
static const struct loop BRUTE_SLOW = {BRUTE,     .program = PROGRAMS, .count = 400,
				       .each = 1, .gap = SECOND(25),   .jitter = SECOND(4)};
static const struct loop BRUTE_FIVE = {BRUTE,     .program = PROGRAM_GO12, .sources = 5,     .count = 1500,
				       .each = 1, .gap = SECOND(1),        .jitter = MS(300)};
/* B12: a look now and then, from another address each time. */
static const struct loop PROBE_SLOW = {.program = PROGRAM_GO,
				       .sources = 24,
				       .count = 48,
				       .evidence = 12,
				       .each = 2,
				       .request = 180,
				       .request_spread = 60,
				       .response = 640,
				       .response_spread = 900,
				       .gap = HOUR(2),
				       .jitter = HOUR(1),
				       .think = SECOND(1)};
static const struct loop PROBE_ONE = {.program = PROGRAM_JAVA12,
				      .sources = 1,
				      .count = 30,
				      .evidence = 12,
				      .each = 1,
				      .request = 210,
				      .request_spread = 40,
				      .response = 900,
				      .response_spread = 300,
				      .gap = HOUR(2),
				      .jitter = HOUR(1)};
/* B14: somebody types, the shell answers. */
static const struct loop SHELL_TYPED = {.program = PROGRAM_CURL,
					.count = 60,
					.evidence = 15,
					.request = 260,
					.request_spread = 1800,
					.response = 210,
					.response_spread = 9000,
					.tail = 20,
					.think = SECOND(12)};
static const struct loop SHELL_EACH = {.program = PROGRAM_PYTHON,
				       .count = 40,
				       .evidence = 15,
				       .each = 1,
				       .request = 240,
				       .request_spread = 3600,
				       .response = 220,
				       .response_spread = 6000,
				       .tail = 10,
				       .gap = SECOND(20),
				       .jitter = SECOND(15)};
static const struct loop SHELL_BROWSER = {.program = PROGRAM_CHROMIUM,
					  .count = 45,
					  .evidence = 15,
					  .each = 9,
					  .request = 620,
					  .request_spread = 1200,
					  .response = 230,
					  .response_spread = 12000,
					  .gap = SECOND(60),
					  .jitter = SECOND(30),
					  .think = SECOND(8)};
/* B30: Pulse Secure in 2019, Check Point in 2024. */
static const struct loop READ_FEW = {.program = PROGRAMS,
				     .count = 12,
				     .evidence = 8,
				     .each = 1,
				     .request = 260,
				     .request_spread = 90,
				     .response = 900,
				     .response_spread = 28000,
				     .tail = 30,
				     .gap = SECOND(2),
				     .jitter = SECOND(1)};
static const struct loop READ_KEPT = {.program = PROGRAMS,
				      .count = 45,
				      .evidence = 12,
				      .request = 300,
				      .request_spread = 160,
				      .response = 1200,
				      .response_spread = 40000,
				      .tail = 20,
				      .think = MS(600)};

const struct attack ATTACKS_LOOPS[] = {
	ATTACK(1, true, false, "ten", "leak_loop", loop_begin, &LEAK_TEN),
	ATTACK(1, true, false, "thousand", "leak_loop memory_leak", loop_begin, &LEAK_FAST),
	ATTACK(1, true, false, "slow", "leak_loop", loop_begin, &LEAK_SLOW),
	ATTACK(1, true, false, "one_connection", "leak_loop memory_leak", loop_begin, &LEAK_KEPT),
	ATTACK(1, true, false, "distributed", "leak_loop memory_leak", loop_begin, &LEAK_MANY),
	ATTACK(1, true, false, "distributed_browser", "leak_loop memory_leak", loop_begin, &LEAK_MANY_BROWSER),
	ATTACK(1, false, false, "one_each", "leak_loop memory_leak", loop_begin, &LEAK_EACH),
	ATTACK(1, true, false, "browser_hello", "leak_loop memory_leak", loop_begin, &LEAK_BROWSER),
	ATTACK(1, true, false, "resumed", "leak_loop memory_leak", loop_begin, &LEAK_RESUMED),
	ATTACK(1, false, false, "multiplexed", "leak_loop memory_leak", loop_begin, &LEAK_TOGETHER),
	ATTACK(3, true, false, "fast", "memory_leak leak_loop", loop_begin, &SAML_FAST),
	ATTACK(3, true, false, "one_connection", "memory_leak leak_loop", loop_begin, &SAML_KEPT),
	ATTACK(3, true, false, "slow", "memory_leak leak_loop", loop_begin, &SAML_SLOW),
	ATTACK(7, true, true, "many", "spray brute_force", loop_begin, &SPRAY_MANY),
	ATTACK(7, true, true, "few", "spray brute_force", loop_begin, &SPRAY_FEW),
	ATTACK(7, true, true, "slow", "spray brute_force", loop_begin, &SPRAY_SLOW),
	ATTACK(7, true, true, "browser_hello", "spray brute_force", loop_begin, &SPRAY_BROWSER),
	ATTACK(8, true, false, "fast", "brute_force spray", loop_begin, &BRUTE_FAST),
	ATTACK(8, true, false, "kept_alive", "brute_force spray", loop_begin, &BRUTE_KEPT),
	ATTACK(8, true, false, "slow", "brute_force spray", loop_begin, &BRUTE_SLOW),
	ATTACK(8, true, false, "five_sources", "brute_force spray", loop_begin, &BRUTE_FIVE),
	ATTACK_AT(12, false, false, SEVERITY_LOW, 0, "many_addresses", "slow_probe", loop_begin, &PROBE_SLOW),
	ATTACK_AT(12, false, false, SEVERITY_LOW, 0, "one_address", "slow_probe", loop_begin, &PROBE_ONE),
	ATTACK(14, false, false, "typed", "webshell", loop_begin, &SHELL_TYPED),
	ATTACK(14, false, false, "one_connection_each", "webshell", loop_begin, &SHELL_EACH),
	ATTACK(14, false, false, "browser_hello", "webshell", loop_begin, &SHELL_BROWSER),
	ATTACK(30, false, false, "few", "file_read memory_leak webshell", loop_begin, &READ_FEW),
	ATTACK(30, false, false, "one_connection", "file_read memory_leak webshell", loop_begin, &READ_KEPT),
};
const unsigned ATTACKS_LOOPS_N = sizeof(ATTACKS_LOOPS) / sizeof(ATTACKS_LOOPS[0]);
