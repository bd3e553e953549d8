/*
 * seen: how much of a gateway's traffic the sensor misses, over the last minutes, from its pulses.
 *
 *	lossy	a thousandth: said with every finding; what is not known of the place may be what was lost
 *	poor	a thirtieth: absences are worthless, no page, no login, no answer, and nothing is learned
 *
 * In between whole sessions are whole, and those with holes know of them: a mirror that always loses a little must not
 * make the sensor blind for good.
 */
#include "detect/frame.h"

enum { SEEN_S = 300, LOSSY_PARTS = 1000, POOR_PARTS = 30, WHOLE = 10000 };

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

static struct seen
lately(const struct detect *d, uint8_t gateway, struct when now)
{
	const struct gate *g = &d->gate[gateway];
	struct seen sum = {0};

	for (unsigned i = 0; i < 2; i++)
		if (when_since(now, g->seen[i].since) < 3 * SEEN_S * NS_PER_S) {
			sum.bytes += g->seen[i].bytes;
			sum.lost += g->seen[i].lost;
		}
	return sum;
}

enum sight
seen_sight(const struct detect *d, uint8_t gateway, struct when now)
{
	const struct gate *g = &d->gate[gateway];
	struct seen s;

	if (!(g->seen[0].lost | g->seen[1].lost)) /* each record asks */
		return SIGHT_WHOLE;
	s = lately(d, gateway, now);
	if (!s.lost || s.lost < s.bytes / LOSSY_PARTS)
		return SIGHT_WHOLE;
	return s.lost < s.bytes / POOR_PARTS ? SIGHT_LOSSY : SIGHT_POOR;
}

bool
seen_poorly(const struct detect *d, uint8_t gateway, struct when now)
{
	return seen_sight(d, gateway, now) == SIGHT_POOR;
}

/* Everything, while nothing is known. */
uint32_t
seen_share(const struct detect *d, uint8_t gateway, struct when now)
{
	const struct seen s = lately(d, gateway, now);
	uint64_t all = s.bytes + s.lost;

	return all ? (uint32_t)(s.bytes * WHOLE / all) : WHOLE;
}

/* A handshake of which one side only was seen: the mirror showed one direction when it began. */
bool
half_seen(const struct session *s)
{
	bool asked = s->flags_out & TCP_SYN, answered = s->flags_in & TCP_SYN;

	return s->one_sided || (s->exchanges && asked != answered);
}
