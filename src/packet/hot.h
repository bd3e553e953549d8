/*
 * hot: the fields of the headers that nearly every frame has.  Internal to src/packet.
 * Inline, because decode.c has a short way for plain frames beside the walk; both fill a packet by these.  glance.c
 * looks without filling.
 * Must not check: the caller has taken a whole header off a cursor.
 */
#ifndef PACKET_HOT_H
#define PACKET_HOT_H

#include "packet/layer.h"

enum { TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd };
enum { OPTION_NOP = 1, OPTION_TIMESTAMPS = 8, OPTIONS_STAMPS = 12 };
enum { LINK_ETHERNET = 1, ETHER_HEAD = 14, IP4_HEAD = 20, IP6_HEAD = 40, TCP_HEAD = 20 };

/* transport.c */
void tcp_options_read(struct packet *p, struct cur options);

static inline void
ip4_fields(struct packet *p, const uint8_t *h, const uint8_t *end)
{
	p->src = addr_v4(h + 12);
	p->dst = addr_v4(h + 16);
	p->v6 = false;
	p->ip_id = be16(h + 4);
	p->ttl = h[8];
	p->proto = h[9];
	p->ip = (struct cur){h, end, false};
}

static inline void
ip6_fields(struct packet *p, const uint8_t *h, const uint8_t *end)
{
	memcpy(p->src.b, h + 8, 16);
	memcpy(p->dst.b, h + 24, 16);
	p->v6 = true;
	p->ip_id = 0;
	p->ttl = h[7];
	p->proto = h[6];
	p->ip = (struct cur){h, end, false};
}

static inline void
tcp_fields(struct packet *p, const uint8_t *h)
{
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
}

/* RFC 7323 appendix A: two bytes of padding and the timestamps, what nearly every segment carries. */
static inline bool
is_stamps(const uint8_t *o)
{
	static const uint8_t stamps[4] = {OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMPS, 10};

	return memcmp(o, stamps, 4) == 0;
}

static inline void
tcp_options(struct packet *p, const uint8_t *o, uint32_t n)
{
	if (n == OPTIONS_STAMPS && is_stamps(o)) {
		p->ts_val = be32(o + 4);
		p->ts_ecr = be32(o + 8);
	} else if (n) {
		tcp_options_read(p, cur_of(o, n));
	}
}

#endif
