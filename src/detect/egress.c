/*
 * egress: the table of the gateway's own calls.  Must not judge, and must not take an answer for a call: a UDP packet
 * from a port that clients use, or a connection caught in its middle.
 */
#include "detect/cloud.h"
#include "detect/egress_table.h"

enum { SHARED_PLACES = 64, KEEP_CALLS = 3 };
enum { TAG_SERVICE = 1, TAG_OWN, TAG_NEAR, TAG_LISTENS, TAG_DOMAIN };

static bool
service_sound(const void *bytes)
{
	return ((const struct service *)bytes)->habits <= HABITS_KNOWN;
}

void *
egress_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct egress *e = carve_take(c, sizeof(*e));

	bytes -= sizeof(*e) + 64 + sizeof(*e->burst) * (GATEWAYS_MAX + 1) + 64;
	e->fresh = NULL;
	e->burst = detect_array(d, c, sizeof(*e->burst) * (GATEWAYS_MAX + 1), 1);
	detect_memory(d, &e->places, c,
		      &(struct memory_plan){.bytes = bytes / 2, .payload = sizeof(struct callee), .version = 1});
	detect_memory(d, &e->names, c,
		      &(struct memory_plan){.bytes = bytes / 4, .payload = sizeof(struct name), .version = 1});
	detect_memory(d, &e->services, c,
		      &(struct memory_plan){.bytes = bytes / 8, .payload = sizeof(struct service), .version = 1});
	detect_sound(d, service_sound);
	detect_memory(d, &e->shared, c, &(struct memory_plan){.bytes = bytes / 32, .payload = egress_shared_payload()});
	detect_memory(d, &e->inside, c,
		      &(struct memory_plan){.bytes = bytes / 32 * 3, .payload = egress_inside_payload(), .version = 1});
	return e;
}

static struct egress *
table(const struct detect *d)
{
	return d->state[DETECTOR_new_egress];
}

static uint64_t
port_word(const struct session *s, uint16_t port, uint32_t tag)
{
	return (uint64_t)tag << 32 | (uint64_t)s->proto << 16 | port;
}

static struct memory_key
place_key(const struct session *s)
{
	return (struct memory_key){s->dest, port_word(s, s->dest_port, 0), s->gateway};
}

static struct memory_key
service_key(const struct session *s)
{
	return (struct memory_key){.a = port_word(s, s->dest_port, TAG_SERVICE), .b = s->gateway};
}

static struct memory_key
own_key(const struct session *s)
{
	return (struct memory_key){s->src, port_word(s, 0, TAG_OWN) & ~UINT64_C(0xff0000), s->gateway};
}

static struct memory_key
near_key(const struct session *s)
{
	return (struct memory_key){detect_net(&s->dest, 24, 64), port_word(s, s->dest_port, TAG_NEAR), s->gateway};
}

/* A UDP port of the gateway that clients call. */
static struct memory_key
listens_key(const struct session *s, const struct addr *own, uint16_t port)
{
	return (struct memory_key){*own, port_word(s, port, TAG_LISTENS), s->gateway};
}

/* The name by network, and anywhere. */
static struct memory_key
name_near_key(const struct session *s)
{
	return (struct memory_key){detect_net(&s->dest, 24, 48), detect_hash(s->sni), s->gateway};
}

static struct memory_key
name_key(const struct session *s)
{
	return (struct memory_key){.a = detect_hash(s->sni), .b = s->gateway};
}

/*
 * The domain that a name belongs to: its last two labels, three where the second is short (co.uk).  Names at clouds
 * have none: their neighbours are strangers.
 */
static struct text
domain_of(struct text name)
{
	enum { SHORT = 3, LABELS = 2 };
	uint32_t end = name.len, labels = 0;
	struct text none = {NULL, 0};

	if (!name.p || cloud_is_relay(name))
		return none;
	for (uint32_t at = name.len; at > 0; at--) {
		if (name.p[at - 1] != '.')
			continue;
		if (++labels >= LABELS && end - at > SHORT)
			return (struct text){name.p + at, name.len - at};
		end = at - 1;
	}
	return none;
}

static struct memory_key
domain_key(const struct session *s)
{
	return (struct memory_key){.a = detect_hash(domain_of(s->sni)), .b = (uint64_t)TAG_DOMAIN << 8 | s->gateway};
}

bool
egress_is_private(const struct addr *a)
{
	const uint8_t *b = a->b + 12;

	if (!addr_is_v4(a))
		return (a->b[0] & 0xfe) == 0xfc || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 169 && b[1] == 254);
}

bool
egress_called(const struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	struct memory_key key;

	if (s->role != ROLE_OUTBOUND)
		return false;
	if (s->client_hello)
		return true;
	if (s->proto == PROTO_TCP)
		return !s->midstream;
	/* After a long silence the gateway's packet of a running tunnel looks like the first. */
	key = listens_key(s, &s->src, s->src_port);
	return !memory_find(&table(d)->services, &key) && (s->src_port >= 1024 || s->dest_port < 1024);
}

bool
egress_learning(const struct detect *d, const struct view *v)
{
	return when_since(v->s->start, d->gate[v->s->gateway].first) < d->learn_ns;
}

/* While learning, the middle of a lasting connection (directory, management) says where it goes, too. */
static bool
seems_called(const struct view *v)
{
	const struct session *s = v->s;

	return v->learning && s->role == ROLE_OUTBOUND && s->proto == PROTO_TCP && s->midstream &&
	       s->src_port >= 1024 && s->dest_port < s->src_port;
}

const struct callee *
egress_callee(const struct detect *d, const struct view *v)
{
	const struct memory_key key = place_key(v->s);

	return v->s->role == ROLE_OUTBOUND ? memory_find(&table(d)->places, &key) : NULL;
}

bool
egress_fresh(const struct detect *d, const struct view *v)
{
	return table(d)->fresh != NULL && table(d)->fresh == v;
}

struct service *
egress_service(const struct detect *d, const struct session *s)
{
	const struct memory_key key = service_key(s);

	return memory_find(&table(d)->services, &key);
}

/* What the operator told (gateway.nat), or what shows by itself: new places without end, after days of learning. */
bool
egress_blind(const struct detect *d, const struct view *v)
{
	const struct memory_key key = own_key(v->s);
	const struct service *own = memory_find(&table(d)->services, &key);

	return v->shared || (own && own->late >= SHARED_PLACES);
}

bool
egress_name_known(const struct detect *d, const struct session *s)
{
	const struct memory_key key = name_key(s);
	const struct name *n = s->sni.p ? memory_find(&table(d)->names, &key) : NULL;

	return n && n->learnt;
}

static void
count_place(struct memory *m, const struct memory_key *key, const struct detect *d, const struct view *v)
{
	bool fresh;
	struct service *w = memory_use(m, key, &fresh);

	w->places += w->places != UINT32_MAX;
	w->late += v->learning && v->known_ns > d->learn_ns / 2 && w->late != UINT32_MAX;
	if (egress_learning(d, v))
		memory_keep(m, w);
}

static void
note_fresh(struct egress *e, const struct detect *d, const struct view *v)
{
	const struct memory_key keys[] = {service_key(v->s), own_key(v->s), near_key(v->s)};

	for (unsigned i = 0; !v->inside && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (egress_learning(d, v) || i == 0)
			count_place(&e->services, &keys[i], d, v);
}

/* A port that answers is a service from its first client on. */
static void
note_listens(struct egress *e, const struct session *s)
{
	const struct memory_key key = listens_key(s, &s->dest, s->dest_port);
	bool fresh;
	struct service *w;

	if (s->role != ROLE_INBOUND || s->proto != PROTO_UDP || s->packets_in == 0)
		return;
	w = memory_use(&e->services, &key, &fresh);
	w->places += w->places != UINT32_MAX;
	if (w->places >= KEEP_CALLS)
		memory_keep(&e->services, w);
}

/* Anybody can ask for a name, so it explains little: no more than that it need not alarm by itself. */
static bool
is_sibling(const struct egress *e, const struct session *s)
{
	const struct memory_key key = domain_key(s);
	const struct name *n = key.a ? memory_find(&e->names, &key) : NULL;

	return n && n->learnt && n->client_key == s->client_key;
}

/* The capture lost a part of what was said: a key made of the rest of a hello is another. */
static bool
is_cut(const struct session *s)
{
	return s->gap_bytes_out != 0;
}

static enum novelty
novelty_by_name(const struct egress *e, const struct session *s)
{
	const struct memory_key near = name_near_key(s), any = name_key(s);
	const struct name *n = memory_find(&e->names, &near);

	if (n)
		return n->learnt ? NOVEL_ADDRESS : NOVEL_AGAIN;
	n = memory_find(&e->names, &any);
	if (n && n->learnt && n->client_key != s->client_key && is_cut(s))
		return NOVEL_UNSEEN;
	if (!n || !n->learnt || n->client_key != s->client_key)
		return is_sibling(e, s) ? NOVEL_SIBLING : NOVEL;
	return n->server_key == s->server_key && s->server_key ? NOVEL_NETWORK : NOVEL_STACK;
}

/* TLS whose hello the capture lost, and the name in it: one call says little, and a second one is not lost by chance. */
static bool
is_unseen(const struct egress *e, const struct session *s)
{
	const struct memory_key key = place_key(s);

	return !s->client_hello && s->server_hello && s->gap_bytes_out && !memory_find(&e->places, &key);
}

/* How much of the unknown is in a place that was never called. */
static enum novelty
novelty_of(const struct egress *e, const struct detect *d, const struct view *v)
{
	enum { ROAMING = 3, NEIGHBOURS = 3 };
	const struct session *s = v->s;
	const struct memory_key near = near_key(s);
	const struct service *service = egress_service(d, s), *around = memory_find(&e->services, &near);
	bool tls = s->client_hello;

	if (egress_blind(d, v))
		return NOVEL_SHARED;
	if (v->inside)
		return NOVEL_INSIDE;
	if (s->sni.p)
		return novelty_by_name(e, s);
	if (is_unseen(e, s))
		return NOVEL_UNSEEN;
	if (egress_is_private(&s->dest) && around && around->places >= NEIGHBOURS)
		return NOVEL_NEIGHBOUR;
	if (!tls && service && service->late >= ROAMING)
		return s->proto == PROTO_UDP ? NOVEL_SERVER : NOVEL_ROAMING;
	/* 48 bytes both ways are NTP without extensions (RFC 5905 7.3). */
	if (service && s->proto == PROTO_UDP && s->dest_port == 123 && s->packets_out &&
	    s->bytes_out == UINT64_C(48) * s->packets_out && s->bytes_in == UINT64_C(48) * s->packets_in)
		return NOVEL_SERVER;
	return NOVEL;
}

static enum standing
standing_of(const struct detect *d, const struct view *v, enum novelty n)
{
	if (egress_learning(d, v))
		return PLACE_LEARNT;
	if (n == NOVEL_UNSEEN)
		return PLACE_UNSEEN;
	/* A name is easily lent: with another server behind it, the place stays strange to the other detectors. */
	return n <= NOVEL_NEIGHBOUR && n != NOVEL_STACK ? PLACE_EXPLAINED : PLACE_NEW;
}

static struct callee *
use_place(struct egress *e, const struct detect *d, const struct view *v, bool *fresh)
{
	const struct memory_key key = place_key(v->s);
	struct callee *p = memory_use(&e->places, &key, fresh);

	if (*fresh)
		*p = (struct callee){.first = v->s->start};
	p->calls += p->calls != UINT32_MAX;
	p->last = v->s->start;
	if (egress_learning(d, v))
		p->standing = PLACE_LEARNT;
	if (egress_learning(d, v) || p->calls >= KEEP_CALLS)
		memory_keep(&e->places, p);
	return p;
}

static void
note_end(struct egress *e, const struct session *s)
{
	const struct memory_key key = place_key(s);
	struct callee *p;

	if (s->role != ROLE_OUTBOUND || s->kind != SESSION_CLOSE || !(p = memory_find(&e->places, &key)))
		return;
	p->bytes_out += s->bytes_out;
	p->bytes_in += s->bytes_in;
}

static bool
is_own_call(const struct detect *d, const struct view *v)
{
	return v->first && !v->shared && (egress_called(d, v) || seems_called(v));
}

enum novelty
egress_note(struct detect *d, const struct view *v)
{
	struct egress *e = table(d);
	enum novelty n = NOVEL_NOT;
	struct callee *p;
	bool fresh;

	e->fresh = NULL;
	note_listens(e, v->s);
	/* calls of users' work inside are no places of the gateway's own */
	if (is_own_call(d, v) && !(v->inside && egress_inside_usual(d, v))) {
		const struct callee *before = egress_callee(d, v);
		bool known = before && before->standing != PLACE_UNSEEN;

		n = known || !egress_called(d, v) ? NOVEL_NOT : novelty_of(e, d, v);
		p = use_place(e, d, v, &fresh);
		if (fresh || !known) {
			p->standing = (uint8_t)standing_of(d, v, n);
			e->fresh = v;
			note_fresh(e, d, v);
		}
	}
	if (v->inside && is_own_call(d, v))
		egress_inside_note(d, v);
	note_end(e, v->s);
	return n;
}

static void
learn_name(struct memory *m, const struct memory_key *key, const struct view *v)
{
	bool fresh;
	struct name *n = memory_use(m, key, &fresh);

	n->calls += n->calls != UINT32_MAX;
	if (fresh || (v->learning && !is_cut(v->s))) {
		n->client_key = v->s->client_key;
		n->server_key = v->s->server_key;
	}
	if (v->learning)
		n->learnt = 1;
	if (n->learnt || n->calls >= KEEP_CALLS)
		memory_keep(m, n);
}

void
egress_learn(struct detect *d, const struct view *v)
{
	struct egress *e = table(d);
	const struct session *s = v->s;

	if (!v->first || !egress_called(d, v))
		return;
	if (v->shared) {
		egress_shared(d, &e->shared, v);
		return;
	}
	if (s->sni.p && !v->inside) {
		const struct memory_key near = name_near_key(s), any = name_key(s), domain = domain_key(s);

		learn_name(&e->names, &near, v);
		learn_name(&e->names, &any, v);
		if (domain.a)
			learn_name(&e->names, &domain, v);
	}
}
