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

/* The 40 bytes that everybody gets. */
struct half {
	uint32_t full;		/* handle of struct full; 0: none yet */
	uint32_t hello;		/* print_client */
	uint32_t sni;		/* print_text */
	uint32_t carry;		/* carrier's own state: a buffer chain (stream), struct dtls, struct quic, ... */
	uint64_t id_offered;
	uint32_t hello_us;	/* time of the hello after the connection's first piece */
	uint16_t left[2];	/* stream: bytes of the current record still to come, by side */
	uint8_t flags, stage;	/* see conn.c, stream.c */
	uint8_t carrier;	/* enum tls_carrier, 0: undecided */
	uint8_t client;		/* side of the client; bit 7: certain */
};

struct tls {
	struct pool halves, fulls;
	struct prints *prints;
	struct buffers *buffers;
	struct dgram *dgram;	/* dgram_new(c, fulls / 4, counts) in tls_new; dgram_bytes in tls_bytes */
	struct counts *counts;
	struct hash_key identity;
	struct tls_event event;	/* one that waits to be told; kind valid when pending */
	bool pending;
};

/* A whole handshake message: its type and its body (without header).  side sent it. */
void conn_message(struct tls *t, struct half *h, unsigned side, uint8_t type, struct cur body, struct when time);
void conn_alert(struct tls *t, struct half *h, unsigned side, uint8_t level, uint8_t description);
void conn_change_cipher(struct tls *t, struct half *h, unsigned side);
/* A protected record of `length` bytes was seen: fills *ev (plain size, hidden handshake told apart). */
void conn_protected(struct tls *t, struct half *h, unsigned side, uint8_t type, uint32_t length, struct when time,
		    struct tls_event *ev);
void conn_bad(struct tls *t, struct half *h);		/* counts a message that does not parse */
struct full *conn_full(struct tls *t, struct half *h);	/* allocates; NULL: no room, counted */

/* The carriers.  Return as tls_next does; *handle's half is h. */
bool stream_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool dtls_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool quic_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
bool openvpn_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
/* Does the first datagram (or first stream bytes, for OpenVPN over TCP) look like it? */
bool dtls_begins(const struct tls_piece *piece);
bool quic_begins(const struct tls_piece *piece);
bool openvpn_begins(const struct tls_piece *piece);
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
 * - conn_protected with type 0 (no record layer): the carrier sets ev->application and ev->plain afterwards.
 */
enum { UNDECIDED_MAX = 256 };

/* dgram: the pool of what DTLS, QUIC and OpenVPN keep of a connection, at most 256 bytes each. */
struct dgram;
size_t dgram_bytes(uint32_t count);
struct dgram *dgram_new(struct carve *c, uint32_t count, struct counts *counts);

/* For tls_facts with CARRIER_QUIC: "1", "2", "draft-29", "mvfst-27"; p == NULL: other.  Uses only h->left. */
struct text quic_version(const struct half *h, char buf[16]);

/*
 * rdpudp: TLS over MS-RDPEUDP (openvpn.c's neighbour, CARRIER_UDP); same shape as the carriers above.
 */
bool rdpudp_begins(const struct tls_piece *piece);
bool rdpudp_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
void rdpudp_close(struct tls *t, struct half *h);

/*
 * buffers: bytes that wait for the rest of their message, in chained blocks within one share.
 * A buffer is a sparse run of bytes from offset 0: parts may come in any order (CRYPTO frames, fragments).
 */
struct buffers;
size_t buffers_bytes(size_t share);
struct buffers *buffers_new(struct carve *c, size_t share, struct counts *counts);
uint32_t buffer_new(struct buffers *b);			/* 0: full */
void buffer_free(struct buffers *b, uint32_t handle);	/* 0 is fine */
/* Puts bytes at an offset; false: no room, or beyond BUFFER_MAX. */
enum { BUFFER_MAX = 1 << 17 };
bool buffer_put(struct buffers *b, uint32_t handle, uint32_t offset, struct cur bytes);
uint32_t buffer_ready(const struct buffers *b, uint32_t handle);	/* bytes from offset 0 without a hole */
/* A view of the first n <= ready bytes; contiguous, valid until the next buffer_* call. */
struct cur buffer_view(struct buffers *b, uint32_t handle, uint32_t n);
void buffer_consume(struct buffers *b, uint32_t handle, uint32_t n);	/* drops the first n; the rest moves to offset 0 */

#endif
