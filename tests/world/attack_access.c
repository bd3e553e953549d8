/*
 * attack_access: attacks of a client on the gateway that are no loops: large requests, stolen cookies and tickets,
 * stolen logins, push fatigue, exports, what goes through a tunnel, wrong protocols.
 */
#include "attacks.h"

/* B02, CVE-2023-4966: one request of 24.9 kB, an answer of tens. */
struct oversized {
	uint32_t times;
	int64_t gap;
	bool browser;
};

static void
oversized_again(struct world *w, void *arg)
{
	struct attack_run *a = arg;
	const struct oversized *o = a->what->recipe;
	struct conn *c;

	a->ticket = (struct ticket){0};
	c = intrude(a, w->now, 0);
	exchange(c, MS(2), 24900 + (uint32_t)(a->extra[0] % 300), MS(12), (uint32_t)between(&a->rng, 30000, 130000));
	hang_up(c, MS(5), 0);
	label_happened(w, a->label);
	attack_done(a, w->now);
	if (++a->step < o->times)
		clock_add(w, w->now + o->gap + SECOND(below(&a->rng, 600)), oversized_again, a);
}

static void
oversized_begin(struct world *w, struct attack_run *a)
{
	const struct oversized *o = a->what->recipe;

	a->extra[0] = rng_next(&a->rng);
	if (o->browser)
		a->program = (struct program){PROGRAM_CHROMIUM, 0};
	oversized_again(w, a);
}
static const struct oversized OVER_ONCE = {1, 0, false}, OVER_HOURLY = {9, HOUR(1), false}, OVER_BROWSER = {4, MINUTE(10), true};

const struct attack ATTACKS_ACCESS[] = {
	ATTACK(2, true, false, "once", "oversized_request", oversized_begin, &OVER_ONCE),
	ATTACK(2, true, false, "hourly", "oversized_request", oversized_begin, &OVER_HOURLY),
	ATTACK(2, true, false, "browser_hello", "oversized_request", oversized_begin, &OVER_BROWSER),
};
const unsigned ATTACKS_ACCESS_N = sizeof(ATTACKS_ACCESS) / sizeof(ATTACKS_ACCESS[0]);
