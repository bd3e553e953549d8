/*
 * layer: one frame being taken apart, layer by layer; internal to src/packet.
 *
 * Every layer is a function that reads its header off the walk's cursor and names what comes next: another
 * layer, the end, or the reason why this frame is not understood.  None of them counts, so that a UDP
 * tunnel can be tried and taken back.
 */
#ifndef PACKET_LAYER_H
#define PACKET_LAYER_H

#include "packet/packet.h"

enum layer {
	/* the end of the walk */
	PACKET_OK,
	PACKET_HELD, /* a fragment, kept or given up */
	NOT_LINK,
	NOT_SHORT,
	NOT_ETHERTYPE,
	NOT_IP_VERSION,
	NOT_IP_LENGTH,
	NOT_TRANSPORT,
	NOT_TCP_HEADER,
	NOT_DEPTH,
	LAYER_ENDS,
	/* what comes next */
	LAYER_ETHER = LAYER_ENDS,
	LAYER_TYPE, /* by walk.type, an Ethertype or an 802.3 length */
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_MPLS,
	LAYER_PPP,
	LAYER_HDLC,
	LAYER_PPPOE,
	LAYER_NULL,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_NFLOG,
	LAYER_GRE,
	LAYER_ERSPAN,
	LAYER_VXLAN,
	LAYER_GENEVE,
	LAYER_GTPU,
	LAYER_TEREDO,
	LAYER_IP, /* by the version nibble */
	LAYER_IP4,
	LAYER_IP6,
	LAYER_NEXT, /* by walk.proto, an IP protocol number */
	LAYERS,
};

enum { LAYERS_MOST = 24 };

struct fragments;

struct walk {
	struct cur c;
	struct packet *p;
	struct fragments *fragments;
	uint32_t missing; /* bytes of this layer on the wire behind c.end: the capture cut them off */
	uint32_t layers;
	uint16_t type;
	uint8_t proto;
	bool told;          /* the frame's own length says that it was cut */
	bool bounded;       /* the carrier's length is the truth, not that of an IP header inside */
	bool sequenced;     /* the GRE header had a sequence number: tells ERSPAN II from I */
	bool in_udp;        /* *udp is the packet to fall back to */
	struct packet *udp; /* the carrier of a UDP tunnel, as a packet of its own */
};

static inline uint16_t
be16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t
be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

/* Bytes of this layer on the wire from the cursor on. */
static inline uint32_t
walk_wire(const struct walk *w)
{
	return (uint32_t)cur_left(&w->c) + w->missing;
}

/* A length field says that this layer has n more bytes: what follows is padding or a trailer. */
static inline void
walk_narrow(struct walk *w, uint32_t n)
{
	uint32_t left = (uint32_t)cur_left(&w->c);

	if (n <= left) {
		w->c.end = w->c.p + n;
		w->missing = 0;
	} else if (!w->bounded || n - left < w->missing) {
		w->missing = n - left;
	}
}

static inline void
walk_tunnel(struct walk *w, enum tunnel tunnel, uint32_t id)
{
	w->p->tunnel = (uint8_t)tunnel;
	w->p->tunnel_id = id;
}

/* link.c */
enum layer link_first(uint32_t link);
enum layer ether_read(struct walk *w);
enum layer type_read(struct walk *w);
enum layer vlan_read(struct walk *w);
enum layer llc_read(struct walk *w);
enum layer null_read(struct walk *w);
enum layer sll_read(struct walk *w);
enum layer sll2_read(struct walk *w);
enum layer nflog_read(struct walk *w);

/* tunnel.c: labels and point-to-point carriers */
enum layer mpls_read(struct walk *w);
enum layer ppp_read(struct walk *w);
enum layer hdlc_read(struct walk *w);
enum layer pppoe_read(struct walk *w);
enum layer gre_read(struct walk *w);
enum layer erspan_read(struct walk *w);

/* overlay.c: tunnels in UDP */
enum layer overlay_by_port(const struct packet *p);
enum layer vxlan_read(struct walk *w);
enum layer geneve_read(struct walk *w);
enum layer gtpu_read(struct walk *w);
enum layer teredo_read(struct walk *w);

/* ip.c */
enum layer ip_read(struct walk *w);
enum layer ip4_read(struct walk *w);
enum layer ip6_read(struct walk *w);
enum layer next_read(struct walk *w);

/* transport.c */
enum layer tcp_read(struct walk *w);
enum layer udp_read(struct walk *w);
enum layer icmp_read(struct walk *w);

/* fragment.c */
struct fragment {
	const uint8_t *head; /* IP header without options: 20 or 40 bytes */
	uint32_t id;
	uint32_t offset;
	bool more;
};

size_t fragments_bytes(size_t bytes);
struct fragments *fragments_new(struct carve *c, size_t bytes, struct counts *counts);
void fragments_key(struct fragments *t, const struct hash_key *key);

/* PACKET_HELD, or LAYER_NEXT with the walk moved to the whole payload. */
enum layer fragment_read(struct walk *w, const struct fragment *f);

#endif
