/*
 * decode: the walk through a frame's layers, and the one place where its end is counted.
 * Must not look into headers, except to spare plain Ethernet the table.
 */
#include "packet/layer.h"

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
reason_counter(struct counts *c, enum layer end)
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
	if (end == NOT_DEPTH || end == PACKET_HELD || (end == PACKET_OK && (!w->p->cut || w->udp.cut)))
		return end;
	*w->p = w->udp;
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

bool
packet_decode(struct decoder *d, const struct frame *f, struct packet *p)
{
	uint32_t captured = (uint32_t)cur_left(&f->bytes);
	enum layer end;
	struct walk w;

	d->counts->frames++;
	d->counts->frame_bytes += f->wire_len;
	w.c = f->bytes;
	w.p = p;
	w.fragments = d->fragments;
	w.missing = f->wire_len > captured ? f->wire_len - captured : 0;
	d->counts->frame_cut += w.missing != 0;
	w.layers = 0;
	w.told = w.missing != 0;
	w.in_udp = w.sequenced = w.bounded = false;
	*p = (struct packet){.time = f->time, .wire_len = f->wire_len};
	fragments_frame(d->fragments);
	end = walk_on(&w, f->link == 1 ? LAYER_ETHER : link_first(f->link));
	if (w.in_udp)
		end = fall_back(&w, end);
	if (end != PACKET_OK) {
		++*reason_counter(d->counts, end);
		return false;
	}
	d->counts->frame_ok++;
	d->counts->icmp += p->proto == PROTO_ICMP || p->proto == PROTO_ICMP6;
	return true;
}
