/*
 * record: the five bytes in front of a TLS record (RFC 8446 5.1).  Internal to src/tls.
 */
#ifndef TLS_RECORD_H
#define TLS_RECORD_H

#include "tls/conn.h"

enum {
	CCS = 20,
	ALERT = 21,
	HANDSHAKE = 22,
	APPLICATION = 23,
	HEARTBEAT = 24,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	RECORD_HEAD = 5,
	MESSAGE_HEAD = 4,
	RECORD_MAX = (1 << 14) + 2048, /* RFC 5246 6.2.3 */
};

struct head {
	uint8_t type;
	uint16_t version, length;
};

static inline bool
head_read(struct cur *c, struct head *r)
{
	const uint8_t *h = cur_take(c, RECORD_HEAD);

	*r = (struct head){0};
	if (h)
		*r = (struct head){h[0], (uint16_t)(h[1] << 8 | h[2]), (uint16_t)(h[3] << 8 | h[4])};
	return h != NULL;
}

static inline bool
head_sane(const struct head *r)
{
	return r->type >= CCS && r->type <= HEARTBEAT && r->version >= 0x0300 && r->version <= 0x0304 &&
	       r->length <= RECORD_MAX;
}

/* HelloRequest ... Finished, KeyUpdate, CompressedCertificate: RFC 5246 7.4, 8446 B.3, 8879. */
static inline bool
message_known(uint8_t type)
{
	const uint64_t known = 0x3f1f97f;

	return type < 64 && known >> type & 1;
}

enum { TAG = 16, UNKNOWN_OVERHEAD = 1 + TAG, ALERT_13 = 2 + 1 + TAG /* level, description, type, tag */ };

static inline void
conn_count(struct full *f, unsigned side, uint32_t records, uint32_t bytes)
{
	if (__builtin_add_overflow(f->records[side], records, &f->records[side]))
		f->records[side] = UINT32_MAX;
	if (__builtin_add_overflow(f->record_bytes[side], bytes, &f->record_bytes[side]))
		f->record_bytes[side] = UINT32_MAX;
}

/* A record in clear: counts it and fills *ev.  (conn_protected does both itself.) */
static inline void
conn_record(struct full *f, const struct tls_piece *piece, uint8_t type, uint32_t length, struct tls_event *ev)
{
	unsigned side = piece->side;

	*ev = (struct tls_event){
		.kind = TLS_RECORD, .side = piece->side, .type = type, .length = length, .time = piece->time};
	conn_count(f, side, 1, length);
}

static inline uint32_t
plain_of(const struct full *f, uint32_t length)
{
	uint32_t overhead = f->overhead ? f->overhead : UNKNOWN_OVERHEAD;

	return length > overhead ? length - overhead : 0;
}

/* A record of type 23 once conn_is_steady. */
static inline void
conn_steady(struct full *f, const struct tls_piece *piece, uint32_t length, struct tls_event *ev)
{
	conn_record(f, piece, APPLICATION, length, ev);
	if (f->flags & FULL_13 && length == ALERT_13)
		return;
	ev->application = true;
	ev->plain = plain_of(f, length);
}

#endif
