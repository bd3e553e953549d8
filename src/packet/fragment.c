/*
 * fragment: IP packets put together again, within a fixed share of memory.
 *
 *	key -> datagram -> pieces, in order of offset -> one slot, header in front
 *
 * Bytes that came first stay (what a receiver does with overlaps differs by system; an odd one is counted).
 * Must not let a sender hold memory: packets are given up after 30 s, the oldest goes when room is needed,
 * and a packet of more pieces than a 64 KiB one over the smallest usual MTU is not kept.
 */
#include "packet/layer.h"

#include "base/map.h"

enum {
	PIECE_BYTES = 1524,
	PIECES_MOST = 160,
	PIECES_LEAST = 2 * PIECES_MOST, /* so that the smallest share holds any packet */
	SLOT_BYTES = 40 + 65536,
	TIMEOUT_S = 30,
	AGAIN_S = 1, /* how long a second delivery is expected after the packet is whole */
};

struct piece {
	uint32_t next;
	uint16_t len;
	uint32_t offset;
	uint8_t bytes[PIECE_BYTES];
};

struct datagram_key {
	struct addr src, dst;
	uint32_t id, tunnel_id;
	uint16_t vlan, vlan_inner;
	uint32_t proto; /* IPv6: 0, the id counts for all (RFC 8200 4.5) */
};

struct datagram {
	struct datagram_key key;
	uint64_t hash;
	struct when first, done; /* done: when it was whole; first: of the first fragment to come */
	uint32_t older, newer;
	uint32_t pieces, piece_count, fragments;
	uint32_t have, reach; /* bytes there, and the end of the farthest of them */
	uint32_t total;       /* 0: the last fragment has not come */
	bool whole, v6;
	uint8_t proto;
	uint8_t head_len;
	uint8_t head[40];
};

struct fragments {
	struct counts *counts;
	struct hash_key key;
	struct pool pieces, datagrams;
	struct map index;
	uint32_t oldest, newest;
	uint8_t *slot; /* the packet put together last */
};

static uint32_t
piece_count(size_t bytes)
{
	size_t n = bytes / (sizeof(struct piece) + sizeof(struct datagram) + 16);

	return n < PIECES_LEAST ? PIECES_LEAST : n > 1 << 20 ? 1 << 20 : (uint32_t)n;
}

size_t
fragments_bytes(size_t bytes)
{
	uint32_t n = piece_count(bytes);

	return sizeof(struct fragments) + n * (sizeof(struct piece) + sizeof(struct datagram)) + map_bytes(n) +
	       SLOT_BYTES + 5 * 64;
}

struct fragments *
fragments_new(struct carve *c, size_t bytes, struct counts *counts)
{
	struct fragments *t = carve_take(c, sizeof(*t));
	uint32_t n = piece_count(bytes);

	*t = (struct fragments){.counts = counts};
	pool_init(&t->pieces, carve_take(c, n * sizeof(struct piece)), sizeof(struct piece), n);
	pool_init(&t->datagrams, carve_take(c, n * sizeof(struct datagram)), sizeof(struct datagram), n);
	map_init(&t->index, carve_take(c, map_bytes(n)), n);
	t->slot = carve_take(c, SLOT_BYTES);
	return t;
}

void
fragments_key(struct fragments *t, const struct hash_key *key)
{
	t->key = *key;
}

static struct datagram *
datagram_at(const struct fragments *t, uint32_t handle)
{
	return pool_at(&t->datagrams, handle);
}

static struct piece *
piece_at(const struct fragments *t, uint32_t handle)
{
	return pool_at(&t->pieces, handle);
}

static void
pieces_free(struct fragments *t, struct datagram *d)
{
	while (d->pieces) {
		uint32_t handle = d->pieces;

		d->pieces = piece_at(t, handle)->next;
		pool_put(&t->pieces, handle);
	}
	d->piece_count = 0;
}

static void
datagram_free(struct fragments *t, uint32_t handle)
{
	struct datagram *d = datagram_at(t, handle);

	if (!d->whole)
		t->counts->fragment_lost += d->fragments;
	pieces_free(t, d);
	*(d->older ? &datagram_at(t, d->older)->newer : &t->oldest) = d->newer;
	*(d->newer ? &datagram_at(t, d->newer)->older : &t->newest) = d->older;
	map_remove(&t->index, d->hash, handle);
	pool_put(&t->datagrams, handle);
}

static uint32_t
datagram_find(const struct fragments *t, const struct datagram_key *key, uint64_t hash)
{
	for (struct map_at at = map_first(&t->index, hash); map_found(&at); map_next(&t->index, &at))
		if (memcmp(&datagram_at(t, at.handle)->key, key, sizeof(*key)) == 0)
			return at.handle;
	return 0;
}

static uint32_t
datagram_new(struct fragments *t, const struct datagram_key *key, uint64_t hash, struct when now)
{
	uint32_t handle;
	struct datagram *d;

	while ((handle = pool_get(&t->datagrams)) == 0)
		datagram_free(t, t->oldest);
	d = datagram_at(t, handle);
	*d = (struct datagram){.key = *key, .hash = hash, .first = now, .older = t->newest};
	*(t->newest ? &datagram_at(t, t->newest)->newer : &t->oldest) = handle;
	t->newest = handle;
	map_add(&t->index, hash, handle);
	return handle;
}

static void
expire(struct fragments *t, struct when now)
{
	while (t->oldest && when_since(now, datagram_at(t, t->oldest)->first) > TIMEOUT_S * NS_PER_S)
		datagram_free(t, t->oldest);
}

/* The datagram of this fragment.  A whole one is remembered for a moment: span ports deliver twice. */
static uint32_t
datagram_of(struct fragments *t, const struct packet *p, const struct fragment *f)
{
	struct datagram_key key = {p->src, p->dst, f->id, p->tunnel_id, p->vlan, p->vlan_inner, p->v6 ? 0 : p->proto};
	uint64_t hash = hash_fast(&t->key, &key, sizeof(key));
	uint32_t handle = datagram_find(t, &key, hash);

	if (handle) {
		struct datagram *d = datagram_at(t, handle);

		if (!d->whole || when_since(p->time, d->done) <= AGAIN_S * NS_PER_S)
			return handle;
		datagram_free(t, handle);
	}
	return datagram_new(t, &key, hash, p->time);
}

/* Room for a piece: the oldest other datagrams go first.  0: this one is the only one left. */
static uint32_t
piece_new(struct fragments *t, const struct datagram *keep)
{
	uint32_t handle, victim = t->oldest;

	while ((handle = pool_get(&t->pieces)) == 0) {
		if (victim && datagram_at(t, victim) == keep)
			victim = keep->newer;
		if (!victim)
			return 0;
		datagram_free(t, victim);
		victim = t->oldest;
	}
	return handle;
}

/* Puts bytes into a hole of the list, behind the link given.  False: no room. */
static bool
hole_fill(struct fragments *t, struct datagram *d, uint32_t *link, uint32_t offset, struct cur bytes)
{
	while (cur_left(&bytes)) {
		uint32_t handle = d->piece_count < PIECES_MOST ? piece_new(t, d) : 0;
		struct piece *piece;

		if (!handle)
			return false;
		piece = piece_at(t, handle);
		piece->offset = offset;
		piece->len = (uint16_t)cur_copy(&bytes, piece->bytes, PIECE_BYTES);
		piece->next = *link;
		*link = handle;
		link = &piece->next;
		offset += piece->len;
		d->have += piece->len;
		d->piece_count++;
	}
	return true;
}

/* Walks over what is there and fills the holes.  *odd: it overlaps, and is no exact repetition. */
static bool
bytes_add(struct fragments *t, struct datagram *d, uint32_t offset, struct cur bytes, bool *odd)
{
	uint32_t *link = &d->pieces, fresh = d->have, all = (uint32_t)cur_left(&bytes), same = 0;

	while (*link && cur_left(&bytes)) {
		struct piece *piece = piece_at(t, *link);
		uint32_t end = piece->offset + piece->len;

		if (offset < piece->offset) {
			uint32_t hole = piece->offset - offset;
			struct cur in = cur_sub(&bytes, hole < cur_left(&bytes) ? hole : cur_left(&bytes));

			offset += (uint32_t)cur_left(&in);
			if (!hole_fill(t, d, link, offset - (uint32_t)cur_left(&in), in))
				return false;
		} else if (offset < end) {
			uint32_t n = end - offset < cur_left(&bytes) ? end - offset : (uint32_t)cur_left(&bytes);
			const uint8_t *again = cur_take(&bytes, n);

			if (memcmp(piece->bytes + (offset - piece->offset), again, n) == 0)
				same += n;
			offset += n;
		}
		if (offset >= end)
			link = &piece->next;
	}
	if (!hole_fill(t, d, link, offset, bytes))
		return false;
	fresh = d->have - fresh;
	*odd |= fresh != all && (fresh != 0 || same != all);
	return true;
}

/* What no sender makes: sizes that are no multiple of 8, ends that disagree, more than 64 KiB (ping of death). */
static bool
contradicts(const struct datagram *d, const struct fragment *f, uint32_t len, uint32_t head)
{
	uint32_t end = f->offset + len;

	if (len == 0 || end + (head == 20 ? head : 0) > 65535)
		return true;
	if (f->more)
		return len % 8 != 0 || (d->total && end > d->total);
	return (d->total && d->total != end) || d->reach > end;
}

static void
remember_head(struct datagram *d, const struct packet *p, const struct fragment *f)
{
	if (f->offset != 0 || d->head_len != 0)
		return;
	d->head_len = p->v6 ? 40 : 20;
	memcpy(d->head, f->head, d->head_len);
	d->proto = p->proto;
}

/* The kept header, with the fields that speak of fragments made right. */
static void
head_write(const struct datagram *d, uint8_t *to)
{
	uint32_t len = d->total;

	memcpy(to, d->head, d->head_len);
	if (d->head_len == 40) {
		to[6] = d->proto;
		to += 4;
	} else {
		len += 20;
		to[0] = 0x45;
		to[6] = to[7] = 0;
		to += 2;
	}
	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
}

static enum layer
assemble(struct walk *w, struct datagram *d)
{
	struct fragments *t = w->fragments;
	uint8_t *slot = t->slot;

	head_write(d, slot);
	for (uint32_t at = d->pieces; at; at = piece_at(t, at)->next) {
		const struct piece *piece = piece_at(t, at);

		memcpy(slot + d->head_len + piece->offset, piece->bytes, piece->len);
	}
	pieces_free(t, d);
	d->whole = true;
	d->done = w->p->time;
	t->counts->fragment_done++;
	w->p->borrowed = true;
	w->p->ip = cur_of(slot, d->head_len + (size_t)d->total);
	w->c = cur_of(slot + d->head_len, d->total);
	w->p->proto = w->proto = d->proto;
	w->in_udp = false; /* a carrier that was put together itself lay in this slot */
	return LAYER_NEXT;
}

static enum layer
give_up(struct fragments *t, bool odd)
{
	t->counts->fragment_odd += odd;
	t->counts->fragment_lost++;
	return PACKET_HELD;
}

enum layer
fragment_read(struct walk *w, const struct fragment *f)
{
	struct fragments *t = w->fragments;
	uint32_t handle, len = (uint32_t)cur_left(&w->c);
	struct datagram *d;
	bool odd = false;

	if (!t) /* packet_pair's: nobody puts it together */
		return PACKET_HELD;
	expire(t, w->p->time);
	if (w->missing)
		return give_up(t, false);
	handle = datagram_of(t, w->p, f);
	d = datagram_at(t, handle);
	if (d->whole) {
		t->counts->fragment_again++;
		return PACKET_HELD;
	}
	if (contradicts(d, f, len, w->p->v6 ? 40 : 20))
		return give_up(t, true);
	d->fragments++;
	d->reach = f->offset + len > d->reach ? f->offset + len : d->reach;
	remember_head(d, w->p, f);
	if (!f->more)
		d->total = f->offset + len;
	if (!bytes_add(t, d, f->offset, w->c, &odd)) {
		datagram_free(t, handle);
		return PACKET_HELD;
	}
	t->counts->fragment_odd += odd;
	if (d->total && d->have == d->total && d->head_len)
		return assemble(w, d);
	return PACKET_HELD;
}
