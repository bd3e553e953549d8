/*
 * server_identity: the certificate behind an address, port and name, and what stands for it under TLS 1.3.
 *
 * Another issuer, or two issuers in turns, is what implants with certificates of their own and half-way
 * interceptions look like (RESURGE).  Renewals and pairs of RSA and ECDSA certificates must not alert.
 */
#include "detect/frame.h"

/* What an operator may have announced that changes an identity; after a failover the other unit of a pair answers. */
enum { ANNOUNCED = 1 << FACT_CERTIFICATE_RENEWED | 1 << FACT_UPGRADE | 1 << FACT_FAILOVER };

enum { LEAVES = 4, FLIGHTS = 4, SHIFTS = 4, MIXED_S = 86400, SHIFT_S = 86400, EXPLAINED_S = 30 * 86400 };

struct leaf {
	uint64_t digest, issuer, subject, san;
	struct when first, last;
	bool suspect; /* came after the first ones, from another issuer */
};

/* By how much flights of several programs differ from what each was used to: the length of one certificate less that of
   the other.  Some come as before in between where both are served. */
struct shift {
	struct when first;
	uint64_t network; /* of the first one */
	int32_t by;
	uint16_t count;
	bool others; /* networks */
};

/* One address, port, protocol and name; of the port as a whole, by whatever address and name it is reached, the shifts. */
struct identity {
	struct leaf leaf[LEAVES];
	struct shift shifts[SHIFTS];
	struct when changed; /* when a new leaf, or a new length of flights, was accepted as known */
	int32_t shift;       /* by how much flights changed then; 0: a new leaf was seen in clear */
	uint8_t leaves;
	bool mixed_told, has_changed;
};

/* The same, for one client program: the flight's length depends on what the client offers. */
struct flight {
	uint16_t known[FLIGHTS], pending;
	uint8_t count, pending_count;
	uint32_t samples;
	/* Who was given the one that is pending, since when, and how often a known one after it again. */
	uint64_t network;
	struct when since;
	uint32_t turns;
};

struct server {
	struct memory identities, flights;
};

static bool
identity_sound(const void *bytes)
{
	const struct identity *id = bytes;

	for (unsigned i = 0; i < LEAVES; i++)
		if (!sound_bool(&id->leaf[i].suspect))
			return false;
	for (unsigned i = 0; i < SHIFTS; i++)
		if (!sound_bool(&id->shifts[i].others))
			return false;
	return id->leaves <= LEAVES && sound_bool(&id->mixed_told) && sound_bool(&id->has_changed);
}

static bool
flight_sound(const void *bytes)
{
	return ((const struct flight *)bytes)->count <= FLIGHTS;
}

void *
server_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct server *r = carve_take(c, sizeof(*r));

	bytes -= sizeof(*r) + 64;
	detect_memory(d, &r->identities, c,
		      &(struct memory_plan){.bytes = bytes / 2, .payload = sizeof(struct identity), .version = 2});
	detect_sound(d, identity_sound);
	detect_memory(d, &r->flights, c,
		      &(struct memory_plan){.bytes = bytes / 2, .payload = sizeof(struct flight), .version = 2});
	detect_sound(d, flight_sound);
	return r;
}

static struct memory_key
server_key(const struct view *v, uint64_t program)
{
	const struct session *s = v->s;
	uint64_t where =
		(uint64_t)s->carrier << 32 | (uint64_t)s->gateway << 24 | (uint64_t)s->proto << 16 | s->dest_port;

	return (struct memory_key){s->dest, where, detect_mix(name_of(v), program)};
}

static struct memory_key
port_key(const struct view *v)
{
	struct memory_key key = server_key(v, 0);

	key.addr = (struct addr){{0}};
	key.b = 0;
	return key;
}

static struct leaf
leaf_of(const struct session *s)
{
	return (struct leaf){.digest = detect_hash(s->cert_sha256),
			     .issuer = detect_hash(s->cert_issuer),
			     .subject = detect_hash(s->cert_subject),
			     .san = detect_hash(s->cert_san),
			     .first = s->time,
			     .last = s->time};
}

static uint64_t
digest_of(struct detect *d, const struct session *s)
{
	return detect_hash_again(d, s->shown, TEXT_CERT, s->cert_sha256);
}

static struct leaf *
leaf_find(struct identity *id, uint64_t digest)
{
	for (unsigned i = 0; i < id->leaves; i++)
		if (id->leaf[i].digest == digest)
			return &id->leaf[i];
	return NULL;
}

/* The same issuer vouches for the same names. */
static bool
is_renewal(const struct identity *id, const struct leaf *l)
{
	for (unsigned i = 0; i < id->leaves; i++) {
		const struct leaf *k = &id->leaf[i];

		if (!k->suspect && k->issuer == l->issuer && (k->subject == l->subject || (l->san && k->san == l->san)))
			return true;
	}
	return false;
}

static void
report_server(struct detect *d, struct finding *f, const struct view *v, const char *words)
{
	const struct session *s = v->s;

	f->actor = f->target = s->dest;
	f->actor_port = s->dest_port;
	finding_session(f, s->id);
	finding_say(f, words, (const struct text[2]){s->sni.p ? s->sni : TEXT_LIT("no name"), s->cert_issuer});
	f->benign =
		"a new certificate from another authority; an upgrade or a new device; two units of a pair that differ";
	finding_expected(d, f, ANNOUNCED);
	incident_report(d, f, &(struct actor){.group = 0});
}

static void
judge_new_leaf(struct detect *d, const struct view *v, const struct identity *id, const struct leaf *l)
{
	bool renewal = is_renewal(id, l), self_signed = l->issuer == l->subject;
	struct finding f;

	finding_begin(&f, v, DETECTOR_server_identity);
	f.severity = renewal ? SEVERITY_INFO : SEVERITY_HIGH;
	f.confidence = self_signed ? 90 : 80;
	finding_number(&f, "certificates_known", "certificates", id->leaves);
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	report_server(d, &f, v,
		      renewal     ? "certificate of {a} port {p} ({x}) was renewed by the same issuer" :
		      self_signed ? "certificate of {a} port {p} ({x}) was replaced by a self-signed one: {y}" :
				    "certificate of {a} port {p} ({x}) was replaced by one of another issuer: {y}");
}

/* An old one after a new one of another issuer: both are served. */
static const struct leaf *
mixed_with(const struct identity *id, const struct leaf *l, struct when now)
{
	for (unsigned i = 0; i < id->leaves && !l->suspect; i++) {
		const struct leaf *k = &id->leaf[i];

		if (k->suspect && k->issuer != l->issuer && when_since(now, k->last) <= MIXED_S * NS_PER_S)
			return k;
	}
	return NULL;
}

static void
judge_mixed(struct detect *d, const struct view *v, const struct identity *id, const struct leaf *l)
{
	const struct leaf *other = mixed_with(id, l, v->s->time);
	struct finding f;

	if (!other || id->mixed_told)
		return;
	finding_begin(&f, v, DETECTOR_server_identity);
	f.severity = SEVERITY_CRITICAL;
	f.confidence = 85;
	finding_number(&f, "apart", "s", when_since(v->s->time, other->last) / NS_PER_S);
	report_server(
		d, &f, v,
		"{a} port {p} ({x}) serves certificates of two issuers in turns; this one: {y}, {0} after the other");
}

static bool
leaf_visible(const struct view *v)
{
	return v->s->role == ROLE_INBOUND && v->s->server_hello && v->first_cert;
}

static void
judge_leaf(struct detect *d, const struct view *v)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key key = server_key(v, 0);
	struct identity *id = memory_find(&r->identities, &key);
	struct leaf l, *known;

	if (!id || id->leaves == 0)
		return;
	known = leaf_find(id, digest_of(d, v->s));
	if (known) {
		judge_mixed(d, v, id, known);
	} else if (!v->learning) {
		l = leaf_of(v->s);
		judge_new_leaf(d, v, id, &l);
	}
}

static void
learn_leaf(struct detect *d, const struct view *v)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key key = server_key(v, 0);
	bool fresh;
	struct identity *id = memory_use(&r->identities, &key, &fresh);
	struct leaf l, *known = leaf_find(id, digest_of(d, v->s));
	unsigned oldest = 0;

	if (v->s->established)
		memory_keep(&r->identities, id);
	if (known) {
		id->mixed_told |= mixed_with(id, known, v->s->time) != NULL;
		known->last = v->s->time;
		return;
	}
	l = leaf_of(v->s);
	l.suspect = id->leaves && !v->learning && !is_renewal(id, &l) &&
		    !is_expected(d, v->s->gateway, v->s->time, ANNOUNCED);
	id->has_changed |= id->leaves != 0;
	id->changed = v->s->time;
	id->shift = 0;
	id->mixed_told = false;
	for (unsigned i = 1; i < id->leaves; i++)
		if (when_before(id->leaf[i].last, id->leaf[oldest].last))
			oldest = i;
	id->leaf[id->leaves < LEAVES ? id->leaves++ : oldest] = l;
}

static bool
near(const struct detect *d, int32_t a, int32_t b)
{
	int32_t apart = a > b ? a - b : b - a;

	return apart <= d->param[PARAM_server_identity_flight_spread];
}

static bool
flight_known(const struct detect *d, const struct flight *f, uint16_t bytes)
{
	for (unsigned i = 0; i < f->count; i++)
		if (near(d, f->known[i], bytes))
			return true;
	return false;
}

/* A whole TLS 1.3 handshake with a certificate in it, nothing lost. */
static bool
flight_visible(const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && v->first_established && s->flight_in && s->resumed == RESUMED_NO &&
	       !s->midstream && !s->gap_bytes_in && !s->early_data && s->carrier == CARRIER_TCP && s->client_key;
}

/* Did the same change come with another program before, or a new certificate in clear? */
static bool
flight_explained(const struct detect *d, const struct identity *id, const struct flight *f, const struct view *v)
{
	if (!id || !id->has_changed || when_since(v->s->time, id->changed) > EXPLAINED_S * NS_PER_S)
		return false;
	for (unsigned i = 0; i < f->count; i++)
		if (id->shift == 0 || near(d, f->known[i] + id->shift, v->s->flight_in))
			return true;
	return false;
}

/* What differs from all that this program was given before. */
static bool
flight_differs(const struct detect *d, const struct flight *f, const struct view *v)
{
	return f && !v->learning && f->samples >= d->param[PARAM_server_identity_confirm] &&
	       !flight_known(d, f, v->s->flight_in);
}

/* The third in a row. */
static bool
program_confirms(const struct detect *d, const struct flight *f, const struct view *v)
{
	return near(d, f->pending, v->s->flight_in) && f->pending_count + 1 >= d->param[PARAM_server_identity_confirm];
}

/* One client, a monitor say, that is given both in turns. */
static bool
turns_confirm(const struct detect *d, const struct flight *f, const struct view *v)
{
	return near(d, f->pending, v->s->flight_in) && f->turns + 1 >= d->param[PARAM_server_identity_confirm] &&
	       f->network == network_of(v) && when_since(v->s->time, f->since) <= SHIFT_S * NS_PER_S;
}

static struct shift *
shift_find(const struct detect *d, struct identity *id, int32_t by, struct when now)
{
	for (struct shift *s = id->shifts; s < id->shifts + SHIFTS; s++)
		if (s->count && near(d, s->by, by) && when_since(now, s->first) <= SHIFT_S * NS_PER_S)
			return s;
	return NULL;
}

/* The third within a day of all programs, and not one network's alone, who may have a proxy in between. */
static bool
shift_confirms(const struct detect *d, struct identity *id, const struct flight *f, const struct view *v)
{
	const struct shift *s = id ? shift_find(d, id, v->s->flight_in - f->known[0], v->s->time) : NULL;

	return s && s->count + 1 >= d->param[PARAM_server_identity_confirm] &&
	       (s->others || s->network != network_of(v));
}

static void
shift_add(const struct detect *d, struct identity *id, int32_t by, const struct view *v)
{
	struct shift *s = shift_find(d, id, by, v->s->time);

	if (!s) {
		s = &id->shifts[0];
		for (unsigned i = 1; i < SHIFTS; i++)
			if (when_before(id->shifts[i].first, s->first))
				s = &id->shifts[i];
		*s = (struct shift){.first = v->s->time, .network = network_of(v), .by = by};
	}
	s->count = (uint16_t)(s->count + (s->count < UINT16_MAX));
	s->others |= s->network != network_of(v);
}

/* The handshake that makes a new length certain. */
static bool
flight_confirms(struct detect *d, const struct flight *f, const struct view *v)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key port = port_key(v);

	return flight_differs(d, f, v) && (program_confirms(d, f, v) || turns_confirm(d, f, v) ||
					   shift_confirms(d, memory_find(&r->identities, &port), f, v));
}

static void
judge_flight(struct detect *d, const struct view *v)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key key = server_key(v, v->s->client_key), whole = server_key(v, 0);
	const struct flight *seen = memory_find(&r->flights, &key);
	const struct identity *id = memory_find(&r->identities, &whole);
	struct finding f;

	if (!flight_confirms(d, seen, v) || flight_explained(d, id, seen, v))
		return;
	finding_begin(&f, v, DETECTOR_server_identity);
	f.severity = SEVERITY_MEDIUM;
	f.confidence = 50;
	finding_number(&f, "flight_before", "B", seen->known[0]);
	finding_number(&f, "flight", "B", v->s->flight_in);
	finding_number(&f, "handshakes", "handshakes", seen->samples);
	report_server(d, &f, v,
		      turns_confirm(d, seen, v)    ? "encrypted server flights of {a} port {p} ({x}) are {0} and {1} "
						     "bytes in turns for one client: two certificates" :
		      program_confirms(d, seen, v) ? "encrypted server flight of {a} port {p} ({x}) went from {0} to "
						     "{1} bytes for one client program: a new certificate" :
						     "encrypted server flight of {a} port {p} ({x}) went from {0} to "
						     "{1} bytes, and by as much for other clients: a new certificate");
}

static void
flight_add(struct flight *f, uint16_t bytes)
{
	for (unsigned i = FLIGHTS - 1; i > 0; i--)
		f->known[i] = f->known[i - 1];
	f->known[0] = bytes;
	f->count = f->count < FLIGHTS ? (uint8_t)(f->count + 1) : FLIGHTS;
	f->pending_count = 0;
}

/* A length that this program was not given before. */
static void
learn_new_flight(struct detect *d, const struct view *v, struct flight *f)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key whole = server_key(v, 0), port = port_key(v);
	uint16_t bytes = v->s->flight_in;
	int32_t by = (int32_t)bytes - f->known[0];
	struct identity *id;
	bool fresh;

	if (flight_confirms(d, f, v)) {
		id = memory_use(&r->identities, &whole, &fresh);
		memory_keep(&r->identities, id);
		id->changed = v->s->time;
		id->has_changed = true;
		id->shift = by;
		flight_add(f, bytes);
		return;
	}
	if (!near(d, f->pending, bytes) || f->network != network_of(v) ||
	    when_since(v->s->time, f->since) > SHIFT_S * NS_PER_S) {
		f->turns = 0;
		f->since = v->s->time;
	}
	f->network = network_of(v);
	f->pending_count = near(d, f->pending, bytes) ? (uint8_t)(f->pending_count + 1) : 1;
	f->pending = bytes;
	id = memory_use(&r->identities, &port, &fresh);
	memory_keep(&r->identities, id);
	shift_add(d, id, by, v);
}

static void
learn_flight(struct detect *d, const struct view *v)
{
	struct server *r = d->state[DETECTOR_server_identity];
	const struct memory_key key = server_key(v, v->s->client_key);
	bool fresh;
	struct flight *f = memory_use(&r->flights, &key, &fresh);
	uint16_t bytes = v->s->flight_in;

	f->samples++;
	if (f->samples >= d->param[PARAM_server_identity_confirm])
		memory_keep(&r->flights, f);
	if (flight_known(d, f, bytes)) {
		f->turns += f->pending_count && f->network == network_of(v);
		f->pending_count = 0;
	} else if (v->learning || f->samples <= d->param[PARAM_server_identity_confirm]) {
		flight_add(f, bytes);
	} else {
		learn_new_flight(d, v, f);
	}
}

/* The same certificate in each record of a session is one sight of it. */
void
server_judge(struct detect *d, const struct view *v)
{
	if (leaf_visible(v))
		judge_leaf(d, v);
	if (flight_visible(v))
		judge_flight(d, v);
}

void
server_learn(struct detect *d, const struct view *v)
{
	if (leaf_visible(v))
		learn_leaf(d, v);
	if (flight_visible(v))
		learn_flight(d, v);
}
