/*
 * protect: what protected records tell by their lengths alone.
 *
 * Plain sizes.  length - overhead, the overhead set once by cipher and version: exact for AEAD and stream ciphers; for
 * CBC it takes the shortest padding, so up to one block too many (encrypt-then-MAC changes nothing in that bound).
 *
 * TLS 1.3 hides its handshake in records of type 23 (RFC 8446 5.2).  It is told apart so:
 *
 *	client, before the ServerHello        early data
 *	server, from ServerHello on           its flight, until the client's Finished, or until a record of exactly the
 *	                                      length of a Finished that is not the first one (half-RTT data follows it)
 *	client, from ServerHello on           its flight: up to a record of exactly the length of a Finished.  The first
 *	                                      record is always part of it (RFC 8446 4.4); the second only when it is a
 *	                                      Finished or as long as a CertificateVerify; the third only as Finished.
 *	                                      After early data anything else but EndOfEarlyData is still early data.
 *	server, after the client's Finished   tickets: at most TICKETS_MAX records, each as long as the one before or
 *	                                      after it, or sent before the client asked anything
 *	any, 19 bytes                         an alert (level, description, type, tag)
 *
 * No clock and no guess from timing: the same records always read the same way.
 */
#include "tls/record.h"

enum {
	HEAD = 4, /* of a handshake message */
	END_OF_EARLY = HEAD + 1 + TAG,
	TICKETS_MAX = 4,
	TICKET_MIN = 60,
	TICKET_MAX = 600,        /* OpenSSL 200-300, Go 130-200; dynamic record sizing begins at 1,300 */
	TICKET_ALONE_MAX = 2048, /* a ticket with the client's certificate in it */
	CLIENT = 0,
	SERVER = 1,
};

bool
conn_is_13(uint16_t version)
{
	/* 0x7fxx: drafts; 0x7e01-0x7e02, 0xfb17-0xfb1a: Google's and Facebook's own draft numbers. */
	return version == 0x0304 || version >> 8 == 0x7f || version >> 8 == 0x7e || version >> 8 == 0xfb ||
	       version == 0xfefc;
}

static bool
has(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

static unsigned
mac_bytes(const char *name)
{
	return has(name, "_SHA384") ? 48 : has(name, "_SHA256") ? 32 : has(name, "_MD5") ? 16 : 20;
}

static unsigned
block_bytes(const char *name)
{
	return has(name, "_3DES") || has(name, "_DES") || has(name, "DES40") || has(name, "_IDEA") ||
			       has(name, "_RC2") ?
		       8 :
		       16;
}

/* RFC 5246 6.2.3, RFC 5288, 6655, 7905, 8446 5.2. */
uint8_t
protect_overhead(uint16_t cipher, uint16_t version)
{
	const char *name = tls_cipher_name(cipher);
	bool implicit_iv = version == 0x0300 || version == 0x0301;
	unsigned n;

	if (!name)
		return UNKNOWN_OVERHEAD;
	if (conn_is_13(version))
		n = has(name, "CCM_8") ? 8 + 1 : TAG + 1;
	else if (has(name, "_GCM") || has(name, "_CCM"))
		n = 8 + (has(name, "CCM_8") ? 8 : TAG);
	else if (has(name, "POLY1305"))
		n = TAG;
	else if (has(name, "_CBC"))
		n = mac_bytes(name) + 1 + (implicit_iv ? 0 : block_bytes(name));
	else
		n = mac_bytes(name); /* RC4, NULL */
	return (uint8_t)n;
}

static bool
is_finished(const struct full *f, uint32_t length)
{
	uint32_t less = length - HEAD - 1 - TAG;

	if (!(f->flags & FULL_SERVER_HELLO))
		return less == 32 || less == 48;
	return less == (f->cipher == 0x1302 ? 48 : 32);
}

/* CertificateVerify: algorithm, length, signature (EdDSA and ECDSA with its DER ups and downs; RSA by key size). */
static bool
is_verify(uint32_t length)
{
	uint32_t signature = length - HEAD - 2 - 2 - 1 - TAG;

	return (signature >= 64 && signature <= 142) || signature == 256 || signature == 384 || signature == 512;
}

static void
flight_add(struct full *f, unsigned role, uint32_t length)
{
	uint32_t sum = f->flight[role] + length;

	f->flight[role] = sum > UINT16_MAX ? UINT16_MAX : (uint16_t)sum;
	if (f->hidden[role] < UINT8_MAX)
		f->hidden[role]++;
}

static void
client_finished(struct full *f, unsigned side)
{
	f->side[side] |= SIDE_FINISHED;
	if (f->flags & FULL_13)
		f->side[side ^ 1] |= SIDE_FINISHED;
}

/* True: application data. */
static bool
client_13(struct half *h, struct full *f, unsigned side, uint32_t length)
{
	bool early = h->flags & HELLO_EARLY_DATA;
	unsigned n = f->hidden[CLIENT];

	if (f->side[side] & SIDE_FINISHED)
		return true;
	if (!(f->flags & FULL_SERVER_HELLO) && early)
		return true;
	if (is_finished(f, length)) {
		flight_add(f, CLIENT, length);
		client_finished(f, side);
		return false;
	}
	if (early && length == END_OF_EARLY) {
		f->flags |= FULL_EARLY;
		return false;
	}
	if (early && n == 0)
		return true;
	if (n == 0 || (n == 1 && is_verify(length))) {
		flight_add(f, CLIENT, length);
		return false;
	}
	client_finished(f, side);
	return true;
}

static bool
is_ticket(const struct full *f, unsigned side, uint32_t length)
{
	if (f->tickets >= TICKETS_MAX || length < TICKET_MIN || length > TICKET_ALONE_MAX)
		return false;
	if (!(f->side[side ^ 1] & SIDE_APPLICATION))
		return true;
	return length <= TICKET_MAX && (length == f->ticket_length || f->flags & FULL_TWIN);
}

static bool
server_13(struct full *f, unsigned side, uint32_t length)
{
	bool hidden = f->flags & FULL_SERVER_HELLO && !(f->side[side] & SIDE_FINISHED);

	if (hidden) {
		flight_add(f, SERVER, length);
		if (f->hidden[SERVER] > 1 && is_finished(f, length))
			f->side[side] |= SIDE_FINISHED;
		return false;
	}
	if (is_ticket(f, side, length)) {
		f->tickets++;
		f->ticket_length = (uint16_t)length;
		return false;
	}
	f->ticket_length = 0;
	if (f->side[side ^ 1] & SIDE_FINISHED)
		f->flags |= FULL_STEADY;
	return true;
}

static bool
slow_13(struct tls *t, struct half *h, struct full *f, const struct tls_event *ev)
{
	unsigned side = ev->side;
	bool client = side == conn_client(h), application;

	if (ev->length == ALERT_13 && f->side[side] & SIDE_FINISHED)
		return false;
	application = client ? client_13(h, f, side, ev->length) : server_13(f, side, ev->length);
	if (!client && f->side[side ^ 1] & SIDE_FINISHED && !(f->flags & FULL_ESTABLISHED)) {
		f->flags |= FULL_ESTABLISHED;
		conn_settle(t, f, side, ev->time);
	}
	return application;
}

/* TLS 1.2 and older: content types are in clear; the first handshake record after ChangeCipherSpec is Finished. */
static bool
slow_12(struct tls *t, struct half *h, struct full *f, const struct tls_event *ev)
{
	unsigned side = ev->side;

	if (ev->type == HANDSHAKE && f->side[side] & SIDE_FINISHED && h->carrier != CARRIER_DTLS)
		f->flags |= FULL_RENEGOTIATED;
	if (ev->type == HANDSHAKE)
		f->side[side] |= SIDE_FINISHED;
	if (f->side[0] & f->side[1] & SIDE_FINISHED && !(f->flags & FULL_ESTABLISHED)) {
		f->flags |= FULL_ESTABLISHED | FULL_STEADY;
		conn_settle(t, f, side, ev->time);
	}
	return ev->type == APPLICATION;
}

/* QUIC's datagrams have no types: the handshake is over when both sides have sent protected ones. */
static bool
slow_quic(struct tls *t, struct full *f, const struct tls_event *ev)
{
	if (f->flags & FULL_SERVER_HELLO)
		f->side[ev->side] |= SIDE_FINISHED;
	if (f->side[0] & f->side[1] & SIDE_FINISHED && !(f->flags & FULL_ESTABLISHED)) {
		f->flags |= FULL_ESTABLISHED;
		conn_settle(t, f, ev->side, ev->time);
	}
	return true;
}

static bool
is_application(struct tls *t, struct half *h, struct full *f, const struct tls_event *ev)
{
	/* A hello but no answer: one direction alone was captured.  After a Finished of TLS 1.2 all is said. */
	bool one_sided = !(f->flags & FULL_SERVER_HELLO) && h->stage & HALF_HELLO && ev->type == APPLICATION &&
			 !(f->side[ev->side] & SIDE_FINISHED) && ev->side == conn_client(h);

	if (h->carrier == CARRIER_QUIC)
		return slow_quic(t, f, ev);
	if (ev->type == 0)
		return true;
	if (f->flags & FULL_13 || one_sided)
		return slow_13(t, h, f, ev);
	return slow_12(t, h, f, ev);
}

/* As is_application and what stands around it would find. */
bool
conn_is_steady(const struct half *h, const struct full *f)
{
	bool timed = f->handshake_us || !(f->flags & FULL_SERVER_HELLO && h->stage & HALF_HELLO);
	bool one_sided =
		!(f->flags & FULL_SERVER_HELLO) && h->stage & HALF_HELLO && !(f->side[conn_client(h)] & SIDE_FINISHED);

	bool settled = f->flags & FULL_ESTABLISHED || !(f->side[0] & f->side[1] & SIDE_FINISHED);

	if (f->flags & FULL_STEADY)
		return true;
	return timed && settled && !one_sided && !(f->flags & FULL_13) && f->side[0] & f->side[1] & SIDE_APPLICATION;
}

void
conn_protected(struct tls *t, struct half *h, unsigned side, uint8_t type, uint32_t length, struct when time,
	       struct tls_event *ev)
{
	struct tls_piece piece = {.side = (uint8_t)side, .time = time};
	struct full *f = conn_full(t, h);

	if (!f) {
		*ev = (struct tls_event){
			.kind = TLS_RECORD, .side = (uint8_t)side, .type = type, .length = length, .time = time};
		return;
	}
	if (type == APPLICATION && f->flags & FULL_STEADY) {
		conn_steady(f, &piece, length, ev);
		return;
	}
	conn_record(f, &piece, type, length, ev);
	conn_client_time(h, f, side, time);
	ev->application = is_application(t, h, f, ev);
	if (ev->application) {
		f->side[side] |= SIDE_APPLICATION;
		ev->plain = plain_of(f, length);
	}
}
