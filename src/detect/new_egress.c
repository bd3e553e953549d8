/*
 * new_egress: the gateway opens a connection to a place it never called before (beacons, downloads, reverse shells).
 *
 * Keyed on the destination, not on a fingerprint: COATHANGER's JA3 equals that of legitimate FortiGate logging.
 * Must not take an answer for a call: a UDP packet from a port that clients use, or a connection caught in its middle.
 */
#include "detect/frame.h"

struct egress {
	struct memory places;   /* gateway, address, port, protocol */
	struct memory names;    /* gateway, network, server name */
	struct memory services; /* UDP ports of the gateway that clients call */
	struct memory shared;   /* addresses that it shares with users */
};

struct place {
	uint32_t calls;
};

void *
egress_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct egress *e = carve_take(c, sizeof(*e));

	bytes -= sizeof(*e) + 64;
	detect_memory(d, &e->places, c, &(struct memory_plan){.bytes = bytes / 2, .payload = sizeof(struct place)});
	detect_memory(d, &e->names, c, &(struct memory_plan){.bytes = bytes / 4, .payload = sizeof(struct place)});
	detect_memory(d, &e->services, c, &(struct memory_plan){.bytes = bytes / 8, .payload = sizeof(struct place)});
	detect_memory(d, &e->shared, c, &(struct memory_plan){.bytes = bytes / 8, .payload = egress_shared_payload()});
	return e;
}

static struct memory_key
place_key(const struct session *s)
{
	return (struct memory_key){s->dest, (uint64_t)s->proto << 16 | s->dest_port, s->gateway};
}

static struct memory_key
name_key(const struct session *s)
{
	return (struct memory_key){detect_net(&s->dest, 24, 48), detect_hash(s->sni), s->gateway};
}

static bool
is_service(const struct egress *e, const struct session *s)
{
	const struct memory_key key = {s->src, (uint64_t)s->proto << 16 | s->src_port, s->gateway};

	return memory_find(&e->services, &key) != NULL;
}

/* Did the gateway start it, as far as was seen? */
static bool
called(const struct egress *e, const struct view *v)
{
	const struct session *s = v->s;

	if (s->role != ROLE_OUTBOUND || !v->first)
		return false;
	if (s->client_hello)
		return true;
	if (s->proto == PROTO_TCP)
		return !s->midstream;
	/* After a long silence the gateway's packet of a running tunnel looks like the first. */
	return !is_service(e, s) && (s->src_port >= 1024 || s->dest_port < 1024);
}

static void
egress_judged(struct detect *d, const struct view *v, bool same_name)
{
	const struct session *s = v->s;
	const struct egress *e = d->state[DETECTOR_new_egress];
	struct finding f;

	finding_begin(&f, v, DETECTOR_new_egress);
	f.actor = s->src;
	f.severity = v->learning ? SEVERITY_INFO : same_name ? SEVERITY_LOW : SEVERITY_HIGH;
	f.confidence = s->proto == PROTO_TCP ? 90 : 70;
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	finding_number(&f, "places_known", "places", e->places.pool.used);
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_in);
	finding_session(&f, s->id);
	finding_say(
		&f,
		same_name ? "gateway {a} called {t} port {p} ({x}): a new address of a name it called before" :
		s->sni.p  ? "gateway {a} called {t} port {p} ({x}), which it never did in {0}; {1} places are known" :
			    "gateway {a} called {t} port {p}, which it never did in {0}; {1} places are known",
		(const struct text[2]){s->sni, {NULL, 0}});
	f.benign = "a new server for updates, licences, time or names; a provider's new address; a change of settings";
	incident_report(d, &f, &(struct actor){.group = 0});
}

void
egress_judge(struct detect *d, const struct view *v)
{
	const struct egress *e = d->state[DETECTOR_new_egress];
	struct memory_key key;

	if (v->shared || !called(e, v))
		return;
	key = place_key(v->s);
	if (memory_find(&e->places, &key))
		return;
	key = name_key(v->s);
	egress_judged(d, v, v->s->sni.p && memory_find(&e->names, &key));
}

static void
learn_place(struct memory *m, const struct memory_key *key, bool keep)
{
	bool fresh;
	struct place *p = memory_use(m, key, &fresh);

	p->calls++;
	if (keep || p->calls >= 3)
		memory_keep(m, p);
}

void
egress_learn(struct detect *d, const struct view *v)
{
	struct egress *e = d->state[DETECTOR_new_egress];
	const struct session *s = v->s;
	struct memory_key key;

	if (s->role == ROLE_INBOUND && s->proto == PROTO_UDP && s->packets_in) {
		key = (struct memory_key){s->dest, (uint64_t)s->proto << 16 | s->dest_port, s->gateway};
		learn_place(&e->services, &key, false);
	}
	if (!called(e, v))
		return;
	if (v->shared) {
		egress_shared(d, &e->shared, v);
		return;
	}
	key = place_key(s);
	learn_place(&e->places, &key, v->learning);
	if (s->sni.p) {
		key = name_key(s);
		learn_place(&e->names, &key, v->learning);
	}
}
