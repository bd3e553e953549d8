/*
 * line: heads, tails and connections of EVE lines, and Community ID v1
 * (https://github.com/corelight/community-id-spec).  Must not touch a descriptor or a clock.
 */
#include "sink/line.h"

#include "base/crypt.h"

/* JSON of a path's last 1,000 bytes at most: a name is for people, and the tail must fit. */
static const char *
path_tail(const char *path)
{
	size_t n = strlen(path);

	return n > 1000 ? path + n - 1000 : path;
}

void
eve_context_init(struct eve_context *x, const struct eve_config *cfg, const char *capture, uint64_t identity_key)
{
	struct out iface = out_of(x->iface, sizeof(x->iface)), tail = out_of(x->tail, sizeof(x->tail));

	x->cfg = cfg;
	x->identity_key = identity_key;
	x->second = (struct out_second){0};
	if (cfg->iface) {
		OUT_LIT(&iface, ",\"in_iface\":");
		json_text(&iface, cfg->iface);
	}
	if (cfg->sensor) {
		OUT_LIT(&tail, ",\"host\":");
		json_text(&tail, path_tail(cfg->sensor));
	}
	if (capture) {
		OUT_LIT(&tail, ",\"pcap_filename\":");
		json_text(&tail, path_tail(capture));
	}
	OUT_LIT(&tail, "}\n");
	x->iface_len = iface.full ? 0 : out_len(&iface);
	x->tail_len = out_len(&tail);
}

char *
line_begin(struct out *o, struct eve_context *x, const struct line_head *h)
{
	char *begun = o->p;

	OUT_LIT(o, "{\"timestamp\":\"");
	out_time_near(o, h->time, &x->second);
	out_char(o, '"');
	if (h->flow_id) {
		OUT_LIT(o, ",\"flow_id\":");
		out_u64(o, h->flow_id);
	}
	out_bytes(o, x->iface, x->iface_len);
	OUT_LIT(o, ",\"event_type\":\"");
	out_bytes(o, h->type.p, h->type.len);
	out_char(o, '"');
	return begun;
}

void
line_end(struct out *o, const struct eve_context *x, char *begun)
{
	out_bytes(o, x->tail, x->tail_len);
	if (o->full)
		o->p = begun;
}

static void
out_proto(struct out *o, uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		OUT_LIT(o, "TCP");
		break;
	case PROTO_UDP:
		OUT_LIT(o, "UDP");
		break;
	case PROTO_ICMP:
		OUT_LIT(o, "ICMP");
		break;
	case PROTO_ICMP6:
		OUT_LIT(o, "IPv6-ICMP");
		break;
	default:
		out_u64(o, proto);
	}
}

void
line_ends(struct out *o, const struct line_ends *e)
{
	bool ports = e->proto != PROTO_ICMP && e->proto != PROTO_ICMP6;

	OUT_LIT(o, ",\"src_ip\":\"");
	out_addr(o, e->src);
	out_char(o, '"');
	if (ports && e->src_port)
		LINE_U64(o, "src_port", e->src_port);
	OUT_LIT(o, ",\"dest_ip\":\"");
	out_addr(o, e->dest);
	out_char(o, '"');
	if (ports && e->dest_port)
		LINE_U64(o, "dest_port", e->dest_port);
	OUT_LIT(o, ",\"proto\":\"");
	out_proto(o, e->proto);
	OUT_LIT(o, "\",\"ip_v\":");
	out_char(o, addr_is_v4(e->src) ? '4' : '6');
}

static void
out_base64(struct out *o, const uint8_t *b, size_t n)
{
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16 | (uint32_t)(i + 1 < n ? b[i + 1] : 0) << 8 |
			     (uint32_t)(i + 2 < n ? b[i + 2] : 0);
		char four[4] = {DIGITS[v >> 18], DIGITS[v >> 12 & 63], i + 1 < n ? DIGITS[v >> 6 & 63] : '=',
				i + 2 < n ? DIGITS[v & 63] : '='};

		out_bytes(o, four, 4);
	}
}

/* Appends an address as its version has it on the wire. */
static size_t
wire_addr(uint8_t *to, const struct addr *a)
{
	size_t n = addr_is_v4(a) ? 4 : 16;

	memcpy(to, a->b + 16 - n, n);
	return n;
}

static size_t
wire_port(uint8_t *to, uint16_t port)
{
	to[0] = (uint8_t)(port >> 8);
	to[1] = (uint8_t)port;
	return 2;
}

void
line_community(struct out *o, const struct session *s)
{
	int order = memcmp(s->src.b, s->dest.b, 16);
	bool swap = order > 0 || (order == 0 && s->src_port > s->dest_port);
	uint8_t in[2 + 16 + 16 + 2 + 4], sum[CRYPT_SHA1];
	size_t n = 2;

	memset(in, 0, 2); /* the seed */
	n += wire_addr(in + n, swap ? &s->dest : &s->src);
	n += wire_addr(in + n, swap ? &s->src : &s->dest);
	in[n++] = s->proto;
	in[n++] = 0;
	if (s->proto == PROTO_TCP || s->proto == PROTO_UDP) {
		n += wire_port(in + n, swap ? s->dest_port : s->src_port);
		n += wire_port(in + n, swap ? s->src_port : s->dest_port);
	}
	crypt_sha1(in, n, sum);
	OUT_LIT(o, ",\"community_id\":\"1:");
	out_base64(o, sum, sizeof(sum));
	out_char(o, '"');
}

static void
out_vlans(struct out *o, const struct session *s)
{
	if (!s->vlan && !s->vlan_inner)
		return;
	OUT_LIT(o, ",\"vlan\":[");
	out_u64(o, s->vlan);
	if (s->vlan_inner) {
		out_char(o, ',');
		out_u64(o, s->vlan_inner);
	}
	out_char(o, ']');
}

void
line_flow_init(struct line_flow *l, const struct session *s)
{
	struct out o = out_of(l->bytes, sizeof(l->bytes));
	struct line_ends ends = {&s->src, &s->dest, s->src_port, s->dest_port, s->proto};

	l->id = line_flow_id(s->id);
	out_vlans(&o, s);
	line_ends(&o, &ends);
	line_community(&o, s);
	l->len = out_len(&o);
}
