/*
 * frames: a world as Ethernet frames, as a span port gives them: headers by the book, handshakes as they are, noise
 * where there would be ciphertext.  Packets of a flight lie in the future of the step that sent it, so frames wait in a
 * heap until their time has come.
 */
#include "frames.h"

#include <stdlib.h>

enum { FRAME_MAX = 14 + 40 + 40 + 65536, DLT_ETHERNET = 1 };

struct waiting {
	int64_t at;
	uint64_t order;
	uint32_t len;
	uint8_t bytes[];
};

struct frames {
	struct waiting **heap;
	uint32_t count, room;
	uint64_t order;
	struct rng noise, loss;
	uint8_t scratch[FRAME_MAX];
};

static uint8_t *
put(uint8_t *p, uint64_t v, unsigned n)
{
	while (n-- > 0)
		*p++ = (uint8_t)(v >> 8 * n);
	return p;
}

static uint8_t *
put_copy(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static uint8_t *
put_ip(uint8_t *p, struct conn *c, const struct shot *k, uint32_t bytes)
{
	const struct addr *src = &c->flow.addr[k->side], *dst = &c->flow.addr[!k->side];
	uint8_t ttl = c->flow.note[k->side].ttl;

	p = put(put(p, UINT64_C(0x020000000001), 6), UINT64_C(0x020000000002), 6);
	if (addr_is_v4(src)) {
		p = put(p, 0x08004500, 4);
		p = put(put(p, 20 + bytes, 2), ++c->ip_id[k->side], 2);
		p = put(put(put(p, 0x4000, 2), ttl, 1), c->d.proto, 1);
		return put_copy(put_copy(put(p, 0, 2), src->b + 12, 4), dst->b + 12, 4);
	}
	p = put(p, UINT64_C(0x86dd60000000), 6);
	p = put(put(put(p, bytes, 2), c->d.proto, 1), ttl, 1);
	return put_copy(put_copy(p, src->b, 16), dst->b, 16);
}

/* MSS 1460, SACK, timestamps, window scale 7 on a SYN; timestamps elsewhere. */
static uint8_t *
put_tcp(uint8_t *p, const struct conn *c, const struct shot *k)
{
	bool syn = k->flags & TCP_SYN;
	uint32_t ms = (uint32_t)(k->at / NS_PER_MS);

	p = put(put(p, c->flow.port[k->side], 2), c->flow.port[!k->side], 2);
	p = put(put(p, c->seq[k->side], 4), k->flags & TCP_ACK ? c->seq[!k->side] : 0, 4);
	p = put(put(put(p, syn ? 0xa0 : 0x80, 1), k->flags, 1), 64240, 2);
	p = put(p, 0, 4);
	if (syn)
		p = put(p, UINT64_C(0x020405b40402080a), 8);
	else
		p = put(p, 0x0101080a, 4);
	p = put(put(p, ms + k->side * 777u, 4), ms - 20, 4);
	return syn ? put(p, 0x01030307, 4) : p;
}

static void
put_noise(struct frames *f, uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t v = rng_next(&f->noise);

		memcpy(p + i, &v, n - i < 8 ? n - i : 8);
	}
}

static void
put_header(const struct conn *c, const struct mark *m, uint8_t header[13])
{
	bool udp = c->d.proto == PROTO_UDP;

	memset(header, 0, 13);
	header[0] = m->type;
	put(header + 1, udp ? 0xfefd : 0x0303, 2);
	if (udp)
		put(header + 3, 1, 2);
	put(header + (udp ? 11 : 3), m->body, 2);
}

static void
put_payload(struct frames *f, const struct conn *c, const struct shot *k, uint8_t *p)
{
	uint32_t head = c->d.proto == PROTO_UDP ? 13 : 5;
	uint8_t header[13];

	if (k->f->bytes) {
		memcpy(p, k->f->bytes + k->from, k->len);
		return;
	}
	put_noise(f, p, k->len);
	for (uint32_t i = k->first_mark; i < k->f->marks && k->f->mark[i].at < k->from + k->len; i++) {
		const struct mark *m = &k->f->mark[i];

		put_header(c, m, header);
		for (uint32_t b = 0; b < head; b++)
			if (m->at + b >= k->from && m->at + b < k->from + k->len)
				p[m->at + b - k->from] = header[b];
	}
}

static bool
sooner(const struct waiting *a, const struct waiting *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
frame_wait(struct frames *f, int64_t at, uint32_t len)
{
	struct waiting *w = malloc(sizeof(*w) + len);
	uint32_t i = f->count++;

	*w = (struct waiting){at, f->order++, len};
	memcpy(w->bytes, f->scratch, len);
	if (f->count > f->room) {
		f->room = f->room ? f->room * 2 : 4096;
		f->heap = realloc(f->heap, f->room * sizeof(struct waiting *));
	}
	for (; i && sooner(w, f->heap[(i - 1) / 2]); i = (i - 1) / 2)
		f->heap[i] = f->heap[(i - 1) / 2];
	f->heap[i] = w;
}

static struct waiting *
frame_take(struct frames *f)
{
	struct waiting *first = f->heap[0], *last = f->heap[--f->count];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < f->count) {
		child += child + 1 < f->count && sooner(f->heap[child + 1], f->heap[child]);
		if (!sooner(f->heap[child], last))
			break;
		f->heap[i] = f->heap[child];
		i = child;
	}
	f->heap[i] = last;
	return first;
}

static void
frame_give(struct world *w, const struct waiting *f)
{
	const struct frame frame = {cur_of(f->bytes, f->len), f->len, DLT_ETHERNET, {f->at}};

	if (w->cfg.loss_ppm && below(&w->frames->loss, 1000000) < w->cfg.loss_ppm)
		return;
	w->to.frame(w->to.arg, &frame);
	if (w->cfg.duplicates) /* by a span port that mirrors both ports of a path */
		w->to.frame(w->to.arg, &frame);
}

static void
frames_packet(struct world *w, struct conn *c, const struct shot *k)
{
	struct frames *f = w->frames;
	bool tcp = c->d.proto == PROTO_TCP;
	uint32_t header = !tcp ? 8 : k->flags & TCP_SYN ? 40 : 32;
	int64_t into = k->at - WORLD_BEGIN - DAY(w->cfg.one_sided_day);
	uint8_t *p = put_ip(f->scratch, c, k, header + k->len);

	if (w->cfg.one_sided_day && k->side == 1 && into >= HOUR(10) && into < HOUR(14))
		return;
	if (tcp)
		p = put_tcp(p, c, k);
	else
		p = put(put(put(p, c->flow.port[k->side], 2), c->flow.port[!k->side], 2), (8 + k->len) << 16, 4);
	if (k->len)
		put_payload(f, c, k, p);
	frame_wait(f, k->at, (uint32_t)(p - f->scratch) + k->len);
}

static void
frames_forget(struct world *w, struct conn *c, int64_t at)
{
	(void)w, (void)c, (void)at;
}

static void
frames_pass(struct world *w, int64_t at)
{
	struct frames *f = w->frames;

	while (f->count && f->heap[0]->at <= at) {
		struct waiting *first = frame_take(f);

		frame_give(w, first);
		free(first);
	}
}

static void
frames_end(struct world *w)
{
	frames_pass(w, INT64_MAX);
	if (w->to.over)
		w->to.over(w->to.arg);
	free(w->frames->heap);
	free(w->frames);
	w->frames = NULL;
}

void
frames_begin(struct world *w)
{
	w->frames = calloc(1, sizeof(*w->frames));
	w->frames->noise = rng_of(w->cfg.seed, 4);
	w->frames->loss = rng_of(w->cfg.seed, 5);
}

const struct render RENDER_FRAMES = {frames_packet, frames_forget, frames_pass, frames_end};
