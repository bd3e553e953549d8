/*
 * conn: connections as scripts: whoever dials writes down what will be said and when; play reads it out.
 *
 * Times are those at the sensor, which stands next to the gateway: the far side answers a round trip later.
 * A script may go on while it runs: steps can be appended, and `more` is asked when it runs out.
 */
#include "world.h"

#include <stdlib.h>

enum { NEAR_US = 250, HELLO_US = 300 };

static bool
is_gateway(const struct world *w, const struct addr *a)
{
	return addr_same(a, &w->gw.v4) || addr_same(a, &w->gw.v6) || addr_same(a, &w->gw.snip);
}

static void
push(struct conn *c, struct step s)
{
	if (c->t + c->shift < c->w->now)
		c->t = c->w->now - c->shift;
	s.at = c->t;
	if (c->now && c->now == c->steps)
		c->now = c->steps = 0; /* all was played */
	if (c->steps == c->room) {
		c->room = c->room ? c->room * 2 : 16;
		c->step = realloc(c->step, c->room * sizeof(*c->step));
	}
	c->step[c->steps++] = s;
	if (!c->queued)
		conn_start(c);
}

static void
later_us(struct conn *c, int64_t us)
{
	c->t += us * NS_PER_US;
}

static void
push_tcp(struct conn *c)
{
	push(c, (struct step){.kind = STEP_SYN});
	if (c->d.half_open && !c->d.server)
		return;
	later_us(c, c->delay[1]);
	push(c, (struct step){.kind = STEP_SYN_ACK, .side = 1});
	later_us(c, c->delay[0]);
	push(c, (struct step){.kind = STEP_ACK});
}

static void
push_handshake(struct conn *c)
{
	unsigned flights;

	handshake_agree(c);
	flights = handshake_flights(c);
	for (unsigned i = 0; i < flights; i++) {
		unsigned side = handshake_side(c, i);

		if (i == 0)
			later_us(c, HELLO_US);
		else if (side == 0) /* behind a relay the client itself is further away than its TCP */
			later_us(c, c->delay[0] + c->d.far_us + between(&c->rng, 800, 6000));
		else
			later_us(c, c->delay[1] + between(&c->rng, 500, 3000));
		push(c, (struct step){.kind = STEP_FLIGHT, .side = (uint8_t)side, .a = i});
	}
	if (c->refused) {
		later_us(c, 100);
		push(c, (struct step){.kind = STEP_FIN, .side = 1});
		later_us(c, c->delay[0]);
		push(c, (struct step){.kind = STEP_FIN});
		push(c, (struct step){.kind = STEP_ACK, .side = 1});
	}
}

struct conn *
dial(struct world *w, const struct dial *d)
{
	struct conn *c = calloc(1, sizeof(*c));
	bool inbound = is_gateway(w, &d->to);

	c->d = *d;
	c->w = w;
	c->rng = rng_of(w->cfg.seed ^ (uint64_t)d->at, ++w->conns);
	if (!c->d.port)
		c->d.port = (uint16_t)between(&c->rng, 20000, 65000);
	if (!c->d.proto)
		c->d.proto = PROTO_TCP;
	c->delay[!inbound] = d->rtt_us > NEAR_US ? d->rtt_us : d->rtt_us ? NEAR_US + 1 : 20000;
	c->delay[inbound] = NEAR_US;
	c->label = (int16_t)label_of(w, inbound ? &d->from : &d->to);
	c->seq[0] = (uint32_t)rng_next(&c->rng);
	c->seq[1] = (uint32_t)rng_next(&c->rng);
	c->t = d->at > w->now ? d->at : w->now;
	c->link = &w->open;
	c->next = w->open;
	if (c->next)
		c->next->link = &c->next;
	w->open = c;
	if (w->gw.two_certs && d->server == &w->gw.tls && !program_is_13(d->program)) {
		w->gw.other.epoch = w->gw.tls.epoch;
		c->d.server = &w->gw.other;
	}
	if (w->gw.second && d->server == &w->gw.tls && chance(&c->rng, w->gw.second_per_mille))
		c->d.server = w->gw.second;
	if (c->d.proto == PROTO_TCP && !d->midway)
		push_tcp(c);
	if (d->server)
		push_handshake(c);
	return c;
}

void
says(struct conn *c, int64_t wait, unsigned side, uint32_t bytes, uint32_t times)
{
	c->t += wait;
	if (!c->refused && bytes)
		push(c, (struct step){.kind = STEP_DATA, .side = (uint8_t)side, .a = bytes, .b = times});
}

void
say(struct conn *c, int64_t wait, unsigned side, uint32_t bytes)
{
	says(c, wait, side, bytes, 1);
}

void
exchange(struct conn *c, int64_t think, uint32_t request, int64_t server, uint32_t response)
{
	say(c, think + (int64_t)(c->delay[0] + c->d.far_us) * NS_PER_US, 0, request);
	say(c, server + (int64_t)c->delay[1] * NS_PER_US, 1, response);
}

void
raw(struct conn *c, int64_t wait, unsigned side, uint32_t bytes, enum raw_kind kind)
{
	c->t += wait;
	push(c, (struct step){.kind = STEP_RAW, .side = (uint8_t)side, .a = bytes, .b = (uint32_t)kind});
}

void
call(struct conn *c, int64_t wait, void (*fn)(struct world *w, struct conn *c))
{
	c->t += wait;
	push(c, (struct step){.kind = STEP_CALL, .call = fn});
}

void
hang_up(struct conn *c, int64_t wait, unsigned side)
{
	if (c->refused)
		return;
	c->t += wait;
	if (c->d.server)
		push(c, (struct step){.kind = STEP_BYE, .side = (uint8_t)side});
	if (c->d.proto != PROTO_TCP)
		return;
	later_us(c, 30);
	push(c, (struct step){.kind = STEP_FIN, .side = (uint8_t)side});
	later_us(c, c->delay[!side]);
	push(c, (struct step){.kind = STEP_FIN, .side = !side});
	later_us(c, c->delay[side]);
	push(c, (struct step){.kind = STEP_ACK, .side = (uint8_t)side});
}

void
reset(struct conn *c, int64_t wait, unsigned side)
{
	c->t += wait;
	push(c, (struct step){.kind = STEP_RST, .side = (uint8_t)side});
}

static void
gives_up(struct world *w, struct conn *c)
{
	(void)w;
	c->failed = true;
}

/* What the client is about to say, its handshake being over; kind STEP_CALL: nothing. */
static struct step
next_word(const struct conn *c)
{
	for (uint32_t i = c->now; i < c->steps && c->step[i].kind != STEP_FLIGHT; i++)
		if (c->step[i].kind == STEP_DATA && c->step[i].side == 0)
			return c->step[i];
	return (struct step){.kind = STEP_CALL};
}

/* Whoever talks to a frozen gateway learns of it by and by: TCP repeats what is not acknowledged, each time after twice
   as long (RFC 6298). */
static void
goes_on_in_vain(struct conn *c, struct step word)
{
	enum { TIMES = 6, FIRST_MS = 300, SEGMENT = 1300 };

	word.a = word.a < SEGMENT ? word.a : SEGMENT;
	word.b = 1;
	push(c, word);
	word.kind = STEP_AGAIN;
	for (unsigned i = 0; i < TIMES; i++) {
		c->t += MS(FIRST_MS) << i;
		if (c->d.proto == PROTO_TCP)
			push(c, word);
	}
	call(c, MS(FIRST_MS), gives_up);
}

void
conn_cut(struct world *w, struct conn *c, int64_t at, bool rst)
{
	struct step word = next_word(c);
	bool client = is_gateway(w, &c->d.to);

	c->d.more = NULL;
	if (c->over)
		return;
	word.at += c->shift;
	c->steps = c->now;
	c->queued = false;
	c->shift = 0;
	c->t = at;
	if (!rst && client && word.kind == STEP_DATA) {
		c->t = word.at > at ? word.at : at;
		goes_on_in_vain(c, word);
		return;
	}
	c->failed = true;
	if (rst && c->d.proto == PROTO_TCP)
		push(c, (struct step){.kind = STEP_RST, .side = 1});
	else
		push(c, (struct step){.kind = STEP_CALL});
}
