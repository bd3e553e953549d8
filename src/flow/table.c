/*
 * table: a packet's connection: its key, its item, its side, and whether the span port said it twice.
 *
 * One index for both directions and both versions of IP.  The cost of a packet does not depend on how many
 * connections are open: it touches the index slot and the flow itself.  Must not look into payload, but for
 * the identity of a datagram.
 */
#include "flow/key.h"

/* How long after a packet its copy may come.  Switches deliver the copy within microseconds, a queue in between
   may take milliseconds.  Without an IP id (IPv6; Linux sends 0 with DF) two equal packets may be two packets. */
enum { COPY_UNITS = 305, COPY_UNITS_NO_ID = 15 };

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

	*t = (struct flows){.key = cfg->key, .tie = cfg->tie, .counts = counts, .next_check = {INT64_MAX}};
	for (uint64_t i = 0; i < sizeof(t->factor) / sizeof(t->factor[0]); i++)
		t->factor[i] = hash_keep(&cfg->key, &i, sizeof(i));
	map_init(&t->map, carve_take(c, map_bytes(cfg->flows)), cfg->flows);
	pool_init(&t->items, carve_take(c, (size_t)cfg->flows * sizeof(struct flow)), sizeof(struct flow), cfg->flows);
	held_init(t, carve_take(c, held_bytes(cfg->segment_bytes)), cfg->segment_bytes);
	return t;
}

static uint64_t
hash_v6(const struct flows *t, const uint8_t *a, const uint8_t *b, uint32_t ports)
{
	const uint64_t *k = t->factor;
	uint64_t sum = k[0] + k[1] * ports;

	for (unsigned i = 0; i < 4; i++)
		sum += k[2 + i] * load_32(a + 4 * i) + k[6 + i] * load_32(b + 4 * i);
	return sum >> 32;
}

/* Of addresses as they stand in an IPv6 header: the lower end first, so that both directions agree. */
COLD uint64_t
hash_ordered(const struct flows *t, const uint8_t *a, const uint8_t *b, uint32_t ports, uint8_t proto)
{
	uint32_t turned = ports << 16 | ports >> 16;
	int order = memcmp(a, b, sizeof(struct addr));

	if (order < 0 || (order == 0 && ports < turned))
		return hash_v6(t, a, b, ports ^ proto);
	return hash_v6(t, b, a, turned ^ proto);
}

uint64_t
flow_hash(const struct flows *t, const struct packet *p)
{
	if (!p->v6) /* no need to look */
		return hash_v4(t, load_32(p->src.b + 12) << 16 | p->sport, load_32(p->dst.b + 12) << 16 | p->dport,
			       p->proto);
	return hash_ends(t, &p->src, &p->dst, (uint32_t)p->sport << 16 | p->dport, p->proto);
}

uint64_t
flow_hash_of(const struct flows *t, const struct flow *f)
{
	return hash_ends(t, &f->addr[0], &f->addr[1], (uint32_t)f->port[0] << 16 | f->port[1], f->proto);
}

void
flow_prefetch(struct flows *t, uint64_t hash)
{
	map_prefetch(&t->map, hash);
}

struct flow *
flow_prefetch_item(const struct flows *t, uint64_t hash)
{
	struct flow *f = first_of(t, hash);

	if (f) {
		__builtin_prefetch(f);
		__builtin_prefetch(&f->side);
	}
	return f;
}

/* Without a branch for each part: nearly always all are equal. */
static inline bool
same_ends(const struct flow *f, const struct packet *p, unsigned side)
{
	typedef uint64_t words2 __attribute__((vector_size(16)));
	words2 src, dst, from, to;

	memcpy(&src, &p->src, sizeof(src));
	memcpy(&dst, &p->dst, sizeof(dst));
	memcpy(&from, &f->addr[side], sizeof(from));
	memcpy(&to, &f->addr[!side], sizeof(to));
	src = (src ^ from) | (dst ^ to);
	return !(src[0] | src[1] | (uint64_t)(p->proto ^ f->proto));
}

/* The packet's side of this flow, or -1: another connection.  Both ports as one word tell, unless they are equal. */
static inline int
side_of(const struct flow *f, const struct packet *p)
{
	uint32_t ports = p->sport | (uint32_t)p->dport << 16, first = f->port[0] | (uint32_t)f->port[1] << 16;
	uint32_t second = first << 16 | first >> 16;
	unsigned side = ports != first;

	if (ports != (side ? second : first))
		return -1;
	if (same_ends(f, p, side))
		return (int)side;
	return first == second && same_ends(f, p, 1) ? 1 : -1;
}

COLD static struct flow *
search(const struct flows *t, const struct packet *p, uint64_t hash, int *side)
{
	for (struct map_at at = map_first(&t->map, hash); map_found(&at); map_next(&t->map, &at)) {
		struct flow *f = flow_at(t, at.handle);

		*side = side_of(f, p);
		if (*side >= 0)
			return f;
	}
	return NULL;
}

/* `maybe` may have ended since it was looked up, and its item may be another connection's: all is compared. */
static inline struct flow *
find(const struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe, int *side)
{
	if (!maybe && !(maybe = first_of(t, hash)))
		return NULL;
	if (maybe->queue < QUEUE_TIMED && (*side = side_of(maybe, p)) >= 0)
		return maybe;
	return search(t, p, hash, side);
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

COLD static struct flow *
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
	f->flags = addr_is_v4(&p->src) && addr_is_v4(&p->dst) ? FLOW_V4 : 0;
	t->counts->flow_new++;
	if (p->proto == PROTO_TCP && !(p->tcp_flags & TCP_SYN)) {
		f->flags |= FLOW_MIDSTREAM;
		t->counts->midstream++;
	}
	map_add(&t->map, hash, handle);
	queue_put(t, f, p->proto == PROTO_TCP ? QUEUE_SYN : QUEUE_UDP_ONE, p->time);
	return f;
}

COLD static uint32_t
options_of(const struct packet *p)
{
	struct cur ip = p->ip;

	cur_skip(&ip, p->v6 ? 40 : 20);
	return identity_options(ip);
}

static inline uint32_t
identity_tcp(const struct packet *p)
{
	uint64_t numbers = __builtin_bswap32(p->seq) | (uint64_t)__builtin_bswap32(p->ack) << 32;
	uint64_t said = p->wscale | (uint64_t)p->tcp_flags << 8 | (uint64_t)__builtin_bswap16(p->window) << 16 |
			(uint64_t)__builtin_bswap16(p->ip_id) << 32 | (uint64_t)p->mss << 48;
	uint32_t id = identity_of(numbers, said, __builtin_bswap32(p->ts_val) | (uint64_t)p->payload_len << 32);

	if (p->ip_id == 0 && p->payload_len == 0)
		id ^= options_of(p);
	return id;
}

/* Keyed and 64 bits wide: of a datagram nothing else says whether it brings news. */
static uint64_t
identity_udp(const struct flows *t, const struct packet *p)
{
	uint64_t word[4] = {(uint64_t)p->payload_len << 16 | p->ip_id};
	struct cur head = p->payload, tail = p->payload;

	cur_copy(&head, &word[1], 16);
	cur_skip(&tail, cur_left(&tail) > 8 ? cur_left(&tail) - 8 : 0);
	cur_copy(&tail, &word[3], 8);
	return hash_words(&t->key, word, 4);
}

static bool
is_copy(const struct flows *t, const struct flow *f, const struct packet *p, int side)
{
	const struct flow_side *s = &f->side[side];
	uint32_t age = copy_time(p->time) - s->recent_time;

	if (!s->packets || age > (p->ip_id ? COPY_UNITS : COPY_UNITS_NO_ID))
		return false;
	return p->proto != PROTO_TCP || !stream_has_news(t, f, p, (unsigned)side);
}

COLD static void
account_first(struct flow_note *n, const struct packet *p)
{
	n->ttl = p->ttl;
	n->mss = p->mss;
	n->window = p->window;
	n->wscale = p->wscale;
}

static inline void
account(struct flow *f, unsigned side, const struct packet *p)
{
	struct flow_side *s = &f->side[side];

	if (!s->packets)
		account_first(&f->note[side], p);
	side_count(s, p->ip_payload_len);
	s->recent_time = copy_time(p->time);
	f->last = p->time;
}

COLD static void
datagram(struct flows *t, const struct flow *f, const struct packet *p, int side)
{
	uint32_t have = (uint32_t)cur_left(&p->payload);
	uint32_t cut = p->payload_len > have ? p->payload_len - have : 0;

	if (!p->payload_len || f->flags & FLOW_IGNORED)
		return;
	t->piece_ready = true;
	t->pieces = PIECES_ONE;
	t->piece = (struct chunk){
		.bytes = p->payload, .side = (uint8_t)side, .datagram = true, .cut_bytes = cut, .time = p->time};
}

/* Ends a connection that this packet shows to be over. */
COLD static bool
is_over(struct flows *t, struct flow *f, const struct packet *p, int side)
{
	if (!flow_is_silent(f, p->time)) {
		if (!(p->tcp_flags & TCP_SYN) || !stream_is_new(f, p, (unsigned)side))
			return false;
		f->flags |= FLOW_REPLACED;
	}
	flow_end(t, f, FLOW_TIMEOUT);
	return true;
}

static inline bool
may_be_over(const struct flow *f, const struct packet *p)
{
	return p->tcp_flags & TCP_SYN || p->time.ns - f->last.ns > FLOW_CLOSING_S * NS_PER_S;
}

/* The connection that the packet goes on with; NULL: none. */
static inline struct flow *
continued(struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe, int *side)
{
	struct flow *f = find(t, p, hash, maybe, side);

	return f && may_be_over(f, p) && is_over(t, f, p, *side) ? NULL : f;
}

COLD static bool
said_twice(struct flows *t, struct flow *f, const struct packet *p, int side)
{
	if (!is_copy(t, f, p, side))
		return false;
	t->counts->duplicate++;
	count_up(&f->duplicates);
	return true;
}

static inline struct fed
feed_tcp(struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe)
{
	static const struct fed none;
	uint32_t id = identity_tcp(p);
	struct flow_side *s;
	int side;
	struct flow *f = continued(t, p, hash, maybe, &side);
	bool is_new = !f, plain;

	if (is_new) {
		side = first_side(p);
		if (!(f = make(t, p, hash, side)))
			return none;
	}
	s = &f->side[side];
	if ((s->recent[0] == id || s->recent[1] == id) && said_twice(t, f, p, side))
		return none;
	plain = stream_feed(t, f, p, (unsigned)side);
	s->recent[1] = s->recent[0];
	s->recent[0] = id;
	account(f, (unsigned)side, p);
	return (struct fed){f, (uint8_t)side, is_new, plain};
}

/* The upper halves of a datagram's identity are kept where TCP keeps its sequence. */
COLD static struct fed
feed_udp(struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe)
{
	static const struct fed none;
	uint64_t id = identity_udp(t, p);
	uint32_t low = (uint32_t)id, high = (uint32_t)(id >> 32);
	struct flow_side *s;
	int side = 0;
	struct flow *f = continued(t, p, hash, maybe, &side);
	bool is_new = !f;

	if (is_new) {
		side = 0;
		if (!(f = make(t, p, hash, side)))
			return none;
	}
	s = &f->side[side];
	if (((s->recent[0] == low && s->next == high) || (s->recent[1] == low && s->segments == high)) &&
	    said_twice(t, f, p, side))
		return none;
	datagram(t, f, p, side);
	s->recent[1] = s->recent[0];
	s->recent[0] = low;
	s->segments = s->next;
	s->next = high;
	account(f, (unsigned)side, p);
	return (struct fed){f, (uint8_t)side, is_new, false};
}

struct fed
flow_feed(struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe)
{
	t->pieces = PIECES_NONE;
	t->piece_ready = false;
	if (!when_before(p->time, t->next_check))
		queue_sweep(t, p->time);
	t->now = p->time;
	if (p->proto == PROTO_TCP)
		return feed_tcp(t, p, hash, maybe);
	return p->proto == PROTO_UDP ? feed_udp(t, p, hash, maybe) : (struct fed){0};
}
