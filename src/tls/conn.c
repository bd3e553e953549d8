/*
 * conn: handshake messages become the state of a connection.
 *
 * The first ClientHello counts for what a client is; a second one (after HelloRetryRequest, HelloVerifyRequest) only
 * says that there was one.  Whoever sends a ClientHello is the client, whichever side opened the connection.  Nothing
 * is judged here, and nothing of a message is kept but handles, numbers and keyed hashes.
 */
#include "tls/conn.h"
#include "tls/twin.h"

enum {
	HELLO_REQUEST = 0,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	NEW_TICKET = 4,
	RETRY_DRAFT = 6, /* HelloRetryRequest of TLS 1.3 drafts before 22 */
	CERTIFICATE = 11,
	KEY_EXCHANGE = 12,
	CERT_REQUEST = 13,
	HELLO_DONE = 14,
	MESSAGES = 16,
	FATAL = 2,
	NAMED_CURVE = 3, /* RFC 8422 5.4 */
};

struct said {
	struct full *f;
	unsigned side;
	struct cur body;
	struct when time;
};

static void
unpark(struct half *h, struct full *f)
{
	if (!(h->stage & HALF_PARKED))
		return;
	f->client_random = h->client_random;
	h->client_random = 0;
	h->stage &= (uint8_t)~HALF_PARKED;
}

struct full *
conn_full(struct tls *t, struct half *h)
{
	struct full *f;

	if (h->full)
		return pool_at(&t->fulls, h->full);
	h->full = pool_get(&t->fulls);
	if (!h->full) {
		t->counts->tls_no_memory++;
		return NULL;
	}
	f = pool_at(&t->fulls, h->full);
	memset(f, 0, sizeof(*f));
	unpark(h, f);
	f->bad = (h->stage & HALF_BAD) != 0;
	f->leftover = (h->stage & HALF_LEFTOVER) != 0;
	return f;
}

void
conn_bad(struct tls *t, struct half *h)
{
	struct full *f = h->full ? pool_at(&t->fulls, h->full) : NULL;

	t->counts->tls_bad++;
	if (f)
		f->bad = (uint16_t)(f->bad + (f->bad != UINT16_MAX));
	else
		h->stage |= HALF_BAD;
}

static void
leftover(struct tls *t, struct half *h, unsigned n)
{
	struct full *f = h->full ? pool_at(&t->fulls, h->full) : NULL;

	if (!n)
		return;
	t->counts->tls_leftover++;
	if (f)
		f->leftover = (uint16_t)(f->leftover + (f->leftover != UINT16_MAX));
	else
		h->stage |= HALF_LEFTOVER;
}

void
conn_client_is(struct half *h, unsigned side)
{
	if (!(h->client & 0x80))
		h->client = (uint8_t)((h->client & 0x7e) | 0x80 | side);
}

void
conn_settle(struct tls *t, struct full *f, unsigned side, struct when time)
{
	if (f->flags & FULL_SETTLED)
		return;
	f->flags |= FULL_SETTLED;
	t->event = (struct tls_event){.kind = TLS_SETTLED, .side = (uint8_t)side, .time = time};
	t->pending = true;
}

static uint64_t
keep(const struct tls *t, struct cur c)
{
	return cur_left(&c) ? hash_keep(&t->identity, c.p, cur_left(&c)) : 0;
}

static uint8_t
flags_of(const struct hello *hello)
{
	uint8_t flags = 0;

	flags |= cur_left(&hello->session_id) ? HELLO_SESSION_ID : 0;
	flags |= cur_left(&hello->ticket) ? HELLO_TICKET : 0;
	flags |= hello->psk ? HELLO_PSK : 0;
	flags |= hello->early_data ? HELLO_EARLY_DATA : 0;
	flags |= hello->ech ? HELLO_ECH : 0;
	flags |= hello->ech_grease ? HELLO_ECH_GREASE : 0;
	flags |= hello->sslv2 ? HELLO_SSLV2 : 0;
	return flags;
}

/* One identity: the PSK's, else the ticket's, else the session id's.  Equal bytes hash equal, offered or issued. */
static uint64_t
identity_of(const struct tls *t, const struct offer *o)
{
	if (cur_left(&o->psk_identity))
		return keep(t, o->psk_identity);
	if (o->flags & HELLO_TICKET)
		return keep(t, o->ticket);
	return o->flags & HELLO_SSLV2 ? 0 : keep(t, o->session_id);
}

/* Where the random's hash stays: in the small item while nothing else is going on, else in the larger one. */
static void
park(struct tls *t, struct half *h, uint64_t random)
{
	bool stream = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;
	struct full *f;

	if (stream && !h->full && !h->carry && !h->left[0] && !h->left[1]) {
		h->client_random = random;
		h->stage |= HALF_PARKED;
		return;
	}
	f = conn_full(t, h);
	if (!f)
		return;
	f->client_random = random;
	/* The small item does not count records: they are counted from here on, in either case. */
	f->records[conn_client(h)] = 0;
	f->record_bytes[conn_client(h)] = 0;
}

/* One letter of JA4 for all of them. */
static bool
may_have_twins(const struct half *h)
{
	return h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;
}

static void
offer_keep(struct tls *t, struct half *h, const struct offer *o, const struct said *m)
{
	h->stage |= HALF_HELLO;
	conn_client_is(h, m->side);
	h->hello_time = m->time;
	h->hello = o->client;
	h->sni = o->sni;
	h->flags = o->flags;
	h->id_offered = identity_of(t, o);
	park(t, h, keep(t, o->random));
}

static void
hello_keep(struct tls *t, struct half *h, const struct hello *hello, const struct said *m)
{
	struct offer o = {hello->random, hello->session_id, hello->ticket, hello->psk_identity, 0, 0, flags_of(hello)};
	uint64_t known = print_uses(t->prints).reused;

	t->counts->tls_client_hello++;
	leftover(t, h, hello->leftover);
	if (h->stage & HALF_HELLO)
		return;
	o.client = print_client(t->prints, hello, h->stage & HALF_DATAGRAM ? CARRIER_UDP : h->carrier);
	if (hello->sni.p)
		o.sni = print_text(t->prints, hello->sni.p, cur_left(&hello->sni));
	if (may_have_twins(h) && !hello->sslv2 && print_uses(t->prints).reused != known)
		twin_keep(t->twins, t->prints, m->body, hello, &o);
	offer_keep(t, h, &o, m);
}

static void
client_hello(struct tls *t, struct half *h, const struct said *m)
{
	struct hello hello;
	struct offer o;

	if (may_have_twins(h) && !(h->stage & HALF_HELLO) && twin_find(t->twins, t->prints, m->body, &o)) {
		t->counts->tls_client_hello++;
		offer_keep(t, h, &o, m);
	} else if (hello_read(m->body, h->carrier == CARRIER_DTLS, &hello)) {
		hello_keep(t, h, &hello, m);
	} else {
		conn_bad(t, h);
	}
}

void
conn_hello_sslv2(struct tls *t, struct half *h, unsigned side, struct cur body, struct when time)
{
	struct said m = {.side = side, .body = body, .time = time};
	struct hello hello;

	if (hello_read_sslv2(body, &hello))
		hello_keep(t, h, &hello, &m);
	else
		conn_bad(t, h);
}

static uint32_t
micros(struct when later, struct when earlier)
{
	int64_t us = when_since(later, earlier) / NS_PER_US;

	return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void
server_time(const struct half *h, const struct said *m)
{
	if (h->stage & HALF_HELLO && !(m->f->flags & (FULL_SERVER_HELLO | FULL_RETRY)))
		m->f->server_us = micros(m->time, h->hello_time);
}

static void
server_keep(struct tls *t, struct half *h, const struct said *m, const struct hello_server *s)
{
	struct full *f = m->f;
	bool only_id = (h->flags & (HELLO_PSK | HELLO_TICKET | HELLO_SESSION_ID)) == HELLO_SESSION_ID;

	f->flags |= FULL_SERVER_HELLO;
	f->cipher = s->cipher;
	f->overhead = protect_overhead(f->cipher, f->version);
	f->server_print = print_server(t->prints, s);
	if (s->alpn.p)
		f->alpn = print_text(t->prints, s->alpn.p, cur_left(&s->alpn));
	f->flags |= s->psk ? FULL_PSK : 0;
	f->flags |= s->early_data ? FULL_EARLY : 0;
	if (f->flags & FULL_13)
		return;
	f->session_id = keep(t, s->session_id);
	if (only_id && f->session_id && f->session_id == h->id_offered)
		f->flags |= FULL_ECHO;
}

static void
server_hello(struct tls *t, struct half *h, const struct said *m)
{
	struct full *f = m->f;
	struct hello_server s;

	if (!hello_read_server(m->body, &s)) {
		conn_bad(t, h);
		return;
	}
	t->counts->tls_server_hello++;
	leftover(t, h, s.leftover);
	if (f->flags & FULL_SERVER_HELLO)
		return;
	conn_client_is(h, m->side ^ 1);
	server_time(h, m);
	f->version = hello_agreed(&s);
	f->flags |= conn_is_13(f->version) ? FULL_13 : 0;
	if (s.group)
		f->group = s.group;
	if (s.retry)
		f->flags |= FULL_RETRY;
	else
		server_keep(t, h, m, &s);
}

static void
retry_draft(struct tls *t, struct half *h, const struct said *m)
{
	(void)t;
	server_time(h, m);
	m->f->flags |= FULL_RETRY | FULL_13;
}

static void
certificate(struct tls *t, struct half *h, const struct said *m)
{
	bool server = m->side != conn_client(h);
	uint32_t *chain = server ? &m->f->server_chain : &m->f->client_chain;
	struct cur body = m->body, list;

	if (server)
		m->f->flags |= FULL_CERTIFICATE;
	list = cur_sub(&body, cur_u24(&body));
	if (list.bad || m->f->flags & FULL_13) {
		conn_bad(t, h);
		return;
	}
	leftover(t, h, cur_left(&body) != 0);
	if (cur_left(&list) && !*chain)
		*chain = print_chain(t->prints, list);
}

static void
key_exchange(struct tls *t, struct half *h, const struct said *m)
{
	const char *name = tls_cipher_name(m->f->cipher);
	struct cur body = m->body;

	(void)t, (void)h;
	m->f->flags |= FULL_CERTIFICATE;
	if (name && strstr(name, "ECDH") && cur_u8(&body) == NAMED_CURVE)
		m->f->group = cur_u16(&body);
}

static void
cert_request(struct tls *t, struct half *h, const struct said *m)
{
	(void)t, (void)h;
	m->f->flags |= FULL_CERT_REQUEST;
}

static void
hello_done(struct tls *t, struct half *h, const struct said *m)
{
	(void)t, (void)h;
	m->f->flags |= FULL_CERTIFICATE;
}

/* RFC 5077 3.3.  An empty ticket means that there will be none. */
static void
new_ticket(struct tls *t, struct half *h, const struct said *m)
{
	struct cur body = m->body, ticket;
	uint32_t lifetime = cur_u32(&body);

	ticket = cur_sub(&body, cur_u16(&body));
	if (ticket.bad) {
		conn_bad(t, h);
		return;
	}
	leftover(t, h, cur_left(&body) != 0);
	if (cur_left(&ticket)) {
		m->f->ticket = keep(t, ticket);
		m->f->ticket_lifetime = lifetime;
	}
}

typedef void message_read(struct tls *t, struct half *h, const struct said *m);

static message_read *const READ[MESSAGES] = {
	[CLIENT_HELLO] = client_hello, [SERVER_HELLO] = server_hello, [NEW_TICKET] = new_ticket,
	[RETRY_DRAFT] = retry_draft,   [CERTIFICATE] = certificate,   [KEY_EXCHANGE] = key_exchange,
	[CERT_REQUEST] = cert_request, [HELLO_DONE] = hello_done,
};

void
conn_client_time(const struct half *h, struct full *f, unsigned side, struct when time)
{
	if (side == conn_client(h) && f->flags & FULL_SERVER_HELLO && !f->handshake_us && h->stage & HALF_HELLO)
		f->handshake_us = micros(time, h->hello_time);
}

void
conn_message(struct tls *t, struct half *h, unsigned side, uint8_t type, struct cur body, struct when time)
{
	struct said m = {.side = side, .body = body, .time = time};

	if (type == CLIENT_HELLO) {
		client_hello(t, h, &m);
		return;
	}
	m.f = conn_full(t, h);
	if (!m.f)
		return;
	conn_client_time(h, m.f, side, time);
	if (type < MESSAGES && READ[type])
		READ[type](t, h, &m);
}

void
conn_alert(struct tls *t, struct half *h, unsigned side, uint8_t level, uint8_t description)
{
	struct full *f = conn_full(t, h);

	if (!f)
		return;
	if (f->alerts < TLS_ALERTS) {
		f->alert[f->alerts][0] = (uint8_t)side;
		f->alert[f->alerts][1] = level;
		f->alert[f->alerts][2] = description;
	}
	f->alerts = (uint8_t)(f->alerts + (f->alerts != UINT8_MAX));
	if (level == FATAL)
		conn_settle(t, f, side, t->now);
}

/* RFC 5246 7.3: a server that goes on to ChangeCipherSpec with neither certificate nor key exchange has resumed. */
void
conn_change_cipher(struct tls *t, struct half *h, unsigned side)
{
	struct full *f = conn_full(t, h);

	if (!f)
		return;
	conn_client_time(h, f, side, t->now);
	f->side[side] |= SIDE_CCS;
	if (side != conn_client(h) && f->flags & FULL_SERVER_HELLO &&
	    !(f->flags & (FULL_CERTIFICATE | FULL_HOLE | FULL_13)))
		f->flags |= FULL_ACCEPTED;
}

/* SSLv2 SERVER-HELLO (Hickman 1995, 1.2): hit, certificate type, version, three lengths, then what they measure. */
void
conn_server_sslv2(struct tls *t, struct half *h, unsigned side, struct cur body, struct when time)
{
	struct said m = {.f = conn_full(t, h), .side = side, .time = time};
	uint16_t cert, ciphers, id;

	if (!m.f)
		return;
	cur_skip(&body, 2);
	m.f->version = cur_u16(&body);
	cert = cur_u16(&body);
	ciphers = cur_u16(&body);
	id = cur_u16(&body);
	m.body = cur_sub(&body, cert);
	cur_skip(&body, (size_t)ciphers + id);
	if (body.bad || m.f->version != 2) {
		m.f->version = 0;
		conn_bad(t, h);
		return;
	}
	t->counts->tls_server_hello++;
	server_time(h, &m);
	m.f->flags |= FULL_SERVER_HELLO | FULL_CERTIFICATE;
	m.f->server_chain = print_cert(t->prints, m.body);
}
