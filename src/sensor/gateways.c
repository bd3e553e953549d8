/*
 * gateways: guesses who is served.  Must stay cheap: it looks at the first quarter million frames of a file
 * before anything else happens.
 */
#include "sensor/gateways.h"

#include <stdlib.h>

#include "base/map.h"

enum { SERVERS = 4096, SKETCH = 64, SAMPLE = 8, FRAGMENTS = 1 << 16 };

/* Fixed, so that the same capture gives the same guess. */
static const struct hash_key SKETCH_KEY = {0x6761746577617973, 0x636c69656e747321};

struct server {
	struct addr addr;
	uint16_t port;
	uint64_t hellos;
	uint64_t clients[SKETCH / 8]; /* linear counting (Whang 1990) over 512 bits */
};

struct gateways {
	struct hash_key key;
	struct decoder *decoder;
	struct counts counts;
	uint64_t hellos;
	uint32_t used, hand;
	struct server server[SERVERS];
	struct map map;
	void *map_memory, *decoder_memory;
};

struct gateways *
gateways_new(const struct hash_key *key)
{
	struct gateways *g = calloc(1, sizeof(*g));
	size_t need = decoder_bytes(FRAGMENTS) + 4096;
	struct carve c;

	if (!g)
		return NULL;
	g->key = *key;
	g->map_memory = malloc(map_bytes(SERVERS));
	g->decoder_memory = calloc(1, need);
	if (!g->map_memory || !g->decoder_memory) {
		gateways_free(g);
		return NULL;
	}
	map_init(&g->map, g->map_memory, SERVERS);
	c = (struct carve){g->decoder_memory, (uint8_t *)g->decoder_memory + need};
	g->decoder = decoder_new(&c, FRAGMENTS, &g->counts);
	return g;
}

void
gateways_free(struct gateways *g)
{
	if (!g)
		return;
	free(g->map_memory);
	free(g->decoder_memory);
	free(g);
}

static uint64_t
server_hash(const struct gateways *g, const struct addr *a, uint16_t port)
{
	uint64_t words[3] = {0, 0, port};

	memcpy(words, a->b, 16);
	return hash_words(&g->key, words, 3);
}

/* Room in a full table: the least busy of a few, so that a scan of the whole internet costs little and the
   busy ones stay. */
static uint32_t
least_busy(struct gateways *g)
{
	uint32_t best = g->hand;

	for (unsigned i = 0; i < SAMPLE; i++) {
		if (g->server[g->hand].hellos < g->server[best].hellos)
			best = g->hand;
		g->hand = (g->hand + 1) % SERVERS;
	}
	return best;
}

/* The server's entry; a full table gives that of the least busy one. */
static struct server *
server_get(struct gateways *g, const struct addr *a, uint16_t port)
{
	uint64_t hash = server_hash(g, a, port);
	uint32_t i;

	for (struct map_at at = map_first(&g->map, hash); map_found(&at); map_next(&g->map, &at)) {
		struct server *s = &g->server[at.handle - 1];

		if (s->port == port && addr_same(&s->addr, a))
			return s;
	}
	if (g->used < SERVERS) {
		i = g->used++;
	} else {
		i = least_busy(g);
		map_remove(&g->map, server_hash(g, &g->server[i].addr, g->server[i].port), i + 1);
	}
	g->server[i] = (struct server){.addr = *a, .port = port};
	map_add(&g->map, hash, i + 1);
	return &g->server[i];
}

/* The first bytes of a ClientHello: a record (RFC 8446 5.1), a DTLS record (RFC 9147 4), a QUIC Initial with
   a fixed bit, a version and room for a hello (RFC 9000 14.1, 17.2.2), or OpenVPN's first packet (opcodes 7
   and 10: P_CONTROL_HARD_RESET_CLIENT_V2 and _V3). */
static bool
is_hello(const struct packet *p)
{
	const struct cur *c = &p->payload;

	if (p->proto == PROTO_TCP)
		return cur_peek(c, 0) == 22 && cur_peek(c, 1) == 3 && cur_peek(c, 5) == 1;
	if (p->proto != PROTO_UDP)
		return false;
	if (cur_peek(c, 0) == 22 && cur_peek(c, 1) >= 0xfe)
		return cur_peek(c, 13) == 1;
	if (p->payload_len >= 14 && p->payload_len < 400 && p->dport == 1194)
		return cur_peek(c, 0) >> 3 == 7 || cur_peek(c, 0) >> 3 == 10;
	return p->payload_len >= 1200 && (cur_peek(c, 0) & 0xc0) == 0xc0 && p->dport < p->sport &&
	       (cur_peek(c, 1) | cur_peek(c, 2) | cur_peek(c, 3) | cur_peek(c, 4)) != 0;
}

void
gateways_look(struct gateways *g, const struct frame *f)
{
	struct packet p;
	struct server *s;
	uint64_t bit;

	if (!packet_decode(g->decoder, f, &p) || !is_hello(&p))
		return;
	s = server_get(g, &p.dst, p.dport);
	s->hellos++;
	g->hellos++;
	bit = hash_fast(&SKETCH_KEY, p.src.b, 16) % (SKETCH * 8);
	s->clients[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* -m ln(V / m) without libm: the harmonic sum of what was skipped. */
static uint32_t
clients_of(const struct server *s)
{
	unsigned set = 0, all = SKETCH * 8;
	double n = 0;

	for (unsigned i = 0; i < SKETCH / 8; i++)
		set += (unsigned)__builtin_popcountll(s->clients[i]);
	for (unsigned i = 0; i < set; i++)
		n += (double)all / (double)(all - (i < all - 1 ? i : all - 1));
	return n < (double)s->hellos ? (uint32_t)(n + 0.5) : (uint32_t)s->hellos;
}

/* By address; of one address the busiest port first. */
static int
by_address(const void *a, const void *b)
{
	const struct server *const *x = a, *const *y = b;
	int order = memcmp((*x)->addr.b, (*y)->addr.b, 16);

	if (order)
		return order;
	if ((*x)->hellos != (*y)->hellos)
		return (*x)->hellos > (*y)->hellos ? -1 : 1;
	return (int)(*x)->port - (int)(*y)->port;
}

/* Folds the ports of one address, the first `n` of `list`, together. */
static struct gateway_guess
fold(const struct gateways *g, const struct server *const *list, size_t n)
{
	struct server sum = *list[0];

	for (size_t i = 1; i < n; i++) {
		sum.hellos += list[i]->hellos;
		for (unsigned j = 0; j < SKETCH / 8; j++)
			sum.clients[j] |= list[i]->clients[j];
	}
	return (struct gateway_guess){.addr = sum.addr,
				      .port = sum.port,
				      .clients = clients_of(&sum),
				      .sessions = sum.hellos,
				      .percent = g->hellos ? (unsigned)(100 * sum.hellos / g->hellos) : 0};
}

static bool
better(const struct gateway_guess *a, const struct gateway_guess *b)
{
	if (a->clients != b->clients)
		return a->clients > b->clients;
	if (a->sessions != b->sessions)
		return a->sessions > b->sessions;
	return memcmp(a->addr.b, b->addr.b, 16) < 0;
}

/* Puts it where it belongs among the best `max`. */
static size_t
rank(struct gateway_guess *best, size_t n, size_t max, const struct gateway_guess *one)
{
	size_t at;

	for (at = n; at > 0 && better(one, &best[at - 1]); at--)
		if (at < max)
			best[at] = best[at - 1];
	if (at < max)
		best[at] = *one;
	return n < max ? n + 1 : n;
}

/* Somebody's browsing has one client and many servers: no gateway.  A pair shares its clients. */
static size_t
stand_out(const struct gateway_guess *best, size_t n)
{
	size_t keep = 0;

	while (keep < n && best[keep].clients * 2 >= best[0].clients && (best[keep].clients > 1 || n == 1))
		keep++;
	return keep;
}

size_t
gateways_guess(const struct gateways *g, struct gateway_guess *to, size_t max)
{
	const struct server *list[SERVERS] = {NULL};
	size_t n = 0;

	for (uint32_t i = 0; i < g->used; i++)
		list[i] = &g->server[i];
	qsort(list, g->used, sizeof(list[0]), by_address);
	for (uint32_t i = 0, end; i < g->used; i = end) {
		struct gateway_guess one;

		for (end = i + 1; end < g->used && addr_same(&list[end]->addr, &list[i]->addr); end++)
			continue;
		one = fold(g, list + i, end - i);
		n = rank(to, n, max, &one);
	}
	return stand_out(to, n);
}

size_t
gateways_combine(const struct gateway_guess *all, size_t count, struct gateway_guess *to, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct gateway_guess sum = all[i];
		bool again = false;

		for (size_t j = 0; j < count; j++) {
			if (j == i || !addr_same(&all[j].addr, &all[i].addr))
				continue;
			again |= j < i;
			sum.clients += all[j].clients;
			sum.sessions += all[j].sessions;
			sum.percent = all[j].percent < sum.percent ? all[j].percent : sum.percent;
		}
		if (!again)
			n = rank(to, n, max, &sum);
	}
	return stand_out(to, n);
}

bool
gateways_clear(const struct gateways *g)
{
	struct gateway_guess best[GATEWAY_GUESSES] = {{.port = 0}};
	unsigned percent = 0;
	size_t n;

	if (g->hellos < 256)
		return false;
	n = gateways_guess(g, best, GATEWAY_GUESSES);
	for (size_t i = 0; i < n; i++)
		percent += best[i].percent;
	return n > 0 && best[n - 1].clients >= 16 && percent >= 80;
}
