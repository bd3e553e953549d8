/*
 * quic: both hellos of a QUIC connection, read from its Initial packets; of the rest, the lengths.
 *
 *	datagram -> packets -> Initial: keys of the client's first DCID -> CRYPTO frames -> messages
 *			    -> 0-RTT, Handshake, 1-RTT: one TLS_RECORD a datagram, type 0
 *
 * Keys and CRYPTO bytes lie in an item of tls.states until the client goes on to Handshake packets.  Decryption
 * that fails is bounded for each connection, so that a flood of nonsense costs no more than a flood.
 * RFC 9000, 9001, 9369.  Google's own QUIC (Q043 ... Q050) is not TLS and is left alone.
 */
#include "base/crypt.h"
#include "tls/quic_keys.h"
#include "tls/state.h"

enum { LONG = 0x80, FIXED = 0x40, FAILURES_MAX = 32, PACKETS_MAX = 16 };

/* left[1]: ids' lengths in 5 bits for each side's packets, and: */
enum { CID_BITS = 5, CID_MASK = 31, SAW_SERVER = 0x0400, CLIENT_SIDE = 0x0800, CLIENT_KNOWN = 0x1000, OVER = 0x2000 };

struct quic {
	struct quic_keys keys[2];     /* by direction */
	uint32_t keyed[2];            /* wire version they were made for; 0: none */
	uint32_t number[2];           /* highest packet number */
	uint32_t buffer[2], given[2]; /* CRYPTO bytes: those that wait, and how many messages took */
	uint32_t end[2];              /* of the CRYPTO bytes seen */
	uint8_t cid[QUIC_CID_MAX], cid_len;
	uint8_t failures;
};

_Static_assert(sizeof(struct quic) <= STATE_BYTES, "an item holds it");

/* A long header.  The fixed bit says nothing: servers clear it at random (RFC 9287). */
struct packet {
	struct quic_version version;
	struct cur dcid, scid;
	struct quic_packet sealed;
	enum quic_type type;
	bool known; /* version; else the rest of the datagram is opaque */
};

/* What a datagram holds beside the hellos. */
struct tally {
	uint32_t length, plain;
	bool application;
};

static uint64_t
varint(struct cur *c)
{
	uint8_t first = cur_u8(c);
	uint64_t v = first & 0x3f;

	for (unsigned more = (1u << (first >> 6)) - 1; more; more--)
		v = v << 8 | cur_u8(c);
	return v;
}

/* A sub-cursor with a length that may be larger than size_t. */
static struct cur
varint_sub(struct cur *c)
{
	uint64_t n = varint(c);

	return cur_sub(c, n > UINT32_MAX ? UINT32_MAX : (size_t)n);
}

static bool
packet_read(struct cur *c, struct packet *p)
{
	const uint8_t *start = c->p;
	uint8_t first = cur_u8(c);
	uint32_t wire = cur_u32(c);

	p->dcid = cur_sub(c, cur_u8(c));
	p->scid = cur_sub(c, cur_u8(c));
	p->known = quic_version_find(wire, &p->version);
	if (c->bad || !p->known)
		return !c->bad;
	if (cur_left(&p->dcid) > QUIC_CID_MAX || cur_left(&p->scid) > QUIC_CID_MAX)
		return false;
	p->type = quic_type_of(&p->version, first);
	if (p->type == QUIC_RETRY) {
		p->sealed.payload = cur_sub(c, cur_left(c));
		return true;
	}
	if (p->type == QUIC_INITIAL)
		varint_sub(c); /* token */
	p->sealed.payload = varint_sub(c);
	p->sealed.header = cur_of(start, 0);
	if (!c->bad)
		p->sealed.header.end = p->sealed.payload.p;
	return !c->bad;
}

/* One Initial packet that is being read. */
struct reader {
	struct tls *t;
	struct half *h;
	struct quic *q;
	const struct tls_piece *piece;
	unsigned direction;
};

static void
message_give(const struct reader *r, struct cur *bytes)
{
	uint8_t type = cur_u8(bytes);
	struct cur body = cur_sub(bytes, cur_u24(bytes));

	r->q->given[r->direction] += 4 + (uint32_t)cur_left(&body);
	if (r->direction == QUIC_SERVER)
		r->h->left[1] |= SAW_SERVER;
	conn_message(r->t, r->h, r->piece->side, type, body, r->piece->time);
}

/* The length of the message that begins here, with its header; 0: it is not whole. */
static uint32_t
message_length(struct cur bytes)
{
	uint32_t left = (uint32_t)cur_left(&bytes), len;

	cur_skip(&bytes, 1);
	len = cur_u24(&bytes) + 4;
	return bytes.bad || len > left ? 0 : len;
}

/* Gives the messages that became whole. */
static void
messages_give(const struct reader *r)
{
	struct buffers *b = r->t->buffers;
	uint32_t buffer = r->q->buffer[r->direction], ready, len;
	struct cur view;

	while ((ready = buffer_ready(b, buffer))) {
		len = message_length(buffer_view(b, buffer, ready));
		if (!len)
			return;
		view = buffer_view(b, buffer, len);
		message_give(r, &view);
		buffer_consume(b, buffer, len);
	}
	if (r->q->given[r->direction] < r->q->end[r->direction])
		return;
	buffer_free(b, buffer);
	r->q->buffer[r->direction] = 0;
}

/* Most hellos come in one frame and wait for nothing; Chrome cuts and shuffles (any offset, any order, overlaps). */
static void
crypto_add(const struct reader *r, uint64_t offset, struct cur bytes)
{
	uint32_t *buffer = &r->q->buffer[r->direction], *end = &r->q->end[r->direction];
	uint32_t given = r->q->given[r->direction];
	size_t again;

	if (offset + cur_left(&bytes) <= given || offset > given + (uint64_t)BUFFER_MAX)
		return;
	again = offset < given ? (size_t)(given - offset) : 0;
	cur_skip(&bytes, again);
	offset += again;
	while (!*buffer && offset == given && message_length(bytes)) {
		message_give(r, &bytes);
		offset = given = r->q->given[r->direction];
	}
	if (!cur_left(&bytes))
		return;
	if (!*buffer)
		*buffer = buffer_new(r->t->buffers);
	if (offset + cur_left(&bytes) > *end)
		*end = (uint32_t)(offset + cur_left(&bytes));
	if (*buffer && buffer_put(r->t->buffers, *buffer, (uint32_t)(offset - given), bytes))
		messages_give(r);
}

static void
ack_skip(struct cur *c, bool ecn)
{
	uint64_t ranges;

	varint(c);
	varint(c);
	ranges = varint(c);
	varint(c);
	for (; ranges && cur_left(c); ranges--) {
		varint(c);
		varint(c);
	}
	for (unsigned i = 0; ecn && i < 3; i++)
		varint(c);
}

/* RFC 9000 12.4: what an Initial packet may hold. */
static void
frames_read(const struct reader *r, struct cur c)
{
	enum { PADDING = 0, PING = 1, ACK = 2, ACK_ECN = 3, CRYPTO = 6 };
	static const uint8_t padding[8];
	uint64_t offset;

	while (cur_left(&c)) {
		if (cur_starts(&c, padding, sizeof(padding))) {
			cur_skip(&c, sizeof(padding));
			continue;
		}
		switch (cur_u8(&c)) {
		case PADDING:
		case PING:
			break;
		case ACK:
			ack_skip(&c, false);
			break;
		case ACK_ECN:
			ack_skip(&c, true);
			break;
		case CRYPTO:
			offset = varint(&c);
			crypto_add(r, offset, varint_sub(&c));
			break;
		default: /* CONNECTION_CLOSE, or nothing that belongs here */
			return;
		}
	}
}

static bool
keys_open(const struct reader *r, struct quic *q, const struct packet *p, struct cur *plain)
{
	unsigned d = r->direction;

	if (q->keyed[d] != p->version.wire) {
		quic_keys_derive(&q->keys[d], &p->version, q->cid, q->cid_len, d);
		q->keyed[d] = p->version.wire;
	}
	return quic_open(&q->keys[d], &p->sealed, &q->number[d], plain, r->t->scratch, SCRATCH_BYTES);
}

/*
 * The keys in use, else those of the packet's own DCID: it is a client's first one, the first one after Retry
 * (RFC 9001 5.2), or a new attempt after Version Negotiation.
 */
static bool
initial_open(const struct reader *r, const struct packet *p, struct cur *plain)
{
	struct cur cid = p->dcid;
	struct quic fresh = {.failures = 0};

	if (r->q->keyed[QUIC_CLIENT] && keys_open(r, r->q, p, plain))
		return true;
	if (r->direction == QUIC_SERVER)
		return false;
	if (r->q->keyed[QUIC_CLIENT] == p->version.wire && cur_left(&cid) == r->q->cid_len &&
	    cur_starts(&cid, r->q->cid, r->q->cid_len))
		return false;
	fresh.cid_len = (uint8_t)cur_copy(&cid, fresh.cid, sizeof(fresh.cid));
	if (!keys_open(r, &fresh, p, plain))
		return false;
	memcpy(fresh.buffer, r->q->buffer, sizeof(fresh.buffer));
	memcpy(fresh.given, r->q->given, sizeof(fresh.given));
	memcpy(fresh.end, r->q->end, sizeof(fresh.end));
	fresh.failures = r->q->failures;
	*r->q = fresh;
	return true;
}

static unsigned
direction_of(const struct half *h, unsigned side)
{
	unsigned client = h->left[1] & CLIENT_SIDE ? 1 : 0;

	return h->left[1] & CLIENT_KNOWN && client != side ? QUIC_SERVER : QUIC_CLIENT;
}

static void
initial_read(struct reader *r, const struct packet *p)
{
	struct cur plain;

	r->direction = direction_of(r->h, r->piece->side);
	if (r->q->failures >= FAILURES_MAX)
		return;
	if (!initial_open(r, p, &plain)) {
		r->q->failures++;
		r->t->counts->quic_undecrypted++;
		return;
	}
	if (r->direction == QUIC_CLIENT)
		r->h->left[1] |= (uint16_t)(CLIENT_KNOWN | (r->piece->side ? CLIENT_SIDE : 0));
	r->h->left[0] = p->version.code;
	frames_read(r, plain);
}

static void
buffers_drop(struct tls *t, struct quic *q)
{
	for (unsigned i = 0; i < 2; i++) {
		buffer_free(t->buffers, q->buffer[i]);
		q->buffer[i] = 0;
	}
}

/* Without room for keys a hello in one packet is still read; what needs two packets is not. */
static void
initial_next(struct tls *t, struct half *h, const struct tls_piece *piece, const struct packet *p)
{
	struct quic passing = {.failures = 0};
	struct reader r = {.t = t, .h = h, .piece = piece, .q = state_get(t, h)};

	if (!r.q)
		r.q = &passing;
	initial_read(&r, p);
	buffers_drop(t, &passing);
}

/* Length of the ids in the packets that the other side sends from now on. */
static void
ids_note(struct half *h, unsigned side, size_t scid_len)
{
	unsigned at = side ? 0 : CID_BITS;

	h->left[1] = (uint16_t)((h->left[1] & ~((unsigned)CID_MASK << at)) | (unsigned)scid_len << at);
}

/* What is encrypted with keys nobody else has: payload less packet number (2 bytes as a rule) and tag. */
static void
sealed_note(struct tally *s, size_t n, bool application)
{
	enum { HIDDEN = 2 + CRYPT_GCM_TAG };

	s->length += (uint32_t)n;
	s->application |= application;
	if (application && n > HIDDEN)
		s->plain += (uint32_t)n - HIDDEN;
}

/* The hidden handshake by its length: a client certificate, or another server's, shows here. */
static void
flight_note(struct tls *t, struct half *h, unsigned side, size_t n)
{
	struct full *f = h->full ? pool_at(&t->fulls, h->full) : NULL;
	uint16_t *flight = f ? &f->flight[direction_of(h, side)] : NULL;

	if (flight)
		*flight = n > (size_t)(UINT16_MAX - *flight) ? UINT16_MAX : (uint16_t)(*flight + n);
}

static void
long_read(struct tls *t, struct half *h, struct tls_piece *piece, struct tally *s)
{
	struct packet p;

	if (!packet_read(&piece->bytes, &p) || !p.known) {
		cur_skip(&piece->bytes, cur_left(&piece->bytes));
		return;
	}
	if (!(h->left[1] & CLIENT_KNOWN))
		h->left[0] = p.version.code;
	ids_note(h, piece->side, cur_left(&p.scid));
	if (p.type == QUIC_INITIAL && !(h->left[1] & OVER))
		initial_next(t, h, piece, &p);
	else if (p.type == QUIC_ZERO_RTT || p.type == QUIC_HANDSHAKE)
		sealed_note(s, cur_left(&p.sealed.payload), p.type == QUIC_ZERO_RTT);
	if (p.type == QUIC_HANDSHAKE)
		flight_note(t, h, piece->side, cur_left(&p.sealed.payload));
	/* A client that has Handshake keys has read the ServerHello (RFC 9001 4.9.1). */
	if (p.type == QUIC_HANDSHAKE && h->left[1] & SAW_SERVER && direction_of(h, piece->side) == QUIC_CLIENT) {
		quic_close(t, h);
		h->left[1] |= OVER;
	}
}

static void
short_read(const struct half *h, struct tls_piece *piece, struct tally *s)
{
	size_t n = cur_left(&piece->bytes), id = h->left[1] >> (piece->side ? CID_BITS : 0) & CID_MASK;

	cur_skip(&piece->bytes, n);
	if (n > 1 + id + CRYPT_GCM_TAG)
		sealed_note(s, n - 1 - id, true);
}

bool
quic_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct tally s = {.length = 0};

	for (unsigned i = 0; i < PACKETS_MAX && cur_left(&piece->bytes); i++) {
		if (cur_peek(&piece->bytes, 0) & LONG)
			long_read(t, h, piece, &s);
		else if (i == 0 || cur_peek(&piece->bytes, 0))
			short_read(h, piece, &s);
		else
			break; /* padding behind the packets */
	}
	cur_skip(&piece->bytes, cur_left(&piece->bytes));
	if (!s.length)
		return false;
	conn_protected(t, h, piece->side, 0, s.length, piece->time, ev);
	ev->application = s.application;
	ev->plain = s.plain;
	return true;
}

/* Initial or 0-RTT of a known version: 0-RTT may overtake the Initial that explains it. */
bool
quic_begins(const struct tls_piece *piece)
{
	struct cur c = piece->bytes;
	struct packet p;

	if (!piece->datagram || (cur_peek(&c, 0) & (LONG | FIXED)) != (LONG | FIXED))
		return false;
	return packet_read(&c, &p) && p.known && (p.type == QUIC_INITIAL || p.type == QUIC_ZERO_RTT);
}

struct text
quic_version(const struct half *h, char buf[16])
{
	size_t n = quic_version_print(h->left[0], buf);

	return (struct text){n ? buf : NULL, (uint32_t)n};
}

void
quic_close(struct tls *t, struct half *h)
{
	struct quic *q = state_at(t, h);

	if (q)
		buffers_drop(t, q);
	state_drop(t, h);
}
