/*
 * hot: the three headers that nearly every frame has: Ethernet, IPv4, TCP.  Internal to src/packet.
 *
 * Inline, so that decode.c can run through all three with the walk in registers; the walk through the
 * table uses the very same functions.  Must not call anything that takes the walk.
 */
#ifndef PACKET_HOT_H
#define PACKET_HOT_H

#include "packet/layer.h"

enum { TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd };
enum { OPTION_NOP = 1, OPTION_TIMESTAMPS = 8, OPTIONS_STAMPS = 12 };

/* transport.c */
void tcp_options(struct packet *p, struct cur options);

static inline enum layer
ether_head(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 14);

	if (!h)
		return NOT_SHORT;
	w->type = be16(h + 12);
	return LAYER_TYPE;
}

/* LAYER_NEXT, PACKET_HELD for a fragment, or what is wrong.  Length 0: a super-packet, rest of the frame. */
static inline enum layer
ip4_head(struct walk *w, const uint8_t **head)
{
	const uint8_t *h = cur_take(&w->c, 20);
	struct packet *p = w->p;
	uint32_t len, total;

	if (!h)
		return NOT_SHORT;
	*head = h;
	len = (h[0] & 15u) * 4;
	total = be16(h + 2);
	if (h[0] >> 4 != 4 || len < 20)
		return NOT_IP_VERSION;
	if (total >= len)
		walk_narrow(w, total - 20);
	else if (total != 0)
		return NOT_IP_LENGTH;
	if (len > 20 && !cur_skip(&w->c, len - 20))
		return NOT_SHORT;
	p->src = addr_v4(h + 12);
	p->dst = addr_v4(h + 16);
	p->v6 = false;
	p->ip_id = be16(h + 4);
	p->ttl = h[8];
	p->proto = w->proto = h[9];
	p->ip = (struct cur){h, w->c.end, false};
	return be16(h + 6) & 0x3fff ? PACKET_HELD : LAYER_NEXT;
}

static inline void
payload_is_rest(struct walk *w)
{
	w->p->payload = w->c;
	w->p->payload_len = walk_wire(w);
	w->p->cut = w->missing != 0;
}

/* Moves over the options; what the capture cut off of them is no payload. */
static inline struct cur
tcp_options_take(struct walk *w, uint32_t n)
{
	struct cur o = w->c;

	if (cur_left(&o) >= n) {
		o.end = w->c.p = o.p + n;
	} else {
		w->missing -= n - (uint32_t)cur_left(&o);
		w->c.p = w->c.end;
	}
	return o;
}

/* PACKET_OK, or NOT_TCP_HEADER. */
static inline enum layer
tcp_head(struct walk *w)
{
	static const uint8_t stamps[4] = {OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMPS, 10};
	const uint8_t *h = cur_take(&w->c, 20);
	struct packet *p = w->p;
	struct cur o;
	uint32_t n;

	if (!h)
		return NOT_TCP_HEADER;
	n = h[12] >> 4;
	if (n < 5 || (n = n * 4 - 20) > walk_wire(w))
		return NOT_TCP_HEADER;
	p->sport = be16(h);
	p->dport = be16(h + 2);
	p->seq = be32(h + 4);
	p->ack = be32(h + 8);
	p->tcp_flags = h[13];
	p->window = be16(h + 14);
	p->wscale = 0;
	p->sack_ok = false;
	p->mss = 0;
	p->ts_val = p->ts_ecr = 0;
	o = tcp_options_take(w, n);
	/* RFC 7323 appendix A: what nearly every segment carries */
	if (cur_left(&o) == OPTIONS_STAMPS && memcmp(o.p, stamps, 4) == 0) {
		p->ts_val = be32(o.p + 4);
		p->ts_ecr = be32(o.p + 8);
	} else if (n) {
		tcp_options(p, o);
	}
	/* A SYN that lacks bytes of a whole frame has a wrong IP length: there is no payload to miss. */
	if (p->tcp_flags & TCP_SYN && !w->told)
		w->missing = 0;
	payload_is_rest(w);
	return PACKET_OK;
}

#endif
