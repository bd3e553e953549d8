/*
 * decide: see the header.  A TCP connection may say much in clear first: STARTTLS, CONNECT, SOCKS, a PROXY header.
 *
 * Must not read beyond what decides, nor keep more of a stranger's clear text than a PROXY header that came in parts.
 */
#include "tls/decide.h"

#include "tls/record.h"

enum {
	CLEAR_MAX =
		60000, /* bytes a side may say in clear before TLS; SMTP with a large EHLO, proxies with NTLM: 10,000 */
	HELLO_CERTAIN = 11, /* bytes with which a ClientHello cannot be mistaken */
};

/* One byte more in either direction and it would have overflowed: nobody talks that long before STARTTLS. */
static enum verdict
said_in_clear(struct half *h, const struct tls_piece *piece)
{
	size_t n = h->left[piece->side] + cur_left(&piece->bytes) + piece->lost;

	if (n > CLEAR_MAX)
		return NEVER;
	h->left[piece->side] = (uint16_t)n;
	return WAIT;
}

static unsigned
prelude_known(const struct half *h)
{
	return h->client >> 1 & 63;
}

/* A PROXY header that came in parts waits in h->carry. */
static enum verdict
proxy_read(struct tls *t, struct half *h, struct tls_piece *piece)
{
	struct cur c = piece->bytes;
	uint32_t had = buffer_ready(t->buffers, h->carry);
	enum proxy_result result;

	if (had) {
		if (!buffer_put(t->buffers, h->carry, had, c))
			return NEVER;
		c = buffer_view(t->buffers, h->carry, had + (uint32_t)cur_left(&c));
	}
	result = prelude_proxy(t, h, &c);
	if (result == PROXY_PART && !had) {
		h->carry = buffer_new(t->buffers);
		buffer_put(t->buffers, h->carry, 0, piece->bytes);
	}
	if (result == PROXY_PART) {
		cur_skip(&piece->bytes, cur_left(&piece->bytes));
		return WAIT;
	}
	if (result == PROXY_YES)
		cur_skip(&piece->bytes, cur_left(&piece->bytes) - cur_left(&c));
	buffer_free(t->buffers, h->carry);
	h->carry = 0;
	return BEGINS;
}

static enum verdict
begin(struct half *h, unsigned side, uint8_t carrier)
{
	h->carrier = carrier;
	h->carry = 0;
	h->left[0] = h->left[1] = 0;
	if (!(h->client & 0x80))
		h->client = (uint8_t)((h->client & 0x7e) | side);
	return BEGINS;
}

/* Records in the middle of a connection: the other side is somewhere inside one, too. */
static enum verdict
begin_midway(struct tls *t, struct half *h, unsigned side)
{
	struct full *f;

	begin(h, 0, CARRIER_TCP);
	f = conn_full(t, h);
	if (f)
		f->side[side ^ 1] |= SIDE_LOST;
	return BEGINS;
}

static enum verdict
decide_first(struct half *h, struct tls_piece *piece)
{
	unsigned side = piece->side;

	if (stream_is_hello(piece->bytes))
		return begin(h, side, CARRIER_TCP);
	if (stream_is_sslv2(piece->bytes))
		return begin(h, side, CARRIER_TCP);
	if (openvpn_begins(piece)) {
		h->carrier = CARRIER_OPENVPN;
		return BEGINS;
	}
	return WAIT;
}

/* After something was said in clear: a whole beginning of a ClientHello, or (when nobody knows what was said)
   records. */
static enum verdict
decide_later(struct tls *t, struct half *h, struct tls_piece *piece)
{
	unsigned known = prelude_known(h);
	struct cur c = piece->bytes;

	if (cur_left(&c) >= HELLO_CERTAIN && stream_is_hello(c))
		return begin(h, piece->side, CARRIER_STARTTLS);
	if (known != PRELUDE_NONE && stream_is_answer(c))
		return begin(h, piece->side ^ 1, CARRIER_STARTTLS);
	if (known != PRELUDE_NONE || !stream_find(&c))
		return WAIT;
	piece->bytes = c;
	return begin_midway(t, h, piece->side);
}

static enum verdict
decide_tcp(struct tls *t, struct half *h, struct tls_piece *piece)
{
	bool first = !h->left[0] && !h->left[1];
	enum verdict v = WAIT;
	unsigned known;

	if (!cur_left(&piece->bytes))
		return said_in_clear(h, piece);
	if (first && !piece->lost && stream_is_hello(piece->bytes))
		return begin(h, piece->side, CARRIER_TCP);
	if (first && !piece->lost && !prelude_known(h) && proxy_read(t, h, piece) != BEGINS)
		return WAIT;
	if (first && !piece->lost)
		v = decide_first(h, piece);
	if (v == WAIT)
		v = decide_later(t, h, piece);
	if (v != WAIT)
		return v;
	known = prelude_known(h);
	if (!h->left[piece->side] && !prelude_is_proxy(known))
		known = prelude_of(piece, known);
	if (known == PRELUDE_NEVER)
		return NEVER;
	h->client = (uint8_t)((h->client & 0x81) | known << 1);
	return said_in_clear(h, piece);
}

static enum verdict
decide_udp(struct half *h, struct tls_piece *piece)
{
	uint8_t carrier = CARRIER_NONE;

	if (dtls_begins(piece))
		carrier = CARRIER_DTLS;
	else if (quic_begins(piece))
		carrier = CARRIER_QUIC;
	else if (openvpn_begins(piece))
		carrier = CARRIER_OPENVPN;
	else if (rdpudp_begins(piece) || (cur_left(&piece->bytes) >= HELLO_CERTAIN && stream_is_hello(piece->bytes)))
		carrier = CARRIER_UDP;
	if (carrier == CARRIER_UDP && rdpudp_begins(piece))
		h->stage |= HALF_RDP;
	if (carrier == CARRIER_OPENVPN)
		h->stage |= HALF_DATAGRAM;
	if (carrier == CARRIER_NONE)
		return ++h->left[0] > UNDECIDED_MAX ? NEVER : WAIT;
	return begin(h, piece->side, carrier);
}

enum verdict
decide(struct tls *t, struct half *h, struct tls_piece *piece)
{
	return piece->datagram ? decide_udp(h, piece) : decide_tcp(t, h, piece);
}
