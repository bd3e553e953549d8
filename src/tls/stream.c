/*
 * stream: TLS records over an ordered byte stream, by side.
 *
 *	piece --- header (may come in parts) --- body: handshake in clear   -> messages (may span records, or share one)
 *	                                              alert, CCS in clear   -> conn
 *	                                              anything protected    -> its length, never its bytes
 *
 * A ClientHello that opens a connection in one or two segments is read with the small item alone.  Everything else
 * takes the larger one.  Lost bytes inside a body that is skipped cost nothing; elsewhere the side is lost until a
 * place where records make sense again.  Never looks at what is encrypted.
 */
#include "tls/record.h"

enum {
	SKIP = 0, /* as full.type: nothing in this record is of interest */
	V2_CLIENT = 1,
	V2_SERVER = 4, /* as full.type: SSLv2's own message types */
	ALERT_BYTES = 2,
};

static void
message_drop(struct tls *t, struct full *f, unsigned side)
{
	buffer_free(t->buffers, f->buffer[side]);
	f->buffer[side] = 0;
	f->type[side] = SKIP;
}

/* What was lost of a server's handshake must not look like a resumption, which is the absence of messages. */
static void
message_lost(struct tls *t, struct half *h, struct full *f, unsigned side)
{
	if (side != conn_client(h) && !(f->side[side] & SIDE_CCS))
		f->flags |= FULL_HOLE;
	message_drop(t, f, side);
}

static void
side_lost(struct tls *t, struct half *h, struct full *f, unsigned side)
{
	message_lost(t, h, f, side);
	f->head_len[side] = 0;
	h->left[side] = 0;
	f->side[side] |= SIDE_LOST;
}

/* Bytes that make no sense where a record should begin: counted once a side. */
static void
side_bad(struct tls *t, struct half *h, struct full *f, unsigned side)
{
	side_lost(t, h, f, side);
	if (f->side[side] & SIDE_BAD)
		return;
	f->side[side] |= SIDE_BAD;
	if (h->stage & HALF_HELLO || f->flags & FULL_SERVER_HELLO || f->records[side] > 1)
		conn_bad(t, h);
	else
		h->stage |= HALF_GIVEN_UP;
}

/* n bytes of this side will never come. */
static void
stream_gap(struct tls *t, struct half *h, struct full *f, unsigned side, uint32_t n)
{
	if (n == 0 || f->side[side] & SIDE_LOST)
		return;
	if (n > h->left[side] || f->type[side] == V2_SERVER || f->type[side] == V2_CLIENT) {
		side_lost(t, h, f, side);
		return;
	}
	h->left[side] = (uint16_t)(h->left[side] - n);
	if (f->type[side] != SKIP)
		message_lost(t, h, f, side);
}

/* Whole messages off the front; false: what comes is no message. */
static bool
messages_read(struct tls *t, struct half *h, unsigned side, struct cur *c)
{
	while (cur_left(c) >= MESSAGE_HEAD) {
		struct cur m = *c, body;
		uint8_t type = cur_u8(&m);
		uint32_t length = cur_u24(&m);

		if (!message_known(type) || length > BUFFER_MAX - MESSAGE_HEAD)
			return false;
		if (cur_left(&m) < length)
			break;
		body = cur_sub(&m, length);
		*c = m;
		conn_message(t, h, side, type, body, t->now);
	}
	return true;
}

static bool
buffer_add(struct tls *t, uint32_t *handle, struct cur bytes)
{
	if (!*handle)
		*handle = buffer_new(t->buffers);
	return *handle && buffer_put(t->buffers, *handle, buffer_ready(t->buffers, *handle), bytes);
}

static bool
buffered_read(struct tls *t, struct half *h, struct full *f, unsigned side)
{
	uint32_t ready = buffer_ready(t->buffers, f->buffer[side]);
	struct cur c = buffer_view(t->buffers, f->buffer[side], ready);
	bool good = messages_read(t, h, side, &c);

	if (!cur_left(&c)) {
		buffer_free(t->buffers, f->buffer[side]);
		f->buffer[side] = 0;
	} else {
		buffer_consume(t->buffers, f->buffer[side], ready - (uint32_t)cur_left(&c));
	}
	return good;
}

static void
handshake_read(struct tls *t, struct half *h, struct full *f, unsigned side, struct cur body)
{
	bool good = true;

	if (!f->buffer[side])
		good = messages_read(t, h, side, &body);
	if (good && cur_left(&body)) {
		if (!buffer_add(t, &f->buffer[side], body)) {
			t->counts->tls_no_memory++;
			message_lost(t, h, f, side);
			return;
		}
		good = buffered_read(t, h, f, side);
	}
	if (!good) {
		conn_bad(t, h);
		message_lost(t, h, f, side);
	}
}

static void
alert_read(struct tls *t, struct half *h, struct full *f, unsigned side, struct cur body)
{
	while (cur_left(&body)) {
		f->head[side][f->head_len[side]++] = cur_u8(&body);
		if (f->head_len[side] < ALERT_BYTES)
			continue;
		f->head_len[side] = 0;
		conn_alert(t, h, side, f->head[side][0], f->head[side][1]);
	}
	if (!h->left[side])
		f->head_len[side] = 0;
}

/* The body of an SSLv2 hello behind its type byte; what a server says in SSLv2 after it is encrypted. */
static void
sslv2_read(struct tls *t, struct half *h, struct full *f, unsigned side, struct cur body)
{
	struct cur all;
	uint8_t type;

	if (!buffer_add(t, &f->buffer[side], body) || !h->left[side]) {
		all = buffer_view(t->buffers, f->buffer[side], buffer_ready(t->buffers, f->buffer[side]));
		type = cur_u8(&all);
		if (type == V2_CLIENT)
			conn_hello_sslv2(t, h, side, all, t->now);
		else if (type == V2_SERVER)
			conn_server_sslv2(t, h, side, all, t->now);
		message_drop(t, f, side);
		if (type == V2_SERVER && f->version == 2)
			h->stage |= HALF_GIVEN_UP;
	}
}

static void
body_read(struct tls *t, struct half *h, struct full *f, struct tls_piece *piece)
{
	unsigned side = piece->side;
	size_t left = cur_left(&piece->bytes), n = left < h->left[side] ? left : h->left[side];
	struct cur body = cur_sub(&piece->bytes, n);

	h->left[side] = (uint16_t)(h->left[side] - n);
	switch (f->type[side]) {
	case CCS:
		conn_change_cipher(t, h, side);
		f->type[side] = SKIP;
		break;
	case ALERT:
		alert_read(t, h, f, side, body);
		break;
	case HANDSHAKE:
		handshake_read(t, h, f, side, body);
		break;
	case V2_CLIENT:
	case V2_SERVER:
		sslv2_read(t, h, f, side, body);
		break;
	default:
		break;
	}
}

static bool
starts_hello(struct cur body, const struct head *r)
{
	return cur_u8(&body) == CLIENT_HELLO && cur_u24(&body) + MESSAGE_HEAD == r->length && !body.bad;
}

/* Is the record's body encrypted?  Type 22 and 21 are so from a side's ChangeCipherSpec on, up to TLS 1.2. */
static bool
is_protected(const struct half *h, const struct full *f, unsigned side, const struct head *r, struct cur body)
{
	bool met = h->stage & HALF_HELLO || f->flags & (FULL_SERVER_HELLO | FULL_RETRY);
	bool starts = cur_left(&body) >= MESSAGE_HEAD && message_known(cur_peek(&body, 0));

	if (r->type == APPLICATION)
		return true;
	if (r->type == CCS || f->flags & FULL_13)
		return false;
	if (!met && r->type == HANDSHAKE) /* picked up midway: renegotiation, or a handshake in clear */
		return cur_left(&body) >= MESSAGE_HEAD && !starts;
	if (r->type != HANDSHAKE)
		return f->side[side] & SIDE_CCS || r->length > ALERT_BYTES;
	/* Where the server is not seen, a client's ChangeCipherSpec may stand before its second hello (RFC 8446
	   D.4). */
	return f->side[side] & SIDE_CCS && (f->flags & FULL_SERVER_HELLO || !starts_hello(body, r));
}

/* Collects a header that comes in parts; false: the piece is used up. */
static bool
head_gather(struct full *f, unsigned side, struct cur *c, struct cur *head)
{
	uint8_t n = f->head_len[side];

	if (n == 0 && cur_left(c) >= RECORD_HEAD) {
		*head = cur_sub(c, RECORD_HEAD);
		return true;
	}
	n = (uint8_t)(n + cur_copy(c, f->head[side] + n, RECORD_HEAD - (size_t)n));
	f->head_len[side] = n;
	if (n < RECORD_HEAD)
		return false;
	f->head_len[side] = 0;
	*head = cur_of(f->head[side], RECORD_HEAD);
	return true;
}

/*
 * SSLv2 framing, of which `head` has the first five bytes: the ClientHello that opens a connection, and the server's
 * first word to it.
 */
static unsigned
sslv2_type(const struct half *h, const struct full *f, unsigned side, const struct cur *head)
{
	uint8_t type = cur_peek(head, 2);

	if (!(cur_peek(head, 0) & 0x80) || f->records[side] || f->flags & FULL_SERVER_HELLO)
		return SKIP;
	if (type == V2_CLIENT && !(h->stage & HALF_HELLO))
		return V2_CLIENT;
	return type == V2_SERVER && h->flags & HELLO_SSLV2 && side != conn_client(h) ? V2_SERVER : SKIP;
}

static bool
sslv2_head(struct tls *t, struct half *h, struct tls_piece *piece, struct cur head, struct tls_event *ev)
{
	struct full *f = pool_at(&t->fulls, h->full);
	unsigned side = piece->side, type = sslv2_type(h, f, side, &head);
	uint16_t length = cur_u16(&head) & 0x7fff;

	if (length < cur_left(&head)) {
		side_bad(t, h, f, side);
		return false;
	}
	conn_record(f, piece, HANDSHAKE, length, ev);
	f->type[side] = (uint8_t)type;
	h->left[side] = (uint16_t)(length - cur_left(&head));
	sslv2_read(t, h, f, side, head);
	return true;
}

/* The record after this one is as long: two tickets of one server look like this. */
static void
twin_note(struct full *f, const struct head *r, struct cur body)
{
	struct head next;

	f->flags &= (uint16_t)~FULL_TWIN;
	if (cur_skip(&body, r->length) && head_read(&body, &next) && next.type == r->type && next.length == r->length)
		f->flags |= FULL_TWIN;
}

static void
protected_read(struct half *h, struct full *f, struct tls_piece *piece, const struct head *r)
{
	size_t left = cur_left(&piece->bytes), n = left < r->length ? left : r->length;

	if (!(f->flags & FULL_STEADY))
		twin_note(f, r, piece->bytes);
	f->type[piece->side] = SKIP;
	h->left[piece->side] = (uint16_t)(r->length - n);
	cur_skip(&piece->bytes, n);
}

/* True: a record begins, *ev tells it. */
static bool
record_read(struct tls *t, struct half *h, struct full *f, struct tls_piece *piece, struct tls_event *ev)
{
	unsigned side = piece->side;
	struct head r;
	struct cur head;

	if (!head_gather(f, side, &piece->bytes, &head))
		return false;
	if (sslv2_type(h, f, side, &head) != SKIP)
		return sslv2_head(t, h, piece, head, ev);
	head_read(&head, &r);
	if (!head_sane(&r)) {
		side_bad(t, h, f, side);
		return false;
	}
	if (is_protected(h, f, side, &r, piece->bytes)) {
		protected_read(h, f, piece, &r);
		conn_protected(t, h, side, r.type, r.length, piece->time, ev);
	} else {
		f->type[side] = r.type;
		h->left[side] = r.length;
		conn_record(f, piece, r.type, r.length, ev);
	}
	return true;
}

/* A piece of a lost side. */
static void
resync(struct full *f, struct tls_piece *piece)
{
	if (stream_find(&piece->bytes))
		f->side[piece->side] &= (uint8_t)~SIDE_LOST;
}

static bool
stream_full(struct tls *t, struct half *h, struct full *f, struct tls_piece *piece, struct tls_event *ev)
{
	unsigned side = piece->side;

	stream_gap(t, h, f, side, piece->lost);
	piece->lost = 0;
	while (cur_left(&piece->bytes) && !t->pending) {
		if (h->stage & HALF_GIVEN_UP)
			cur_skip(&piece->bytes, cur_left(&piece->bytes));
		else if (h->left[side])
			body_read(t, h, f, piece);
		else if (f->side[side] & SIDE_LOST)
			resync(f, piece);
		else if (record_read(t, h, f, piece, ev))
			return true;
	}
	if (t->pending)
		return false;
	stream_gap(t, h, f, side, piece->cut_bytes);
	piece->cut_bytes = 0;
	return false;
}

/* Nothing half read but bodies of no interest. */
static void
steady_note(struct half *h, const struct full *f)
{
	bool tcp = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;
	unsigned odd = f->type[0] | f->type[1] | f->head_len[0] | f->head_len[1] |
		       ((f->side[0] | f->side[1]) & SIDE_LOST) | (h->stage & HALF_GIVEN_UP);

	h->stage &= (uint8_t)~HALF_STEADY;
	if (tcp && !odd && conn_is_steady(h, f))
		h->stage |= HALF_STEADY;
}

/* Takes the larger item and goes on there.  What the small one has of a ClientHello goes with it. */
static bool
stream_grow(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	bool tcp = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;
	uint32_t half_read = tcp && !(h->stage & HALF_PARKED) ? h->carry : 0;
	struct full *f = conn_full(t, h);

	if (!f) {
		h->stage |= HALF_GIVEN_UP;
		cur_skip(&piece->bytes, cur_left(&piece->bytes));
		return false;
	}
	if (half_read) {
		f->buffer[conn_client(h)] = half_read;
		f->type[conn_client(h)] = HANDSHAKE;
		h->carry = 0;
	}
	return stream_full(t, h, f, piece, ev);
}

/* A record that is one ClientHello: whole, or its beginning. */
static bool
hello_alone(const struct half *h, struct cur *c, struct head *r)
{
	struct cur m;

	if (h->stage & HALF_HELLO || h->carry || !head_read(c, r) || !head_sane(r) || r->type != HANDSHAKE)
		return false;
	m = *c;
	return cur_u8(&m) == CLIENT_HELLO && cur_u24(&m) + MESSAGE_HEAD == r->length && !m.bad;
}

static void
hello_give(struct tls *t, struct half *h, unsigned side, struct cur message)
{
	cur_skip(&message, MESSAGE_HEAD);
	conn_message(t, h, side, CLIENT_HELLO, message, t->now);
}

/* The rest of a ClientHello of which the small item has the beginning. */
static bool
hello_go_on(struct tls *t, struct half *h, struct tls_piece *piece)
{
	unsigned side = piece->side;
	size_t left = cur_left(&piece->bytes), n = left < h->left[side] ? left : h->left[side];
	uint32_t buffer = h->carry, ready;

	if (!buffer_add(t, &buffer, cur_sub(&piece->bytes, n)))
		return false;
	h->left[side] = (uint16_t)(h->left[side] - n);
	if (h->left[side])
		return true;
	h->carry = 0;
	ready = buffer_ready(t->buffers, buffer);
	hello_give(t, h, side, buffer_view(t->buffers, buffer, ready));
	buffer_free(t->buffers, buffer);
	return true;
}

/* Begins a ClientHello with the small item alone; true: done, *ev tells the record. */
static bool
hello_begin(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct cur c = piece->bytes;
	struct head r;
	size_t n;

	if (!hello_alone(h, &c, &r))
		return false;
	n = cur_left(&c) < r.length ? cur_left(&c) : r.length;
	if (n < r.length && !buffer_add(t, &h->carry, c))
		return false;
	*ev = (struct tls_event){
		.kind = TLS_RECORD, .side = piece->side, .type = HANDSHAKE, .length = r.length, .time = piece->time};
	conn_client_is(h, piece->side);
	if (n == r.length)
		hello_give(t, h, piece->side, cur_sub(&c, n));
	else {
		h->left[piece->side] = (uint16_t)(r.length - n);
		cur_skip(&c, n);
	}
	piece->bytes = c;
	return true;
}

bool
stream_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	bool tcp = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS, whole = !piece->lost, told;
	struct full *f;

	if (h->full) {
		f = pool_at(&t->fulls, h->full);
		told = stream_full(t, h, f, piece, ev);
		steady_note(h, f);
		return told;
	}
	if (h->stage & HALF_GIVEN_UP) {
		cur_skip(&piece->bytes, cur_left(&piece->bytes));
		return false;
	}
	if (tcp && whole && !(h->stage & HALF_PARKED) && h->carry && piece->side == conn_client(h) &&
	    hello_go_on(t, h, piece)) {
		if (!cur_left(&piece->bytes) && !piece->cut_bytes)
			return false;
	} else if (tcp && whole && hello_begin(t, h, piece, ev)) {
		return true;
	}
	if (!cur_left(&piece->bytes) && !piece->lost && !piece->cut_bytes)
		return false;
	return stream_grow(t, h, piece, ev);
}

void
stream_close(struct tls *t, struct half *h)
{
	bool tcp = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;

	if (tcp && !h->full && !(h->stage & HALF_PARKED))
		buffer_free(t->buffers, h->carry);
}
