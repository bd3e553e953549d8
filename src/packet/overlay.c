/*
 * overlay: tunnels in UDP, known by their ports alone.
 * Must be strict: any datagram may use these ports, and then it is to be seen as itself.
 */
#include "packet/layer.h"

enum layer
overlay_by_port(const struct packet *p)
{
	switch (p->dport) {
	case 4789:
	case 8472: /* Linux before the assignment, Flannel, Cilium */
		return LAYER_VXLAN;
	case 6081:
		return LAYER_GENEVE;
	case 2152:
		return LAYER_GTPU;
	case 3544:
		return LAYER_TEREDO;
	default:
		return p->sport == 3544 ? LAYER_TEREDO : PACKET_OK;
	}
}

/* RFC 7348 5; with the P bit also the Generic Protocol Extension. */
enum layer
vxlan_read(struct walk *w)
{
	enum { FLAG_VNI = 0x08, FLAG_PROTOCOL = 0x04 };
	const uint8_t *h = cur_take(&w->c, 8);

	if (!h || !(h[0] & FLAG_VNI) || h[7] != 0)
		return NOT_ETHERTYPE;
	walk_tunnel(w, TUNNEL_VXLAN, be32(h + 4) >> 8);
	if (!(h[0] & FLAG_PROTOCOL) || h[3] == 3)
		return LAYER_ETHER;
	return h[3] == 1 || h[3] == 2 ? LAYER_IP : NOT_ETHERTYPE;
}

/* RFC 8926 3.4 */
enum layer
geneve_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 8);

	if (!h || h[0] >> 6 != 0 || h[7] != 0 || !cur_skip(&w->c, (h[0] & 0x3fu) * 4))
		return NOT_ETHERTYPE;
	walk_tunnel(w, TUNNEL_GENEVE, be32(h + 4) >> 8);
	w->type = be16(h + 2);
	return w->type < 0x600 ? NOT_ETHERTYPE : LAYER_TYPE;
}

/* 3GPP TS 29.281 5.2: each extension header ends with the type of the next, its length is in words. */
static bool
gtpu_extensions(struct cur *c)
{
	enum { MOST = 8 };
	uint8_t next;

	cur_skip(c, 3);
	next = cur_u8(c);
	for (unsigned i = 0; next != 0 && i < MOST; i++) {
		size_t len = cur_u8(c) * (size_t)4;

		if (len == 0 || !cur_skip(c, len - 2))
			return false;
		next = cur_u8(c);
	}
	return next == 0 && !c->bad;
}

enum layer
gtpu_read(struct walk *w)
{
	enum { VERSION_1_GTP = 0x30, VERSION_MASK = 0xf0, ANY_OPTION = 7, EXTENSION = 4, G_PDU = 255 };
	const uint8_t *h = cur_take(&w->c, 8);

	if (!h || (h[0] & VERSION_MASK) != VERSION_1_GTP || h[1] != G_PDU || be16(h + 2) > walk_wire(w))
		return NOT_ETHERTYPE;
	walk_narrow(w, be16(h + 2));
	if (h[0] & EXTENSION ? !gtpu_extensions(&w->c) : h[0] & ANY_OPTION && !cur_skip(&w->c, 4))
		return NOT_ETHERTYPE;
	walk_tunnel(w, TUNNEL_GTPU, be32(h + 4));
	return LAYER_IP;
}

/* RFC 4380 5.1.1: authentication (0001) and origin (0000) may stand before the IPv6 packet. */
enum layer
teredo_read(struct walk *w)
{
	static const uint8_t auth[2] = {0, 1}, origin[2] = {0, 0};

	if (cur_starts(&w->c, auth, 2)) {
		size_t id = cur_peek(&w->c, 2), value = cur_peek(&w->c, 3);

		cur_skip(&w->c, 4 + id + value + 9);
	}
	if (cur_starts(&w->c, origin, 2))
		cur_skip(&w->c, 8);
	if (cur_left(&w->c) < 40 || cur_peek(&w->c, 0) >> 4 != 6)
		return NOT_ETHERTYPE;
	walk_tunnel(w, TUNNEL_IPIP, 0);
	return LAYER_IP6;
}
