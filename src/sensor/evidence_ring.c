/*
 * evidence_ring: see evidence_ring.h.
 *
 * Places are counted from the first byte ever written, so that an older one is always the smaller; a record never
 * wraps: what is left at the end of the memory is passed over.  Which connection makes room is decided by age alone,
 * never by the table's random key.
 */
#include "sensor/evidence_ring.h"

#include "base/map.h"

/* Bytes of the ring for each session that fits: an eighth of it is their table's. */
enum { BYTES_A_SESSION = 1024 };

struct record {
	struct when time;
	uint32_t size;                /* with this head; a multiple of 8 */
	uint32_t len, wire_len, link; /* len 0: no record, the end of the memory is passed over */
	uint32_t session;
};

/* A piece of a packet whose connection is not known yet. */
struct piece {
	uint64_t at;
	struct addr src, dst;
	uint16_t ip_id;
	uint32_t head; /* bytes of the frame before the piece */
};

struct ring {
	uint8_t *bytes;
	uint64_t size;       /* of bytes, a multiple of 8 */
	uint64_t tail, head; /* places */
	uint64_t sensor;
	bool payload;
	struct addr (*named)(void *arg, const struct addr *a);
	void *arg;
	struct pool sessions;
	struct map map;
	unsigned pieces; /* so many ever; the latest RING_PIECES are kept */
	struct piece piece[RING_PIECES];
};

struct ring *
ring_new(void *memory, size_t size, uint64_t sensor, bool payload)
{
	struct carve c = {memory, (uint8_t *)memory + size};
	struct ring *r = carve_take(&c, sizeof(*r));
	uint32_t n = (uint32_t)(size / BYTES_A_SESSION);

	*r = (struct ring){.sensor = sensor, .payload = payload};
	pool_init(&r->sessions, carve_take(&c, n * sizeof(struct ring_session)), sizeof(struct ring_session), n);
	map_init(&r->map, carve_take(&c, map_bytes(n)), n);
	r->bytes = c.p;
	r->size = (uint64_t)(c.end - c.p) / 8 * 8;
	r->tail = r->head = r->size; /* no place is 0 */
	return r;
}

void
ring_names(struct ring *r, struct addr (*named)(void *arg, const struct addr *a), void *arg)
{
	r->named = named;
	r->arg = arg;
}

bool
ring_is_of(const struct ring_session *s, const struct addr *a)
{
	return addr_same(a, &s->addr[0]) || addr_same(a, &s->addr[1]) || addr_same(a, &s->named[0]) ||
	       addr_same(a, &s->named[1]);
}

bool
ring_is_called(const struct ring_session *s, uint64_t id)
{
	return id == s->id || id == s->named_id;
}

static struct record *
record_at(const struct ring *r, uint64_t place)
{
	return (struct record *)(void *)(r->bytes + place % r->size);
}

uint32_t
ring_sessions(const struct ring *r)
{
	return r->sessions.fresh;
}

struct ring_session *
ring_session(const struct ring *r, uint32_t handle)
{
	return pool_at(&r->sessions, handle);
}

/* No record begins where not even its head has room. */
static uint64_t
settle(const struct ring *r, uint64_t place)
{
	uint64_t rest = r->size - place % r->size;

	return rest < sizeof(struct record) ? place + rest : place;
}

static void
drop_oldest(struct ring *r)
{
	const struct record *old = record_at(r, r->tail);
	struct ring_session *s = old->session ? ring_session(r, old->session) : NULL;

	if (s && s->last == r->tail) {
		map_remove(&r->map, s->hash, old->session);
		s->last = 0;
		pool_put(&r->sessions, old->session);
	}
	r->tail = settle(r, r->tail + old->size);
}

static uint32_t
record_size(size_t len)
{
	return (uint32_t)(sizeof(struct record) + len + 7) / 8 * 8;
}

/* How much is passed over before a record of that size. */
static uint64_t
gap_before(const struct ring *r, uint32_t size)
{
	uint64_t rest = r->size - r->head % r->size;

	return rest < size ? rest : 0;
}

static void
make_room(struct ring *r, size_t len)
{
	uint32_t size = record_size(len);

	while (r->head + gap_before(r, size) + size > r->tail + r->size)
		drop_oldest(r);
}

/* Its place; there is room. */
static uint64_t
keep(struct ring *r, const struct frame *f, uint32_t len, uint32_t session)
{
	uint32_t size = record_size(len);
	uint64_t gap = gap_before(r, size), place = r->head + gap;
	struct record *to = record_at(r, place);

	if (gap)
		*record_at(r, r->head) = (struct record){.size = (uint32_t)gap};
	*to = (struct record){f->time, size, len, f->wire_len, f->link, session};
	memcpy(to + 1, f->bytes.p, len);
	r->head = settle(r, place + size);
	return place;
}

static bool
is_of(const struct ring_session *s, const struct flow *f)
{
	return s->first.ns == f->first.ns && s->port[0] == f->port[0] && s->port[1] == f->port[1] &&
	       s->proto == f->proto && addr_same(&s->addr[0], &f->addr[0]) && addr_same(&s->addr[1], &f->addr[1]);
}

static uint32_t
find(const struct ring *r, const struct flow *f, uint64_t hash)
{
	for (struct map_at at = map_first(&r->map, hash); map_found(&at); map_next(&r->map, &at))
		if (is_of(ring_session(r, at.handle), f))
			return at.handle;
	return 0;
}

/* By what names records may have it. */
static void
name_session(const struct ring *r, struct ring_session *s, const struct flow *f)
{
	struct flow as = *f;

	for (unsigned i = 0; i < 2; i++)
		s->named[i] = as.addr[i] = r->named ? r->named(r->arg, &f->addr[i]) : f->addr[i];
	s->id = session_id_of(f, r->sensor);
	s->named_id = r->named ? session_id_of(&as, r->sensor) : s->id;
}

static uint32_t
make(struct ring *r, const struct told_frame *t)
{
	const struct flow *f = t->flow;
	uint32_t handle;

	while (!(handle = pool_get(&r->sessions)))
		drop_oldest(r);
	*ring_session(r, handle) = (struct ring_session){.addr = {f->addr[0], f->addr[1]},
							 .port = {f->port[0], f->port[1]},
							 .proto = f->proto,
							 .over = t->settled,
							 .first = f->first,
							 .hash = t->hash};
	name_session(r, ring_session(r, handle), f);
	map_add(&r->map, t->hash, handle);
	return handle;
}

/* Bytes of a frame before the piece of an IP packet that it carries (RFC 791, RFC 8200 4.5). */
static uint32_t
piece_head(const struct told_frame *t)
{
	const struct packet *k = t->packet;
	const struct cur *b = &t->frame->bytes;
	size_t ip = (size_t)(k->ip.p - b->p), len = cur_left(b);
	size_t head = k->v6 ? ip + 48 : ip + (cur_peek(&k->ip, 0) & 15u) * 4;

	return (uint32_t)(head < len ? head : len);
}

static void
wait_for_rest(struct ring *r, const struct told_frame *t)
{
	const struct packet *k = t->packet;
	uint32_t len = (uint32_t)cur_left(&t->frame->bytes);

	make_room(r, len);
	r->piece[r->pieces++ % RING_PIECES] =
		(struct piece){keep(r, t->frame, len, 0), k->src, k->dst, k->ip_id, piece_head(t)};
}

static void
cut(struct record *rec, uint32_t len)
{
	if (len >= rec->len)
		return;
	memset((uint8_t *)(rec + 1) + len, 0, rec->len - len);
	rec->len = len;
}

/* The pieces that this frame's makes whole are that session's.  Returns the bytes before the last piece: as many as
   before the others; 0: none waited. */
static uint32_t
adopt(struct ring *r, const struct packet *k, struct ring_kept *kept, bool whole)
{
	struct ring_session *s = ring_session(r, kept->session);
	uint32_t head = 0;

	for (unsigned i = 0; i < RING_PIECES; i++) {
		struct piece *p = &r->piece[i];
		struct record *rec;

		if (p->at < r->tail || p->ip_id != k->ip_id || !addr_same(&p->src, &k->src) ||
		    !addr_same(&p->dst, &k->dst))
			continue;
		rec = record_at(r, p->at);
		rec->session = kept->session;
		head = p->head;
		if (!whole)
			cut(rec, p->head);
		kept->from = kept->from && kept->from < p->at ? kept->from : p->at;
		s->last = s->last < p->at ? p->at : s->last;
		p->at = 0;
	}
	return head;
}

/* Bytes of the frame before the payload. */
static uint32_t
payload_at(const struct told_frame *t)
{
	const struct cur *b = &t->frame->bytes;
	const uint8_t *p = t->packet->payload.p;

	return p >= b->p && p <= b->end ? (uint32_t)(p - b->p) : (uint32_t)cur_left(b);
}

/* With many connections each step is a wait for memory: the next frame's slot, the session of the one before it, the
   record that goes next and its session are asked for a frame ahead. */
static void
look_ahead(const struct ring *r, const struct told_frame *t)
{
	enum { NEAR = 1024 };
	const struct record *oldest = record_at(r, r->tail);
	struct map_at next;

	if (r->sessions.used < NEAR)
		return;
	map_prefetch(&r->map, t->after[1]);
	next = map_first(&r->map, t->after[0]);
	if (map_found(&next))
		pool_prefetch(&r->sessions, next.handle, 0, sizeof(struct ring_session));
	if (oldest->session)
		__builtin_prefetch(&ring_session(r, oldest->session)->last);
	__builtin_prefetch(record_at(r, r->tail + oldest->size));
}

struct ring_kept
ring_put(struct ring *r, const struct told_frame *t)
{
	uint32_t len = (uint32_t)cur_left(&t->frame->bytes), head;
	struct ring_kept kept = {0};
	struct ring_session *s;
	uint64_t place;
	bool whole;

	if (!t->flow) {
		wait_for_rest(r, t);
		return kept;
	}
	make_room(r, len);
	kept.session = find(r, t->flow, t->hash);
	kept.is_new = !kept.session;
	if (kept.is_new)
		kept.session = make(r, t);
	s = ring_session(r, kept.session);
	whole = r->payload || !s->over;
	head = t->packet->borrowed ? adopt(r, t->packet, &kept, whole) : payload_at(t);
	place = keep(r, t->frame, whole || head > len ? len : head, kept.session);
	kept.from = kept.from ? kept.from : place;
	s->begin = s->begin && s->begin < kept.from ? s->begin : kept.from;
	s->last = place;
	s->whole += t->packet->payload_len;
	s->over |= t->settled || s->whole >= RING_WHOLE_MAX;
	look_ahead(r, t);
	return kept;
}

bool
ring_next(const struct ring *r, uint64_t *at, struct ring_frame *f)
{
	uint64_t place = *at < r->tail ? r->tail : *at;
	const struct record *rec;

	for (rec = NULL; place < r->head; place = settle(r, place + rec->size)) {
		rec = record_at(r, place);
		if (!rec->len) /* the end of the memory */
			continue;
		f->session = rec->session;
		f->frame = (struct frame){.bytes = cur_of(rec + 1, rec->len),
					  .wire_len = rec->wire_len,
					  .link = rec->link,
					  .time = rec->time};
		*at = settle(r, place + rec->size);
		return true;
	}
	*at = place;
	return false;
}

struct when
ring_since(const struct ring *r)
{
	struct ring_frame f;
	uint64_t at = 0;

	return ring_next(r, &at, &f) ? f.frame.time : (struct when){INT64_MAX};
}
