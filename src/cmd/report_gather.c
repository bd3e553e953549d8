/*
 * report_gather: who talked to the gateway and when, from the records of the window, in bounded tables.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "cmd/report.h"

static const struct hash_key PEER_KEY = {UINT64_C(0x7265706f7274), UINT64_C(0x7065657273)};
enum { SLOTS = 2 * REPORT_PEERS, V4_BITS = 120, V6_BITS = 48, THURSDAY = 3 };
static const int64_t HOUR_NS = 3600 * INT64_C(1000000000);

static bool
peers_begin(struct report_peers *p)
{
	p->peer = calloc(REPORT_PEERS, sizeof(*p->peer));
	p->slot = calloc(SLOTS, sizeof(*p->slot));
	return p->peer && p->slot;
}

bool
report_begin(struct report *r)
{
	return peers_begin(&r->calls) && peers_begin(&r->clients);
}

/* NULL: the table is full. */
static struct report_peer *
peer_of(struct report_peers *p, const struct report_peer *wanted)
{
	struct {
		struct addr addr;
		uint64_t port, proto;
	} key = {wanted->addr, wanted->port, wanted->proto};
	uint64_t at = hash_keep(&PEER_KEY, &key, sizeof(key));

	for (;; at++) {
		uint32_t *slot = &p->slot[at % SLOTS];
		struct report_peer *peer = *slot ? &p->peer[*slot - 1] : NULL;

		if (peer && addr_same(&peer->addr, &wanted->addr) && peer->port == wanted->port &&
		    peer->proto == wanted->proto)
			return peer;
		if (peer)
			continue;
		if (p->n == REPORT_PEERS)
			return NULL;
		p->peer[p->n] = *wanted;
		*slot = (uint32_t)++p->n;
		return &p->peer[p->n - 1];
	}
}

void
report_take(char *to, size_t size, struct text t)
{
	size_t n = t.p ? t.len : 0;

	if (n >= size)
		n = size - 1;
	if (n)
		memcpy(to, t.p, n);
	to[n] = '\0';
}

static void
peer_add(struct report_peer *p, const struct session *s, bool outbound)
{
	if (!p->sessions || when_before(s->start, p->first))
		p->first = s->start;
	if (!p->sessions || when_before(p->last, s->last))
		p->last = s->last;
	p->sessions++;
	p->to_gateway += outbound ? s->bytes_in : s->bytes_out;
	p->from_gateway += outbound ? s->bytes_out : s->bytes_in;
	if (outbound && !*p->name)
		report_take(p->name, sizeof(p->name), s->sni);
	report_take(p->country, sizeof(p->country), outbound ? s->dest_country : s->src_country);
	p->as = outbound ? s->dest_as : s->src_as;
}

static void
add_peer(struct report *r, const struct session *s, bool within)
{
	static const struct addr none;
	bool outbound = s->role == ROLE_OUTBOUND;
	const struct addr *client = addr_same(&s->actor, &none) ? &s->src : &s->actor;
	struct report_peers *peers = outbound ? &r->calls : &r->clients;
	struct report_peer wanted = {.before = !within};
	struct report_peer *p;

	wanted.addr = outbound ? s->dest : addr_prefix(client, addr_is_v4(client) ? V4_BITS : V6_BITS);
	wanted.port = outbound ? s->dest_port : 0;
	wanted.proto = outbound ? s->proto : 0;
	p = peer_of(peers, &wanted);
	peers->left_out += !p && within;
	if (!p)
		return;
	p->before = p->before || when_before(s->start, r->hunt.begin);
	if (within)
		peer_add(p, s, outbound);
}

static void
on_expired(void *arg, const struct reading_peer *p)
{
	struct report *r = arg;
	struct report_peers *peers = p->outbound ? &r->calls : &r->clients;
	struct report_peer wanted = {.addr = p->addr}, *to;

	if (!p->outbound)
		wanted.addr = addr_prefix(&p->addr, addr_is_v4(&p->addr) ? V4_BITS : V6_BITS);
	to = peer_of(peers, &wanted);
	if (!to)
		return;
	to->before |= when_before(p->first, r->hunt.begin);
	if (when_before(p->last, r->hunt.begin) || !when_before(p->first, r->hunt.end))
		return;
	to->first = to->sessions && when_before(to->first, p->first) ? to->first : p->first;
	to->last = when_before(to->last, p->last) ? p->last : to->last;
	to->sessions += p->sessions;
	to->to_gateway += p->to_gateway;
	to->from_gateway += p->from_gateway;
	r->expired += p->sessions;
}

/* A place is an old one by whichever port it was called then. */
bool
report_expired(struct report *r)
{
	bool fine = reading_peers(r->hunt.folder, r, on_expired);

	for (size_t i = 0, n = r->calls.n; i < n; i++) {
		struct report_peer wanted = {.addr = r->calls.peer[i].addr};
		const struct report_peer *then = peer_of(&r->calls, &wanted);

		r->calls.peer[i].before |= then && then->before;
	}
	return fine;
}

static void
add_address(struct report *r, const struct session *s)
{
	bool outbound = s->role == ROLE_OUTBOUND;
	const struct addr *own = outbound ? &s->src : &s->dest;
	unsigned i = 0;

	while (i < r->addresses && !addr_same(&r->address[i].addr, own))
		i++;
	if (i == REPORT_ADDRS)
		return;
	if (i == r->addresses)
		r->address[r->addresses++] = (struct report_address){.addr = *own, .gateway = s->gateway};
	r->address[i].calls += outbound;
	r->address[i].called += !outbound;
}

static void
add_activity(struct report *r, const struct session *s)
{
	const struct hunt *h = &r->hunt;
	int64_t hour = s->start.ns / HOUR_NS, day = hour / 24, row;

	if (!r->activity_rows) {
		r->by_week = when_since(h->end, h->begin) > REPORT_DAYS_SHOWN * 24 * HOUR_NS;
		row = (h->end.ns - 1) / HOUR_NS / 24 - h->begin.ns / HOUR_NS / 24 + 1;
		r->activity_rows = r->by_week ? 7 : (unsigned)(row < 1 ? 1 : row > REPORT_ROWS ? REPORT_ROWS : row);
	}
	if (when_before(s->start, h->begin) || s->start.ns < 0)
		return;
	row = r->by_week ? (day + THURSDAY) % 7 : day - h->begin.ns / HOUR_NS / 24;
	if (row >= 0 && row < r->activity_rows)
		r->activity[s->role == ROLE_OUTBOUND][row][hour % 24]++;
}

void
report_session(void *arg, const struct session *s, bool within)
{
	struct report *r = arg;

	if (within && s->kind != SESSION_CLOSE)
		return;
	if (s->role != ROLE_INBOUND && s->role != ROLE_OUTBOUND) {
		r->other += within;
		return;
	}
	add_peer(r, s, within);
	if (!within)
		return;
	r->inbound += s->role == ROLE_INBOUND;
	r->outbound += s->role == ROLE_OUTBOUND;
	add_address(r, s);
	add_activity(r, s);
}

/* New ones first, then by bytes: what a responder reads from the top. */
static int
by_news(const void *a, const void *b)
{
	const struct report_peer *x = a, *y = b;
	uint64_t u = x->to_gateway + x->from_gateway, v = y->to_gateway + y->from_gateway;
	int order = addr_order(&x->addr, &y->addr);

	if (x->before != y->before)
		return x->before - y->before;
	if (u != v)
		return u > v ? -1 : 1;
	return order ? order : x->port != y->port ? x->port - y->port : x->proto - y->proto;
}

static int
by_sessions(const void *a, const void *b)
{
	const struct report_peer *x = a, *y = b;

	if (x->sessions != y->sessions)
		return x->sessions > y->sessions ? -1 : 1;
	return addr_order(&x->addr, &y->addr);
}

/* Those of the window only. */
static void
sort(struct report_peers *p, int (*order)(const void *, const void *))
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->peer[i].sessions)
			p->peer[n++] = p->peer[i];
	p->n = n;
	qsort(p->peer, n, sizeof(*p->peer), order);
	free(p->slot); /* no longer right */
	p->slot = NULL;
}

static int
by_address(const void *a, const void *b)
{
	const struct report_address *x = a, *y = b;

	return x->gateway != y->gateway ? x->gateway - y->gateway : addr_order(&x->addr, &y->addr);
}

void
report_sort(struct report *r)
{
	sort(&r->calls, by_news);
	sort(&r->clients, by_sessions);
	qsort(r->address, r->addresses, sizeof(*r->address), by_address);
}
