/*
 * quic_keys: what protects QUIC's Initial packets.  Anybody who sees a connection's first packet can compute it
 * (RFC 9001 5.2); that is why both hellos are there to be read.  Internal to quic.c.
 */
#ifndef TLS_QUIC_KEYS_H
#define TLS_QUIC_KEYS_H

#include "base/cur.h"

enum { QUIC_CID_MAX = 20, QUIC_CLIENT = 0, QUIC_SERVER = 1 };

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

/* One version on the wire; code is its short form: see quic_version_print. */
struct quic_version {
	uint32_t wire;
	uint16_t code;
	uint8_t salt;
};

/* False: a version whose Initial packets are not TLS (gQUIC), or that nobody here knows. */
bool quic_version_find(uint32_t wire, struct quic_version *v);

/* "1", "2", "draft-29", "mvfst-27"; returns the length, 0 for code 0. */
size_t quic_version_print(uint16_t code, char buf[16]);

/* Version 2 numbers the long packet types anew (RFC 9369 3.2). */
enum quic_type { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY };
enum quic_type quic_type_of(const struct quic_version *v, uint8_t first);

void quic_keys_derive(struct quic_keys *k, const struct quic_version *v, const uint8_t *cid, size_t cid_len,
		      unsigned direction);

/* A protected packet: its header up to the packet number, then the rest by the length field. */
struct quic_packet {
	struct cur header, payload;
};

/*
 * Removes the protection.  memory holds `room` bytes and the result.  *number: the highest packet number so far,
 * set to this packet's (RFC 9000 A.3).  False: not authentic, or too large for the room.
 */
bool quic_open(const struct quic_keys *k, const struct quic_packet *p, uint32_t *number, struct cur *plain,
	       uint8_t *memory, size_t room);

#endif
