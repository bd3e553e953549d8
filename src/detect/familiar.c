/*
 * familiar: which clients (network and client program) have used a gateway the ordinary way before.
 *
 * Ordinary is variety: many sizes of requests, on several days.  What an intruder does, over and over alike,
 * does not make him familiar, and while there is an incident about him nothing does.
 */
#include "detect/frame.h"

struct familiar {
	int32_t day; /* the last one, since 1970 */
	uint32_t days, exchanges;
	uint64_t shapes; /* sizes of requests: size_bit */
};

enum { FAMILIAR_STEP = 16, FAMILIAR_SHAPES = 6, FAMILIAR_EXCHANGES = 24, FAMILIAR_SHAPES_TODAY = 10 };

uint32_t
familiar_payload(void)
{
	return sizeof(struct familiar);
}

static struct memory_key
familiar_key(const struct view *v)
{
	return (struct memory_key){detect_net(&v->client, 24, 48), v->s->client_key, v->s->gateway};
}

bool
familiar_known(const struct detect *d, const struct view *v)
{
	const struct memory_key key = familiar_key(v);
	const struct familiar *who = memory_find(&d->familiars, &key);
	unsigned shapes;

	if (!who)
		return false;
	shapes = set_count(who->shapes);
	return (who->days >= 2 && shapes >= FAMILIAR_SHAPES) ||
	       (who->exchanges >= FAMILIAR_EXCHANGES && shapes >= FAMILIAR_SHAPES_TODAY);
}

void
familiar_learn(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct memory_key key;
	struct familiar *who;
	int32_t day = (int32_t)(s->time.ns / (86400 * NS_PER_S));
	bool fresh;

	if (s->role != ROLE_INBOUND || v->hidden || v->from >= v->until)
		return;
	key = familiar_key(v);
	who = memory_use(&d->familiars, &key, &fresh);
	for (uint32_t i = v->from; i < v->until && i < s->exchange_count; i++)
		who->shapes |= size_bit(s->exchange[i].request, FAMILIAR_STEP);
	who->exchanges += v->until - v->from;
	if (fresh || who->day != day)
		who->days++;
	who->day = day;
	if (who->days >= 2)
		memory_keep(&d->familiars, who);
}
