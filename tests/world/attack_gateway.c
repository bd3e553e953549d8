/*
 * attack_gateway: what shows at the gateway itself: crashes, changed identity and pages, floods, silence.
 */
#include "attacks.h"

/* B04: odd requests, then everybody is dropped and nobody answered for a while. */
static void
crash_now(struct world *w, void *arg)
{
	struct attack_run *a = arg;

	gateway_crash(w, SECOND(between(&a->rng, 15, 110)), a->what->recipe != NULL);
	label_happened(w, a->label);
	attack_done(a, w->now);
}

static void
crash_begin(struct world *w, struct attack_run *a)
{
	for (unsigned i = 0; i < 3; i++) {
		struct conn *c = intrude(a, w->now + SECOND(2 * i), 0);

		say(c, MS(3), 0, 3000 + below(&a->rng, 9000));
	}
	clock_add(w, w->now + SECOND(6), crash_now, a);
}

const struct attack ATTACKS_GATEWAY[] = {
	ATTACK(4, true, true, "resets", "crash outage", crash_begin, "rst"),
	ATTACK(4, true, true, "freeze", "crash outage", crash_begin, NULL),
};
const unsigned ATTACKS_GATEWAY_N = sizeof(ATTACKS_GATEWAY) / sizeof(ATTACKS_GATEWAY[0]);
