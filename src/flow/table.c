/*
 * table: a packet's connection: its key, its item, its side, and whether the span port said it twice.
 *
 * One index for both directions and both versions of IP.  The cost of a packet does not depend on how many
 * connections are open: it touches the index slot and the flow itself.  Must not look into payload, but for
 * the identity of a datagram.
 */
#include "flow/table.h"

/* How long after a packet its copy may come.  Switches deliver the copy within microseconds, a queue in between
   may take milliseconds.  Without an IP id (IPv6; Linux sends 0 with DF) two equal packets may be two packets. */
enum { COPY_UNITS = 305, COPY_UNITS_NO_ID = 15, TIME_SHIFT = 16 };

size_t
flows_bytes(const struct flows_config *cfg)
{
	enum { LINES = 4 * 64 };

	return sizeof(struct flows) + map_bytes(cfg->flows) + (size_t)cfg->flows * sizeof(struct flow) +
	       held_bytes(cfg->segment_bytes) + LINES;
}

struct flows *
flows_new(struct carve *c, const struct flows_config *cfg, struct counts *counts)
{
	struct flows *t = carve_take(c, sizeof(*t));

	*t = (struct flows){.key = cfg->key, .counts = counts, .next_check = {INT64_MAX}};
	map_init(&t->map, carve_take(c, map_bytes(cfg->flows)), cfg->flows);
	pool_init(&t->items, carve_take(c, (size_t)cfg->flows * sizeof(struct flow)), sizeof(struct flow), cfg->flows);
	held_init(t, carve_take(c, held_bytes(cfg->segment_bytes)), cfg->segment_bytes);
	return t;
}

static inline uint64_t
load_64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint64_t
load_32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* The lower end comes first, so that both directions agree. */
static inline uint64_t
hash_ends(const struct flows *t, const struct addr *a, const struct addr *b, const uint16_t port[2], uint8_t proto)
{
	uint64_t word[5];

	if (addr_is_v4(a) && addr_is_v4(b)) {
		uint64_t x = load_32(a->b + 12) << 16 | port[0], y = load_32(b->b + 12) << 16 | port[1];

		word[0] = (x < y ? x : y) | (uint64_t)proto << 48;
		word[1] = x < y ? y : x;
		return hash_words(&t->key, word, 2);
	}
	if (memcmp(a, b, sizeof(*a)) > 0 || (addr_same(a, b) && port[0] > port[1])) {
		const uint16_t turned[2] = {port[1], port[0]};

		return hash_ends(t, b, a, turned, proto);
	}
	word[0] = load_64(a->b);
	word[1] = load_64(a->b + 8);
	word[2] = load_64(b->b);
	word[3] = load_64(b->b + 8);
	word[4] = (uint64_t)proto << 32 | (uint32_t)port[0] << 16 | port[1];
	return hash_words(&t->key, word, 5);
}

uint64_t
flow_hash(const struct flows *t, const struct packet *p)
{
	const uint16_t port[2] = {p->sport, p->dport};

	return hash_ends(t, &p->src, &p->dst, port, p->proto);
}

uint64_t
flow_hash_of(const struct flows *t, const struct flow *f)
{
	return hash_ends(t, &f->addr[0], &f->addr[1], f->port, f->proto);
}

void
flow_prefetch(struct flows *t, uint64_t hash)
{
	map_prefetch(&t->map, hash);
}

void
flow_prefetch_item(struct flows *t, uint64_t hash)
{
	struct map_at at = map_first(&t->map, hash);
	const uint8_t *item;

	if (!map_found(&at))
		return;
	item = pool_at(&t->items, at.handle);
	for (size_t i = 0; i < sizeof(struct flow); i += 64)
		__builtin_prefetch(item + i);
}

/* The packet's side of this flow, or -1: another connection. */
static inline int
side_of(const struct flow *f, const struct packet *p)
{
	if (f->proto != p->proto)
		return -1;
	if (p->sport == f->port[0] && p->dport == f->port[1] && addr_same(&p->src, &f->addr[0]) &&
	    addr_same(&p->dst, &f->addr[1]))
		return 0;
	if (p->sport == f->port[1] && p->dport == f->port[0] && addr_same(&p->src, &f->addr[1]) &&
	    addr_same(&p->dst, &f->addr[0]))
		return 1;
	return -1;
}

static inline struct flow *
find(const struct flows *t, const struct packet *p, uint64_t hash, int *side)
{
	for (struct map_at at = map_first(&t->map, hash); map_found(&at); map_next(&t->map, &at)) {
		struct flow *f = flow_at(t, at.handle);

		*side = side_of(f, p);
		if (*side >= 0)
			return f;
	}
	return NULL;
}

/* Which side sent the first packet that is seen of a connection. */
static int
first_side(const struct packet *p)
{
	if (p->proto != PROTO_TCP)
		return 0;
	if (p->tcp_flags & TCP_SYN)
		return (p->tcp_flags & TCP_ACK) != 0;
	return p->sport < p->dport;
}

static struct flow *
make(struct flows *t, const struct packet *p, uint64_t hash, int side)
{
	uint32_t handle = pool_get(&t->items);
	struct flow *f;

	if (!handle)
		return NULL;
	f = flow_at(t, handle);
	*f = (struct flow){.proto = p->proto,
			   .first = p->time,
			   .last = p->time,
			   .vlan = p->vlan,
			   .vlan_inner = p->vlan_inner,
			   .tunnel = p->tunnel,
			   .tunnel_id = p->tunnel_id};
	f->addr[side] = p->src;
	f->addr[!side] = p->dst;
	f->port[side] = p->sport;
	f->port[!side] = p->dport;
	t->counts->flow_new++;
	if (p->proto == PROTO_TCP && !(p->tcp_flags & TCP_SYN)) {
		f->flags = FLOW_MIDSTREAM;
		t->counts->midstream++;
	}
	map_add(&t->map, hash, handle);
	queue_put(t, f, p->proto == PROTO_TCP ? QUEUE_SYN : QUEUE_UDP_ONE, p->time);
	return f;
}

struct identity {
	uint32_t low, high;
};

/* Ends and middle of the TCP header's options and checksum: with no IP id, SACK blocks tell two equal ACKs apart. */
static uint64_t
options_of(const struct packet *p)
{
	struct cur ip = p->ip;
	uint64_t sum = 0;

	cur_skip(&ip, (p->v6 ? 40 : 20) + 16);
	for (unsigned i = 0; i < 5 && cur_left(&ip) >= 8; i++)
		sum = sum * UINT64_C(0x9e3779b97f4a7c15) + cur_u64(&ip);
	return sum;
}

/*
 * Not keyed: a read gives the same result each time.  An attacker can make two segments collide, which is
 * why a segment with news is never taken for a copy (stream_has_news).
 */
static inline struct identity
identity_tcp(const struct packet *p)
{
	uint64_t x = (uint64_t)p->seq << 32 | p->ack,
		 y = (uint64_t)p->ts_val << 32 | (uint32_t)p->window << 16 | p->ip_id;
	uint64_t z = (uint64_t)p->payload_len << 8 | p->tcp_flags;

	if (p->ip_id == 0 && p->payload_len == 0)
		z += options_of(p);
	x = x * UINT64_C(0x9e3779b97f4a7c15) + y * UINT64_C(0xc2b2ae3d27d4eb4f) + z * UINT64_C(0x165667b19e3779f9);
	return (struct identity){(uint32_t)(x >> 32), 0};
}

/* Keyed and 64 bits wide: of a datagram nothing else says whether it brings news. */
static struct identity
identity_udp(const struct flows *t, const struct packet *p)
{
	uint64_t word[4] = {(uint64_t)p->payload_len << 16 | p->ip_id}, hash;
	struct cur head = p->payload, tail = p->payload;

	cur_copy(&head, &word[1], 16);
	cur_skip(&tail, cur_left(&tail) > 8 ? cur_left(&tail) - 8 : 0);
	cur_copy(&tail, &word[3], 8);
	hash = hash_words(&t->key, word, 4);
	return (struct identity){(uint32_t)hash, (uint32_t)(hash >> 32)};
}

/* UDP keeps the upper halves where TCP keeps its sequence. */
static inline bool
is_recent(const struct flow_side *s, struct identity id, bool tcp)
{
	return (s->recent[0] == id.low && (tcp || s->next == id.high)) ||
	       (s->recent[1] == id.low && (tcp || s->segments == id.high));
}

static bool
is_copy(const struct flows *t, const struct flow *f, const struct packet *p, int side)
{
	const struct flow_side *s = &f->side[side];
	uint32_t age = (uint32_t)((uint64_t)p->time.ns >> TIME_SHIFT) - s->recent_time;

	if (!s->packets || age > (p->ip_id ? COPY_UNITS : COPY_UNITS_NO_ID))
		return false;
	return p->proto != PROTO_TCP || !stream_has_news(t, f, p, (unsigned)side);
}

static inline void
remember(struct flow_side *s, struct identity id, const struct packet *p)
{
	s->recent[1] = s->recent[0];
	s->recent[0] = id.low;
	s->recent_time = (uint32_t)((uint64_t)p->time.ns >> TIME_SHIFT);
	if (p->proto != PROTO_TCP) {
		s->segments = s->next;
		s->next = id.high;
	}
}

/* Bytes behind the IP header, on the wire. */
static inline uint32_t
ip_payload(const struct packet *p)
{
	size_t ip_header = p->v6 ? 40 : (cur_peek(&p->ip, 0) & 15u) * 4u;
	size_t header = (uintptr_t)p->payload.p - (uintptr_t)p->ip.p - ip_header;

	if (header < 8 || header > 256)
		header = p->proto == PROTO_TCP ? 20 : 8;
	return p->payload_len + (uint32_t)header;
}

static void
account_first(struct flow_side *s, const struct packet *p)
{
	s->ttl = p->ttl;
	s->mss = p->mss;
	s->window = p->window;
	s->wscale = p->wscale;
}

static inline void
account(struct flow *f, const struct packet *p, int side)
{
	struct flow_side *s = &f->side[side];

	if (!s->packets)
		account_first(s, p);
	s->packets++;
	s->bytes += ip_payload(p);
	f->last = p->time;
}

static void
datagram(struct flows *t, const struct flow *f, const struct packet *p, int side)
{
	uint32_t have = (uint32_t)cur_left(&p->payload);
	uint32_t cut = p->payload_len > have ? p->payload_len - have : 0;

	t->piece_ready = p->payload_len && !(f->flags & FLOW_IGNORED);
	t->piece = (struct chunk){.bytes = p->payload,
				  .side = (uint8_t)side,
				  .datagram = true,
				  .cut = cut != 0,
				  .cut_bytes = cut,
				  .time = p->time};
}

/* The connection this packet continues, if it does; ends the one that it shows to be over. */
static inline struct flow *
continued(struct flows *t, const struct packet *p, uint64_t hash, int *side)
{
	struct flow *f = find(t, p, hash, side);

	if (!f)
		return NULL;
	if (flow_is_silent(f, p->time)) {
		flow_end(t, f, FLOW_TIMEOUT);
		return NULL;
	}
	if (p->tcp_flags & TCP_SYN && stream_is_new(f, p, (unsigned)*side)) {
		f->flags |= FLOW_REPLACED;
		flow_end(t, f, FLOW_TIMEOUT);
		return NULL;
	}
	return f;
}

struct flow *
flow_feed(struct flows *t, const struct packet *p, uint64_t hash, bool *is_new)
{
	bool tcp = p->proto == PROTO_TCP;
	struct identity id;
	struct flow *f;
	int side;

	*is_new = false;
	t->piece_ready = false;
	if (!tcp && p->proto != PROTO_UDP)
		return NULL;
	if (!when_before(p->time, t->next_check))
		queue_sweep(t, p->time);
	t->now = p->time;
	id = tcp ? identity_tcp(p) : identity_udp(t, p);
	f = continued(t, p, hash, &side);
	if (!f) {
		side = first_side(p);
		if (!(f = make(t, p, hash, side)))
			return NULL;
		*is_new = true;
	} else if (is_recent(&f->side[side], id, tcp) && is_copy(t, f, p, side)) {
		t->counts->duplicate++;
		count_up(&f->duplicates);
		return NULL;
	}
	if (tcp)
		stream_feed(t, f, p, (unsigned)side);
	else
		datagram(t, f, p, side);
	remember(&f->side[side], id, p);
	account(f, p, side);
	return f;
}
