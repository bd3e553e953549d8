/*
 * tls_wire: TLS records and handshake messages put together for tests, and conversations made of them.
 */
#ifndef TESTS_TLS_WIRE_H
#define TESTS_TLS_WIRE_H

#include "../unit/tls_make.h"
#include "tls_drive.h"

enum { WIRE_MAX = 40000, FLIGHTS_MAX = 16 };

struct wire {
	uint8_t b[WIRE_MAX];
	size_t n;
};

struct flight {
	unsigned side;
	struct wire w;
};

struct talk_made {
	struct flight f[FLIGHTS_MAX];
	unsigned n;
};

static inline void
wire_put(struct wire *w, const void *bytes, size_t n)
{
	if (n)
		memcpy(w->b + w->n, bytes, n);
	w->n += n;
}

static inline void
wire_number(struct wire *w, uint32_t v, unsigned bytes)
{
	while (bytes--)
		w->b[w->n++] = (uint8_t)(v >> 8 * bytes);
}

/* A record of version 3.3 around bytes. */
static inline void
wire_record(struct wire *w, uint8_t type, const void *body, size_t n)
{
	wire_number(w, type, 1);
	wire_number(w, 0x0303, 2);
	wire_number(w, (uint32_t)n, 2);
	wire_put(w, body, n);
}

/* A record whose body is of no interest: 0xe5 n times. */
static inline void
wire_sealed(struct wire *w, uint8_t type, size_t n)
{
	wire_number(w, type, 1);
	wire_number(w, 0x0303, 2);
	wire_number(w, (uint32_t)n, 2);
	memset(w->b + w->n, 0xe5, n);
	w->n += n;
}

static inline void
wire_message(struct wire *w, uint8_t type, const void *body, size_t n)
{
	wire_number(w, type, 1);
	wire_number(w, (uint32_t)n, 3);
	wire_put(w, body, n);
}

/* The record of one message. */
static inline void
wire_hello(struct wire *w, const struct make *how)
{
	static struct made m;
	static struct wire message;

	made_hello(&m, how);
	message.n = 0;
	wire_message(&message, 1, m.b, m.n);
	wire_record(w, 22, message.b, message.n);
}

struct server {
	uint16_t version, cipher;
	const char *session_id; /* hex with its length in front */
	struct make_ext ext[8];
	size_t ext_n;
};

/* A ServerHello message (no record). */
static inline void
wire_server(struct wire *w, const struct server *s)
{
	static struct made m;

	m.n = 0;
	made_u16(&m, s->version);
	memset(m.b + m.n, 0x35, 32);
	m.n += 32;
	made_hex(&m, s->session_id ? s->session_id : "00");
	made_u16(&m, s->cipher);
	made_u8(&m, 0);
	if (s->ext_n)
		made_extensions(&m, s->ext, s->ext_n);
	wire_message(w, 2, m.b, m.n);
}

static inline struct wire *
talk_flight(struct talk_made *k, unsigned side)
{
	struct flight *f = &k->f[k->n++];

	f->side = side;
	f->w.n = 0;
	return &f->w;
}

/* A TLS 1.2 client: no supported_versions; with a ticket of four bytes, or an empty one. */
static inline struct make
make_12(bool ticket)
{
	struct make how = {.version = 0x0303,
			   .ciphers = {0xc02f, 0xc013, 0x002f},
			   .ciphers_n = 3,
			   .ext = {{0x0000, "001200000f6578616d706c652e696e76616c6964"},
				   {0x000a, "0004001d0017"},
				   {0x000b, "0100"},
				   {0x0023, ""}},
			   .ext_n = 4};

	if (ticket)
		how.ext[3].hex = "cafe0123";
	return how;
}

/* A certificate list of one entry that is no certificate. */
static const uint8_t WIRE_CERTIFICATES[] = {0, 0, 7, 0, 0, 4, 0x30, 2, 5, 0};
static const uint8_t WIRE_CURVE[] = {3, 0, 29, 4, 1, 2, 3, 4};
static const uint8_t WIRE_TICKET[] = {0, 0, 1, 44, 0, 4, 0xca, 0xfe, 0x01, 0x23};

/* TLS 1.2, ECDHE and AES-GCM: full handshake, a ticket issued, one exchange. */
static inline void
talk_12(struct talk_made *k)
{
	struct make client = make_12(false);
	struct server server = {.version = 0x0303, .cipher = 0xc02f, .session_id = "0409080706"};
	static struct wire m;
	struct wire *w;

	k->n = 0;
	wire_hello(talk_flight(k, 0), &client);
	w = talk_flight(k, 1);
	m.n = 0;
	wire_server(&m, &server);
	wire_message(&m, 11, WIRE_CERTIFICATES, sizeof(WIRE_CERTIFICATES));
	wire_record(w, 22, m.b, m.n - 5); /* the Certificate goes on in the next record */
	memmove(m.b, m.b + m.n - 5, 5);
	m.n = 5;
	wire_message(&m, 12, WIRE_CURVE, sizeof(WIRE_CURVE));
	wire_message(&m, 14, NULL, 0);
	wire_record(w, 22, m.b, m.n);
	w = talk_flight(k, 0);
	m.n = 0;
	wire_message(&m, 16, WIRE_CURVE, 5);
	wire_record(w, 22, m.b, m.n);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 22, 40);
	w = talk_flight(k, 1);
	m.n = 0;
	wire_message(&m, 4, WIRE_TICKET, sizeof(WIRE_TICKET));
	wire_record(w, 22, m.b, m.n);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 22, 40);
	wire_sealed(talk_flight(k, 0), 23, 24 + 100);
	w = talk_flight(k, 1);
	wire_sealed(w, 23, 24 + 3000);
	wire_sealed(w, 23, 24 + 7);
	wire_sealed(talk_flight(k, 0), 21, 26);
}

/* TLS 1.3, AES-256-GCM: one exchange after two tickets. */
static inline void
talk_13(struct talk_made *k)
{
	struct make client = make_chrome(false);
	struct server server = {.version = 0x0303,
				.cipher = 0x1302,
				.session_id = "0400010203",
				.ext = {{0x002b, "0304"},
					{0x0033, "001d0020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
						 "1e1f"}},
				.ext_n = 2};
	static struct wire m;
	struct wire *w;

	k->n = 0;
	wire_hello(talk_flight(k, 0), &client);
	w = talk_flight(k, 1);
	m.n = 0;
	wire_server(&m, &server);
	wire_record(w, 22, m.b, m.n);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 23, 40);
	wire_sealed(w, 23, 2500);
	wire_sealed(w, 23, 281);
	wire_sealed(w, 23, 69);
	w = talk_flight(k, 0);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 23, 69);
	wire_sealed(w, 23, 17 + 500);
	w = talk_flight(k, 1);
	wire_sealed(w, 23, 250);
	wire_sealed(w, 23, 250);
	wire_sealed(w, 23, 17 + 1200);
	wire_sealed(talk_flight(k, 0), 23, 19);
}

/* Feeds every flight in pieces of `size` bytes (0: whole). */
static inline void
talk_feed(struct drive *d, const struct talk_made *k, size_t size)
{
	d->stream = true;
	for (unsigned i = 0; i < k->n; i++) {
		const struct flight *f = &k->f[i];

		for (size_t at = 0; at < f->w.n;) {
			size_t n = size && size < f->w.n - at ? size : f->w.n - at;

			drive_feed(d, f->side, f->w.b + at, n);
			at += n;
		}
	}
}

#endif
