/*
 * facts: the compact state of a connection, unfolded for the moment in which a record is built.
 * Reads only; what depends on both hellos (resumption, which identity counts) is decided here, from what was seen.
 */
#include "tls/conn.h"

#include "base/clear.h"

static const struct full NOTHING;

static bool
is_tls(const struct half *h, const struct full *f)
{
	if (h->carrier == CARRIER_NONE)
		return false;
	/* A protocol whose first bytes happened to look like a record header has neither. */
	return h->stage & HALF_HELLO || f->flags & FULL_SERVER_HELLO || f->records[0] + f->records[1] >= 2 ||
	       h->carrier == CARRIER_DTLS || h->carrier == CARRIER_QUIC || h->carrier == CARRIER_OPENVPN;
}

/* The rules are those of RFC 8446 4.2.11, RFC 5077 3.4 and RFC 5246 F.1.4. */
static enum tls_resumed
resumed_of(const struct half *h, const struct full *f)
{
	bool offered = h->flags & (HELLO_PSK | HELLO_TICKET | HELLO_SESSION_ID);

	if (!(f->flags & FULL_SERVER_HELLO))
		return offered ? RESUMED_UNKNOWN : RESUMED_NO;
	if (f->flags & FULL_13)
		return f->flags & FULL_PSK ? RESUMED_PSK : RESUMED_NO;
	if (!(f->flags & FULL_ACCEPTED))
		return f->flags & FULL_CERTIFICATE || !offered ? RESUMED_NO : RESUMED_UNKNOWN;
	if (h->flags & HELLO_TICKET)
		return RESUMED_TICKET;
	if (f->flags & FULL_ECHO)
		return RESUMED_SESSION_ID;
	return h->stage & HALF_HELLO ? RESUMED_NO : RESUMED_UNKNOWN;
}

static bool
offers_13(struct text versions)
{
	for (uint32_t i = 0; i + 1 < versions.len; i += 2) {
		uint8_t high = (uint8_t)versions.p[i], low = (uint8_t)versions.p[i + 1];

		if (conn_is_13((uint16_t)(high << 8 | low)))
			return true;
	}
	return false;
}

/* A session id in a TLS 1.3 hello is random (RFC 8446 D.4) and names nothing. */
static uint64_t
id_offered(const struct half *h, const struct full *f, const struct tls_facts *to)
{
	if (h->flags & (HELLO_PSK | HELLO_TICKET))
		return h->id_offered;
	if (f->flags & FULL_13 || (!(f->flags & FULL_SERVER_HELLO) && offers_13(to->versions_offered)))
		return 0;
	return h->id_offered;
}

static void
client_facts(const struct tls *t, const struct half *h, struct tls_facts *to)
{
	struct print_client p;

	to->client_hello = true;
	to->sslv2_hello = h->flags & HELLO_SSLV2;
	to->psk_offered = h->flags & HELLO_PSK;
	to->ticket_offered = h->flags & HELLO_TICKET;
	to->session_id_offered = h->flags & HELLO_SESSION_ID;
	to->early_data_offered = h->flags & HELLO_EARLY_DATA;
	to->ech = h->flags & HELLO_ECH;
	to->ech_grease = h->flags & HELLO_ECH_GREASE;
	to->hello_time = h->hello_time;
	if (h->sni)
		to->sni = print_text_get(t->prints, h->sni);
	if (!h->hello)
		return;
	print_client_get(t->prints, h->hello, &p);
	to->record_version = p.version;
	to->versions_offered = p.versions_offered;
	to->alpns = p.alpns;
	to->ja3 = p.ja3;
	to->ja3_string = p.ja3_string;
	to->ja4 = p.ja4;
	to->ja4_r = p.ja4_r;
	to->client_key = p.key;
	to->client_key_text = p.key_text;
	to->grease = p.grease;
}

static void
server_facts(const struct tls *t, const struct full *f, struct tls_facts *to)
{
	struct print_server p;

	to->server_hello = f->flags & FULL_SERVER_HELLO;
	to->hello_retry = f->flags & FULL_RETRY;
	to->version = f->version;
	to->cipher = f->cipher;
	to->cipher_chosen = to->server_hello && f->version != 2; /* SSLv2's client chooses, in three bytes */
	to->group = f->group;
	to->server_us = f->server_us;
	to->handshake_us = f->handshake_us;
	to->ticket_lifetime = f->ticket_lifetime;
	to->client_cert_requested = f->flags & FULL_CERT_REQUEST;
	to->early_data_accepted = f->flags & FULL_EARLY;
	if (f->alpn)
		to->alpn = print_text_get(t->prints, f->alpn);
	if (f->server_chain)
		to->server_cert.present = print_cert_get(t->prints, f->server_chain, &to->server_cert);
	if (f->client_chain)
		to->client_cert.present = print_cert_get(t->prints, f->client_chain, &to->client_cert);
	if (!f->server_print)
		return;
	print_server_get(t->prints, f->server_print, &p);
	to->ja3s = p.ja3s;
	to->ja3s_string = p.ja3s_string;
	to->server_key = p.key;
}

static void
talk_facts(const struct half *h, const struct full *f, struct tls_facts *to)
{
	to->renegotiated = f->flags & FULL_RENEGOTIATED;
	to->established = f->flags & FULL_ESTABLISHED;
	to->settled = f->flags & FULL_SETTLED;
	to->alerts = f->alerts;
	memcpy(to->alert, f->alert, sizeof(to->alert));
	memcpy(to->records, f->records, sizeof(to->records));
	memcpy(to->record_bytes, f->record_bytes, sizeof(to->record_bytes));
	to->client_flight_bytes = f->flight[0];
	to->server_flight_bytes = f->flight[1];
	to->bad = f->bad;
	to->leftover = f->leftover;
	if (f == &NOTHING) {
		to->bad = (h->stage & HALF_BAD) != 0;
		to->leftover = (h->stage & HALF_LEFTOVER) != 0;
	}
	if (h->stage & HALF_HELLO)
		to->records[conn_client(h)] += to->records[conn_client(h)] != UINT32_MAX;
}

static void
identity_facts(const struct half *h, const struct full *f, struct tls_facts *to)
{
	to->resumed = (uint8_t)resumed_of(h, f);
	to->id_offered = id_offered(h, f, to);
	to->client_random = h->stage & HALF_PARKED ? h->client_random : f->client_random;
	to->id_issued = f->ticket;
	if (!f->ticket && !(f->flags & FULL_ACCEPTED))
		to->id_issued = f->session_id;
}

/* Hashes that nobody else knows, times small odd numbers: sums of different ones differ but for one chance in 2^61. */
static void
said_facts(const struct tls *t, const struct half *h, const struct full *f, struct tls_facts *to)
{
	if (h->stage & HALF_HELLO)
		to->said = print_said(t->prints, h->hello) + 3 * print_said(t->prints, h->sni);
	to->said += 5 * print_said(t->prints, f->server_print) + 7 * print_said(t->prints, f->alpn);
	if (to->said)
		to->said += h->client >> 1 & 63; /* the prelude's number */
	to->shown = print_said(t->prints, f->server_chain) + 3 * print_said(t->prints, f->client_chain);
}

unsigned
tls_client(const struct tls *t, uint32_t handle)
{
	const struct half *h;

	if (handle == 0 || handle == TLS_NOT)
		return 0;
	h = pool_at(&t->halves, handle);
	return is_tls(h, h->full ? pool_at(&t->fulls, h->full) : &NOTHING) ? conn_client(h) : 0;
}

uint64_t
tls_hello(const struct tls *t, uint32_t handle)
{
	const struct half *h;

	if (handle == 0 || handle == TLS_NOT)
		return 0;
	h = pool_at(&t->halves, handle);
	return h->stage & HALF_HELLO ? print_hello(t->prints, h->hello, h->sni) ^ h->flags : 0;
}

bool
tls_facts(const struct tls *t, uint32_t handle, struct tls_facts *to)
{
	const struct full *f = &NOTHING;
	const struct half *h;

	clear(to, sizeof(*to));
	if (handle == 0 || handle == TLS_NOT)
		return false;
	h = pool_at(&t->halves, handle);
	if (h->full)
		f = pool_at(&t->fulls, h->full);
	if (!is_tls(h, f))
		return false;
	to->carrier = h->carrier;
	to->client = (uint8_t)conn_client(h);
	to->prelude = prelude_name(h->client >> 1 & 63);
	if (f->flags & FULL_PROXIED) {
		to->proxied = true;
		to->proxy_src = f->proxy_src;
		to->proxy_sport = f->proxy_sport;
	}
	if (h->stage & HALF_HELLO)
		client_facts(t, h, to);
	server_facts(t, f, to);
	talk_facts(h, f, to);
	identity_facts(h, f, to);
	said_facts(t, h, f, to);
	if (h->carrier == CARRIER_QUIC)
		to->quic_version = quic_version(h, to->quic_text);
	return true;
}
