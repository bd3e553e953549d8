/*
 * seen: how much of a gateway's traffic the sensor misses, over the last minutes, from its pulses.
 * A thousandth lost is enough to make absences worthless: no page, no login, no answer.
 */
#include "detect/frame.h"

enum { SEEN_S = 300, POOR_PARTS = 1000 };

void
seen_add(struct detect *d, const struct pulse *p)
{
	struct gate *g = &d->gate[p->gateway];

	if (when_since(p->time, g->seen[0].since) >= SEEN_S * NS_PER_S) {
		g->seen[1] = g->seen[0];
		g->seen[0] = (struct seen){.since = p->time};
	}
	g->seen[0].bytes += p->bytes_to + p->bytes_from;
	g->seen[0].lost += p->gap_bytes;
}

bool
seen_poorly(const struct detect *d, uint8_t gateway, struct when now)
{
	const struct gate *g = &d->gate[gateway];
	uint64_t bytes = 0, lost = 0;

	for (unsigned i = 0; i < 2; i++)
		if (when_since(now, g->seen[i].since) < 3 * SEEN_S * NS_PER_S) {
			bytes += g->seen[i].bytes;
			lost += g->seen[i].lost;
		}
	return lost > 0 && lost >= bytes / POOR_PARTS;
}

/* A handshake of which one side only was seen: the mirror showed one direction when it began. */
bool
half_seen(const struct session *s)
{
	bool asked = s->flags_out & TCP_SYN, answered = s->flags_in & TCP_SYN;

	return s->one_sided || (s->exchanges && asked != answered);
}
