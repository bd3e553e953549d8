/*
 * incident: findings about one actor within incident.idle are one incident.
 *
 *	(none) --finding, low and up--> open --higher severity, or a detector new to it--> worse --idle--> closed
 *
 * Ids are hashes of what happened, never counters, so that a replay gives the same ones.
 */
#include "detect/frame.h"

#include <string.h>

static const struct hash_key ID_KEY = {UINT64_C(0x6761746577697477), UINT64_C(0x696e636964656e74)};

struct incident_slot {
	struct incident told;
	uint64_t detectors; /* bits by detector id */
	struct addr net;
};

uint32_t
incident_payload(void)
{
	return sizeof(struct incident_slot);
}

static struct memory_key
actor_key(const struct actor *a, uint8_t gateway)
{
	return (struct memory_key){a->net, a->group, gateway};
}

static uint64_t
finding_id(const struct finding *f, const struct actor *a)
{
	struct {
		struct addr net;
		uint64_t group, session, detector, gateway;
	} key = {a->net, a->group, f->session_count ? f->session[0] : 0, f->detector, f->gateway};

	return hash_keep(&ID_KEY, &key, sizeof(key));
}

static void
incident_close(struct detect *d, struct incident_slot *slot)
{
	struct incident told = slot->told;

	memory_drop(&d->incidents, slot);
	if (d->to->closed)
		d->to->closed(d->to->arg, &told);
}

void
incident_idle(struct detect *d, struct when now)
{
	struct incident_slot *slot;

	while ((slot = memory_oldest(&d->incidents)) != NULL &&
	       (now.ns == INT64_MAX || when_since(now, slot->told.last) >= d->idle_ns))
		incident_close(d, slot);
}

static void
incident_begin(struct detect *d, struct incident_slot *slot, const struct finding *f, const struct actor *a)
{
	slot->net = a->net;
	slot->told = (struct incident){.id = hash_keep(&ID_KEY, &f->id, sizeof(f->id)),
				       .opened = f->time,
				       .last = f->time,
				       .actor = f->actor,
				       .gateway = f->gateway};
	d->counts->incident++;
}

static void
incident_join(struct incident_slot *slot, struct finding *f, bool fresh)
{
	uint64_t bit = UINT64_C(1) << (f->detector & 63);

	f->opens = fresh;
	f->worsens = !fresh && (f->severity > slot->told.severity || !(slot->detectors & bit));
	slot->detectors |= bit;
	if (f->severity > slot->told.severity)
		slot->told.severity = f->severity;
	if (when_before(slot->told.last, f->time))
		slot->told.last = f->time;
	slot->told.findings++;
	f->incident = slot->told.id;
}

/* What was seen of what went over the wire, by the holes in the streams: everything, while nothing is known. */
static uint32_t
coverage(const struct counts *c)
{
	enum { WHOLE = 10000 };

	return c->frame_bytes ? (uint32_t)(c->frame_bytes * WHOLE / (c->frame_bytes + c->gap_bytes)) : WHOLE;
}

void
incident_report(struct detect *d, struct finding *f, const struct actor *a)
{
	struct memory_key key = actor_key(a, f->gateway);
	struct incident_slot *slot = memory_find(&d->incidents, &key);
	const struct rule_suppress *suppressed;
	bool fresh;

	f->id = finding_id(f, a);
	d->counts->finding++;
	suppressed = finding_suppressed(d, f);
	if (suppressed) {
		f->suppressed = suppressed->name;
	} else if (f->severity == SEVERITY_INFO) {
		f->incident = slot ? slot->told.id : 0;
	} else {
		if (!slot && memory_full(&d->incidents))
			incident_close(d, memory_oldest(&d->incidents));
		slot = memory_use(&d->incidents, &key, &fresh);
		if (fresh)
			incident_begin(d, slot, f, a);
		incident_join(slot, f, fresh);
	}
	f->coverage = coverage(d->counts);
	if (d->to->finding)
		d->to->finding(d->to->arg, f, d->session);
}

bool
incident_open(const struct detect *d, uint8_t gateway, uint32_t detectors)
{
	const struct incident_slot *slot = memory_oldest(&d->incidents);

	for (; slot; slot = memory_newer(&d->incidents, slot))
		if (slot->told.gateway == gateway && slot->detectors & detectors)
			return true;
	return false;
}

bool
incident_about(const struct detect *d, uint8_t gateway, const struct addr *client)
{
	const struct actor a = {.net = detect_net(client, 32, 64)};
	const struct memory_key key = actor_key(&a, gateway);

	return memory_find(&d->incidents, &key) != NULL;
}
