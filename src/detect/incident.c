/*
 * incident: findings about one actor within incident.idle are one incident.
 *
 *	(none) --finding, low and up--> open --higher severity, or a detector new to it--> worse --idle--> closed
 *
 * A weak finding opens none, unless a chain or other weak evidence about the same actor makes it count.
 * Ids are hashes of what happened, never counters, so that a replay gives the same ones.
 */
#include "detect/attempt.h"

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

bool
incident_sound(const void *bytes)
{
	const struct incident_slot *slot = bytes;

	return slot->told.event_count <= INCIDENT_EVENTS && slot->told.gateway <= GATEWAYS_MAX;
}

/* IPv6: a /64 is one actor. */
struct actor
actor_of(const struct view *v)
{
	return (struct actor){.net = v->source};
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

/* The first half of the timeline stays, the second half moves. */
static void
incident_note(struct incident *i, const struct finding *f)
{
	struct incident_event *last = &i->event[INCIDENT_EVENTS - 1], *e = &i->event[i->event_count];

	if (i->event_count == INCIDENT_EVENTS) {
		for (e = &i->event[INCIDENT_EVENTS / 2]; e < last; e++)
			*e = e[1];
		i->event_count--;
	}
	i->event_count++;
	*e = (struct incident_event){f->time, f->id, f->session_count ? f->session[0] : 0, f->detector, f->severity};
}

/* Of the incident that is open about the actor (DETECTOR_BIT), 0: none is. */
static uint64_t
detectors_of(const struct detect *d, const struct actor *a, uint8_t gateway)
{
	const struct memory_key key = actor_key(a, gateway);
	const struct incident_slot *slot = memory_find(&d->incidents, &key);

	return slot ? slot->detectors : 0;
}

static struct incident_slot *
incident_slot_for(struct detect *d, const struct finding *f, const struct actor *a, bool *fresh)
{
	const struct memory_key key = actor_key(a, f->gateway);
	struct incident_slot *slot = memory_find(&d->incidents, &key);

	if (!slot && memory_full(&d->incidents))
		incident_close(d, memory_oldest(&d->incidents));
	slot = memory_use(&d->incidents, &key, fresh);
	if (*fresh)
		incident_begin(d, slot, f, a);
	return slot;
}

static void
incident_join(struct detect *d, struct finding *f, const struct actor *a)
{
	bool fresh;
	struct incident_slot *slot = incident_slot_for(d, f, a, &fresh);
	uint64_t bit = UINT64_C(1) << (f->detector & 63);

	f->opens = fresh;
	f->worsens = !fresh && (f->severity > slot->told.severity || !(slot->detectors & bit));
	slot->detectors |= bit;
	if (f->severity > slot->told.severity)
		slot->told.severity = f->severity;
	if (when_before(slot->told.last, f->time))
		slot->told.last = f->time;
	slot->told.findings++;
	incident_note(&slot->told, f);
	f->incident = slot->told.id;
}

/* What was announced stays what it is, whatever came before. */
static bool
chained(struct detect *d, struct finding *f, const struct actor *a)
{
	uint64_t before = detectors_of(d, a, f->gateway) | trail_detectors(d, a, f->gateway);

	if (guesser_has(d, f->gateway, &f->actor))
		before |= DETECTOR_BIT(spray) | DETECTOR_BIT(brute_force);
	return !f->expected && !f->explained && chain_raise(d, f, before);
}

/* Does it count alone, by what came before, or with the other evidence about the actor? */
static bool
incident_counts(struct detect *d, struct finding *f, const struct actor *a, bool in_chain)
{
	uint64_t open = detectors_of(d, a, f->gateway);
	bool remembered = f->severity >= (f->weak ? SEVERITY_LOW : SEVERITY_MEDIUM) && trail_add(d, f, a);
	bool enough = f->weak && remembered;
	const struct memory_key key = actor_key(a, f->gateway);
	const struct incident_slot *slot = open ? memory_find(&d->incidents, &key) : NULL;

	/* beside what is known already, weak evidence is one more line and no worse */
	if (f->weak && !in_chain && !enough && slot && f->severity > slot->told.severity)
		f->severity = slot->told.severity;
	return f->severity > SEVERITY_INFO && (!f->weak || in_chain || enough || open);
}

static void
trace_add(struct detect *d, const struct finding *f, const struct actor *a)
{
	struct trace *t = &d->gate[f->gateway].trace[f->detector];

	if (!f->learning && !f->note && !f->suppressed && !f->expected && !when_before(f->time, t->time))
		*t = (struct trace){f->time, f->incident, a->group};
}

/* What is remembered of a client is as hidden as the session at hand; the gateway and what it called never are. */
static bool
is_hidden(const struct detect *d, const struct finding *f, const struct addr *a)
{
	const struct session *s = d->session;

	if (s && (addr_same(a, &s->src) || addr_same(a, &s->dest) || addr_same(a, &s->actor)))
		return session_hides(s, a);
	return !addr_same(a, &d->gate[f->gateway].addr) && (s ? s->privacy_key : d->rules ? d->rules->privacy_key : 0);
}

void
incident_report(struct detect *d, struct finding *f, const struct actor *a)
{
	bool in_chain;
	const struct rule_suppress *rule;

	if (d->only && f->detector != d->only)
		return;
	f->pseudonyms = (uint8_t)((is_hidden(d, f, &f->actor) ? HIDDEN_ACTOR : 0) |
				  (is_hidden(d, f, &f->target) ? HIDDEN_DEST : 0));
	f->id = finding_id(f, a);
	d->counts->finding++;
	in_chain = chained(d, f, a);
	rule = finding_suppressed(d, f);
	if (rule)
		f->suppressed = rule->name;
	else if (incident_counts(d, f, a, in_chain))
		incident_join(d, f, a);
	if (f->chain)
		finding_say_chain(f);
	f->coverage = seen_share(d, f->gateway, d->now);
	trace_add(d, f, a);
	if (d->to->finding)
		d->to->finding(d->to->arg, f, d->session);
}

const struct trace *
trace_of(const struct detect *d, uint8_t gateway, enum detector_id id, struct when now, int64_t window_s)
{
	const struct trace *t = &d->gate[gateway].trace[id];

	return t->time.ns && when_since(now, t->time) <= window_s * NS_PER_S ? t : NULL;
}

struct when
incident_due(const struct detect *d)
{
	const struct incident_slot *slot = memory_oldest(&d->incidents);

	return slot ? when_add(slot->told.last, d->idle_ns) : (struct when){INT64_MAX};
}

bool
incident_open(const struct detect *d, uint8_t gateway, uint64_t detectors)
{
	const struct incident_slot *slot = memory_oldest(&d->incidents);

	for (; slot; slot = memory_newer(&d->incidents, slot))
		if (slot->told.gateway == gateway && slot->detectors & detectors)
			return true;
	return false;
}

bool
incident_about(const struct detect *d, uint8_t gateway, const struct addr *source)
{
	return detectors_of(d, &(struct actor){.net = *source}, gateway) != 0;
}
