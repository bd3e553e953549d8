/*
 * peers: see peers.h.  Must not grow, whoever comes.
 */
#include "ledger/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"

struct peers {
	struct hash_key secret;
	struct map map;
	void *slots;
	uint32_t n, nets;
	struct peer row[PEERS_MAX];
};

/* What a row is found by. */
struct key {
	struct addr addr;
	uint8_t bits, role, gateway;
};

struct peers *
peers_new(const struct hash_key *secret)
{
	struct peers *p = calloc(1, sizeof(*p)); /* pages that no peer needs are never there */

	if (!p)
		return NULL;
	p->secret = *secret;
	p->slots = malloc(map_bytes(PEERS_MAX));
	if (!p->slots) {
		free(p);
		return NULL;
	}
	map_init(&p->map, p->slots, PEERS_MAX);
	return p;
}

void
peers_free(struct peers *p)
{
	if (p)
		free(p->slots);
	free(p);
}

void
peers_clear(struct peers *p)
{
	memset(p->row, 0, p->n * sizeof(p->row[0]));
	p->n = p->nets = 0;
	map_init(&p->map, p->slots, PEERS_MAX);
}

static uint64_t
hash_of(const struct peers *p, const struct key *k)
{
	uint64_t words[3] = {0, 0, (uint64_t)k->bits << 16 | (uint64_t)k->role << 8 | k->gateway};

	memcpy(words, &k->addr, sizeof(k->addr));
	return hash_words(&p->secret, words, 3);
}

static struct peer *
find(struct peers *p, const struct key *k)
{
	for (struct map_at at = map_first(&p->map, hash_of(p, k)); map_found(&at); map_next(&p->map, &at)) {
		struct peer *row = &p->row[at.handle - 1];

		if (addr_same(&row->addr, &k->addr) && row->bits == k->bits && row->role == k->role &&
		    row->gateway == k->gateway)
			return row;
	}
	return NULL;
}

static struct peer *
add(struct peers *p, const struct key *k)
{
	struct peer *row = &p->row[p->n++];

	*row = (struct peer){.addr = k->addr, .bits = k->bits, .role = k->role, .gateway = k->gateway};
	map_add(&p->map, hash_of(p, k), p->n);
	return row;
}

static const uint32_t OWN_MAX = PEERS_MAX - PEERS_NETS;

/* Both sides spoke beyond the handshake. */
static bool
is_established(const struct session *s)
{
	return s->established || (s->carrier == CARRIER_NONE && s->packets_out > 1 && s->packets_in > 1);
}

static struct key
net_of(const struct key *k)
{
	struct key net = *k;

	net.bits = addr_is_v4(&k->addr) ? 120 : 48;
	net.addr = addr_prefix(&k->addr, net.bits);
	return net;
}

/* Its own row, that of its network, or that of all others, for which there is always room. */
static struct peer *
row_of(struct peers *p, const struct key *own, bool known)
{
	struct key net = net_of(own), rest = {.role = own->role, .gateway = own->gateway};
	struct peer *row = find(p, own);

	if (!row && known && p->n - p->nets < OWN_MAX)
		return add(p, own);
	if (!row)
		row = find(p, &net);
	if (!row && p->nets < PEERS_NETS - 3 * (GATEWAYS_MAX + 1)) {
		p->nets++;
		return add(p, &net);
	}
	if (!row)
		row = find(p, &rest);
	if (row)
		return row;
	p->nets++;
	return add(p, &rest);
}

static void
vote(struct peer *row, struct text ja4)
{
	if (!ja4.p || ja4.len >= sizeof(row->ja4))
		return;
	if (row->ja4_votes && (strlen(row->ja4) != ja4.len || memcmp(row->ja4, ja4.p, ja4.len) != 0)) {
		row->ja4_votes--;
		return;
	}
	memcpy(row->ja4, ja4.p, ja4.len);
	row->ja4[ja4.len] = '\0';
	row->ja4_votes++;
}

void
peers_session(struct peers *p, const struct session *s)
{
	static const struct addr none;
	bool calls = s->role == ROLE_OUTBOUND, established = is_established(s);
	struct key k = {.addr = calls ? s->dest : s->src, .bits = 128, .role = s->role, .gateway = s->gateway};
	struct peer *row;

	if (s->kind != SESSION_CLOSE || !s->gateway || s->gateway > GATEWAYS_MAX)
		return;
	if (!calls && !addr_same(&s->actor, &none))
		k.addr = s->actor;
	row = row_of(p, &k, established || calls);
	if (!row->sessions || when_before(s->start, row->first))
		row->first = s->start;
	if (when_before(row->last, s->last))
		row->last = s->last;
	row->sessions++;
	row->established += established;
	row->to_gateway += calls ? s->bytes_in : s->bytes_out;
	row->from_gateway += calls ? s->bytes_out : s->bytes_in;
	if (s->client_key)
		row->programs |= UINT64_C(1) << (s->client_key ^ s->client_key >> 32) % 64;
	vote(row, s->ja4);
}

uint32_t
peers_count(const struct peers *p)
{
	return p->n;
}

const struct peer *
peers_at(const struct peers *p, uint32_t i)
{
	return &p->row[i];
}

void
peer_print(const struct peer *p, char to[PEER_TEXT_MAX])
{
	if (p->bits == 0) {
		memcpy(to, "others", sizeof("others"));
		return;
	}
	addr_print(&p->addr, to);
	if (p->bits < 128)
		snprintf(to + strlen(to), 5, "/%u", addr_is_v4(&p->addr) ? p->bits - 96u : p->bits);
}

unsigned
peer_programs(const struct peer *p)
{
	return (unsigned)__builtin_popcountll(p->programs);
}
