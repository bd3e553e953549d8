/*
 * link: the first header of a frame by link type, Ethertypes and the tags in front of them.
 * Link types: https://www.tcpdump.org/linktypes.html
 */
#include "packet/hot.h"

enum { TYPE_LEAST = 0x0600 };

static const struct {
	uint16_t link;
	uint8_t first;
} LINKS[] = {
	{0, LAYER_NULL},  {1, LAYER_ETHER},  {9, LAYER_PPP},   {12, LAYER_IP},     {14, LAYER_IP},
	{50, LAYER_HDLC}, {51, LAYER_PPPOE}, {101, LAYER_IP},  {104, LAYER_HDLC},  {108, LAYER_NULL},
	{113, LAYER_SLL}, {228, LAYER_IP4},  {229, LAYER_IP6}, {239, LAYER_NFLOG}, {276, LAYER_SLL2},
};

enum layer
link_first(uint32_t link)
{
	for (size_t i = 0; i < sizeof(LINKS) / sizeof(LINKS[0]); i++)
		if (LINKS[i].link == link)
			return (enum layer)LINKS[i].first;
	return NOT_LINK;
}

enum layer
ether_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 14);

	if (!h)
		return NOT_SHORT;
	w->type = be16(h + 12);
	return LAYER_TYPE;
}

static const struct {
	uint16_t type;
	uint8_t next;
} TYPES[] = {
	{TYPE_IP4, LAYER_IP4},  {TYPE_IP6, LAYER_IP6},
	{0x8100, LAYER_VLAN},   {0x88a8, LAYER_VLAN}, /* 802.1Q, 802.1ad */
	{0x9100, LAYER_VLAN},   {0x9200, LAYER_VLAN}, /* QinQ before 802.1ad */
	{0x8847, LAYER_MPLS},   {0x8848, LAYER_MPLS},
	{0x8864, LAYER_PPPOE},  {0x6558, LAYER_ETHER},  /* transparent Ethernet bridging, in GRE and GENEVE */
	{0x880b, LAYER_PPP},                            /* PPP, in GRE (RFC 2637) */
	{0x88be, LAYER_ERSPAN}, {0x22eb, LAYER_ERSPAN}, /* I and II, III */
};

/* Tags with nothing to keep: bytes between their Ethertype and the next one. */
static const struct {
	uint16_t type;
	uint8_t skip;
} TAGS[] = {
	{0x8909, 6}, /* Cisco MetaData: a security group */
	{0x893f, 6}, /* 802.1BR E-TAG */
	{0x8926, 4}, /* VN-TAG */
};

static enum layer
tag_skip(struct walk *w, size_t skip)
{
	if (!cur_skip(&w->c, skip))
		return NOT_SHORT;
	w->type = cur_u16(&w->c);
	return w->c.bad ? NOT_SHORT : LAYER_TYPE;
}

enum layer
type_read(struct walk *w)
{
	if (w->type < TYPE_LEAST) {
		if (w->type > 1500)
			return NOT_ETHERTYPE;
		walk_narrow(w, w->type);
		return LAYER_LLC;
	}
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
		if (TYPES[i].type == w->type)
			return (enum layer)TYPES[i].next;
	for (size_t i = 0; i < sizeof(TAGS) / sizeof(TAGS[0]); i++)
		if (TAGS[i].type == w->type)
			return tag_skip(w, TAGS[i].skip);
	return NOT_ETHERTYPE;
}

/* Id 0 is a priority tag (802.1Q 9.6): it names no VLAN. */
enum layer
vlan_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 4);
	struct packet *p = w->p;
	uint16_t id;

	if (!h)
		return NOT_SHORT;
	id = be16(h) & 0xfff;
	if (p->vlan == 0)
		p->vlan = id;
	else if (p->vlan_inner == 0)
		p->vlan_inner = id;
	w->type = be16(h + 2);
	return LAYER_TYPE;
}

/* 802.2: SNAP with an Ethertype (RFC 1042), or IP by its own SAP. */
enum layer
llc_read(struct walk *w)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 3, 0, 0, 0}, ip[3] = {6, 6, 3};

	if (cur_starts(&w->c, ip, sizeof(ip))) {
		cur_skip(&w->c, sizeof(ip));
		return LAYER_IP4;
	}
	if (!cur_starts(&w->c, snap, sizeof(snap)))
		return cur_left(&w->c) < 3 ? NOT_SHORT : NOT_ETHERTYPE;
	cur_skip(&w->c, sizeof(snap));
	w->type = cur_u16(&w->c);
	if (w->c.bad)
		return NOT_SHORT;
	return w->type < TYPE_LEAST ? NOT_ETHERTYPE : LAYER_TYPE;
}

/* BSD loopback: an address family in the byte order of the machine that captured (108: network order). */
enum layer
null_read(struct walk *w)
{
	uint32_t family = cur_u32(&w->c);

	if (w->c.bad)
		return NOT_SHORT;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return LAYER_IP4;
	case 10: /* AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS */
	case 23:
	case 24:
	case 28:
	case 30:
		return LAYER_IP6;
	default:
		return NOT_ETHERTYPE;
	}
}

/* Linux cooked: protocols under 0x600 are names of their own, not lengths. */
static enum layer
sll_next(struct walk *w)
{
	enum { SLL_802_2 = 4 };

	if (w->type == SLL_802_2)
		return LAYER_LLC;
	return w->type < TYPE_LEAST ? NOT_ETHERTYPE : LAYER_TYPE;
}

enum layer
sll_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 16);

	if (!h)
		return NOT_SHORT;
	w->type = be16(h + 14);
	return sll_next(w);
}

enum layer
sll2_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 20);

	if (!h)
		return NOT_SHORT;
	w->type = be16(h);
	return sll_next(w);
}

/* Linux netfilter log: fields in the byte order of the machine; we know little-endian ones. */
enum layer
nflog_read(struct walk *w)
{
	enum { NFLOG_PAYLOAD = 9 };

	cur_skip(&w->c, 4);
	while (cur_left(&w->c) >= 4) {
		uint16_t len = cur_u16le(&w->c), type = cur_u16le(&w->c);

		if (len < 4)
			return NOT_SHORT;
		if (type == NFLOG_PAYLOAD) {
			walk_narrow(w, len - 4u);
			return LAYER_IP;
		}
		cur_skip(&w->c, (len - 4u + 3u) & ~3u);
	}
	return NOT_SHORT;
}
