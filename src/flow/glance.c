/*
 * glance: the next segment of a smooth connection, by the short way: found, compared, noted.
 * Must give what table.c and stream.c would have given; whatever else there is to a packet is theirs.
 */
#include "flow/key.h"

enum {
	IP4_HEAD = 20,
	IP6_HEAD = 40,
	IP4_ID = 4,
	IP4_SRC = 12,
	IP4_DST = 16,
	IP6_SRC = 8,
	IP6_DST = 24,
	V4_IN_ADDR = 12
};
enum { SEQ = 4, ACK = 8, FLAGS = 12, STAMP = 24 };

static inline uint32_t
be_32(const uint8_t *p)
{
	return __builtin_bswap32((uint32_t)load_32(p));
}

static inline const uint8_t *
ip_of(const struct glance *g)
{
	return g->tcp - (g->v6 ? IP6_HEAD : IP4_HEAD);
}

/* Source port above, destination port below. */
static inline uint32_t
ports_of(const struct glance *g)
{
	return be_32(g->tcp);
}

COLD static uint64_t
hash_6(const struct flows *t, const struct glance *g)
{
	struct addr a, b;

	memcpy(&a, ip_of(g) + IP6_SRC, sizeof(a));
	memcpy(&b, ip_of(g) + IP6_DST, sizeof(b));
	return hash_ends(t, &a, &b, ports_of(g), PROTO_TCP);
}

uint64_t
flow_glance_hash(const struct flows *t, const struct glance *g)
{
	const uint8_t *ip = g->tcp - IP4_HEAD;
	uint32_t ports = ports_of(g);

	if (g->v6)
		return hash_6(t, g);
	return hash_v4(t, load_32(ip + IP4_SRC) << 16 | ports >> 16, load_32(ip + IP4_DST) << 16 | (ports & 0xffff),
		       PROTO_TCP);
}

static inline uint64_t
turned(uint64_t pair)
{
	return pair << 32 | pair >> 32;
}

enum { NEITHER = 2 };

/* By addresses and ports at once; two equal pairs of either: the first side, which table.c says, too. */
static inline unsigned
side_4(const struct flow *f, const struct glance *g)
{
	uint64_t first = load_32(f->addr[0].b + V4_IN_ADDR) | load_32(f->addr[1].b + V4_IN_ADDR) << 32;
	uint64_t pair = load_64(g->tcp - IP4_HEAD + IP4_SRC);
	uint32_t ports = ports_of(g), opener = (uint32_t)f->port[0] << 16 | f->port[1];

	if (!(f->flags & FLOW_V4))
		return NEITHER;
	if (pair == first && ports == opener)
		return 0;
	return pair == turned(first) && (ports << 16 | ports >> 16) == opener ? 1 : NEITHER;
}

COLD static unsigned
side_6(const struct flow *f, const struct glance *g)
{
	const uint8_t *src = ip_of(g) + IP6_SRC, *dst = ip_of(g) + IP6_DST;
	uint32_t ports = ports_of(g), opener = (uint32_t)f->port[0] << 16 | f->port[1];

	if (ports == opener && memcmp(&f->addr[0], src, 16) == 0 && memcmp(&f->addr[1], dst, 16) == 0)
		return 0;
	return (ports << 16 | ports >> 16) == opener && memcmp(&f->addr[0], dst, 16) == 0 &&
			       memcmp(&f->addr[1], src, 16) == 0 ?
		       1 :
		       NEITHER;
}

static inline uint32_t
identity(const struct glance *g)
{
	const uint64_t flags = 0xffffff00;
	uint64_t ip_id = 0, stamp = g->head == GLANCE_STAMPS ? load_32(g->tcp + STAMP) : 0;
	uint32_t id;

	if (!g->v6) {
		uint16_t v;

		memcpy(&v, g->tcp - IP4_HEAD + IP4_ID, 2);
		ip_id = v;
	}
	id = identity_of(load_64(g->tcp + SEQ), (load_32(g->tcp + FLAGS) & flags) | ip_id << 32,
			 stamp | (uint64_t)g->len << 32);
	return g->len || ip_id ? id : id ^ identity_options(cur_of(g->tcp, g->head));
}

/* Long enough to be over, or earlier than what was seen last: table.c knows. */
static inline bool
is_late(const struct flows *t, const struct flow *f, struct when time)
{
	return !when_before(time, t->next_check) ||
	       (uint64_t)time.ns - (uint64_t)f->last.ns > (uint64_t)(FLOW_TCP_S * NS_PER_S);
}

/* The next bytes or none, and an acknowledgement of what was seen. */
static inline bool
is_next(const struct flow *f, const struct glance *g, unsigned side)
{
	return f->side[!side].next - be_32(g->tcp + ACK) <= FAR &&
	       (!g->len || be_32(g->tcp + SEQ) == f->side[side].next);
}

bool
flow_glance(const struct flows *t, const struct glance *g, struct when time, uint64_t hash, struct flow *maybe,
	    struct glanced *to)
{
	struct flow *f = maybe ? maybe : first_of(t, hash);
	unsigned side;

	if (!f || !(f->flags & FLOW_SMOOTH) || is_late(t, f, time))
		return false;
	side = g->v6 ? side_6(f, g) : side_4(f, g);
	if (side == NEITHER || !is_next(f, g, side))
		return false;
	to->flow = f;
	to->side = side;
	to->id = identity(g);
	return f->side[side].recent[0] != to->id && f->side[side].recent[1] != to->id;
}

void
flow_goes_on(struct flows *t, const struct glanced *d, const struct glance *g, struct when time)
{
	struct flow_side *s = &d->flow->side[d->side];

	s->tcp_flags |= g->tcp[FLAGS + 1];
	if (g->len) {
		s->next += g->len;
		s->seen = seen_data(s->seen);
	}
	s->recent[1] = s->recent[0];
	s->recent[0] = d->id;
	side_count(s, g->head + g->len);
	s->recent_time = copy_time(time);
	d->flow->last = time;
	t->now = time;
}
