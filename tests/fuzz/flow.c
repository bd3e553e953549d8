/*
 * flow: bytes become a sequence of made-up packets of a few connections, and what the table gives is checked:
 * pieces of a side are contiguous, hold the bytes that were sent at that sequence number, and nothing is kept
 * after the end.
 *
 *	op, who, step, length, time, ack	six bytes a packet
 */
#include <stdlib.h>

#include "flow/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 6, SHARE = 16 << 10, TALKERS = 8, STREAM = 1 << 12 };

enum op { OP_SYN = 1, OP_FIN = 2, OP_RST = 4, OP_EVICT = 8, OP_UDP = 16, OP_CUT = 32, OP_AGAIN = 64, OP_FAR = 128 };

struct world {
	struct counts counts;
	struct flows *t;
	struct packet last;
	struct when now;
	uint32_t sent[TALKERS][2];   /* sequence number after what was sent in order */
	uint8_t bytes[STREAM + 256]; /* what a stream says, by its sequence number */
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* above[0], above[1]: the sequence number that the next piece of this side begins at; above[2]: known. */
static void
check_piece(const struct world *w, struct flow *f, const struct chunk *c)
{
	uint32_t len = (uint32_t)cur_left(&c->bytes), at = f->above[c->side] + c->lost;

	must(c->side < 2);
	must(c->datagram == (f->proto == PROTO_UDP));
	if (c->datagram)
		return;
	must(len + c->cut_bytes != 0);
	if (f->above[2] & 1u << c->side)
		must(cur_starts(&c->bytes, w->bytes + at % STREAM, len));
	f->above[c->side] = at + len + c->cut_bytes;
}

static void
check_progress(struct flow *f)
{
	for (unsigned s = 0; s < 2 && f->proto == PROTO_TCP; s++) {
		const struct flow_side *side = &f->side[s];
		uint32_t next = side->next - (side->seen & SIDE_FINISHED ? 1 : 0);

		if (!(side->seen & SIDE_STARTED))
			continue;
		if (f->above[2] & 1u << s)
			must(f->above[s] == next);
		f->above[s] = next;
		f->above[2] |= 1u << s;
	}
}

static void
hear(struct world *w, struct flow *f)
{
	const struct chunk *c;

	while ((c = flow_chunk(w->t, f)))
		check_piece(w, f, c);
	if (!(f->flags & FLOW_IGNORED))
		check_progress(f);
}

static void
bury(struct world *w, struct flow *f)
{
	must(f->end != FLOW_OPEN);
	hear(w, f);
	must(f->proto != PROTO_TCP || (!f->side[0].segments && !f->side[1].segments));
	flow_free(w->t, f);
}

static void
bury_ended(struct world *w)
{
	struct flow *f;

	while ((f = flow_ended(w->t, w->now)))
		bury(w, f);
}

static void
address(struct packet *p, unsigned who, unsigned side)
{
	const uint8_t a[4] = {10, 0, 0, (uint8_t)who}, b[4] = {10, 0, 1, 1};

	p->src = addr_v4(side ? b : a);
	p->dst = addr_v4(side ? a : b);
	p->sport = side ? 443 : (uint16_t)(1000 + who);
	p->dport = side ? (uint16_t)(1000 + who) : 443;
	p->v6 = who & 1;
	if (p->v6)
		p->src.b[0] = p->dst.b[0] = 0x20;
}

static struct packet
packet_of(struct world *w, const uint8_t b[6])
{
	static const int32_t far[4] = {1 << 20, 1 << 26, -(1 << 28), INT32_MAX};
	unsigned who = b[1] % TALKERS, side = b[1] / TALKERS & 1;
	struct packet p = {.proto = b[0] & OP_UDP ? PROTO_UDP : PROTO_TCP, .ttl = 64};
	uint32_t *sent = w->sent[who];

	address(&p, who, side);
	p.time = w->now;
	p.ip_id = b[1] & 128 ? b[4] : 0;
	p.tcp_flags = (b[0] & 7) | (b[5] ? TCP_ACK : 0);
	p.payload_len = b[3];
	p.seq = sent[side] + (uint32_t)((int8_t)b[2] * 16);
	p.ack = sent[!side] + (uint32_t)((int8_t)b[5] * 16) - 16;
	if (b[0] & OP_FAR)
		p.seq += (uint32_t)far[b[2] & 3];
	p.payload =
		cur_of(w->bytes + (p.seq + (p.tcp_flags & TCP_SYN ? 1 : 0)) % STREAM, b[0] & OP_CUT ? b[3] / 2 : b[3]);
	if (b[2] == 0)
		sent[side] += p.payload_len + (p.tcp_flags & TCP_SYN ? 1 : 0);
	return p;
}

static void
step(struct world *w, const uint8_t b[6])
{
	struct packet p = b[0] & OP_AGAIN ? w->last : packet_of(w, b);
	uint64_t hash = flow_hash(w->t, &p);
	struct flow *maybe = b[1] & 64 ? flow_prefetch_item(w->t, hash) : NULL; /* may end before it is fed */
	struct flow *f;
	struct fed fed;

	w->now.ns += (int64_t)b[4] * b[4] * b[4] * NS_PER_MS / 8;
	p.time = w->now;
	if (b[0] & OP_EVICT || flows_full(w->t))
		flow_evict_one(w->t);
	bury_ended(w);
	fed = flow_feed(w->t, &p, hash, maybe);
	f = fed.flow;
	w->last = p;
	if (f) {
		if (fed.is_new && b[1] & 32)
			f->flags |= FLOW_GATEWAY;
		if (fed.is_new && (b[1] & 0x60) == 0x40)
			f->flags |= FLOW_IGNORED;
		must(f->queue < QUEUE_TIMED);
		hear(w, f);
	}
	bury_ended(w);
	must(flows_used(w->t) <= FLOWS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flows_config cfg = {.flows = FLOWS, .segment_bytes = SHARE, .key = {3, 4}};
	size_t bytes = flows_bytes(&cfg) + 64;
	void *memory = malloc(bytes);
	struct carve c = {memory, (uint8_t *)memory + bytes};
	struct world *w = calloc(1, sizeof(*w));
	struct flow *f;

	w->t = flows_new(&c, &cfg, &w->counts);
	for (size_t i = 0; i < sizeof(w->bytes); i++)
		w->bytes[i] = (uint8_t)((i % STREAM) * 167 >> 3);
	for (unsigned i = 0; i < TALKERS; i++)
		w->sent[i][0] = w->sent[i][1] = i * 0x33333333u - 5; /* one of them wraps at once */
	address(&w->last, 0, 0);
	for (; size >= 6; data += 6, size -= 6)
		step(w, data);
	while ((f = flow_drain(w->t)))
		bury(w, f);
	must(flows_used(w->t) == 0 && w->t->blocks.used == 0 && w->t->map.used == 0);
	free(w);
	free(memory);
	return 0;
}
