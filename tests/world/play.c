/*
 * play: reads the scripts of connections out in the order of time: steps become flights, flights become segments, and
 * every packet goes to the renderer.  Keeps what both renderings need: sequence numbers, counts, who has ended.
 */
#include "world.h"

#include <stdlib.h>

enum { FAR_GAP_US = 100, NEAR_GAP_US = 15, ACK_US = 3, DATAGRAM_GAP_US = 60, TRIES = 4 };

static void conn_due(struct world *w, void *arg);

static void
task(struct world *w, struct conn *c, int64_t at, void (*run)(struct world *w, void *arg))
{
	c->tasks++;
	clock_add(w, at, run, c);
}

void
conn_start(struct conn *c)
{
	c->queued = true;
	c->due = c->step[c->now].at + c->shift;
	if (c->due <= c->sent)
		c->due = c->sent + NS_PER_US;
	if (c->due < c->w->now)
		c->due = c->w->now;
	task(c->w, c, c->due, conn_due);
}

static int64_t
timeout_of(const struct conn *c)
{
	const struct flow *f = &c->flow;

	if (f->proto == PROTO_UDP)
		return SECOND(f->side[0].packets && f->side[1].packets ? FLOW_UDP_S : FLOW_UDP_ONE_S);
	if (f->end == FLOW_FIN || f->end == FLOW_RST)
		return SECOND(FLOW_CLOSING_S);
	return SECOND(f->flags & FLOW_ESTABLISHED || (f->side[0].seen | f->side[1].seen) ? FLOW_TCP_S : FLOW_SYN_S);
}

static void
conn_free(struct world *w, struct conn *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c->step);
	free(c);
	(void)w;
}

void
conns_free(struct world *w)
{
	while (w->open)
		conn_free(w, w->open);
}

static void
conn_ended(struct world *w, struct conn *c)
{
	void (*ended)(struct world *, struct conn *) = c->d.ended;

	c->d.ended = NULL;
	if (ended)
		ended(w, c);
}

/* Nobody may go on with a connection that is gone: its owner is told first. */
static bool
conn_is_done(const struct conn *c)
{
	return c->now == c->steps && !c->flow.proto && !c->tasks && !c->queued;
}

static void
conn_maybe_free(struct world *w, struct conn *c)
{
	if (!conn_is_done(c))
		return;
	conn_ended(w, c);
	if (conn_is_done(c))
		conn_free(w, c);
}

/* Silence: the sensor gives up; so does the script, unless it says otherwise. */
static void
conn_idle(struct world *w, void *arg)
{
	struct conn *c = arg;

	c->tasks--;
	w->render->pass(w, w->now);
	if (c->flow.proto && w->now - c->flow.last.ns >= timeout_of(c)) {
		w->render->forget(w, c, c->flow.last.ns + timeout_of(c));
		c->flow = (struct flow){0};
	}
	conn_maybe_free(w, c);
}

static unsigned
accounted(struct flow_side *s, const struct shot *k)
{
	unsigned header = k->f || (k->flags & TCP_SYN) == 0 ? 32 : 40;

	s->tcp_flags |= k->flags;
	s->seen |= k->len != 0;
	return header;
}

/* TCP with timestamps (32 bytes of header; SYN: 40). */
static void
account_tcp(struct conn *c, const struct shot *k)
{
	struct flow *f = &c->flow;
	struct flow_side *s = &f->side[k->side];
	struct flow_note *n = &f->note[k->side];
	bool first = s->packets == 0;
	int64_t since = (k->at - f->last.ns) / NS_PER_US;

	side_count(s, accounted(s, k) + k->len);
	if (first) {
		n->ttl = k->side == (c->delay[1] <= c->delay[0]) ? 64 : 52;
		n->window = 64240;
		n->mss = k->flags & TCP_SYN ? 1460 : 0;
		n->wscale = k->flags & TCP_SYN ? 8 : 0;
	}
	n->retransmits = (uint16_t)(n->retransmits + ((!first && k->flags & TCP_SYN) || k->again));
	if (first && k->flags == (TCP_SYN | TCP_ACK) && f->side[0].packets)
		f->syn_ack_us = (uint32_t)(since < 1 ? 1 : since);
	if (k->side == 0 && !(f->flags & FLOW_ESTABLISHED) && k->flags == TCP_ACK && f->side[1].tcp_flags & TCP_SYN)
		f->ack_us = (uint32_t)(since < 1 ? 1 : since), f->flags |= FLOW_ESTABLISHED;
	if (f->side[0].seen & f->side[1].seen)
		f->flags |= FLOW_ESTABLISHED;
	if (k->flags & (TCP_FIN | TCP_RST) && f->end == FLOW_OPEN) {
		bool fins = f->side[0].tcp_flags & f->side[1].tcp_flags & TCP_FIN;

		if (!((f->side[!k->side].tcp_flags) & TCP_FIN))
			f->who_ended = k->side;
		f->end = k->flags & TCP_RST ? FLOW_RST : fins ? FLOW_FIN : FLOW_OPEN;
	}
}

static void
account(struct conn *c, const struct shot *k)
{
	struct flow *f = &c->flow;

	if (!f->proto) {
		*f = (struct flow){.proto = c->d.proto, .first = {k->at}, .last = {k->at}};
		f->addr[0] = c->d.from, f->addr[1] = c->d.to;
		f->port[0] = c->d.port, f->port[1] = c->d.to_port;
		if (c->d.proto == PROTO_TCP && !(k->flags & TCP_SYN))
			f->flags = FLOW_MIDSTREAM;
	}
	if (c->d.proto == PROTO_TCP) {
		account_tcp(c, k);
	} else {
		if (!f->side[k->side].packets)
			f->note[k->side].ttl = k->side == (c->delay[1] <= c->delay[0]) ? 64 : 52;
		side_count(&f->side[k->side], k->len + 8);
	}
	f->last.ns = k->at;
}

static void
shoot(struct world *w, struct conn *c, struct shot *k)
{
	if (k->flags == TCP_SYN && c->tries) /* the same again */
		c->seq[0]--;
	if (w->now >= w->blind_until) {
		account(c, k);
		w->render->packet(w, c, k);
		if (k->len)
			c->unseen[k->side] = 0;
	} else if (c->flow.proto == PROTO_TCP && !k->again) {
		c->unseen[k->side] += k->len;
	}
	c->sent = k->at > c->sent ? k->at : c->sent;
	c->seq[k->side] += k->len + ((k->flags & (TCP_SYN | TCP_FIN)) != 0);
}

static void
shoot_bare(struct world *w, struct conn *c, unsigned side, uint8_t flags)
{
	shoot(w, c, &(struct shot){.at = w->now, .side = (uint8_t)side, .flags = flags});
}

/* One flight as segments; every second one is acknowledged. */
static void
shoot_flight(struct world *w, struct conn *c, const struct flight *f, unsigned side)
{
	int64_t gap = (c->delay[side] > c->delay[!side] ? FAR_GAP_US : NEAR_GAP_US) * NS_PER_US;
	struct shot k = {.at = w->now, .f = f, .side = (uint8_t)side};
	bool tcp = c->d.proto == PROTO_TCP;
	uint32_t size = tcp ? MSS : FLIGHT_MAX;

	for (unsigned n = 1; k.from < f->len; n++) {
		k.len = f->len - k.from < size ? f->len - k.from : size;
		k.flags = tcp ? TCP_ACK | (k.from + k.len == f->len ? TCP_PSH : 0) : 0;
		while (k.first_mark < f->marks && f->mark[k.first_mark].at + 5 <= k.from)
			k.first_mark++;
		shoot(w, c, &k);
		if (tcp && n % 2 == 0)
			shoot(w, c, &(struct shot){.at = k.at + ACK_US * NS_PER_US, .side = !side, .flags = TCP_ACK});
		k.from += k.len;
		k.at += gap;
	}
}

/* Each record a datagram. */
static void
shoot_datagrams(struct world *w, struct conn *c, const struct flight *f, unsigned side)
{
	struct shot k = {.at = w->now, .f = f, .side = (uint8_t)side};

	for (uint32_t i = 0; i < f->marks; i++) {
		k.from = f->mark[i].at;
		k.len = (i + 1 < f->marks ? f->mark[i + 1].at : f->len) - k.from;
		k.first_mark = i;
		shoot(w, c, &k);
		k.at += DATAGRAM_GAP_US * NS_PER_US;
	}
}

/* A SYN, the hello of DTLS, a datagram of somebody new. */
static bool
is_first_word(const struct conn *c, const struct step *s)
{
	if (c->d.proto != PROTO_UDP || s->side != 0)
		return s->kind == STEP_SYN;
	return s->kind == STEP_FLIGHT ? s->a == 0 : !c->flow.proto;
}

/* Nobody answers: the first word comes again after 1, 2, 4 ... seconds (RFC 6298; RFC 6347, 4.2.4). */
static bool
waits(struct world *w, struct conn *c)
{
	if (!w->gw.down || !(addr_same(&c->d.to, &w->gw.v4) || addr_same(&c->d.to, &w->gw.v6)))
		return false;
	c->shift += SECOND(1 << c->tries);
	if (++c->tries < TRIES)
		return true;
	c->steps = c->now + 1;
	c->d.more = NULL;
	c->failed = true;
	handshake_failed(c);
	return false;
}

/* What is down does not call either: a connection that was about to be is none. */
static bool
calls_nobody(struct world *w, struct conn *c)
{
	if (!w->gw.down || !addr_same(&c->d.from, &w->gw.snip))
		return false;
	c->steps = c->now;
	c->d.more = NULL;
	c->over = c->failed = true;
	return true;
}

static void
play_flight(struct world *w, struct conn *c, const struct step *s)
{
	struct flight *f = &w->flight;

	f->len = f->marks = 0;
	flight_make(w, c, f, s);
	if (c->d.proto == PROTO_UDP && f->marks)
		shoot_datagrams(w, c, f, s->side);
	else
		shoot_flight(w, c, f, s->side);
}

/* The same segment again; a gateway that is back knows nothing of it (RFC 9293, 3.10.7.1). */
static void
play_again(struct world *w, struct conn *c, const struct step *s)
{
	struct flight *f = &w->flight;
	struct shot k = {.at = w->now, .f = f, .flags = TCP_ACK | TCP_PSH, .again = true};

	f->len = f->marks = 0;
	flight_make(w, c, f, s);
	k.len = f->len;
	c->seq[0] -= f->len;
	shoot(w, c, &k);
	if (w->gw.down)
		return;
	shoot(w, c, &(struct shot){.at = w->now + ACK_US * NS_PER_US, .side = 1, .flags = TCP_RST});
	c->steps = c->now;
	c->failed = true;
}

static void
play(struct world *w, struct conn *c, const struct step *s)
{
	switch (s->kind) {
	case STEP_SYN:
		shoot_bare(w, c, s->side, TCP_SYN);
		break;
	case STEP_SYN_ACK:
		shoot_bare(w, c, s->side, TCP_SYN | TCP_ACK);
		break;
	case STEP_ACK:
		shoot_bare(w, c, s->side, TCP_ACK);
		break;
	case STEP_FIN:
		shoot_bare(w, c, s->side, TCP_FIN | TCP_ACK);
		break;
	case STEP_RST:
		shoot_bare(w, c, s->side, TCP_RST | TCP_ACK);
		break;
	case STEP_AGAIN:
		play_again(w, c, s);
		break;
	case STEP_CALL:
		if (s->call)
			s->call(w, c);
		break;
	default:
		if (s->kind == STEP_DATA && s->side == 0 && c->label >= 0)
			w->label[c->label].exchanges++;
		play_flight(w, c, s);
	}
}

/* Plays the step that is due; false: it has to come again. */
static bool
play_due(struct world *w, struct conn *c)
{
	struct step s = c->step[c->now];

	w->render->pass(w, w->now);
	if (is_first_word(c, &s) && calls_nobody(w, c))
		return true;
	if (is_first_word(c, &s) && waits(w, c)) {
		play(w, c, &s);
		conn_start(c);
		return false;
	}
	c->queued = true; /* what is appended meanwhile waits its turn */
	c->now++;
	play(w, c, &s);
	c->queued = false;
	if (s.kind == STEP_RST || (s.kind == STEP_FIN && c->flow.end == FLOW_FIN) || c->failed) {
		c->over = true;
		conn_ended(w, c);
	}
	return true;
}

static void
conn_due(struct world *w, void *arg)
{
	struct conn *c = arg;

	c->tasks--;
	if (c->queued && c->due == w->now) {
		c->queued = false;
		if (!play_due(w, c))
			return;
	}
	if (c->now == c->steps && c->d.more && !c->over) {
		c->t = w->now - c->shift;
		c->d.more(w, c);
	}
	if (c->now < c->steps && !c->queued)
		conn_start(c);
	if (c->flow.proto && (c->now == c->steps || c->due - w->now > timeout_of(c)))
		task(w, c, c->flow.last.ns + timeout_of(c), conn_idle);
	conn_maybe_free(w, c);
}

static void
mark(struct flight *f, uint8_t type, uint32_t body, uint32_t head)
{
	if (f->marks == MARKS_MAX || f->len + head + body > FLIGHT_MAX)
		return;
	f->mark[f->marks++] = (struct mark){f->len, (uint16_t)body, type};
	f->len += head + body;
}

/* Bytes that encryption adds to a record; DTLS 1.2 with an AEAD. */
static uint32_t
sealed(const struct conn *c, uint32_t plain)
{
	if (c->version == 0x0304)
		return plain + 17;
	if (c->cipher >> 8 == 0xcc)
		return plain + 16;
	if (c->cipher == 0xc014 || c->cipher == 0x002f)
		return 16 + (plain + 20 + 16) / 16 * 16;
	return plain + 24;
}

static void
make_data(struct conn *c, struct flight *f, const struct step *s)
{
	uint32_t most = s->side == 1 || !c->d.server->record_max ? c->d.server->record_max : 16384;
	uint32_t head = c->d.proto == PROTO_UDP ? 13 : 5;

	if (c->d.proto == PROTO_UDP || !most)
		most = c->d.proto == PROTO_UDP ? 1340 : 16384;
	for (uint32_t i = 0; i < s->b; i++)
		for (uint32_t left = s->a; left;) {
			uint32_t n = left < most ? left : most;

			mark(f, 23, sealed(c, n), head);
			left -= n;
		}
}

static void
make_raw(struct conn *c, struct flight *f, const struct step *s)
{
	static const char *const BEGINS[] = {[RAW_NOISE] = "",
					     [RAW_SSH] = "SSH-2.0-Go\r\n",
					     [RAW_HTTP] = "GET / HTTP/1.1\r\nHost: ",
					     [RAW_RDP] = "\x03\x01\x01\x2b\x26\xe0"
							 "Cookie: mstshash=",
					     [RAW_DNS] = "",
					     [RAW_NTP] = "\x23\x02\x06\xe8",
					     [RAW_SYSLOG] = "<134>",
					     [RAW_ZERO] = "",
					     [RAW_TLS_OLD] = "\x80\x2e\x01\x11\x05\x01\x15\x01\x10\x01"};
	struct rng r = rng_of(rng_next(&c->rng), s->b);
	uint32_t n = s->a < FLIGHT_MAX ? s->a : FLIGHT_MAX;
	size_t begin = strlen(BEGINS[s->b]);

	f->bytes = f->store;
	for (uint32_t i = 0; i < n; i++)
		f->store[i] = (uint8_t)(s->b == RAW_HTTP || s->b == RAW_SYSLOG ? 'a' + below(&r, 26) : rng_next(&r));
	memcpy(f->store, BEGINS[s->b], begin < n ? begin : n);
	f->len = n;
}

void
flight_make(struct world *w, struct conn *c, struct flight *f, const struct step *s)
{
	uint32_t head = c->d.proto == PROTO_UDP ? 13 : 5;

	f->bytes = NULL;
	if (s->kind == STEP_FLIGHT) {
		handshake_flight(w, c, f, s->a);
	} else if (s->kind == STEP_RAW) {
		make_raw(c, f, s);
	} else if (s->kind == STEP_BYE) {
		mark(f, c->version == 0x0304 ? 23 : 21, sealed(c, 2), head);
	} else {
		make_data(c, f, s);
	}
}
