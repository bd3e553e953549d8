/*
 * keeper_evidence: what the keeper tells taps to pick of their frames, and what comes of it.
 * Must not write a file: that is evidence's.
 */
#include "sensor/evidence_ring.h"
#include "sensor/keeper_parts.h"

/* One tap, as who has frames. */
struct source {
	struct keeper *keeper;
	struct slot *slot;
};

static void
want_of(void *arg, const struct evidence_wanted *w)
{
	const struct source *s = arg;

	wire_wanted(&s->keeper->message, w);
	keeper_say(s->keeper, s->slot, TAP_WANTED);
}

/* All of them; what one that is not there would have, it would have lost. */
static void
want(void *arg, const struct evidence_wanted *w)
{
	struct keeper *k = arg;

	for (unsigned i = 0; i < k->n; i++)
		if (slot_listens(&k->slot[i]))
			want_of(&(struct source){k, &k->slot[i]}, w);
}

static void
want_no_more(void *arg, uint64_t incident)
{
	struct keeper *k = arg;

	for (unsigned i = 0; i < k->n; i++) {
		if (!slot_listens(&k->slot[i]))
			continue;
		bytes_u64le(&k->message, incident);
		keeper_say(k, &k->slot[i], TAP_UNWANTED);
	}
}

/* Each keeps a part of the ring, of its own connections. */
void
keeper_evidence(struct keeper *k)
{
	const struct config *c = k->watch->setup.config;
	uint64_t ring = (uint64_t)config_number(c, OPT_evidence_ring) / k->n;

	if (!k->watch->evidence)
		return;
	k->part.ring = ring < RING_MIN ? RING_MIN : ring;
	k->part.payload = config_number(c, OPT_evidence_payload) != 0;
	evidence_from(k->watch->evidence, &(struct evidence_source){k, want, want_no_more});
}

void
keeper_evidence_again(struct keeper *k, struct slot *s)
{
	if (k->watch->evidence)
		evidence_again(k->watch->evidence, &(struct evidence_source){&(struct source){k, s}, want_of, NULL});
}

void
keeper_ends(struct keeper *k, struct slot *s)
{
	s->over = true;
	if (!k->part.ring)
		s->ended = true;
	else if (!s->lost) /* else whoever listens is another */
		keeper_say(k, s, TAP_DONE);
}

void
keeper_picked(struct keeper *k, struct slot *s, struct cur c)
{
	struct evidence_picked p;

	if (!k->watch->evidence || !wire_get_picked(&c, &p))
		slot_gone(s, "evidence that is none");
	else
		evidence_frame(k->watch->evidence, &p);
}
