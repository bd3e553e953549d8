/*
 * tls: bytes of a connection become what was said, in clear, before and around the encryption.
 *
 *	TCP chunk --- prelude (PROXY, STARTTLS, CONNECT, SOCKS) --- records --- handshake messages --- facts
 *	datagram --- DTLS | QUIC Initial | OpenVPN control ---------------------^
 *
 * No opinion: what a parser cannot read is counted and told as a fact.  One face for all transports: feed
 * a chunk, pull events, ask for the facts when a record is built.  Bounded: two pools (a small item for
 * whoever sent no more than a hello, a larger one from the first server message on), one share for message
 * reassembly, one for interned texts and fingerprints.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include "base/addr.h"
#include "base/count.h"
#include "base/cur.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/text.h"
#include "base/when.h"

struct tls;

struct tls_config {
	uint32_t halves;          /* connections of which a TLS state is kept (40 bytes each) */
	uint32_t fulls;           /* of these: with a server's answer (160 bytes each) */
	size_t buffer_bytes;      /* share for messages that arrive in parts */
	size_t intern_bytes;      /* share for texts, fingerprints, certificates */
	struct hash_key identity; /* identity.key: session ids, tickets and PSK identities are hashed with it */
	struct hash_key table;    /* random: of the intern table */
};

size_t tls_bytes(const struct tls_config *cfg);
struct tls *tls_new(struct carve *c, const struct tls_config *cfg, struct counts *counts);

/* How a TLS session is carried. */
enum tls_carrier {
	CARRIER_NONE,
	CARRIER_TCP,
	CARRIER_STARTTLS,
	CARRIER_DTLS,
	CARRIER_QUIC,
	CARRIER_OPENVPN,
	CARRIER_UDP
};

/* One piece of a connection, as the flow layer gives it. */
struct tls_piece {
	struct cur bytes;   /* tls_next reads on from here */
	uint32_t lost;      /* bytes missing before it */
	uint32_t cut_bytes; /* bytes missing after it */
	struct when time;
	uint16_t port[2]; /* by side; a hint for OpenVPN and DTLS only */
	uint8_t side;
	bool datagram;
	uint16_t told; /* events so far: 0 at first */
};

enum tls_event_kind {
	TLS_RECORD,  /* one record, or one protected datagram (QUIC, DTLS, OpenVPN data) */
	TLS_SETTLED, /* the handshake is over, or has failed: facts are as complete as they get */
};

/* What a record tells.  `plain` is the application data in it, as near as the cipher allows to say:
   exact for AEAD, up to 15 (CBC: one block) too many otherwise; 0 for handshake, alert, ticket. */
struct tls_event {
	uint8_t kind; /* enum tls_event_kind */
	uint8_t side;
	uint8_t type;     /* content type on the wire: 20 21 22 23 24; 0: no record layer */
	bool application; /* carries application data (TLS 1.3's hidden handshake left out) */
	uint32_t length;  /* bytes after the record header */
	uint32_t plain;
	uint32_t crowd, crowd_plain; /* short records that followed it in the same piece, and bytes in these */
	bool last;                   /* nothing is left of the piece: no need to call again */
	struct when time;            /* when its first byte was seen */
};

/*
 * Reads the piece until there is something to tell: true and *ev, call again; false: the piece is used up.
 * *handle is 0 for a new connection, TLS_NOT once it is certain that no TLS will come: then it need not be fed.
 */
#define TLS_NOT UINT32_MAX
bool tls_next(struct tls *t, uint32_t *handle, struct tls_piece *piece, struct tls_event *ev);

/*
 * The short way for the segments of a stream whose handshake is over.  What they change lies with the caller for as long,
 * in one cache line with what else they change there; before anything else is asked of the connection, tls_steady_end
 * puts it back.
 */
struct tls_steady {
	uint16_t left[2];  /* of the record going on, by side */
	uint8_t overhead;  /* bytes of a record that are not plaintext */
	uint8_t alert;     /* length of a record that is an alert and no application data; 0: none is known by it */
	uint32_t count[2]; /* records and their bytes since it began, saturating */
	uint32_t bytes[2];
};
bool tls_steady_begin(const struct tls *t, uint32_t handle, struct tls_steady *s); /* false: it is not steady */
void tls_steady_end(struct tls *t, uint32_t handle, const struct tls_steady *s);

/* TLS_STEP_NOT: nothing was read, tls_next is to; else it was, TLS_STEP_TOLD: one record began, and ev->length, plain and
   application say how long it is. */
enum tls_step { TLS_STEP_NOT, TLS_STEP_QUIET, TLS_STEP_TOLD };
enum tls_step tls_goes_on(struct tls_steady *s, unsigned side, struct cur bytes, struct tls_event *ev);

/* Is its handshake over, and nothing half read but bodies of no interest?  Of a stream. */
bool tls_is_steady(const struct tls *t, uint32_t handle);

void tls_close(struct tls *t, uint32_t handle);

/* Full pools: the handle of the connection that holds an item the longest is not known here; the caller
   evicts its oldest flows until these are false. */
bool tls_full(const struct tls *t);
uint32_t tls_room(const struct tls *t, uint32_t most); /* for how many more surely, up to `most` */

/* Ahead of tls_next for a handle: its small item; and once that is there, what its next record touches of the
   larger. */
struct half;
const struct half *tls_prefetch(const struct tls *t, uint32_t handle); /* NULL: none */
void tls_prefetch_full(const struct tls *t, const struct half *h);     /* what a packet needs of it */
void tls_prefetch_all(const struct tls *t, const struct half *h);      /* what a record needs of it */

enum { TLS_LIST_MAX = 16, TLS_ALERTS = 4 };

enum tls_resumed { RESUMED_NO, RESUMED_UNKNOWN, RESUMED_SESSION_ID, RESUMED_TICKET, RESUMED_PSK };

struct tls_cert {
	struct text subject, issuer; /* RFC 4514-like, in certificate order: "C=NL, O=..., CN=..." */
	struct text serial;          /* upper-case hex, colons, as Suricata */
	struct text san;             /* DNS names and addresses, each after a length byte */
	struct text key;             /* "rsa 2048", "ec P-256", "ed25519" */
	struct when not_before, not_after;
	uint8_t sha1[20], sha256[32];
	uint8_t chain_len;        /* certificates sent */
	struct text chain_sha256; /* chain_len x 32 bytes (at most 8), leaf first */
	bool present;
};

/*
 * Everything said on a connection, gathered from the compact state for one moment: texts are views into the
 * intern share and live until the next tls_next.  Absent texts have p == NULL, absent numbers are 0.
 */
struct tls_facts {
	uint8_t carrier; /* enum tls_carrier; CARRIER_NONE: no TLS seen, nothing else counts */
	uint8_t client;  /* side that sent the ClientHello (or would have) */
	bool client_hello, server_hello;
	bool sslv2_hello;    /* ClientHello in SSLv2 framing */
	struct text prelude; /* "smtp", "imap", "postgresql", "connect", "socks5", "proxy2", ... */
	bool proxied;        /* PROXY header gave the real client: */
	struct addr proxy_src;
	uint16_t proxy_sport;
	struct text sni;
	uint16_t version;             /* negotiated, wire value (0x0304, 0xfefd, 0x7f17, 0x0002); 0: none */
	uint16_t record_version;      /* legacy_version of the ClientHello */
	struct text versions_offered; /* 2 bytes each, GREASE left out */
	uint16_t cipher;
	bool cipher_chosen;
	uint16_t group;                                 /* key share or curve chosen, where visible */
	struct text alpn;                               /* chosen, where visible */
	struct text alpns;                              /* offered, each after a length byte; p == NULL: no extension */
	struct text ja3, ja3_string, ja3s, ja3s_string; /* hashes as hex text */
	struct text ja4, ja4_r;
	uint64_t client_key;         /* JA4 without the resumption and padding extensions (0x15 0x29 0x2a), kept hash */
	struct text client_key_text; /* that key in JA4's form */
	uint64_t server_key;         /* hash of version, cipher, extensions in order, record sizes' independent */
	bool hello_retry, early_data_offered, early_data_accepted;
	bool ech, ech_grease, grease;
	bool renegotiated;
	uint8_t resumed; /* enum tls_resumed */
	bool psk_offered, ticket_offered, session_id_offered;
	/* Keyed hashes; 0: none.  id_offered: session id (TLS 1.2), ticket, or first PSK identity.
	   id_issued: what the server handed out in clear (TLS 1.2 session id or ticket). */
	uint64_t id_offered, id_issued;
	uint32_t ticket_lifetime; /* seconds, TLS 1.2 NewSessionTicket */
	uint64_t client_random;   /* keyed hash: equal randoms on two connections mean a replay or a script */
	struct tls_cert server_cert, client_cert;
	bool client_cert_requested;   /* CertificateRequest in clear (TLS <= 1.2) */
	uint8_t alerts;               /* how many in clear */
	uint8_t alert[TLS_ALERTS][3]; /* side, level, description */
	bool established;             /* both sides sent protected data after the handshake */
	bool settled;
	uint32_t handshake_us;  /* ClientHello to the client's first flight after the server's; 0: unknown */
	uint32_t server_us;     /* ClientHello to ServerHello */
	uint16_t bad, leftover; /* messages that did not parse, or left bytes behind */
	struct when hello_time; /* when the first ClientHello was complete */
	uint32_t records[2], record_bytes[2]; /* by side, saturating; the first ClientHello counts in records only */
	uint16_t client_flight_bytes;         /* TLS 1.3: encrypted handshake flights by length; a client certificate */
	uint16_t server_flight_bytes;         /* or a changed server certificate shows here; saturating */
	struct text quic_version;             /* "1", "2", "draft-29", "mvfst-27"; a view of quic_text */
	char quic_text[16];
	/* Keyed hashes of this process, 0: none.  said: of all texts and keys above but certificates and quic_version;
	   shown: of the certificates.  Where both agree, so do the texts. */
	uint64_t said, shown;
};

/* False: handle is 0 or TLS_NOT (facts->carrier is CARRIER_NONE then). */
bool tls_facts(const struct tls *t, uint32_t handle, struct tls_facts *facts);
unsigned tls_client(const struct tls *t, uint32_t handle); /* of it, which side is the client; 0: nobody knows */

/* A number for what the first ClientHello says but for what is drawn anew each time; 0: none was read. */
uint64_t tls_hello(const struct tls *t, uint32_t handle);

/* IANA cipher suite name, NULL when unknown; version as EVE writes it ("TLS 1.2", "TLS 1.3 draft-23",
   "DTLS 1.2", "0x1234" into buf); group name ("x25519"), NULL when unknown. */
const char *tls_cipher_name(uint16_t suite);
struct text tls_version_name(uint16_t version, char buf[24]);
const char *tls_group_name(uint16_t group);
/* And back; blanks and case do not matter.  False: no such name. */
bool tls_cipher_code(struct text name, uint16_t *suite);
bool tls_version_code(struct text name, uint16_t *version);
bool tls_group_code(struct text name, uint16_t *group);

#endif
