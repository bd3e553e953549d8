/*
 * view: what is new in a record, who it is about, and what is known of him.
 * Must not judge, and must not know a detector.
 */
#include "detect/monitor.h"
#include "detect/statics.h"
#include "detect/visit.h"

/* Of a session that is not over. */
struct running {
	uint64_t bytes_out, bytes_in;
	uint32_t judged;        /* exchanges */
	bool established, cert; /* were seen */
	bool tunnelled;
};

uint32_t
running_payload(void)
{
	return sizeof(struct running);
}

bool
running_sound(const void *bytes)
{
	const struct running *r = bytes;

	return sound_bool(&r->established) && sound_bool(&r->cert) && sound_bool(&r->tunnelled);
}

/* The last exchange of a session that goes on may still grow, unless it has been silent since. */
static uint32_t
finished(const struct session *s)
{
	enum { SILENT_S = 5 };
	bool over = s->kind == SESSION_CLOSE || when_since(s->time, s->last) >= SILENT_S * NS_PER_S;

	return over || s->exchanges == 0 ? s->exchanges : s->exchanges - 1;
}

/* What is new in this record; remembers it when another one will come. */
static void
view_exchanges(struct detect *d, struct view *v)
{
	const struct memory_key key = {.a = v->s->id};
	bool over = v->s->kind == SESSION_CLOSE, fresh = false;
	struct running *r = over ? memory_find(&d->running, &key) : memory_use(&d->running, &key, &fresh);
	struct running before = r ? *r : (struct running){0};

	v->first = r == NULL || fresh;
	v->first_established = v->s->established && !before.established;
	v->first_cert = v->s->cert_sha256.p && !before.cert;
	v->more_out = v->s->bytes_out - before.bytes_out;
	v->more_in = v->s->bytes_in - before.bytes_in;
	v->until = finished(v->s);
	v->from = least(before.judged, v->until);
	v->tunnels = session_tunnels(v->s);
	v->tunnelled = v->tunnels || before.tunnelled || session_lasts(v->s);
	if (!over)
		*r = (struct running){.bytes_out = v->s->bytes_out,
				      .bytes_in = v->s->bytes_in,
				      .judged = v->until,
				      .established = v->s->established,
				      .cert = v->s->cert_sha256.p != NULL,
				      .tunnelled = v->tunnelled};
	else if (r)
		memory_drop(&d->running, r);
}

/* What the operator said of the networks at both ends. */
static void
view_networks(const struct detect *d, struct view *v)
{
	const struct session *s = v->s;

	if (!d->rules || d->rules->nets == 0)
		return;
	v->hidden =
		s->role == ROLE_INBOUND && addr_same(&v->client, &s->src) && in_net(d, s->gateway, NET_BEHIND, &s->src);
	v->shared = s->role == ROLE_OUTBOUND && in_net(d, s->gateway, NET_NAT, &s->src);
	v->inside = s->role == ROLE_OUTBOUND && in_net(d, s->gateway, NET_INSIDE, &s->dest);
}

struct gate *
gate_seen(struct detect *d, uint8_t gateway, struct when t)
{
	struct gate *g = &d->gate[gateway];

	if (!g->known || when_before(t, g->first))
		g->first = t;
	g->known = true;
	return g;
}

/* Those that more than one detector will ask for. */
static void
view_hashes(struct detect *d, struct view *v)
{
	bool in = v->s->role == ROLE_INBOUND, news = v->from < v->until;

	if (in && (news || v->first_established))
		v->network = network_of(v);
	if (in && news)
		v->network_bit = network_bit(v);
	if (in && (v->first_established || v->first_cert))
		v->name = detect_hash_again(d, v->s->said, TEXT_SNI, v->s->sni);
}

void
view_keys(const struct detect *d, struct view *v)
{
	const struct session *s = v->s;

	v->by_client = memory_hashed(&d->secret, &(struct memory_key){v->source, s->client_key, s->gateway});
	v->by_source = memory_hashed(&d->secret, &(struct memory_key){v->source, 0, s->gateway});
	v->by_program = memory_hashed(&d->secret, &(struct memory_key){.a = s->client_key, .b = s->gateway});
}

/* A handshake that came to nothing is no visit, has no turns, and nobody's but scan_spike's question is who made it: a
   flood of them must neither push out visits nor cost what they do. */
static bool
is_knock(const struct session *s)
{
	return s->role == ROLE_INBOUND && !s->established && s->exchanges == 0 && !session_data_channel(s);
}

/* Who it is, and what he does. */
static void
view_client(struct detect *d, struct view *v, struct turn room[TURNS_MOST])
{
	view_keys(d, v);
	v->visit = v->hidden ? NULL : visit_find(d, v);
	v->familiar = v->s->role == ROLE_INBOUND && !v->hidden && familiar_known(d, v, v->visit);
	view_turns(v, room);
	view_hashes(d, v);
	v->visit = v->hidden ? NULL : visit_note(d, v);
	v->monitor = !v->hidden && monitor_note(d, v);
}

void
view_make(struct detect *d, struct view *v, struct turn room[TURNS_MOST])
{
	static const struct addr none;
	const struct session *s = v->s;
	struct gate *g = gate_seen(d, s->gateway, s->start);
	enum sight sight = seen_sight(d, s->gateway, s->time);
	bool holes = s->gap_bytes_in || s->gap_bytes_out || s->midstream || half_seen(s);

	if (s->role == ROLE_INBOUND || addr_same(&g->addr, &none))
		g->addr = s->role == ROLE_INBOUND ? s->dest : s->src;
	v->client = addr_same(&s->actor, &none) ? s->src : s->actor;
	v->source = detect_net(&v->client, 32, 64);
	v->known_ns = when_since(s->time, g->first);
	v->learning = v->known_ns < d->learn_ns;
	v->suspect = s->role == ROLE_INBOUND && incident_about(d, s->gateway, &v->source);
	v->lossy = sight != SIGHT_WHOLE;
	v->degraded = holes || sight == SIGHT_POOR;
	view_networks(d, v);
	v->knock = is_knock(s);
	view_exchanges(d, v);
	if (!v->knock)
		view_client(d, v, room);
}
