/*
 * hello: handshake messages as values.  Views into the message; nothing is copied, nothing is judged.
 * Internal to src/tls.
 */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "base/cur.h"
#include "base/text.h"
#include "tls/tls.h"

/* RFC 8701: 0x?a?a with equal bytes. */
static inline bool
hello_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

enum {
	EXT_SNI = 0,
	EXT_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SIG_ALGS = 13,
	EXT_ALPN = 16,
	EXT_PADDING = 21,
	EXT_TICKET = 35,
	EXT_PSK = 41,
	EXT_EARLY_DATA = 42,
	EXT_VERSIONS = 43,
	EXT_PSK_MODES = 45,
	EXT_KEY_SHARE = 51,
	EXT_QUIC_PARAMS = 57,
	EXT_ECH = 0xfe0d,
	EXT_ESNI = 0xffce
};

struct hello { /* ClientHello */
	uint16_t version;
	struct cur random; /* 32 bytes (SSLv2: the challenge) */
	struct cur session_id;
	struct cur cookie;     /* DTLS */
	struct cur ciphers;    /* 2 bytes each (SSLv2: 3) */
	struct cur extensions; /* the block, without its length */
	bool has_extensions;
	bool sslv2, dtls;
	/* of the extensions; p == NULL: not there */
	struct cur sni, alpns, groups, point_formats, sig_algs, versions, ticket, psk_identity, psk_modes;
	struct cur key_share_groups; /* client_shares: group, length, key each */
	bool psk, early_data;
	bool ech;          /* encrypted client hello, or ESNI before it */
	bool ech_grease;   /* never set: made to look the same (RFC 9849 6.2) */
	bool cut;          /* the extensions run past the end of the message; what is before that stands */
	uint16_t leftover; /* extensions that left bytes behind, bytes behind the message */
};

struct hello_server {
	uint16_t version;  /* legacy_version */
	uint16_t selected; /* supported_versions; 0: not there */
	struct cur random, session_id, extensions;
	uint16_t cipher;
	bool retry;     /* HelloRetryRequest: RFC 8446 4.1.3, and the drafts' own message type */
	uint16_t group; /* key_share */
	bool psk, ticket, early_data;
	struct cur alpn; /* the one chosen */
	uint16_t leftover;
};

/* body: the message without its 4-byte (DTLS: 12-byte) header.  False: it does not parse. */
bool hello_read(struct cur body, bool dtls, struct hello *h);
/* body: what follows the record's two length bytes and the message type. */
bool hello_read_sslv2(struct cur body, struct hello *h);
/* Is an extension's body looked into?  (Of ECH only its presence counts.) */
bool hello_reads(uint16_t type);
bool hello_read_server(struct cur body, struct hello_server *h);
/* Handshake type 6, TLS 1.3 drafts up to 21. */
bool hello_read_retry(struct cur body, struct hello_server *h);

/* The version that was agreed: supported_versions wins (RFC 8446 4.2.1); early drafts by legacy_version. */
uint16_t hello_agreed(const struct hello_server *h);

#endif
