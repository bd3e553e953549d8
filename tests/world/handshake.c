/*
 * handshake: the flights of TLS and DTLS handshakes as bytes: what is in clear is well formed, what is encrypted is
 * noise of the right length.
 *
 *	TLS 1.3		hello | server's flight | Finished | tickets
 *	TLS 1.2		hello | ServerHello .. Done | key exchange, Finished | (ticket) Finished
 *	  resumed	hello | ServerHello (ticket) Finished | Finished
 *	DTLS 1.2	hello | HelloVerifyRequest | hello | ServerHello, Done | key exchange, Finished | Finished
 */
#include "world.h"

enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23 };
enum { MESSAGE_MAX = 16000, GCM_FINISHED = 40 };

struct pen {
	struct flight *f;
	struct rng noise;
	size_t record, message; /* where the open ones begin */
	struct conn *dtls;      /* NULL: TLS */
	unsigned side, sequence;
	bool sealed;
};

static void
put(struct pen *p, uint64_t v, unsigned n)
{
	while (n-- > 0)
		p->f->store[p->f->len++] = (uint8_t)(v >> 8 * n);
}

static void
put_copy(struct pen *p, const void *bytes, size_t n)
{
	memcpy(p->f->store + p->f->len, bytes, n);
	p->f->len += (uint32_t)n;
}

static void
put_noise(struct pen *p, size_t n)
{
	for (; n > 0; n--)
		p->f->store[p->f->len++] = (uint8_t)rng_next(&p->noise);
}

static void
patch(struct pen *p, size_t at, size_t v, unsigned n)
{
	while (n-- > 0)
		p->f->store[at++] = (uint8_t)(v >> 8 * n);
}

static void
record_open(struct pen *p, uint8_t type)
{
	p->record = p->f->len;
	put(p, type, 1);
	put(p, p->dtls ? 0xfefd : 0x0303, 2);
	if (p->dtls) {
		put(p, p->sealed, 2);
		put(p, p->dtls->dtls_seq[p->side]++, 6);
	}
	put(p, 0, 2);
}

static void
record_close(struct pen *p)
{
	size_t head = p->dtls ? 13 : 5;

	patch(p, p->record + head - 2, p->f->len - p->record - head, 2);
}

static void
record_sealed(struct pen *p, uint8_t type, size_t n)
{
	p->sealed = true;
	record_open(p, type);
	put_noise(p, n);
	record_close(p);
}

static void
change_cipher(struct pen *p)
{
	record_open(p, CCS);
	put(p, 1, 1);
	record_close(p);
}

/* Over DTLS each message is a record of its own. */
static void
message_open(struct pen *p, uint8_t type)
{
	if (p->dtls)
		record_open(p, HANDSHAKE);
	p->message = p->f->len;
	put(p, type, 1);
	put(p, 0, 3);
	if (p->dtls) {
		put(p, p->sequence++, 2);
		put(p, 0, 6);
	}
}

static void
message_close(struct pen *p)
{
	size_t n = p->f->len - p->message - (p->dtls ? 12 : 4);

	patch(p, p->message + 1, n, 3);
	if (p->dtls) {
		patch(p, p->message + 9, n, 3);
		record_close(p);
	}
}

static void
message_noise(struct pen *p, uint8_t type, size_t n)
{
	message_open(p, type);
	put_noise(p, n);
	message_close(p);
}

static void
identity(uint64_t seed, uint8_t *out, size_t n)
{
	struct rng r = rng_of(seed, 77);

	while (n-- > 0)
		*out++ = (uint8_t)rng_next(&r);
}

static uint16_t
identity_bytes(const struct conn *c, uint8_t kind)
{
	return kind == RESUMED_SESSION_ID ? 32 : kind == RESUMED_NO ? 0 : c->d.server->ticket_bytes;
}

/* Suites by preference, of TLS 1.3 and of TLS 1.2 with an RSA certificate; DTLS takes what it shares first. */
static const uint16_t SUITES[2][2][6] = {
	{{0xc030, 0xc02f, 0x009d, 0x009c, 0xc014, 0x002f}, {0xcca8, 0xc02f, 0xc030, 0x009d, 0x009c, 0x002f}},
	{{0x1302, 0x1301, 0x1303}, {0x1301, 0x1302, 0x1303}}};

static uint16_t
suite_chosen(const struct conn *c, bool v13)
{
	const uint16_t *suite = SUITES[v13][c->d.server->chacha];

	for (unsigned i = 0; i < 6 && suite[i]; i++)
		if (program_offers(c->d.program, suite[i]))
			return suite[i];
	return program_is_dtls(c->d.program) ? program_first_cipher(c->d.program) : 0;
}

static void
agree_resumption(struct conn *c, bool v13)
{
	struct ticket *t = c->d.ticket;
	int64_t age = t ? c->d.at - t->at : 0;

	if (!t || t->kind == RESUMED_NO || program_is_dtls(c->d.program))
		return;
	if ((t->kind == RESUMED_PSK && !program_is_13(c->d.program)) || age > HOUR(24))
		return;
	c->offer_kind = t->kind;
	c->offer_seed = t->seed;
	if (t->epoch == c->d.server->epoch && age < SECOND(c->d.server->lifetime_s) &&
	    (t->kind == RESUMED_PSK) == v13 && (t->kind != RESUMED_TICKET || program_takes_tickets(c->d.program)))
		c->resumed = t->kind;
	t->uses++;
}

uint8_t
handshake_issues(const struct tls_server *s, struct program p)
{
	if (s->v13 && program_is_13(p))
		return s->ticket_count ? RESUMED_PSK : RESUMED_NO;
	if (s->tickets && program_takes_tickets(p))
		return RESUMED_TICKET;
	return s->ids ? RESUMED_SESSION_ID : RESUMED_NO;
}

/* What the client will have to resume by next time. */
static void
agree_issue(struct conn *c, bool v13)
{
	uint8_t kind = handshake_issues(c->d.server, c->d.program);

	if (!c->d.ticket || program_is_dtls(c->d.program) || c->d.half_open || c->refused)
		return;
	if (c->resumed == RESUMED_SESSION_ID || (c->resumed == RESUMED_TICKET && !v13))
		return; /* the old one stays good */
	c->issue_seed = rng_next(&c->rng);
	c->kept = *c->d.ticket;
	*c->d.ticket = (struct ticket){kind, c->issue_seed, c->d.server->epoch, 0, c->d.at};
}

void
handshake_failed(struct conn *c)
{
	if (c->d.ticket && c->issue_seed && c->d.ticket->seed == c->issue_seed)
		*c->d.ticket = c->kept;
}

void
handshake_agree(struct conn *c)
{
	bool dtls = program_is_dtls(c->d.program), v13 = c->d.server->v13 && program_is_13(c->d.program) && !dtls;

	c->version = dtls ? 0xfefd : v13 ? 0x0304 : 0x0303;
	c->cipher = suite_chosen(c, v13);
	c->hello_seed = c->d.random ? c->d.random : rng_next(&c->rng);
	c->refused = c->d.refuse || !c->cipher;
	agree_resumption(c, v13);
	agree_issue(c, v13);
	c->flights = (uint8_t)(c->d.half_open ? 1 : c->refused ? 2 : dtls ? 6 : v13 ? 4 : c->resumed ? 3 : 4);
	if (v13 && !c->d.server->ticket_count && !c->refused && !c->d.half_open)
		c->flights = 3;
	if (c->d.server == c->w->gw.second && !c->resumed && !c->refused && !c->d.half_open)
		c->w->gw.second_seen += v13 ? 1 : SECOND_SEEN;
}

unsigned
handshake_flights(const struct conn *c)
{
	return c->flights;
}

unsigned
handshake_side(const struct conn *c, unsigned number)
{
	(void)c;
	return number & 1;
}

static void
client_hello(struct pen *p, struct conn *c, bool cookie)
{
	uint8_t id[512], secret[32];
	struct hello_wants want = {.sni = c->d.sni,
				   .seed = c->hello_seed,
				   .ticket = id,
				   .ticket_len = identity_bytes(c, c->offer_kind),
				   .ticket_kind = c->offer_kind,
				   .cookie = secret,
				   .cookie_len = cookie ? sizeof(secret) : 0};

	identity(c->offer_seed, id, want.ticket_len);
	identity(c->hello_seed, secret, sizeof(secret));
	if (!p->dtls)
		record_open(p, HANDSHAKE);
	message_open(p, 1);
	p->f->len += (uint32_t)program_hello(c->d.program, &want, p->f->store + p->f->len);
	message_close(p);
	if (!p->dtls)
		record_close(p);
}

static void
extension(struct pen *p, uint16_t type, uint64_t v, unsigned n)
{
	put(p, type, 2);
	put(p, n, 2);
	put(p, v, n);
}

static void
server_extensions(struct pen *p, const struct conn *c)
{
	bool v13 = c->version == 0x0304;

	if (v13 && c->d.server->flavour & 1)
		extension(p, 43, 0x0304, 2);
	if (v13) {
		extension(p, 51, 0x001d0020, 4);
		patch(p, p->f->len - 6, 36, 2);
		put_noise(p, 32);
		if (!(c->d.server->flavour & 1))
			extension(p, 43, 0x0304, 2);
		if (c->resumed)
			extension(p, 41, 0, 2);
		return;
	}
	extension(p, 0xff01, 0, 1);
	if (!c->resumed && c->d.server->flavour & 1)
		extension(p, 11, 0x0100, 2);
	if (c->d.server->tickets && !p->dtls && !c->resumed && c->d.ticket && program_takes_tickets(c->d.program))
		extension(p, 35, 0, 0);
	if (c->d.server->flavour & 2)
		extension(p, 23, 0, 0);
}

static void
server_hello(struct pen *p, const struct conn *c)
{
	uint8_t id[32];
	size_t at;

	message_open(p, 2);
	put(p, p->dtls ? 0xfefd : 0x0303, 2);
	put_noise(p, 32);
	if (c->version == 0x0304) { /* echoed: the client's session id is noise of its own */
		put(p, 32, 1);
		put_noise(p, 32);
	} else if (c->resumed || (c->d.server->ids && !c->d.server->tickets && c->issue_seed)) {
		identity(c->resumed ? c->offer_seed : c->issue_seed, id, sizeof(id));
		put(p, 32, 1);
		put_copy(p, id, sizeof(id));
	} else {
		put(p, 0, 1);
	}
	put(p, c->cipher, 2);
	put(p, 0, 1);
	at = p->f->len;
	put(p, 0, 2);
	server_extensions(p, c);
	patch(p, at, p->f->len - at - 2, 2);
	message_close(p);
}

/* The authority's certificate, the same for whoever connects: in its place are bytes of the leaf's own. */
static void
intermediate(struct pen *p, const struct tls_server *s)
{
	uint8_t *to = p->f->store + p->f->len;

	put_noise(p, s->chain_len); /* so that all noise behind it stays what it was before this was told */
	for (uint32_t i = 0; i < s->chain_len; i++)
		to[i] = s->cert_len ? s->cert[(s->cert_len - 1 - i % s->cert_len)] : 0;
}

static void
server_certificate(struct pen *p, const struct tls_server *s)
{
	size_t at;

	message_open(p, 11);
	at = p->f->len;
	put(p, 0, 3);
	put(p, s->cert_len, 3);
	put_copy(p, s->cert, s->cert_len);
	if (s->chain_len) {
		put(p, s->chain_len, 3);
		intermediate(p, s);
	}
	patch(p, at, p->f->len - at - 3, 3);
	message_close(p);
}

static void
server_12(struct pen *p, const struct conn *c)
{
	const struct tls_server *s = c->d.server;
	bool ecdhe = c->cipher >> 8 == 0xc0 || c->cipher >> 8 == 0xcc;

	server_certificate(p, s);
	if (ecdhe) {
		message_open(p, 12);
		put(p, 0x03001d20, 4);
		put_noise(p, 32);
		put(p, 0x08040100, 4);
		put_noise(p, 256);
		message_close(p);
	}
	if (s->asks_cert)
		message_noise(p, 13, 60);
	message_open(p, 14);
	message_close(p);
}

static void
new_ticket(struct pen *p, const struct conn *c)
{
	uint8_t id[512];
	uint16_t n = identity_bytes(c, RESUMED_TICKET);

	identity(c->issue_seed, id, n);
	record_open(p, HANDSHAKE);
	message_open(p, 4);
	put(p, c->d.server->lifetime_s, 4);
	put(p, n, 2);
	put_copy(p, id, n);
	message_close(p);
	record_close(p);
}

static size_t
finished_13(const struct conn *c)
{
	return c->cipher == 0x1302 ? 52 + 17 : 36 + 17;
}

static size_t
finished_12(const struct conn *c)
{
	return c->cipher >> 8 == 0xcc ? 32 : c->cipher == 0xc014 || c->cipher == 0x002f ? 64 : GCM_FINISHED;
}

/* EncryptedExtensions, Certificate, CertificateVerify by RSA of 2,048 bits, Finished. */
static void
server_flight_13(struct pen *p, const struct conn *c)
{
	const struct tls_server *s = c->d.server;

	record_open(p, HANDSHAKE);
	server_hello(p, c);
	record_close(p);
	change_cipher(p);
	record_sealed(p, APPLICATION, 6 + 17);
	if (!c->resumed) {
		record_sealed(p, APPLICATION, 4 + 4 + 5u + s->cert_len + (s->chain_len ? 5u + s->chain_len : 0) + 17);
		record_sealed(p, APPLICATION, 4 + 4 + 256 + 17);
	}
	record_sealed(p, APPLICATION, finished_13(c));
}

static void
server_flight(struct pen *p, const struct conn *c)
{
	if (c->refused) {
		record_open(p, ALERT);
		put(p, 0x0200u + (c->d.refuse ? c->d.refuse : 40), 2);
		record_close(p);
		return;
	}
	if (c->version == 0x0304) {
		server_flight_13(p, c);
		return;
	}
	record_open(p, HANDSHAKE);
	server_hello(p, c);
	if (!c->resumed)
		server_12(p, c);
	record_close(p);
	if (c->resumed) {
		change_cipher(p);
		record_sealed(p, HANDSHAKE, finished_12(c));
	}
}

static void
client_flight(struct pen *p, const struct conn *c)
{
	bool shows = c->d.server->asks_cert && !c->resumed, gives = shows && !c->d.no_cert;

	if (c->version == 0x0304) {
		change_cipher(p);
		if (shows)
			record_sealed(p, APPLICATION, gives ? 4 + 4 + 5 + 830 + 17 : 4 + 4 + 17);
		if (gives)
			record_sealed(p, APPLICATION, 4 + 4 + 256 + 17);
		record_sealed(p, APPLICATION, finished_13(c));
		return;
	}
	if (!c->resumed) {
		record_open(p, HANDSHAKE);
		message_noise(p, 16, c->cipher >> 8 == 0 ? 258 : 33);
		record_close(p);
	}
	change_cipher(p);
	record_sealed(p, HANDSHAKE, finished_12(c));
}

static void
last_flight(struct pen *p, const struct conn *c)
{
	if (c->version == 0x0304) {
		for (unsigned i = 0; i < c->d.server->ticket_count; i++)
			record_sealed(p, APPLICATION, c->d.server->ticket_bytes + 34u + 17);
		return;
	}
	if (c->d.server->tickets && c->issue_seed)
		new_ticket(p, c);
	change_cipher(p);
	record_sealed(p, HANDSHAKE, finished_12(c));
}

static void
dtls_verify(struct pen *p, const struct conn *c)
{
	uint8_t secret[32];

	identity(c->hello_seed, secret, sizeof(secret));
	message_open(p, 3);
	put(p, 0xfeff20, 3);
	put_copy(p, secret, sizeof(secret));
	message_close(p);
}

static void
dtls_flight(struct pen *p, struct conn *c, unsigned number)
{
	p->sequence = number < 2 ? 0 : number < 4 ? 1 : number < 5 ? 2 : 3;
	if (number == 0 || number == 2)
		client_hello(p, c, number == 2);
	else if (number == 1)
		dtls_verify(p, c);
	else if (number == 3) {
		server_hello(p, c);
		message_open(p, 14);
		message_close(p);
	} else {
		if (number == 4)
			message_noise(p, 16, 20);
		change_cipher(p);
		record_sealed(p, HANDSHAKE, 12 + 12 + 24);
	}
}

void
handshake_flight(struct world *w, struct conn *c, struct flight *f, unsigned number)
{
	struct pen p = {.f = f, .noise = rng_of(c->hello_seed, 100 + number), .side = number & 1};

	(void)w;
	f->bytes = f->store;
	if (program_is_dtls(c->d.program)) {
		p.dtls = c;
		dtls_flight(&p, c, number);
	} else if (number == 0) {
		client_hello(&p, c, false);
	} else if (number == 1) {
		server_flight(&p, c);
	} else if (number == 2) {
		client_flight(&p, c);
	} else {
		last_flight(&p, c);
	}
}
