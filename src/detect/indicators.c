/*
 * indicators: the index over lists, and what a record touches of it.
 * Must not let the index's random key or the order of probes decide which hit is told.
 */
#include "detect/indicators.h"

#include <string.h>

#include "detect/detect.h"
#include "session/site.h"

enum { V4, V6 };
enum { V4_BEGINS = 16, V4_BYTES = sizeof(uint32_t) << V4_BEGINS };

static unsigned
family_of(const struct indicator *e)
{
	return e->len == 4 ? V4 : V6;
}

static uint64_t
hash_net(const struct indicators *i, const uint8_t *bytes, size_t len)
{
	uint64_t w[2] = {0, 0};

	memcpy(w, bytes, len);
	return hash_words(&i->key, w, len == 4 ? 1 : 2);
}

static bool
is_net(const struct indicator *e)
{
	return e->kind == INDICATOR_NET || e->kind == INDICATOR_PSEUDONYM;
}

static struct indicator_nets *
nets_of(struct indicators *i, const struct indicator *e)
{
	return e->kind == INDICATOR_NET ? &i->clear : &i->hidden;
}

static struct map *
map_of(struct indicators *i, const struct indicator *e)
{
	return is_net(e) ? &nets_of(i, e)->net[family_of(e)][e->bits] : &i->text[e->kind];
}

uint64_t
indicator_hash(const struct indicators *i, const struct indicator_list *l, const struct indicator *e)
{
	const char *key = l->bytes + e->at;

	return is_net(e) ? hash_net(i, (const uint8_t *)key, e->len) : hash_fast(&i->key, key, e->len);
}

bool
indicator_same(const struct indicator_list *l, const struct indicator *a, const struct indicator *b)
{
	return a->kind == b->kind && a->len == b->len && a->bits == b->bits &&
	       memcmp(l->bytes + a->at, l->bytes + b->at, a->len) == 0;
}

/* Most questions find nothing, and what a miss costs grows with the square of how full the table is: half full. */
static uint32_t
room_for(uint32_t items)
{
	return items + items / 2;
}

static size_t
index_bytes(uint32_t items)
{
	return items ? map_bytes(room_for(items)) : 0;
}

static size_t
nets_bytes(const struct indicator_nets *n)
{
	size_t bytes = V4_BYTES;

	for (unsigned f = V4; f <= V6; f++)
		for (unsigned b = 0; b < INDICATOR_BITS; b++)
			bytes += index_bytes(n->net[f][b].used);
	return bytes;
}

/* Until the index is built, `used` of each map says how many entries will be in it. */
size_t
indicators_bytes(struct indicators *i)
{
	size_t bytes = 0;

	memset(&i->clear, 0, sizeof(i->clear));
	memset(&i->hidden, 0, sizeof(i->hidden));
	memset(i->text, 0, sizeof(i->text));
	i->entries = 0;
	for (uint32_t l = 0; l < i->lists; l++) {
		i->list[l].first = i->entries;
		i->entries += i->list[l].entries;
		for (uint32_t e = 0; e < i->list[l].entries; e++)
			map_of(i, &i->list[l].entry[e])->used++;
	}
	for (unsigned k = 0; k < INDICATOR_KINDS; k++)
		bytes += index_bytes(i->text[k].used);
	return bytes + nets_bytes(&i->clear) + (i->privacy_key ? nets_bytes(&i->hidden) : 0);
}

static uint8_t *
place_map(struct map *m, uint8_t *at)
{
	uint32_t items = m->used;

	if (!items)
		return at;
	map_init(m, at, room_for(items));
	return at + index_bytes(items);
}

/* A short network begins in many ways. */
static void
note_v4(struct indicator_nets *nets, const uint8_t *key, uint8_t bits)
{
	uint32_t begin = (uint32_t)key[0] << 8 | key[1], ways = bits < V4_BEGINS ? 1u << (V4_BEGINS - bits) : 1;

	for (uint32_t n = begin; n < begin + ways && n < 1u << V4_BEGINS; n++)
		nets->v4[n] |= 1u << (bits - 1);
}

static uint8_t *
place_nets(struct indicator_nets *n, uint8_t *at)
{
	n->v4 = (uint32_t *)(void *)at;
	memset(n->v4, 0, V4_BYTES);
	at += V4_BYTES;
	for (unsigned f = V4; f <= V6; f++) {
		n->lengths[f] = 0;
		for (unsigned b = INDICATOR_BITS; b-- > 0;) {
			if (n->net[f][b].used)
				n->length[f][n->lengths[f]++] = (uint8_t)b;
			at = place_map(&n->net[f][b], at);
		}
	}
	return at;
}

static void
place_maps(struct indicators *i, uint8_t *at)
{
	at = place_nets(&i->clear, at);
	if (i->privacy_key)
		at = place_nets(&i->hidden, at);
	for (unsigned k = 0; k < INDICATOR_KINDS; k++)
		at = place_map(&i->text[k], at);
}

void
indicators_index(struct indicators *i, void *memory)
{
	place_maps(i, memory);
	for (uint32_t l = 0; l < i->lists; l++)
		for (uint32_t e = 0; e < i->list[l].entries; e++) {
			const struct indicator_list *from = &i->list[l];
			const struct indicator *one = &from->entry[e];

			map_add(map_of(i, one), indicator_hash(i, from, one), from->first + e + 1);
			if (is_net(one) && family_of(one) == V4)
				note_v4(nets_of(i, one), (const uint8_t *)from->bytes + one->at, one->bits);
		}
}

/* One thing that was seen, and where the index would have it. */
struct question {
	const struct map *map;
	uint64_t hash;
	const void *key;
	uint8_t len;
	uint8_t where; /* enum indicator_where */
	uint8_t net[16];
};

/* A record's questions: all are hashed and their slots sent for before the first is answered. */
enum { QUESTIONS = 24 };

struct search {
	const struct indicators *i;
	const struct session *s;
	struct indicator_hit *best;
	bool found;
	unsigned questions;
	struct question question[QUESTIONS];
};

/*
 * Whole address ranges knock at every gateway, listed or not, so an inbound session without TLS established is noted
 * only.  A gateway that calls a listed place is the worst there is; its own fingerprint is not a place: COATHANGER's
 * JA3 is that of legitimate FortiGate logging.
 */
static uint8_t
weigh(const struct search *q, const struct indicator_list *l, enum indicator_where where)
{
	bool place = where == INDICATOR_DEST || where == INDICATOR_SNI || where == INDICATOR_SERVER_CERT;

	if (q->s->role == ROLE_INBOUND && !q->s->established)
		return SEVERITY_INFO;
	return place && site_called(q->s) ? SEVERITY_CRITICAL : l->severity;
}

static bool
expired(uint32_t until, struct when now)
{
	return until && now.ns / NS_PER_S >= (int64_t)until;
}

static bool
graver(const struct indicator_hit *a, const struct indicator_hit *b)
{
	if (a->severity != b->severity)
		return a->severity > b->severity;
	if (a->list->confidence != b->list->confidence)
		return a->list->confidence > b->list->confidence;
	if (a->list != b->list)
		return a->list < b->list;
	return a->entry < b->entry;
}

static const struct indicator_list *
list_of(const struct indicators *i, uint32_t number)
{
	const struct indicator_list *l = i->list;

	while (number >= l->first + l->entries)
		l++;
	return l;
}

static void
consider(struct search *q, uint32_t number, const struct question *asked)
{
	const struct indicator_list *l = list_of(q->i, number);
	const struct indicator *e = &l->entry[number - l->first];
	struct indicator_hit hit = {l, e, asked->where, weigh(q, l, asked->where), site_called(q->s)};

	if (e->len != asked->len || memcmp(l->bytes + e->at, asked->key, e->len) != 0)
		return;
	if (expired(l->until, q->s->time) || expired(e->until, q->s->time))
		return;
	if (!q->found || graver(&hit, q->best))
		*q->best = hit;
	q->found = true;
}

static void
answer(struct search *q)
{
	for (unsigned n = 0; n < q->questions; n++) {
		const struct question *asked = &q->question[n];

		for (struct map_at at = map_first(asked->map, asked->hash); map_found(&at); map_next(asked->map, &at))
			consider(q, at.handle - 1, asked);
	}
	q->questions = 0;
}

static struct question *
ask(struct search *q, const struct map *m, uint64_t hash)
{
	if (q->questions == QUESTIONS)
		answer(q);
	q->question[q->questions].map = m;
	q->question[q->questions].hash = hash;
	map_prefetch(m, hash);
	return &q->question[q->questions++];
}

static void
ask_text(struct search *q, enum indicator_kind kind, struct text key, enum indicator_where where)
{
	const struct map *m = &q->i->text[kind];
	struct question *asked;

	if (!m->used || !key.len)
		return;
	asked = ask(q, m, hash_fast(&q->i->key, key.p, key.len));
	asked->key = key.p;
	asked->len = (uint8_t)key.len;
	asked->where = (uint8_t)where;
}

/* The first `bits` of `len` bytes. */
static void
mask(uint8_t *to, const uint8_t *from, size_t len, unsigned bits)
{
	for (size_t i = 0; i < len; i++) {
		unsigned here = bits < 8 ? bits : 8;

		to[i] = (uint8_t)(from[i] & (0xff00u >> here));
		bits -= here;
	}
}

/* A network that may hold the address that was seen. */
struct net_asked {
	const struct indicator_nets *nets;
	const uint8_t *bytes;
	uint8_t len, where;
};

static void
ask_net(struct search *q, const struct net_asked *n, unsigned bits)
{
	uint8_t net[16];
	struct question *asked;

	mask(net, n->bytes, n->len, bits);
	asked = ask(q, &n->nets->net[n->len == 4 ? V4 : V6][bits], hash_net(q->i, net, n->len));
	memcpy(asked->net, net, sizeof(net));
	asked->key = asked->net;
	asked->len = n->len;
	asked->where = n->where;
}

/* A pseudonym is looked for among those of its own key, a clear address among the clear ones; NULL: cannot be told. */
static const struct indicator_nets *
nets_for(const struct search *q, const struct addr *a)
{
	const struct indicator_nets *n = &q->i->clear;

	if (session_hides(q->s, a))
		n = q->i->privacy_key && q->s->privacy_key == q->i->privacy_key ? &q->i->hidden : NULL;
	return n;
}

static void
look_addr(struct search *q, const struct addr *a, enum indicator_where where)
{
	struct net_asked n = {nets_for(q, a), a->b, 16, (uint8_t)where};

	if (!n.nets)
		return;
	if (!addr_is_v4(a)) {
		for (unsigned i = 0; i < n.nets->lengths[V6]; i++)
			ask_net(q, &n, n.nets->length[V6][i]);
		return;
	}
	n.bytes += 12;
	n.len = 4;
	for (uint32_t set = n.nets->v4[n.bytes[0] << 8 | n.bytes[1]]; set; set &= set - 1)
		ask_net(q, &n, (unsigned)__builtin_ctz(set) + 1);
}

/* Names are compared without case and without the root's dot (RFC 1034 3.1). */
static uint8_t
name_key(struct text t, char to[INDICATOR_NAME_MAX])
{
	if (t.p && t.len && t.p[t.len - 1] == '.')
		t.len--;
	if (!t.p || !t.len || t.len > INDICATOR_NAME_MAX)
		return 0;
	for (uint32_t i = 0; i < t.len; i++)
		to[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] - 'A' + 'a') : t.p[i];
	return (uint8_t)t.len;
}

/* `key` has room for a name, and lives until the questions are answered. */
static void
look_name(struct search *q, struct text name, char key[INDICATOR_NAME_MAX])
{
	uint8_t len = name_key(name, key);
	unsigned labels = 0;

	if (!len)
		return;
	ask_text(q, INDICATOR_NAME, (struct text){key, len}, INDICATOR_SNI);
	if (!q->i->text[INDICATOR_UNDER].used)
		return;
	for (uint8_t at = len; at-- > 2 && labels < INDICATOR_LABELS;) {
		if (key[at - 1] != '.')
			continue;
		if (++labels > 1) /* no list has a top-level domain */
			ask_text(q, INDICATOR_UNDER, (struct text){key + at, (uint32_t)(len - at)}, INDICATOR_SNI);
	}
}

/* The first `len` bytes of a text that has as many. */
static struct text
begin_of(struct text t, uint32_t len)
{
	return t.p && t.len >= len ? (struct text){t.p, len} : (struct text){NULL, 0};
}

static void
search_begin(struct search *q, const struct indicators *i, const struct session *s, struct indicator_hit *best)
{
	q->i = i;
	q->s = s;
	q->best = best;
	q->found = false;
	q->questions = 0;
}

/* The side that is not the gateway. */
static const struct addr *
other_side(const struct session *s)
{
	static const struct addr none;

	return s->role == ROLE_OUTBOUND ? &s->dest : addr_same(&s->actor, &none) ? &s->src : &s->actor;
}

bool
indicators_find(const struct indicators *i, const struct session *s, struct indicator_hit *hit)
{
	const struct addr *a = other_side(s);
	char name[INDICATOR_NAME_MAX];
	struct search q;

	search_begin(&q, i, s, hit);
	__builtin_prefetch(&i->clear.v4[a->b[12] << 8 | a->b[13]]); /* asked last */
	look_name(&q, s->sni, name);
	ask_text(&q, INDICATOR_JA3, begin_of(s->ja3, JA3_LEN), INDICATOR_CLIENT);
	ask_text(&q, INDICATOR_JA4, begin_of(s->ja4, JA4_LEN), INDICATOR_CLIENT);
	ask_text(&q, INDICATOR_JA4_AB, begin_of(s->ja4, JA4_AB_LEN), INDICATOR_CLIENT);
	ask_text(&q, INDICATOR_JA4_A, begin_of(s->ja4, JA4_A_LEN), INDICATOR_CLIENT);
	ask_text(&q, INDICATOR_SHA1, s->cert_sha1, INDICATOR_SERVER_CERT);
	ask_text(&q, INDICATOR_SHA256, s->cert_sha256, INDICATOR_SERVER_CERT);
	ask_text(&q, INDICATOR_SHA1, s->client_cert_sha1, INDICATOR_CLIENT_CERT);
	ask_text(&q, INDICATOR_SHA256, s->client_cert_sha256, INDICATOR_CLIENT_CERT);
	if (s->role != ROLE_OTHER)
		look_addr(&q, a, s->role == ROLE_OUTBOUND ? INDICATOR_DEST : INDICATOR_SOURCE);
	answer(&q);
	return q.found;
}

/* Before every entry's end. */
static const struct session NOBODY = {.time = {INT64_MIN}};

bool
indicators_have_text(const struct indicators *i, size_t field, struct text t)
{
	struct session s = NOBODY;
	struct indicator_hit hit;

	memcpy((char *)&s + field, &t, sizeof(t));
	return indicators_find(i, &s, &hit);
}

bool
indicators_have_addr(const struct indicators *i, const struct addr *a)
{
	struct session s = NOBODY;

	s.src = *a;
	return indicators_listed(i, &s) != NULL;
}

const struct indicator_list *
indicators_listed(const struct indicators *i, const struct session *s)
{
	struct indicator_hit hit;
	struct search q;

	search_begin(&q, i, s, &hit);
	look_addr(&q, other_side(s), INDICATOR_SOURCE);
	answer(&q);
	return q.found ? hit.list : NULL;
}

static void
print_net(struct out *o, const uint8_t *key, const struct indicator *e)
{
	struct addr a = {{0}};

	if (e->len == 4)
		a = addr_v4(key);
	else
		memcpy(a.b, key, sizeof(a.b));
	out_addr(o, &a);
	if (e->bits == 8 * e->len)
		return;
	out_char(o, '/');
	out_u64(o, e->bits);
}

struct text
indicator_text(const struct indicator_list *l, const struct indicator *e, char to[INDICATOR_TEXT_MAX])
{
	const char *key = l->bytes + e->at;
	struct out o = out_of(to, INDICATOR_TEXT_MAX);

	if (is_net(e)) {
		print_net(&o, (const uint8_t *)key, e);
	} else {
		if (e->kind == INDICATOR_UNDER)
			OUT_LIT(&o, "*.");
		out_bytes(&o, key, e->len);
		if (e->kind == INDICATOR_JA4_A || e->kind == INDICATOR_JA4_AB)
			OUT_LIT(&o, "_*");
	}
	return (struct text){to, (uint32_t)out_len(&o)};
}
