/*
 * openvpn: the TLS inside OpenVPN's control channel, over UDP, or over TCP with a length before each packet.
 *
 *	opcode, key id (1) | session id (8) | [HMAC, packet id (4), time (4)] | acks (1 + 4n [+ 8]) | id (4) | TLS bytes
 *
 * The HMAC of tls-auth is not announced: its size is the one that makes the rest plausible.  With tls-crypt the TLS
 * is encrypted once more, and there is nothing to see.  Control packets are put in order by their id and given to
 * stream_next; data packets are told by their length.  Only the first key (key id 0) is followed: later ones are
 * negotiated by the same two parties over again.
 * https://openvpn.net/community-resources/openvpn-protocol/
 */
#include "tls/state.h"

enum { CONTROL = 4, ACKNOWLEDGE = 5, DATA_1 = 6, RESET_CLIENT = 7, RESET_SERVER = 8, DATA_2 = 9 };
enum { SESSION_ID = 8, ACKS_MAX = 8, ID_MAX = 1 << 20, HELD = 8, SIGNED_SINCE = 1000000000 };

struct held {
	uint32_t id, buffer; /* buffer 0: free */
	uint16_t length;
	uint8_t side;
};

struct openvpn {
	struct cur rest; /* of the piece, while the bytes inside a packet are read */
	uint8_t session[2][SESSION_ID];
	uint32_t next[2];           /* id of the next control packet */
	uint32_t stream;            /* half.carry as stream.c knows it */
	uint32_t frame[2], have[2]; /* TCP: buffer of a packet that came in parts, and its bytes so far */
	uint32_t skip[2];           /* TCP: bytes of a data packet still to come */
	struct held held[HELD];
	uint8_t hmac; /* bytes; read by `probed` */
	bool probed, inside, began[2], astray[2];
};

_Static_assert(sizeof(struct openvpn) <= STATE_BYTES, "an item holds it");

struct control {
	struct cur session, payload;
	uint32_t id, replay, time;
	uint8_t opcode, key;
};

static uint8_t
opcode_of(const struct cur *packet)
{
	return cur_peek(packet, 0) >> 3;
}

static bool
is_data(const struct cur *packet)
{
	return opcode_of(packet) == DATA_1 || opcode_of(packet) == DATA_2;
}

static bool
control_read(struct cur c, unsigned hmac, struct control *k)
{
	uint8_t first = cur_u8(&c), acks;

	k->opcode = first >> 3;
	k->key = first & 7;
	k->session = cur_sub(&c, SESSION_ID);
	k->replay = k->time = k->id = 0;
	if (hmac) {
		cur_skip(&c, hmac);
		k->replay = cur_u32(&c);
		k->time = cur_u32(&c);
	}
	acks = cur_u8(&c);
	cur_skip(&c, acks * 4U + (acks ? SESSION_ID : 0));
	if (k->opcode != ACKNOWLEDGE)
		k->id = cur_u32(&c);
	k->payload = c;
	return !c.bad && acks <= ACKS_MAX && k->id < ID_MAX;
}

static bool
starts_handshake(const struct cur *c)
{
	return cur_peek(c, 0) == 22 && cur_peek(c, 1) == 3 && cur_peek(c, 2) <= 4;
}

/* What a control packet read with the right size looks like. */
static bool
control_plausible(const struct control *k, unsigned hmac)
{
	if (hmac && (k->replay == 0 || k->replay >= ID_MAX || k->time < SIGNED_SINCE))
		return false;
	if (k->opcode == RESET_CLIENT || k->opcode == RESET_SERVER)
		return k->id == 0 && cur_left(&k->payload) == 0;
	if (k->opcode == ACKNOWLEDGE)
		return cur_left(&k->payload) == 0;
	return k->opcode == CONTROL && cur_left(&k->payload) > 0;
}

static bool
hmac_probe(struct cur packet, uint8_t *hmac, struct control *k)
{
	static const uint8_t sizes[] = {0, 20, 32, 64, 16, 28, 48};

	for (size_t i = 0; i < sizeof(sizes); i++) {
		*hmac = sizes[i];
		if (control_read(packet, *hmac, k) && k->key == 0 && control_plausible(k, *hmac))
			return true;
	}
	return false;
}

bool
openvpn_begins(const struct tls_piece *piece)
{
	struct cur c = piece->bytes;
	struct control k;
	uint8_t hmac;

	if (!piece->datagram)
		c = cur_sub(&c, cur_u16(&c));
	if (c.bad || !hmac_probe(c, &hmac, &k) || k.opcode == ACKNOWLEDGE)
		return false;
	return k.opcode != CONTROL || starts_handshake(&k.payload);
}

static void
held_free(struct tls *t, struct held *p)
{
	buffer_free(t->buffers, p->buffer);
	p->buffer = 0;
}

/* The waiting packet of this side with the lowest id; NULL: none. */
static struct held *
held_lowest(struct openvpn *o, unsigned side)
{
	struct held *low = NULL;

	for (struct held *p = o->held; p < o->held + HELD; p++)
		if (p->buffer && p->side == side && (!low || p->id < low->id))
			low = p;
	return low;
}

static void
held_drop(struct tls *t, struct openvpn *o, unsigned side)
{
	for (struct held *p = o->held; p < o->held + HELD; p++)
		if (p->side == side)
			held_free(t, p);
}

static bool
held_add(struct tls *t, struct openvpn *o, unsigned side, const struct control *k)
{
	for (struct held *p = o->held; p < o->held + HELD; p++) {
		if (p->buffer && p->side == side && p->id == k->id)
			return true;
	}
	for (struct held *p = o->held; p < o->held + HELD; p++) {
		if (p->buffer)
			continue;
		*p = (struct held){.id = k->id, .buffer = buffer_new(t->buffers), .side = (uint8_t)side};
		p->length = (uint16_t)cur_left(&k->payload);
		if (p->buffer && !buffer_put(t->buffers, p->buffer, 0, k->payload))
			held_free(t, p);
		return true;
	}
	return false;
}

/* A buffer's bytes, moved to the scratch where they stay until the piece is used up. */
static struct cur
buffer_move(struct tls *t, uint32_t *buffer, uint32_t n)
{
	struct cur view = buffer_view(t->buffers, *buffer, n);

	n = (uint32_t)cur_copy(&view, t->scratch, SCRATCH_BYTES);
	buffer_free(t->buffers, *buffer);
	*buffer = 0;
	return cur_of(t->scratch, n);
}

/* Goes inside the next packet that waited, if it is next, or (by force) whatever is: what lies before was lost. */
static bool
held_enter(struct tls *t, struct openvpn *o, struct tls_piece *piece, bool force)
{
	struct held *p = held_lowest(o, piece->side);

	while (p && p->id < o->next[piece->side]) {
		held_free(t, p);
		p = held_lowest(o, piece->side);
	}
	if (!p || (p->id > o->next[piece->side] && !force))
		return false;
	piece->lost = p->id > o->next[piece->side];
	piece->bytes = cur_of(t->scratch, 0);
	if (buffer_ready(t->buffers, p->buffer) >= p->length)
		piece->bytes = buffer_move(t, &p->buffer, p->length);
	held_free(t, p);
	o->next[piece->side] = p->id + 1;
	o->inside = true;
	return true;
}

/* A side's session id names its attempt; one that comes after TLS has begun is not followed. */
static bool
session_same(struct tls *t, struct openvpn *o, unsigned side, const struct control *k)
{
	bool reset = k->opcode == RESET_CLIENT || k->opcode == RESET_SERVER;
	struct cur id = k->session;

	if (o->began[side] && cur_starts(&id, o->session[side], SESSION_ID))
		return true;
	if (o->began[side] && (!reset || o->next[side] > 1))
		return false;
	cur_copy(&id, o->session[side], SESSION_ID);
	held_drop(t, o, side);
	o->next[side] = reset ? 0 : 1;
	if (!o->began[side] && starts_handshake(&k->payload))
		o->next[side] = k->id; /* a capture that begins late */
	o->began[side] = true;
	return true;
}

static void
control_enter(struct tls *t, struct openvpn *o, struct tls_piece *piece, struct cur packet)
{
	unsigned side = piece->side;
	struct control k;

	if (!o->probed)
		o->probed = hmac_probe(packet, &o->hmac, &k);
	if (!o->probed || !control_read(packet, o->hmac, &k) || k.key || !control_plausible(&k, o->hmac))
		return;
	if (k.opcode == ACKNOWLEDGE || !session_same(t, o, side, &k) || k.id < o->next[side])
		return;
	if (k.id > o->next[side]) {
		if (!held_add(t, o, side, &k))
			held_enter(t, o, piece, true);
		return;
	}
	o->next[side] = k.id + 1;
	o->inside = true;
	piece->lost = 0;
	piece->bytes = k.payload;
}

/* TCP: keeps the piece's bytes, up to n in all, for the packet that is not whole yet. */
static void
frame_keep(struct tls *t, struct openvpn *o, struct tls_piece *piece, uint32_t n)
{
	unsigned side = piece->side;
	struct cur part = piece->bytes;
	uint32_t have = o->have[side];

	part = cur_sub(&piece->bytes, n - have < cur_left(&part) ? n - have : cur_left(&part));
	if (!o->frame[side])
		o->frame[side] = buffer_new(t->buffers);
	if (!o->frame[side] || !buffer_put(t->buffers, o->frame[side], have, part))
		o->astray[side] = true;
	o->have[side] += (uint32_t)cur_left(&part);
}

static void
frame_drop(struct tls *t, struct openvpn *o, unsigned side)
{
	buffer_free(t->buffers, o->frame[side]);
	o->frame[side] = o->have[side] = 0;
}

/* After a hole only what is skipped anyway can be relied on; else a piece has to begin like a packet. */
static void
frame_resync(struct tls *t, struct openvpn *o, struct tls_piece *piece)
{
	unsigned side = piece->side;
	struct cur c = piece->bytes;
	uint16_t len = cur_u16(&c);

	if (piece->lost && o->skip[side] >= piece->lost) {
		o->skip[side] -= piece->lost;
	} else if (piece->lost) {
		o->skip[side] = 0;
		o->astray[side] = true;
	}
	piece->lost = 0;
	if (!o->astray[side])
		return;
	frame_drop(t, o, side);
	o->astray[side] = len <= SESSION_ID || opcode_of(&c) < CONTROL || opcode_of(&c) > DATA_2;
	if (o->astray[side])
		cur_skip(&piece->bytes, cur_left(&piece->bytes));
}

/* TCP: a packet that began in an earlier piece: first its length, then the rest of it. */
static bool
frame_rest(struct tls *t, struct openvpn *o, struct tls_piece *piece, struct cur *packet)
{
	unsigned side = piece->side;
	struct cur view;
	uint32_t need = 2;

	for (unsigned step = 0; step < 2; step++) {
		if (o->have[side] < need)
			frame_keep(t, o, piece, need);
		if (o->have[side] < need || o->astray[side])
			return false;
		view = buffer_view(t->buffers, o->frame[side], 2);
		need = cur_u16(&view) + 2U;
		o->astray[side] = view.bad || need > SCRATCH_BYTES;
	}
	if (o->have[side] < need || o->astray[side])
		return false;
	*packet = buffer_move(t, &o->frame[side], need);
	cur_skip(packet, 2);
	o->have[side] = 0;
	return true;
}

/* TCP: the next packet.  One of data is told by its first bytes, the rest of it is skipped. */
static bool
frame_next(struct tls *t, struct openvpn *o, struct tls_piece *piece, struct cur *packet, uint32_t *length)
{
	unsigned side = piece->side;
	size_t skip = o->skip[side] < cur_left(&piece->bytes) ? o->skip[side] : cur_left(&piece->bytes);
	struct cur c;

	cur_skip(&piece->bytes, skip);
	o->skip[side] -= (uint32_t)skip;
	if (!cur_left(&piece->bytes) || o->astray[side])
		return false;
	if (o->have[side]) {
		bool whole = frame_rest(t, o, piece, packet);

		*length = (uint32_t)cur_left(packet);
		return whole;
	}
	c = piece->bytes;
	*length = cur_u16(&c);
	if (c.bad || (cur_left(&c) < *length && (!cur_left(&c) || !is_data(&c)))) {
		frame_keep(t, o, piece, UINT16_MAX);
		return false;
	}
	if (cur_left(&c) < *length)
		o->skip[side] = *length - (uint32_t)cur_left(&c);
	*packet = cur_sub(&c, *length < cur_left(&c) ? *length : cur_left(&c));
	piece->bytes = c;
	return true;
}

static bool
packet_next(struct tls *t, struct openvpn *o, struct tls_piece *piece, struct cur *packet, uint32_t *length)
{
	*packet = cur_of(t->scratch, 0);
	if (!piece->datagram)
		return frame_next(t, o, piece, packet, length);
	*length = (uint32_t)cur_left(&piece->bytes) + piece->cut_bytes;
	*packet = cur_sub(&piece->bytes, cur_left(&piece->bytes));
	return cur_left(packet) > 0;
}

/* With AES-GCM: opcode and peer id (4; version 1: 1), packet id 4, tag 16. */
static void
data_told(struct tls *t, struct half *h, const struct tls_piece *piece, uint32_t length, struct tls_event *ev)
{
	enum { OVERHEAD = 24 };

	conn_protected(t, h, piece->side, 0, length, piece->time, ev);
	ev->application = true;
	ev->plain = length > OVERHEAD ? length - OVERHEAD : 0;
}

/* The bytes inside a control packet, as the stream that they are. */
static bool
inside_next(struct tls *t, struct half *h, struct openvpn *o, struct tls_piece *piece, struct tls_event *ev)
{
	uint32_t own = h->carry;
	bool told;

	h->carry = o->stream;
	told = stream_next(t, h, piece, ev);
	o->stream = h->carry;
	h->carry = own;
	return told;
}

static bool
packets_read(struct tls *t, struct half *h, struct openvpn *o, struct tls_piece *piece, struct tls_event *ev)
{
	struct cur packet;
	uint32_t length;

	while (!o->inside) {
		if (!packet_next(t, o, piece, &packet, &length))
			return false;
		if (is_data(&packet)) {
			data_told(t, h, piece, length, ev);
			return true;
		}
		o->rest = piece->bytes;
		control_enter(t, o, piece, packet);
	}
	return false;
}

bool
openvpn_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct openvpn *o = state_get(t, h);

	if (!o)
		return false;
	if (!o->inside && !piece->datagram)
		frame_resync(t, o, piece);
	while (o->inside || cur_left(&piece->bytes)) {
		if (!o->inside && packets_read(t, h, o, piece, ev))
			return true;
		if (!o->inside)
			return false;
		if (inside_next(t, h, o, piece, ev))
			return true;
		o->inside = false;
		if (!held_enter(t, o, piece, false))
			piece->bytes = o->rest;
	}
	return false;
}

void
openvpn_close(struct tls *t, struct half *h)
{
	struct openvpn *o = state_at(t, h);
	uint32_t own = h->carry;

	if (!o)
		return;
	for (unsigned side = 0; side < 2; side++) {
		held_drop(t, o, side);
		frame_drop(t, o, side);
	}
	h->carry = o->stream;
	stream_close(t, h);
	h->carry = own;
	state_drop(t, h);
}
