/*
 * ip: IPv4 and IPv6 headers, extension headers, and what may follow them.
 * Must not believe an IP length of 0: it is a super-packet that offload will cut (GSO/GRO, BIG TCP).
 */
#include "packet/hot.h"

enum layer
ip_read(struct walk *w)
{
	if (cur_left(&w->c) == 0)
		return NOT_SHORT;
	switch (cur_peek(&w->c, 0) >> 4) {
	case 4:
		return ip4_read(w);
	case 6:
		return LAYER_IP6;
	default:
		return NOT_IP_VERSION;
	}
}

static enum layer
ip4_fragment(struct walk *w, const uint8_t *h)
{
	uint16_t field = be16(h + 6);
	struct fragment f = {h, be16(h + 4), (field & 0x1fffu) * 8, (field & 0x2000) != 0};

	return fragment_read(w, &f);
}

enum layer
ip4_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 20);
	uint32_t head, total;

	if (!h)
		return NOT_SHORT;
	head = (h[0] & 15u) * 4;
	total = be16(h + 2);
	if (h[0] >> 4 != 4 || head < 20)
		return NOT_IP_VERSION;
	if (total >= head)
		walk_narrow(w, total - 20);
	else if (total != 0)
		return NOT_IP_LENGTH;
	if (!cur_skip(&w->c, head - 20))
		return NOT_SHORT;
	ip4_fields(w->p, h, w->c.end);
	w->proto = h[9];
	return be16(h + 6) & 0x3fff ? ip4_fragment(w, h) : next_read(w);
}

enum layer
ip6_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 40);
	uint16_t len;

	if (!h)
		return NOT_SHORT;
	if (h[0] >> 4 != 6)
		return NOT_IP_VERSION;
	len = be16(h + 4);
	if (len)
		walk_narrow(w, len);
	ip6_fields(w->p, h, w->c.end);
	w->proto = h[6];
	return next_read(w);
}

/* Hop-by-hop, routing, destination options, mobility, HIP, shim6 (RFC 6564), and AH, which counts in words. */
static enum layer
extension_skip(struct walk *w, uint32_t unit, uint32_t more)
{
	const uint8_t *h = cur_take(&w->c, 2);

	if (!h || !cur_skip(&w->c, (h[1] + more) * unit - 2))
		return NOT_SHORT;
	w->p->proto = w->proto = h[0];
	return LAYER_NEXT;
}

/* An atomic fragment (RFC 6946) is a whole packet. */
static enum layer
ip6_fragment(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 8);
	struct fragment f;
	uint16_t field;

	if (!h)
		return NOT_SHORT;
	w->p->proto = w->proto = h[0];
	field = be16(h + 2);
	f = (struct fragment){w->p->ip.p, be32(h + 4), field & 0xfff8u, (field & 1) != 0};
	w->p->ip_id = (uint16_t)f.id;
	return f.offset || f.more ? fragment_read(w, &f) : LAYER_NEXT;
}

static enum layer
ether_in_ip(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 2);

	if (!h)
		return NOT_SHORT;
	return h[0] >> 4 == 3 ? LAYER_ETHER : NOT_TRANSPORT; /* RFC 3378 */
}

static enum layer
ip_in_ip(struct walk *w, enum layer next)
{
	walk_tunnel(w, TUNNEL_IPIP, 0);
	return next;
}

enum layer
next_read(struct walk *w)
{
	enum {
		HOPS = 0,
		IPIP = 4,
		IP6 = 41,
		ROUTING = 43,
		FRAGMENT = 44,
		GRE = 47,
		AH = 51,
		OPTIONS = 60,
		ETHERIP = 97,
		MOBILITY = 135,
		MPLS = 137,
		HIP = 139,
		SHIM6 = 140
	};

	switch (w->proto) {
	case PROTO_TCP:
		return tcp_read(w);
	case PROTO_UDP:
		return udp_read(w);
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return icmp_read(w);
	case IPIP:
		return ip_in_ip(w, LAYER_IP4);
	case IP6:
		return ip_in_ip(w, LAYER_IP6);
	case ETHERIP:
		return ip_in_ip(w, ether_in_ip(w));
	case GRE:
		return LAYER_GRE;
	case MPLS:
		return LAYER_MPLS;
	case AH:
		return extension_skip(w, 4, 2);
	case FRAGMENT:
		return w->p->v6 ? ip6_fragment(w) : NOT_TRANSPORT;
	case HOPS:
	case ROUTING:
	case OPTIONS:
	case MOBILITY:
	case HIP:
	case SHIM6:
		return w->p->v6 ? extension_skip(w, 8, 1) : NOT_TRANSPORT;
	default:
		return NOT_TRANSPORT;
	}
}
