/*
 * shared_identity: one TLS session id, ticket or PSK identity used from two networks.
 *
 * TLS 1.2 and older hand identities out in clear: from whom to whom one went is known (lineage).  TLS 1.3 tickets
 * are encrypted and new each time: only that the same one came twice is known.  The finding says which.
 * Same client program elsewhere is a user who moves, and must not alert.
 */
#include "detect/frame.h"

struct identity {
	struct addr client;
	uint64_t program, session;
	struct when since;
	uint32_t lifetime_s;
	bool issued; /* handed out by the gateway in clear */
	bool told;
};

struct shared {
	struct memory identities;
	struct identity *offered; /* what the record under judgement offered, when it is known and alive */
};

enum { HAPPY_EYEBALLS_S = 2 };

static bool
identity_sound(const void *bytes)
{
	const struct identity *id = bytes;

	return sound_bool(&id->issued) && sound_bool(&id->told);
}

void *
shared_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct shared *h = carve_take(c, sizeof(*h));

	bytes -= sizeof(*h) + 64;
	detect_memory(d, &h->identities, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct identity)});
	detect_sound(d, identity_sound);
	return h;
}

/* Made under another key, it is another identity. */
static struct memory_key
identity_key(const struct session *s, uint64_t id)
{
	struct memory_key key = {.a = id, .b = s->gateway};

	memcpy(key.addr.b, &s->identity_key, sizeof(s->identity_key));
	return key;
}

static bool
same_net(const struct addr *a, const struct addr *b)
{
	struct addr x = detect_net(a, 24, 48), y = detect_net(b, 24, 48);

	return addr_same(&x, &y);
}

static void
report_shared(struct detect *d, const struct view *v, const struct identity *id, bool same_program)
{
	const struct session *s = v->s;
	bool accepted = s->resumed > RESUMED_UNKNOWN;
	char name[ADDR_TEXT_MAX];
	struct text owner = {name, (uint32_t)addr_print(&id->client, name)};
	struct finding f;

	finding_begin(&f, v, DETECTOR_shared_identity);
	if (same_program)
		f.severity = SEVERITY_INFO;
	f.confidence = (uint8_t)((id->issued ? 70 : 50) + (accepted ? 20 : 0));
	finding_number(&f, "apart", "s", when_since(s->time, id->since) / NS_PER_S);
	finding_number(&f, "issued_in_clear", "yes", id->issued);
	finding_number(&f, "accepted", "yes", accepted);
	finding_session(&f, id->session);
	finding_session(&f, s->id);
	finding_say(&f,
		    same_program ?
			    "client moved from {x} to {a}: same TLS identity and program, {0} apart" :
		    id->issued ?
			    "TLS session issued to {x} came back from {a} with another client program {0} later" :
			    "the TLS identity that {x} used came again from {a} with another client program, {0} apart",
		    (const struct text[2]){owner, {NULL, 0}});
	f.benign = "one device with two programs that share a TLS cache, behind changing addresses; a proxy in between";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

static struct identity *
offered_before(struct detect *d, const struct view *v)
{
	struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = identity_key(v->s, v->s->id_offered);
	struct identity *id;
	int64_t lifetime_s;

	if (v->s->role != ROLE_INBOUND || v->hidden || !v->first || !v->s->id_offered)
		return NULL;
	id = memory_find(&h->identities, &key);
	if (!id)
		return NULL;
	lifetime_s = id->lifetime_s ? id->lifetime_s : d->param[PARAM_shared_identity_lifetime];
	return when_since(v->s->time, id->since) <= lifetime_s * NS_PER_S ? id : NULL;
}

static void
identity_learn(struct detect *d, const struct view *v, uint64_t value, bool issued)
{
	struct shared *h = d->state[DETECTOR_shared_identity];
	const struct memory_key key = identity_key(v->s, value);
	bool fresh;
	struct identity *id = memory_use(&h->identities, &key, &fresh);

	if (fresh || (issued && !id->issued))
		*id = (struct identity){.client = v->client,
					.program = v->s->client_key,
					.session = v->s->id,
					.since = v->s->time,
					.lifetime_s = issued ? v->s->ticket_lifetime : 0,
					.issued = issued};
	if (v->s->established)
		memory_keep(&h->identities, id);
}

/* An identity belongs to who had it first; a user who moved takes it along. */
static void
remember(struct detect *d, const struct view *v, struct identity *id)
{
	const struct session *s = v->s;

	if (s->role != ROLE_INBOUND || v->hidden)
		return;
	if (id && id->program == s->client_key)
		id->client = v->client;
	else if (id && !same_net(&id->client, &v->client))
		id->told = true;
	else if (!id && v->first && s->id_offered && s->server_hello)
		identity_learn(d, v, s->id_offered, false);
	if (s->id_issued && s->id_issued != s->id_offered)
		identity_learn(d, v, s->id_issued, true);
}

/* From another network, and not just over another of its own addresses a moment later (RFC 8305). */
static bool
is_elsewhere(const struct view *v, const struct identity *id)
{
	bool happy_eyeballs = id->program == v->s->client_key && addr_is_v4(&id->client) != addr_is_v4(&v->client) &&
			      when_since(v->s->time, id->since) <= HAPPY_EYEBALLS_S * NS_PER_S;

	return !same_net(&id->client, &v->client) && !happy_eyeballs;
}

void
shared_judge(struct detect *d, const struct view *v)
{
	struct identity *id = offered_before(d, v);

	if (id && !id->told && is_elsewhere(v, id))
		report_shared(d, v, id, id->program == v->s->client_key);
	remember(d, v, id);
}
