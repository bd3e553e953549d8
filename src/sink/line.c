/*
 * line: heads, tails and connections of EVE lines, and Community ID v1
 * (https://github.com/corelight/community-id-spec).  Must not touch a descriptor or a clock.
 */
#include "sink/line.h"

#include <endian.h>

#include "base/clear.h"
#include "base/crypt.h"

/* JSON of a path's last 1,000 bytes at most: a name is for people, and the tail must fit. */
static const char *
path_tail(const char *path)
{
	size_t n = strlen(path);

	return n > 1000 ? path + n - 1000 : path;
}

enum { MIDDLE_END = 32 }; /* event_type's key */

void
eve_context_init(struct eve_context *x, const struct eve_config *cfg, const char *capture, uint64_t identity_key)
{
	struct out iface = out_of(x->middle, sizeof(x->middle) - MIDDLE_END), tail = out_of(x->tail, sizeof(x->tail));

	x->cfg = cfg;
	x->identity_key = identity_key;
	clear(&x->recent, sizeof(x->recent));
	x->recent.ready = cfg->ready;
	if (cfg->iface) {
		OUT_LIT(&iface, ",\"in_iface\":");
		json_text(&iface, cfg->iface);
	}
	if (cfg->sensor) {
		OUT_LIT(&tail, ",\"host\":");
		json_text(&tail, path_tail(cfg->sensor));
	}
	if (cfg->site && !cfg->strict) {
		OUT_LIT(&tail, ",\"site\":");
		json_text(&tail, path_tail(cfg->site));
	}
	if (cfg->serial && !cfg->strict) {
		OUT_LIT(&tail, ",\"serial\":");
		json_text(&tail, path_tail(cfg->serial));
	}
	if (capture) {
		OUT_LIT(&tail, ",\"pcap_filename\":");
		json_text(&tail, path_tail(capture));
	}
	OUT_LIT(&tail, "}\n");
	if (iface.full)
		iface.p = x->middle;
	iface.end = x->middle + sizeof(x->middle);
	OUT_LIT(&iface, ",\"event_type\":\"");
	x->middle_len = out_len(&iface);
	x->tail_len = out_len(&tail);
}

const char *
eve_gateway(const struct eve_config *cfg, unsigned number)
{
	return number && number <= GATEWAYS_MAX ? cfg->gateway[number - 1] : NULL;
}

char *
put_flow_id(char *p, uint64_t session)
{
	return session >> 11 ? put_u64(PUT_LIT(p, ",\"flow_id\":"), session >> 11) : p;
}

char *
line_begin(struct out *o, struct eve_context *x, const struct line_head *h)
{
	enum { HEAD_MAX = 256 };
	char *begun = o->p, *p = begun;

	if ((size_t)(o->end - p) < HEAD_MAX + x->middle_len) {
		o->full = true;
		return begun;
	}
	p = PUT_LIT(p, "{\"timestamp\":\"");
	p = recent_time(&x->recent, p, h->time);
	*p++ = '"';
	if (h->flow_id.p) {
		memcpy(p, h->flow_id.p, FLOW_ID_MAX);
		p += h->flow_id.len;
	}
	p = put_bytes(p, x->middle, x->middle_len);
	p = put_bytes(p, h->type.p, h->type.len);
	*p++ = '"';
	o->p = p;
	return begun;
}

void
line_end(struct out *o, const struct eve_context *x, char *begun)
{
	out_bytes(o, x->tail, x->tail_len);
	if (o->full)
		o->p = begun;
}

static char *
put_proto(char *p, uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return PUT_LIT(p, "TCP");
	case PROTO_UDP:
		return PUT_LIT(p, "UDP");
	case PROTO_ICMP:
		return PUT_LIT(p, "ICMP");
	case PROTO_ICMP6:
		return PUT_LIT(p, "IPv6-ICMP");
	default:
		return put_u64(p, proto);
	}
}

/* At most ENDS_MAX bytes. */
enum { ENDS_MAX = 2 * RECENT_ADDR_ROOM + 6 * PUT_U64_MAX + 96 };

static char *
put_ends(char *p, struct recent *recent, const struct line_ends *e)
{
	bool ports = e->proto != PROTO_ICMP && e->proto != PROTO_ICMP6;

	p = PUT_LIT(p, ",\"src_ip\":\"");
	p = recent_addr(recent, p, e->src);
	*p++ = '"';
	if (ports && e->src_port) {
		p = PUT_LIT(p, ",\"src_port\":");
		p = put_u64(p, e->src_port);
	}
	p = PUT_LIT(p, ",\"dest_ip\":\"");
	p = recent_addr(recent, p, e->dest);
	*p++ = '"';
	if (ports && e->dest_port) {
		p = PUT_LIT(p, ",\"dest_port\":");
		p = put_u64(p, e->dest_port);
	}
	p = PUT_LIT(p, ",\"proto\":\"");
	p = put_proto(p, e->proto);
	p = PUT_LIT(p, "\",\"ip_v\":");
	*p++ = addr_is_v4(e->src) ? '4' : '6';
	return p;
}

void
line_ends(struct out *o, struct eve_context *x, const struct line_ends *e)
{
	char ends[ENDS_MAX];
	size_t n = (size_t)(put_ends(ends, &x->recent, e) - ends);

	out_bytes(o, ends, n);
}

typedef signed char bytes16 __attribute__((vector_size(16)));

static bytes16
base64_digits(bytes16 x)
{
	return x + ('A' + ((x > 25) & ('a' - 'A' - 26)) - ((x > 51) & ('a' + 26 - '0')) -
		    ((x > 61) & ('0' + 10 - '+')) + ((x > 62) & ('/' - '+' - 1)));
}

/* Eight times six of 48 bits, a byte each, the first in the highest. */
static uint64_t
sixes(uint64_t v)
{
	v = (v & UINT64_C(0xffffff000000)) << 8 | (v & UINT64_C(0xffffff));
	v = (v & UINT64_C(0x00fff00000fff000)) << 4 | (v & UINT64_C(0x00000fff00000fff));
	return (v & UINT64_C(0x0fc00fc00fc00fc0)) << 2 | (v & UINT64_C(0x003f003f003f003f));
}

static uint64_t
load_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* 20 bytes: 26 digits and a part of one, with a '=' behind them; 32 bytes are written to. */
static char *
put_sha1(char *p, const uint8_t b[CRYPT_SHA1])
{
	enum { DIGITS = 27 };
	const uint64_t each[4] = {htobe64(sixes(load_be64(b) >> 16)), htobe64(sixes(load_be64(b + 6) >> 16)),
				  htobe64(sixes(load_be64(b + 12) >> 16)),
				  htobe64(sixes((load_be64(b + CRYPT_SHA1 - 8) & UINT16_MAX) << 32))};
	bytes16 x[2];

	memcpy(x, each, sizeof(x));
	x[0] = base64_digits(x[0]);
	x[1] = base64_digits(x[1]);
	memcpy(p, x, sizeof(x));
	p[DIGITS] = '=';
	return p + DIGITS + 1;
}

/* Appends an address as its version has it on the wire. */
static size_t
wire_addr(uint8_t *to, const struct addr *a)
{
	if (addr_is_v4(a)) {
		memcpy(to, a->b + 12, 4);
		return 4;
	}
	memcpy(to, a->b, sizeof(a->b));
	return sizeof(a->b);
}

static size_t
wire_port(uint8_t *to, uint16_t port)
{
	to[0] = (uint8_t)(port >> 8);
	to[1] = (uint8_t)port;
	return 2;
}

enum { COMMUNITY_MAX = 64 };

char *
put_community_id(char *p, const struct session *s)
{
	int order = addr_order(&s->src, &s->dest);
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
	p = PUT_LIT(p, "1:");
	return put_sha1(p, sum);
}

static char *
put_community(char *p, const struct session *s)
{
	p = PUT_LIT(p, ",\"community_id\":\"");
	p = put_community_id(p, s);
	*p++ = '"';
	return p;
}

void
line_community(struct out *o, const struct session *s)
{
	char id[COMMUNITY_MAX];
	size_t n = (size_t)(put_community(id, s) - id);

	out_bytes(o, id, n);
}

static char *
put_vlans(char *p, const struct session *s)
{
	if (!s->vlan && !s->vlan_inner)
		return p;
	p = PUT_LIT(p, ",\"vlan\":[");
	p = put_u64(p, s->vlan);
	if (s->vlan_inner) {
		*p++ = ',';
		p = put_u64(p, s->vlan_inner);
	}
	*p++ = ']';
	return p;
}

void
line_flow_init(struct line_flow *l, struct eve_context *x, const struct session *s)
{
	const struct line_ends ends = {&s->src, &s->dest, s->src_port, s->dest_port, s->proto};
	// cppcheck-suppress ctuuninitvar ; the address is taken, no byte read
	char *p = l->bytes, *middle;

	_Static_assert(sizeof(l->bytes) >= FLOW_ID_MAX + ENDS_MAX + COMMUNITY_MAX + 64, "VLANs, too");
	p = middle = put_flow_id(p, s->id);
	p = put_vlans(p, s);
	p = put_ends(p, &x->recent, &ends);
	p = put_community(p, s);
	l->id = (struct text){l->bytes, (uint32_t)(middle - l->bytes)};
	l->ends = (struct text){middle, (uint32_t)(p - middle)};
}
