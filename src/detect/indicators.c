/*
 * indicators: the index over lists, and what a record touches of it.
 * Must not let the index's random key or the order of probes decide which hit is told.
 */
#include "detect/indicators.h"

#include <string.h>

#include "detect/detect.h"

enum { V4, V6 };

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

static struct map *
map_of(struct indicators *i, const struct indicator *e)
{
	return e->kind == INDICATOR_NET ? &i->net[family_of(e)][e->bits] : &i->text[e->kind];
}

uint64_t
indicator_hash(const struct indicators *i, const struct indicator_list *l, const struct indicator *e)
{
	const char *key = l->bytes + e->at;

	return e->kind == INDICATOR_NET ? hash_net(i, (const uint8_t *)key, e->len) : hash_fast(&i->key, key, e->len);
}

bool
indicator_same(const struct indicator_list *l, const struct indicator *a, const struct indicator *b)
{
	return a->kind == b->kind && a->len == b->len && a->bits == b->bits &&
	       memcmp(l->bytes + a->at, l->bytes + b->at, a->len) == 0;
}

/* Until the index is built, `used` of each map says how many entries will be in it. */
size_t
indicators_bytes(struct indicators *i)
{
	size_t bytes = 0;

	memset(i->net, 0, sizeof(i->net));
	memset(i->text, 0, sizeof(i->text));
	i->entries = 0;
	for (uint32_t l = 0; l < i->lists; l++) {
		i->list[l].first = i->entries;
		i->entries += i->list[l].entries;
		for (uint32_t e = 0; e < i->list[l].entries; e++)
			map_of(i, &i->list[l].entry[e])->used++;
	}
	for (unsigned f = V4; f <= V6; f++)
		for (unsigned b = 0; b < INDICATOR_BITS; b++)
			bytes += i->net[f][b].used ? map_bytes(i->net[f][b].used) : 0;
	for (unsigned k = 0; k < INDICATOR_KINDS; k++)
		bytes += i->text[k].used ? map_bytes(i->text[k].used) : 0;
	return bytes;
}

static uint8_t *
place_map(struct map *m, uint8_t *at)
{
	uint32_t items = m->used;

	if (!items)
		return at;
	map_init(m, at, items);
	return at + map_bytes(items);
}

void
indicators_index(struct indicators *i, void *memory)
{
	uint8_t *at = memory;

	for (unsigned f = V4; f <= V6; f++) {
		i->lengths[f] = 0;
		for (unsigned b = INDICATOR_BITS; b-- > 0;) {
			if (i->net[f][b].used)
				i->length[f][i->lengths[f]++] = (uint8_t)b;
			at = place_map(&i->net[f][b], at);
		}
	}
	for (unsigned k = 0; k < INDICATOR_KINDS; k++)
		at = place_map(&i->text[k], at);
	for (uint32_t l = 0; l < i->lists; l++)
		for (uint32_t e = 0; e < i->list[l].entries; e++) {
			const struct indicator *one = &i->list[l].entry[e];

			map_add(map_of(i, one), indicator_hash(i, &i->list[l], one), i->list[l].first + e + 1);
		}
}

/* The question for one record. */
struct search {
	const struct indicators *i;
	const struct session *s;
	struct indicator_hit *best;
	bool found;
};

/* One thing that was seen: the key as the index has it. */
struct seen {
	const void *key;
	uint8_t len, kind, bits;
	enum indicator_where where;
};

/*
 * Did the gateway open this connection, for certain?  A connection caught in its middle may be an answer to a client,
 * and so may UDP to a high port (IPsec and DTLS tunnels after a silence).
 */
static bool
called(const struct session *s)
{
	if (s->role != ROLE_OUTBOUND)
		return false;
	if (s->client_hello)
		return true;
	return s->proto == PROTO_TCP ? !s->midstream : s->dest_port < 1024 && s->src_port >= 1024;
}

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
	return place && called(q->s) ? SEVERITY_CRITICAL : l->severity;
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
consider(struct search *q, uint32_t number, const struct seen *seen)
{
	const struct indicator_list *l = list_of(q->i, number);
	const struct indicator *e = &l->entry[number - l->first];
	struct indicator_hit hit = {l, e, (uint8_t)seen->where, weigh(q, l, seen->where), called(q->s)};

	if (e->len != seen->len || memcmp(l->bytes + e->at, seen->key, e->len) != 0)
		return;
	if (expired(l->until, q->s->time) || expired(e->until, q->s->time))
		return;
	if (!q->found || graver(&hit, q->best))
		*q->best = hit;
	q->found = true;
}

static void
probe(struct search *q, const struct map *m, uint64_t hash, const struct seen *seen)
{
	for (struct map_at at = map_first(m, hash); map_found(&at); map_next(m, &at))
		consider(q, at.handle - 1, seen);
}

static void
look_text(struct search *q, const struct seen *seen)
{
	const struct map *m = &q->i->text[seen->kind];

	if (m->used && seen->key && seen->len)
		probe(q, m, hash_fast(&q->i->key, seen->key, seen->len), seen);
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

static void
look_addr(struct search *q, const struct addr *a, enum indicator_where where)
{
	unsigned f = addr_is_v4(a) ? V4 : V6;
	size_t len = f == V4 ? 4 : 16;
	uint8_t net[16];

	for (unsigned n = 0; n < q->i->lengths[f]; n++) {
		uint8_t bits = q->i->length[f][n];

		mask(net, a->b + 16 - len, len, bits);
		probe(q, &q->i->net[f][bits], hash_net(q->i, net, len),
		      &(struct seen){net, (uint8_t)len, INDICATOR_NET, bits, where});
	}
}

/* Names are compared without case and without the root's dot (RFC 1034 3.1). */
static uint8_t
name_key(struct text t, char to[INDICATOR_NAME_MAX])
{
	if (t.p && t.len && t.p[t.len - 1] == '.')
		t.len--;
	if (!t.p || t.len > INDICATOR_NAME_MAX)
		return 0;
	for (uint32_t i = 0; i < t.len; i++)
		to[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] - 'A' + 'a') : t.p[i];
	return (uint8_t)t.len;
}

static void
look_name(struct search *q, struct text name)
{
	char key[INDICATOR_NAME_MAX];
	uint8_t len = name_key(name, key);
	unsigned labels = 0;

	look_text(q, &(struct seen){key, len, INDICATOR_NAME, 0, INDICATOR_SNI});
	if (!q->i->text[INDICATOR_UNDER].used)
		return;
	for (uint8_t at = len; at-- > 2 && labels < INDICATOR_LABELS;) {
		if (key[at - 1] != '.')
			continue;
		labels++;
		look_text(q, &(struct seen){key + at, (uint8_t)(len - at), INDICATOR_UNDER, 0, INDICATOR_SNI});
	}
}

static void
look_exact(struct search *q, struct text t, uint8_t len, enum indicator_kind kind, enum indicator_where where)
{
	if (t.p && t.len >= len)
		look_text(q, &(struct seen){t.p, len, (uint8_t)kind, 0, where});
}

bool
indicators_find(const struct indicators *i, const struct session *s, struct indicator_hit *hit)
{
	static const struct addr none;
	struct search q = {i, s, hit, false};

	if (s->role == ROLE_INBOUND)
		look_addr(&q, addr_same(&s->actor, &none) ? &s->src : &s->actor, INDICATOR_SOURCE);
	if (s->role == ROLE_OUTBOUND)
		look_addr(&q, &s->dest, INDICATOR_DEST);
	look_name(&q, s->sni);
	look_exact(&q, s->ja3, 32, INDICATOR_JA3, INDICATOR_CLIENT);
	look_exact(&q, s->ja4, JA4_LEN, INDICATOR_JA4, INDICATOR_CLIENT);
	look_exact(&q, s->ja4, JA4_AB_LEN, INDICATOR_JA4_AB, INDICATOR_CLIENT);
	look_exact(&q, s->ja4, JA4_A_LEN, INDICATOR_JA4_A, INDICATOR_CLIENT);
	look_exact(&q, s->cert_sha1, 40, INDICATOR_SHA1, INDICATOR_SERVER_CERT);
	look_exact(&q, s->cert_sha256, 64, INDICATOR_SHA256, INDICATOR_SERVER_CERT);
	look_exact(&q, s->client_cert_sha1, 40, INDICATOR_SHA1, INDICATOR_CLIENT_CERT);
	look_exact(&q, s->client_cert_sha256, 64, INDICATOR_SHA256, INDICATOR_CLIENT_CERT);
	return q.found;
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

	if (e->kind == INDICATOR_NET) {
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
