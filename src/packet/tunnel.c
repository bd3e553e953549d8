/*
 * tunnel: labels and carriers that need no port: MPLS, PPP, PPPoE, GRE and ERSPAN.
 * Must not guess where a header says what follows; where none does (MPLS, raw GRE), the guess is checked.
 */
#include "packet/layer.h"

/* Could an Ethernet frame with something for us begin `at` bytes ahead? */
static bool
ether_likely(const struct cur *c, size_t at)
{
	static const uint8_t types[][2] = {{0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00}, {0x88, 0xa8},
					   {0x88, 0x47}, {0x88, 0x64}, {0x08, 0x06}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (cur_peek(c, at + 12) == types[i][0] && cur_peek(c, at + 13) == types[i][1])
			return true;
	return false;
}

/*
 * Nothing in MPLS says what is inside.  A pseudo wire's control word begins with 0 (RFC 4385 3), and so
 * does many a MAC address; IP begins with its version, which some MAC addresses do, too.
 */
static enum layer
mpls_inside(struct walk *w)
{
	uint8_t nibble = cur_peek(&w->c, 0) >> 4;

	if (nibble == 0 && ether_likely(&w->c, 4)) {
		cur_skip(&w->c, 4);
		return LAYER_ETHER;
	}
	if (ether_likely(&w->c, 0))
		return LAYER_ETHER;
	if (nibble == 4 || nibble == 6)
		return LAYER_IP;
	return cur_left(&w->c) < 14 ? NOT_SHORT : NOT_ETHERTYPE;
}

enum layer
mpls_read(struct walk *w)
{
	enum { LABELS_MOST = 16 };

	for (unsigned i = 0; i < LABELS_MOST; i++) {
		uint32_t entry = cur_u32(&w->c);

		if (w->c.bad)
			return NOT_SHORT;
		if (entry & 0x100) {
			walk_tunnel(w, TUNNEL_MPLS, entry >> 12);
			return mpls_inside(w);
		}
	}
	return NOT_DEPTH;
}

/* The protocol field may be one byte (RFC 1661 6.5), and the HDLC address in front of it may be there. */
enum layer
ppp_read(struct walk *w)
{
	static const uint8_t all_stations[2] = {0xff, 0x03};
	uint16_t proto;

	if (cur_starts(&w->c, all_stations, 2))
		cur_skip(&w->c, 2);
	proto = cur_u8(&w->c);
	if (!(proto & 1))
		proto = (uint16_t)(proto << 8 | cur_u8(&w->c));
	if (w->c.bad)
		return NOT_SHORT;
	switch (proto) {
	case 0x0021:
		return LAYER_IP4;
	case 0x0057:
		return LAYER_IP6;
	case 0x0281:
	case 0x0283:
		return LAYER_MPLS;
	default:
		return NOT_ETHERTYPE;
	}
}

/* Cisco HDLC (unicast 0x0f, multicast 0x8f) carries an Ethertype; anything else here is PPP. */
enum layer
hdlc_read(struct walk *w)
{
	uint8_t address = cur_peek(&w->c, 0);

	if (address != 0x0f && address != 0x8f)
		return LAYER_PPP;
	cur_skip(&w->c, 2);
	w->type = cur_u16(&w->c);
	if (w->c.bad)
		return NOT_SHORT;
	return w->type < 0x600 ? NOT_ETHERTYPE : LAYER_TYPE;
}

/* RFC 2516 4.  Access concentrators are seen to count the padding of a short frame into the IP length. */
enum layer
pppoe_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 6);

	if (!h)
		return NOT_SHORT;
	if (h[0] != 0x11 || h[1] != 0)
		return NOT_ETHERTYPE;
	if (be16(h + 4) < walk_wire(w))
		walk_narrow(w, be16(h + 4));
	w->bounded = true;
	walk_tunnel(w, TUNNEL_PPPOE, be16(h + 2));
	return LAYER_PPP;
}

/* RFC 2784, 2890; version 1 is PPTP's (RFC 2637 4.1), whose key is a length and a call id. */
enum layer
gre_read(struct walk *w)
{
	enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, ACK = 0x0080, VERSION = 7 };
	uint16_t flags = cur_u16(&w->c);
	uint32_t key = 0;

	w->type = cur_u16(&w->c);
	if ((flags & VERSION) > 1 || flags & ROUTING)
		return NOT_ETHERTYPE;
	if (flags & CHECKSUM)
		cur_skip(&w->c, 4);
	if (flags & KEY)
		key = cur_u32(&w->c);
	if (flags & SEQUENCE)
		cur_skip(&w->c, 4);
	if ((flags & VERSION) == 1 && flags & ACK)
		cur_skip(&w->c, 4);
	if (w->c.bad)
		return NOT_SHORT;
	w->sequenced = (flags & SEQUENCE) != 0;
	walk_tunnel(w, TUNNEL_GRE, (flags & VERSION) == 1 ? key & 0xffff : key);
	return w->type < 0x600 ? NOT_ETHERTYPE : LAYER_TYPE;
}

/*
 * draft-foschiano-erspan.  Type I has no header of its own, and is told from II by GRE's missing sequence
 * number.  Type III may have a platform sub-header (O bit).  The VLAN in the header differs by direction
 * on some switches, so that it is not taken for the packet's.
 */
enum layer
erspan_read(struct walk *w)
{
	enum { TYPE_III = 0x22eb };
	bool third = w->type == TYPE_III;
	const uint8_t *h;

	if (!third && !w->sequenced) {
		walk_tunnel(w, TUNNEL_ERSPAN, 0);
		return LAYER_ETHER;
	}
	h = cur_take(&w->c, third ? 12 : 8);
	if (!h || (third && h[11] & 1 && !cur_skip(&w->c, 8)))
		return NOT_SHORT;
	if (h[0] >> 4 != (third ? 2 : 1))
		return NOT_ETHERTYPE;
	walk_tunnel(w, TUNNEL_ERSPAN, be16(h + 2) & 0x3ff);
	return LAYER_ETHER;
}
