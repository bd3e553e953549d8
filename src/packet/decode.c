/*
 * decode: the walk through a frame's layers, and the one place where its end is counted.
 * Must not look into headers, except to spare plain Ethernet the table.
 */
#include "packet/glance.h"
#include "packet/hot.h"

struct decoder {
	struct counts *counts;
	struct fragments *fragments;
};

static enum layer (*const READ[LAYERS])(struct walk *w) = {
	[LAYER_ETHER] = ether_read,   [LAYER_TYPE] = type_read,     [LAYER_VLAN] = vlan_read,
	[LAYER_LLC] = llc_read,       [LAYER_MPLS] = mpls_read,     [LAYER_PPP] = ppp_read,
	[LAYER_HDLC] = hdlc_read,     [LAYER_PPPOE] = pppoe_read,   [LAYER_NULL] = null_read,
	[LAYER_SLL] = sll_read,       [LAYER_SLL2] = sll2_read,     [LAYER_NFLOG] = nflog_read,
	[LAYER_GRE] = gre_read,       [LAYER_ERSPAN] = erspan_read, [LAYER_VXLAN] = vxlan_read,
	[LAYER_GENEVE] = geneve_read, [LAYER_GTPU] = gtpu_read,     [LAYER_TEREDO] = teredo_read,
	[LAYER_IP] = ip_read,         [LAYER_IP4] = ip4_read,       [LAYER_IP6] = ip6_read,
	[LAYER_NEXT] = next_read,
};

size_t
decoder_bytes(size_t bytes)
{
	return sizeof(struct decoder) + 64 + fragments_bytes(bytes);
}

struct decoder *
decoder_new(struct carve *c, size_t bytes, struct counts *counts)
{
	struct decoder *d = carve_take(c, sizeof(*d));

	d->counts = counts;
	d->fragments = fragments_new(c, bytes, counts);
	return d;
}

void
decoder_key(struct decoder *d, const struct hash_key *key)
{
	fragments_key(d->fragments, key);
}

static uint64_t *
end_counter(struct counts *c, enum layer end)
{
	uint64_t *const counter[LAYER_ENDS] = {
		[PACKET_OK] = &c->frame_ok,
		[PACKET_HELD] = &c->fragment_held,
		[NOT_LINK] = &c->not_link,
		[NOT_SHORT] = &c->not_short,
		[NOT_ETHERTYPE] = &c->not_ethertype,
		[NOT_IP_VERSION] = &c->not_ip_version,
		[NOT_IP_LENGTH] = &c->not_ip_length,
		[NOT_TRANSPORT] = &c->not_transport,
		[NOT_TCP_HEADER] = &c->not_tcp_header,
		[NOT_DEPTH] = &c->not_depth,
	};

	return counter[end];
}

/*
 * What is inside a UDP tunnel must make sense, else it was a datagram like any other that happens to use
 * such a port: an inner IP header that promises more than its carrier holds is no IP header.
 */
static enum layer
fall_back(struct walk *w, enum layer end)
{
	if (end == NOT_DEPTH || end == PACKET_HELD || (end == PACKET_OK && (!w->p->cut || w->udp->cut)))
		return end;
	*w->p = *w->udp;
	return PACKET_OK;
}

static enum layer
walk_on(struct walk *w, enum layer next)
{
	while (next >= LAYER_ENDS) {
		if (++w->layers > LAYERS_MOST)
			return NOT_DEPTH;
		next = READ[next](w);
	}
	return next;
}

static uint32_t
ip_payload(const struct packet *p)
{
	uint32_t ip_header = p->v6 ? 40 : (cur_peek(&p->ip, 0) & 15u) * 4u;
	uint32_t header = (uint32_t)((uintptr_t)p->payload.p - (uintptr_t)p->ip.p) - ip_header;

	if (header - 8 > 248) /* a packet without its header */
		header = p->proto == PROTO_TCP ? 20 : 8;
	return p->payload_len + header;
}

static bool
walk_all(struct decoder *d, const struct frame *f, struct packet *p)
{
	uint32_t captured = (uint32_t)cur_left(&f->bytes);
	struct counts *c = d->counts;
	struct packet udp;
	struct walk w = {.c = f->bytes, .p = p, .fragments = d->fragments, .udp = &udp};
	enum layer end;

	w.missing = f->wire_len > captured ? f->wire_len - captured : 0;
	w.told = w.missing != 0;
	end = walk_on(&w, link_first(f->link));
	if (w.in_udp)
		end = fall_back(&w, end);
	++*end_counter(c, end);
	if (end == PACKET_OK)
		p->ip_payload_len = ip_payload(p);
	c->icmp += end == PACKET_OK && (p->proto == PROTO_ICMP || p->proto == PROTO_ICMP6);
	return end == PACKET_OK;
}

/*
 * The short way for most of what there is: Ethernet, IP without options or extensions, TCP, captured whole.
 * False: take the long way, which fills everything again.
 *
 * h: a TCP header, behind which `left` bytes were captured; len: of header and payload, by the IP
 * length.
 */
static inline bool
plain_tcp(struct packet *p, const uint8_t *h, size_t left, uint32_t len)
{
	uint32_t head = (h[12] >> 4) * 4u;

	if (head < TCP_HEAD || len < head || len > left + TCP_HEAD)
		return false;
	tcp_fields(p, h);
	tcp_options(p, h + TCP_HEAD, head - TCP_HEAD);
	p->payload = (struct cur){h + head, h + len, false};
	p->payload_len = len - head;
	p->ip_payload_len = len;
	p->cut = false;
	return true;
}

static inline bool
plain_ip6(struct packet *p, const uint8_t *h, size_t left)
{
	if (h[0] >> 4 != 6 || h[6] != PROTO_TCP || !plain_tcp(p, h + IP6_HEAD, left, be16(h + 4)))
		return false;
	ip6_fields(p, h, p->payload.end);
	return true;
}

/* A total length below its own header's wraps to one that no frame holds. */
static inline bool
plain_ip4(struct packet *p, const uint8_t *h, size_t left)
{
	if (h[0] != 0x45 || h[9] != PROTO_TCP || be16(h + 6) & 0x3fff ||
	    !plain_tcp(p, h + IP4_HEAD, left, be16(h + 2) - (uint32_t)IP4_HEAD))
		return false;
	ip4_fields(p, h, p->payload.end);
	return true;
}

/* Link, IP and TCP header are taken as one: the shorter first, which all frames have. */
static inline bool
plain(struct packet *p, struct cur c)
{
	const uint8_t *h = cur_take(&c, ETHER_HEAD + IP4_HEAD + TCP_HEAD);
	uint16_t type = h ? be16(h + 12) : 0;

	if (type == TYPE_IP4)
		return plain_ip4(p, h + ETHER_HEAD, cur_left(&c));
	return type == TYPE_IP6 && cur_skip(&c, IP6_HEAD - IP4_HEAD) && plain_ip6(p, h + ETHER_HEAD, cur_left(&c));
}

static inline void
packet_clear(struct packet *p, const struct frame *f)
{
	p->time = f->time;
	p->wire_len = f->wire_len;
	p->vlan = p->vlan_inner = 0;
	p->tunnel = TUNNEL_NONE;
	p->tunnel_id = 0;
	p->borrowed = false;
}

bool
packet_decode(struct decoder *d, const struct frame *f, struct packet *p)
{
	struct counts *c = d->counts;

	c->frames++;
	c->frame_bytes += f->wire_len;
	c->frame_cut += f->wire_len > cur_left(&f->bytes);
	packet_clear(p, f);
	if (f->link != LINK_ETHERNET || !plain(p, f->bytes))
		return walk_all(d, f, p);
	c->frame_ok++;
	return true;
}

void
packet_glanced(struct decoder *d, uint64_t frames, uint64_t bytes)
{
	d->counts->frames += frames;
	d->counts->frame_bytes += bytes;
	d->counts->frame_ok += frames;
}

void
packet_of_glance(const struct frame *f, const struct glance *g, struct packet *p)
{
	const uint8_t *payload = g->tcp + g->head, *end = payload + g->len;

	packet_clear(p, f);
	tcp_fields(p, g->tcp);
	tcp_options(p, g->tcp + TCP_HEAD, g->head - TCP_HEAD);
	p->payload = (struct cur){payload, end, false};
	p->payload_len = g->len;
	p->ip_payload_len = g->head + g->len;
	p->cut = false;
	if (g->v6)
		ip6_fields(p, g->tcp - IP6_HEAD, end);
	else
		ip4_fields(p, g->tcp - IP4_HEAD, end);
}

/* Both orders give the same; then what differs in one bit differs everywhere (MurmurHash3's last steps). */
static uint32_t
pair_hash(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2], h;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	h = (x[0] + y[0]) * UINT64_C(0x9e3779b97f4a7c15) + (x[1] + y[1]) + (x[1] ^ y[1]) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(h >> 32);
}

/* Plain Ethernet and IPv4 with TCP. */
static inline bool
plain_ends(const struct frame *f, struct addr *src, struct addr *dst)
{
	struct cur c = f->bytes;
	const uint8_t *h = cur_take(&c, ETHER_HEAD + IP4_HEAD);

	if (f->link != LINK_ETHERNET || !h || be16(h + 12) != TYPE_IP4 || h[ETHER_HEAD] != 0x45 ||
	    h[ETHER_HEAD + 9] != PROTO_TCP)
		return false;
	*src = addr_v4(h + ETHER_HEAD + 12);
	*dst = addr_v4(h + ETHER_HEAD + 16);
	return true;
}

uint32_t
packet_pair(const struct frame *f)
{
	uint32_t captured = (uint32_t)cur_left(&f->bytes);
	struct packet p, udp;
	struct walk w = {.c = f->bytes, .p = &p, .udp = &udp};
	enum layer end;

	if (plain_ends(f, &p.src, &p.dst))
		return pair_hash(&p.src, &p.dst);
	packet_clear(&p, f);
	p.src = p.dst = (struct addr){.b = {0}};
	w.missing = f->wire_len > captured ? f->wire_len - captured : 0;
	w.told = w.missing != 0;
	end = walk_on(&w, link_first(f->link));
	if (w.in_udp)
		fall_back(&w, end);
	return pair_hash(&p.src, &p.dst);
}
