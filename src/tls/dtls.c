/*
 * dtls: DTLS records and handshake fragments become handshake messages, each given once and in order.
 *
 *	13-byte header (RFC 6347 4.1)	1.0 feff, 1.2 fefd, and OpenSSL's before 0.9.8f 0100 (Cisco AnyConnect)
 *	001CSLEE (RFC 9147 4)		1.3 after the hellos
 *	STUN, TURN, RTP between		WebRTC on one pair of ports (RFC 7983); relayed DTLS is taken out of its wrapping
 *
 * Messages that come whole and in order need no memory: what is next is kept in half.left.  An item of the pool
 * is held only while fragments wait.  Must not judge what a message says.
 */
#include "tls/state.h"

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23, CID = 25, ACK = 26 };
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, VERIFY_REQUEST = 3, HANDSHAKE_LAST = 25 };

/* half.left[side]: the next message_seq of that side, and: */
enum { SEQ = 0x0fff, STARTED = 0x8000, VERIFYING = 0x4000 };

enum { PARTS = 16 };

/* A message that waits for its rest, or for an earlier one. */
struct part {
	uint32_t length, buffer; /* buffer 0: free */
	uint16_t seq;
	uint8_t side, type;
};

struct dtls {
	struct part part[PARTS];
};

_Static_assert(sizeof(struct dtls) <= STATE_BYTES, "an item holds it");

struct record {
	struct cur body;
	uint32_t length; /* as said; body is shorter in a cut capture */
	uint8_t type;
	bool clear; /* epoch 0 */
};

struct fragment {
	struct cur bytes;
	uint32_t length, offset;
	uint16_t seq;
	uint8_t type, side;
};

static bool
is_version(uint16_t v)
{
	return v == 0xfeff || v == 0xfefd || v == 0xfefc || v == 0x0100;
}

/* RFC 8489 14: the attribute DATA (RFC 8656 18.4) of a Send or Data indication. */
static struct cur
stun_data(struct cur c)
{
	enum { STUN_DATA = 0x0013 };
	struct cur body;

	cur_skip(&c, 2);
	body = cur_sub(&c, (size_t)cur_u16(&c) + 16); /* the length leaves out magic cookie and transaction */
	cur_skip(&body, 16);
	while (cur_left(&body)) {
		uint16_t type = cur_u16(&body), len = cur_u16(&body);
		struct cur value = cur_sub(&body, len);

		if (type == STUN_DATA)
			return value;
		if (cur_left(&body) >= (-len & 3U))
			cur_skip(&body, -len & 3U);
	}
	return body;
}

/* A datagram's own bytes, or what a TURN relay carries in them. */
static struct cur
unwrap(struct cur c)
{
	static const uint8_t magic[4] = {0x21, 0x12, 0xa4, 0x42};
	struct cur at = c;

	if ((cur_peek(&c, 0) & 0xf0) == 0x40) { /* ChannelData, RFC 8656 12.4 */
		cur_skip(&at, 2);
		return cur_sub(&at, cur_u16(&at));
	}
	if (cur_peek(&c, 0) < 2 && cur_skip(&at, 4) && cur_starts(&at, magic, sizeof(magic)))
		return stun_data(c);
	return c;
}

/* 001CSLEE: without the connection id's length the rest of the datagram counts as one record. */
static bool
unified_read(struct cur *c, struct record *r)
{
	uint8_t flags = cur_u8(c);

	*r = (struct record){.type = APPLICATION};
	if (flags & 0x10) {
		r->body = cur_sub(c, cur_left(c));
	} else {
		cur_skip(c, flags & 0x08 ? 2 : 1);
		r->body = cur_sub(c, flags & 0x04 ? cur_u16(c) : cur_left(c));
	}
	r->length = (uint32_t)cur_left(&r->body);
	return !r->body.bad;
}

static bool
record_read(struct cur *c, struct record *r)
{
	uint16_t version, epoch;

	if ((cur_peek(c, 0) & 0xe0) == 0x20)
		return unified_read(c, r);
	r->type = cur_u8(c);
	version = cur_u16(c);
	epoch = cur_u16(c);
	cur_skip(c, 6);
	if (c->bad || r->type < CHANGE_CIPHER || r->type > ACK || !is_version(version))
		return false;
	r->clear = epoch == 0 && r->type != CID;
	r->length = r->type == CID ? (uint32_t)cur_left(c) : cur_u16(c); /* RFC 9146: id of unknown length */
	r->body = cur_sub(c, r->length < cur_left(c) ? r->length : cur_left(c));
	return !c->bad;
}

static bool
fragment_read(struct cur *c, struct fragment *f)
{
	f->type = cur_u8(c);
	f->length = cur_u24(c);
	f->seq = cur_u16(c);
	f->offset = cur_u24(c);
	f->bytes = cur_sub(c, cur_u24(c));
	return !c->bad && f->offset <= f->length && cur_left(&f->bytes) <= f->length - f->offset;
}

static void
part_free(struct tls *t, struct part *p)
{
	buffer_free(t->buffers, p->buffer);
	p->buffer = 0;
}

static struct part *
part_find(struct dtls *d, const struct fragment *f)
{
	struct part *unused = NULL;

	for (struct part *p = d->part; p < d->part + PARTS; p++) {
		if (!p->buffer)
			unused = p;
		else if (p->side == f->side && p->seq == f->seq)
			return p;
	}
	return unused;
}

/* Messages that follow HelloVerifyRequest may count from 0 or from 1, by implementation (RFC 6347 4.2.2). */
static void
message_give(struct tls *t, struct half *h, const struct fragment *f, struct when time)
{
	uint16_t keep = h->left[f->side] & VERIFYING;

	if (f->type == CLIENT_HELLO || f->type == SERVER_HELLO)
		keep = 0;
	h->left[f->side] = (uint16_t)(((f->seq + 1) & SEQ) | STARTED | keep);
	if (f->type == VERIFY_REQUEST) {
		h->left[0] |= VERIFYING;
		h->left[1] |= VERIFYING;
	}
	conn_message(t, h, f->side, f->type, f->bytes, time);
}

/* Is it new?  Sets what is next where a hello says so: a capture may begin late. */
static bool
message_expected(struct half *h, const struct fragment *f)
{
	uint16_t *left = &h->left[f->side];
	bool hello = f->type >= CLIENT_HELLO && f->type <= VERIFY_REQUEST;

	if (f->seq >= SEQ - PARTS)
		return false;
	if (hello && (!(*left & STARTED) || *left & VERIFYING))
		*left = (uint16_t)((*left & ~SEQ) | f->seq);
	return f->seq >= (*left & SEQ) && f->seq < (*left & SEQ) + PARTS;
}

/* The complete message of this side with the lowest number; NULL: none, or (without holes) not the next one. */
static struct part *
part_ready(struct tls *t, const struct half *h, struct dtls *d, unsigned side, bool holes)
{
	struct part *low = NULL;

	for (struct part *p = d->part; p < d->part + PARTS; p++) {
		if (!p->buffer || p->side != side || (low && p->seq > low->seq))
			continue;
		if (!holes && p->seq != (h->left[side] & SEQ))
			continue;
		if (buffer_ready(t->buffers, p->buffer) >= p->length)
			low = p;
	}
	return low;
}

static void
parts_give(struct tls *t, struct half *h, unsigned side, bool holes, struct when time)
{
	struct dtls *d = state_at(t, h);
	struct part *p;

	while (d && (p = part_ready(t, h, d, side, holes))) {
		struct fragment f = {.seq = p->seq, .type = p->type, .side = p->side, .length = p->length};

		f.bytes = buffer_view(t->buffers, p->buffer, p->length);
		message_give(t, h, &f, time);
		part_free(t, p);
	}
}

/* Frees what can no longer be given, and the item when nothing waits. */
static void
parts_tidy(struct tls *t, struct half *h, unsigned side, bool all)
{
	struct dtls *d = state_at(t, h);
	unsigned waiting = 0;

	if (!d)
		return;
	for (struct part *p = d->part; p < d->part + PARTS; p++) {
		if (p->buffer && p->side == side && (all || p->seq < (h->left[side] & SEQ)))
			part_free(t, p);
		waiting += p->buffer != 0;
	}
	if (!waiting)
		state_drop(t, h);
}

/* A side that turns to encryption has said all it has to say in clear: what is still missing was lost. */
static void
parts_end(struct tls *t, struct half *h, unsigned side, struct when time)
{
	if (!h->carry)
		return;
	parts_give(t, h, side, true, time);
	parts_tidy(t, h, side, true);
}

static void
part_keep(struct tls *t, struct half *h, const struct fragment *f, struct when time)
{
	struct dtls *d = state_get(t, h);
	struct part *p = d ? part_find(d, f) : NULL;

	if (!d)
		return;
	if (!p) { /* full: give up what never came */
		parts_end(t, h, f->side, time);
		return;
	}
	if (!p->buffer)
		*p = (struct part){.length = f->length,
				   .buffer = buffer_new(t->buffers),
				   .seq = f->seq,
				   .side = f->side,
				   .type = f->type};
	if (p->buffer && p->length == f->length && !buffer_put(t->buffers, p->buffer, f->offset, f->bytes))
		part_free(t, p);
}

static void
fragment_add(struct tls *t, struct half *h, const struct fragment *f, struct when time)
{
	size_t n = cur_left(&f->bytes);

	if (!message_expected(h, f) || f->length > BUFFER_MAX || (n == 0 && f->length))
		return;
	if (n == f->length && f->seq == (h->left[f->side] & SEQ))
		message_give(t, h, f, time);
	else
		part_keep(t, h, f, time);
	if (h->carry) {
		parts_give(t, h, f->side, false, time);
		parts_tidy(t, h, f->side, false);
	}
}

static void
handshake_read(struct tls *t, struct half *h, const struct tls_piece *piece, struct cur body)
{
	struct fragment f = {.side = piece->side};

	while (cur_left(&body)) {
		if (!fragment_read(&body, &f)) {
			if (!piece->cut_bytes)
				conn_bad(t, h);
			return;
		}
		fragment_add(t, h, &f, piece->time);
	}
}

static void
clear_read(struct tls *t, struct half *h, const struct tls_piece *piece, struct record *r)
{
	uint8_t level;

	if (r->type == HANDSHAKE) {
		handshake_read(t, h, piece, r->body);
	} else if (r->type == CHANGE_CIPHER) {
		parts_end(t, h, piece->side, piece->time);
		conn_change_cipher(t, h, piece->side);
	} else if (r->type == ALERT && cur_left(&r->body) >= 2) {
		level = cur_u8(&r->body);
		conn_alert(t, h, piece->side, level, cur_u8(&r->body));
	}
}

bool
dtls_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct record r;

	piece->bytes = unwrap(piece->bytes);
	while (cur_left(&piece->bytes)) {
		if (!record_read(&piece->bytes, &r))
			break;
		if (r.clear) {
			clear_read(t, h, piece, &r);
			continue;
		}
		parts_end(t, h, piece->side, piece->time);
		conn_protected(t, h, piece->side, r.type, r.length, piece->time, ev);
		return true;
	}
	cur_skip(&piece->bytes, cur_left(&piece->bytes));
	return false;
}

/* A handshake record in clear whose first fragment fits: an OpenSSL 0.9.8 hello has nothing rarer to show. */
bool
dtls_begins(const struct tls_piece *piece)
{
	struct cur c = unwrap(piece->bytes);
	struct record r;
	struct fragment f;

	if (!piece->datagram || cur_peek(&c, 0) != HANDSHAKE || !record_read(&c, &r) || !r.clear)
		return false;
	if (cur_left(&r.body) != r.length && !piece->cut_bytes)
		return false;
	return fragment_read(&r.body, &f) && f.type >= CLIENT_HELLO && f.type <= HANDSHAKE_LAST &&
	       f.length <= BUFFER_MAX;
}

void
dtls_close(struct tls *t, struct half *h)
{
	parts_tidy(t, h, 0, true);
	parts_tidy(t, h, 1, true);
}
