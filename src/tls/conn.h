/*
 * conn: the state of one TLS conversation, whatever carries it.  Internal to src/tls.
 *
 *	stream.c   TCP: preludes, records -> messages	(also OpenVPN's control channel)
 *	dtls.c     DTLS: records, fragments -> messages
 *	quic.c     QUIC: Initial packets, CRYPTO frames -> messages
 *	openvpn.c  OpenVPN: control channel -> stream
 *	conn.c     messages -> state -> facts
 *
 * Each carrier turns its bytes into whole handshake messages and gives them to conn_message.
 */
#ifndef TLS_CONN_H
#define TLS_CONN_H

#include "tls/print.h"
#include "tls/tls.h"

/* The 40 bytes that everybody gets; what each piece touches stands together, and seldom across two cache lines. */
struct half {
	uint64_t id_offered;
	struct when hello_time;
	uint32_t hello;  /* print_client */
	uint32_t sni;    /* print_text */
	uint32_t full;   /* handle of struct full; 0: none yet */
	uint8_t flags;   /* enum half_flag */
	uint8_t stage;   /* enum half_stage */
	uint8_t carrier; /* enum tls_carrier, 0: undecided */
	uint8_t client;  /* bit 0: side of the client; bits 1-6: prelude; bit 7: certain */
	union {
		struct {
			uint32_t carry;   /* carrier's own state: a buffer (stream), an item of tls.states (others) */
			uint16_t left[2]; /* stream: bytes of the current record still to come, by side */
		};
		uint64_t client_random; /* stage has HALF_PARKED: only a hello so far, and nothing half read */
	};
};

_Static_assert(sizeof(struct half) == 40, "a connection that sent no more than a hello pays for this");

/* What the ClientHello held. */
enum half_flag {
	HELLO_SSLV2 = 1,
	HELLO_PSK = 2,
	HELLO_TICKET = 4,
	HELLO_SESSION_ID = 8,
	HELLO_EARLY_DATA = 16,
	HELLO_ECH = 32,
	HELLO_ECH_GREASE = 64,
};

enum half_stage {
	HALF_HELLO = 1, /* a ClientHello was read */
	HALF_PARKED = 2,
	HALF_BAD = 4, /* it was bad, or left bytes behind */
	HALF_LEFTOVER = 8,
	HALF_RDP = 32,      /* CARRIER_UDP: inside Remote Desktop's transport */
	HALF_DATAGRAM = 64, /* OpenVPN over UDP */
	HALF_STEADY = 128,  /* over TCP, conn_is_steady, and both sides in step: see tls.c */
	HALF_GIVEN_UP = 16, /* no memory, or no TLS after all: nothing is read any more */
};

enum { FULL_HOT = 32 };

/* What a connection costs once a server has answered. */
struct full {
	/* What each protected record touches: half a cache line. */
	_Alignas(FULL_HOT) uint32_t records[2];
	uint32_t record_bytes[2];
	uint32_t handshake_us;
	uint16_t flags;      /* enum full_flag */
	uint8_t side[2];     /* enum full_side, by flow side */
	uint8_t type[2];     /* stream: of the record being read */
	uint8_t head_len[2]; /* stream: of a record header that came in parts */
	uint8_t hidden[2];   /* TLS 1.3: records of the hidden handshake, by role */
	uint8_t tickets;     /* TLS 1.3: records held to be NewSessionTicket */
	uint8_t overhead;    /* bytes of a protected record that are not plaintext */
	/* And of the hidden handshake of TLS 1.3, beside it. */
	uint16_t version, cipher, group;
	uint16_t ticket_length; /* record length of the last record held to be a NewSessionTicket */
	uint16_t flight[2];     /* bytes of it, by role: client, server */

	uint16_t bad, leftover;
	uint64_t client_random, ticket, session_id; /* kept hashes; the last two: issued */
	struct addr proxy_src;
	uint32_t server_print, alpn, server_chain, client_chain; /* handles of prints */
	uint32_t server_us, ticket_lifetime;
	uint32_t buffer[2];  /* stream: the handshake message that is not whole yet */
	uint16_t channel[2]; /* RDP-UDP: next sequence number, by side */
	uint16_t proxy_sport;
	uint8_t head[2][5]; /* stream: a record header that came in parts */
	uint8_t alerts, alert[TLS_ALERTS][3];
};

_Static_assert(offsetof(struct full, version) == FULL_HOT && sizeof(struct full) == 5 * FULL_HOT, "the larger item");

enum full_flag {
	FULL_SERVER_HELLO = 1,
	FULL_RETRY = 2,
	FULL_13 = 4, /* TLS 1.3 or DTLS 1.3 was agreed, drafts too */
	FULL_PSK = 8,
	FULL_CERTIFICATE = 16, /* from the server, or its key exchange: no resumption */
	FULL_CERT_REQUEST = 32,
	FULL_ECHO = 64,      /* the server gave the session id back that the client offered */
	FULL_ACCEPTED = 128, /* resumption of TLS 1.2 and older is certain */
	FULL_RENEGOTIATED = 256,
	FULL_ESTABLISHED = 512,
	FULL_SETTLED = 1024,
	FULL_EARLY = 2048, /* early data accepted, where that is visible */
	FULL_PROXIED = 4096,
	FULL_STEADY = 8192, /* the handshake and its tickets are over: every record of type 23 is application data */
	FULL_HOLE = 32768,  /* a part of the server's handshake in clear was lost */
	FULL_TWIN = 16384,  /* the record after this one is as long: stream.c sets it for conn_protected */
};

enum full_side {
	SIDE_CCS = 1,
	SIDE_FINISHED = 2,
	SIDE_APPLICATION = 4,
	SIDE_LOST = 8, /* stream: where the next record begins is not known */
	SIDE_BAD = 16, /* stream: and that was counted */
};

enum { STATE_BYTES = 192 }; /* of an item of tls.states */
enum { SCRATCH_BYTES = 1 << 14 };

struct tls {
	struct pool halves, fulls;
	struct pool states; /* what dtls, quic and openvpn keep in half.carry; STATE_BYTES each, uncleared */
	struct prints *prints;
	struct twins *twins;
	struct buffers *buffers;
	struct counts *counts;
	struct hash_key identity;
	struct tls_event event; /* one that waits to be told; kind valid when pending */
	bool pending;
	struct when now;                /* time of the piece that is being read */
	uint8_t scratch[SCRATCH_BYTES]; /* of the datagram carriers, while a datagram is read */
};

/* pool_at, of sizes that are known. */
static inline struct half *
half_at(const struct tls *t, uint32_t handle)
{
	return (struct half *)(void *)t->halves.base + (handle - 1);
}

static inline struct full *
full_at(const struct tls *t, uint32_t handle)
{
	return (struct full *)(void *)t->fulls.base + (handle - 1);
}

static inline unsigned
conn_client(const struct half *h)
{
	return h->client & 1u;
}

/* A whole handshake message: its type and its body (without header).  side sent it. */
void conn_message(struct tls *t, struct half *h, unsigned side, uint8_t type, struct cur body, struct when time);
void conn_alert(struct tls *t, struct half *h, unsigned side, uint8_t level, uint8_t description);
void conn_change_cipher(struct tls *t, struct half *h, unsigned side);
/* A protected record of `length` bytes was seen: fills *ev (plain size, hidden handshake told apart). */
void conn_protected(struct tls *t, struct half *h, unsigned side, uint8_t type, uint32_t length, struct when time,
		    struct tls_event *ev);
/* Every further record of type 23 is application data and changes nothing but the sums, whichever side sends it: after
   the handshake and its tickets, and where neither was seen (picked up midway; a server's answer that was lost). */
bool conn_is_steady(const struct half *h, const struct full *f);
/* SSLv2: the messages after their type byte. */
void conn_hello_sslv2(struct tls *t, struct half *h, unsigned side, struct cur body, struct when time);
void conn_server_sslv2(struct tls *t, struct half *h, unsigned side, struct cur body, struct when time);
/* The client's first word after the server's answer ends the round trips that it had to wait for. */
void conn_client_time(const struct half *h, struct full *f, unsigned side, struct when time);
void conn_settle(struct tls *t, struct full *f, unsigned side, struct when time);
void conn_bad(struct tls *t, struct half *h);          /* counts a message that does not parse */
struct full *conn_full(struct tls *t, struct half *h); /* allocates; NULL: no room, counted */
void conn_client_is(struct half *h, unsigned side);    /* a ClientHello (or what only a client sends) came from side */

/* protect.c: bytes of a protected record that are not plaintext, at least. */
uint8_t protect_overhead(uint16_t cipher, uint16_t version);
bool conn_is_13(uint16_t version); /* TLS 1.3 or DTLS 1.3, drafts too */

/* The carriers.  Return as tls_next does; *handle's half is h. */
bool stream_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool dtls_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool quic_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool openvpn_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
/* Does the first datagram (or first stream bytes, for OpenVPN over TCP) look like it? */
bool dtls_begins(const struct tls_piece *piece);
bool quic_begins(const struct tls_piece *piece);
bool openvpn_begins(const struct tls_piece *piece);
/* prelude.c: what a TCP connection (or RDP-UDP) may say before TLS. */
enum { PRELUDE_NONE, PRELUDE_NEVER = 63 }; /* NEVER: a protocol that does not turn to TLS */
unsigned prelude_of(const struct tls_piece *piece, unsigned known);
bool prelude_is_proxy(unsigned prelude);
struct text prelude_name(unsigned prelude);
enum proxy_result { PROXY_NO, PROXY_PART, PROXY_YES };
/* Reads a PROXY header (v1, v2) off the front; the address, where it has one, goes into the larger item. */
enum proxy_result prelude_proxy(struct tls *t, struct half *h, struct cur *c);
bool stream_is_hello(struct cur c);   /* begins with a TLS record with a ClientHello, or the first bytes of one */
bool stream_is_records(struct cur c); /* begins with records that make sense: a connection picked up midway */
bool stream_is_answer(struct cur c);  /* begins with a TLS record with a ServerHello */
bool stream_is_sslv2(struct cur c);
bool stream_find(struct cur *c); /* skips to where stream_is_records; false: nowhere, all is skipped */
bool rdpudp_begins(const struct tls_piece *piece);
bool rdpudp_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);

/* Frees what half.carry holds. */
void stream_close(struct tls *t, struct half *h);
void dtls_close(struct tls *t, struct half *h);
void quic_close(struct tls *t, struct half *h);
void openvpn_close(struct tls *t, struct half *h);

/*
 * What the carriers below tls_next agree on:
 * - Once *_begins was true and half.carrier is set, half.carry (0 at first) and half.left belong to the carrier.
 * - Events are pulled until false: a carrier may keep its place in the piece by moving piece->bytes, even to bytes
 *   of its own (OpenVPN).  Datagrams that are not TLS are skipped.  WebRTC talks STUN on the pair of ports first:
 *   keep asking *_begins for the first UNDECIDED_MAX datagrams, then TLS_NOT.
 * - openvpn_next calls stream_next for the bytes inside, with its own carry swapped for the stream's during the
 *   call; stream_next sees CARRIER_OPENVPN (CARRIER_UDP) and goes to records at once, without looking for preludes.
 * - HALF_PARKED is for streams only: DTLS and QUIC need carry and left for as long as the connection lives (the
 *   message number, QUIC's version).  Their hello takes the larger item at once, for client_random.
 * - conn_protected with type 0 (no record layer): the carrier sets ev->application and ev->plain afterwards.
 */
enum { UNDECIDED_MAX = 256 };

/* For tls_facts with CARRIER_QUIC: "1", "2", "draft-29", "mvfst-27"; p == NULL: other.  Uses only h->left. */
struct text quic_version(const struct half *h, char buf[16]);

/*
 * buffers: bytes that wait for the rest of their message, in chained blocks within one share.
 * A buffer is a sparse run of bytes from offset 0: parts may come in any order (CRYPTO frames, fragments).
 */
struct buffers;
size_t buffers_bytes(size_t share);
struct buffers *buffers_new(struct carve *c, size_t share, struct counts *counts);
uint32_t buffer_new(struct buffers *b);               /* 0: full */
void buffer_free(struct buffers *b, uint32_t handle); /* 0 is fine */
/* Puts bytes at an offset; false: no room, or beyond BUFFER_MAX. */
enum { BUFFER_MAX = 1 << 17 };
bool buffer_put(struct buffers *b, uint32_t handle, uint32_t offset, struct cur bytes);
uint32_t buffer_ready(const struct buffers *b, uint32_t handle); /* bytes from offset 0 without a hole */
/* A view of the first n <= ready bytes; contiguous, valid until the next buffer_* call. */
struct cur buffer_view(struct buffers *b, uint32_t handle, uint32_t n);
void buffer_consume(struct buffers *b, uint32_t handle, uint32_t n); /* drops the first n; the rest moves to offset 0 */

#endif
