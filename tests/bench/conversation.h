/*
 * conversation: recorded TLS conversations, played again between other ends, as frames of a capture file.
 */
#ifndef TESTS_BENCH_CONVERSATION_H
#define TESTS_BENCH_CONVERSATION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/savefile.h"

enum {
	TEMPLATES = 32,
	CHUNKS = 64,
	CHUNK_MAX = 1400,
};

struct chunk {
	uint8_t side;
	uint16_t len;
	uint8_t bytes[CHUNK_MAX];
};

struct template
{
	struct chunk chunk[CHUNKS];
	unsigned chunks, handshake; /* chunks until both sides are past their hellos */
};

struct conn {
	const struct template *template;
	uint32_t number, seq[2];
	unsigned step, data_left;
	bool v6, tunnel, stranger; /* stranger: of an address that nobody else comes from */
};

struct writer {
	FILE *f;
	uint64_t ns, rng;
	uint64_t packets;
};

static inline uint32_t
random_below(struct writer *w, uint32_t n)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (uint32_t)(w->rng >> 32) % n;
}

static inline uint8_t *
put(uint8_t *p, uint64_t v, unsigned n)
{
	while (n-- > 0)
		*p++ = (uint8_t)(v >> 8 * n);
	return p;
}

static inline uint8_t *
put_ip(uint8_t *p, const struct conn *c, unsigned side, size_t payload)
{
	uint32_t client = UINT32_C(0x0b000000) + (c->stranger ? c->number : c->number / 50000),
		 server = UINT32_C(0xc000020a);
	uint32_t src = side ? server : client, dst = side ? client : server;

	if (c->v6) {
		p = put(p, UINT64_C(0x86dd60000000), 6);
		p = put(p, 32 + payload, 2);
		p = put(p, 0x0640, 2);
		p = put(put(p, UINT64_C(0x20010db800000000), 8), src, 8);
		return put(put(p, UINT64_C(0x20010db800000000), 8), dst, 8);
	}
	p = put(p, 0x08004500, 4);
	p = put(p, 52 + payload, 2);
	p = put(p, (c->seq[side] * 7 + 1) & 0xffff, 2);
	p = put(p, UINT64_C(0x400040060000), 6);
	return put(put(p, src, 4), dst, 4);
}

static inline void
emit(struct writer *w, struct conn *c, unsigned side, uint8_t flags, const void *payload, size_t len)
{
	uint8_t frame[2048], *p = put(frame, UINT64_C(0x020000000001), 6);
	uint16_t port = (uint16_t)(10000 + c->number % 50000);
	uint32_t head[4];

	p = put_ip(put(p, UINT64_C(0x020000000002), 6), c, side, len);
	p = put(put(p, side ? 443 : port, 2), side ? port : 443, 2);
	p = put(put(p, c->seq[side], 4), flags & TCP_ACK ? c->seq[!side] : 0, 4);
	p = put(put(put(p, 0x80, 1), flags, 1), 64240, 2);
	p = put(p, 0, 4);
	p = put(put(p, 0x0101080a, 4), w->ns / 1000000, 4);
	p = put(p, w->ns / 1000000 - 20, 4);
	memcpy(p, payload, len);
	p += len;
	c->seq[side] += (uint32_t)len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
	head[0] = (uint32_t)(w->ns / 1000000000);
	head[1] = (uint32_t)(w->ns % 1000000000);
	head[2] = head[3] = (uint32_t)(p - frame);
	fwrite(head, sizeof(head), 1, w->f);
	fwrite(frame, head[2], 1, w->f);
	w->packets++;
}

static inline void
begin(struct writer *w, struct conn *c, const struct template *t, uint32_t number)
{
	*c = (struct conn){.template = t, .number = number, .v6 = number % 10 == 0, .tunnel = number % 4 != 0};
	c->seq[0] = random_below(w, UINT32_MAX);
	c->seq[1] = random_below(w, UINT32_MAX);
	c->data_left = c->tunnel ? 60 + random_below(w, 100) : 0;
}

/* One application record; its bytes are noise, as ciphertext is. */
static inline void
emit_record(struct writer *w, struct conn *c, unsigned side, size_t body)
{
	uint8_t record[2048];

	put(put(record, 0x170303, 3), body, 2);
	for (size_t i = 0; i < body; i += 4) {
		uint32_t noise = random_below(w, UINT32_MAX);

		memcpy(record + 5 + i, &noise, 4);
	}
	emit(w, c, side, TCP_ACK | TCP_PSH, record, 5 + body);
}

/* The next packet of a connection; false when it is over. */
static inline bool
advance(struct writer *w, struct conn *c)
{
	const struct template *t = c->template;
	unsigned step = c->step++, chunks = c->tunnel ? t->handshake : t->chunks;

	if (step < 3) {
		emit(w, c, step == 1, step == 0 ? TCP_SYN : step == 1 ? TCP_SYN | TCP_ACK : TCP_ACK, "", 0);
	} else if (step < 3 + chunks) {
		const struct chunk *k = &t->chunk[step - 3];

		emit(w, c, k->side, TCP_ACK | TCP_PSH, k->bytes, k->len);
	} else if (c->data_left) {
		c->data_left--;
		switch (random_below(w, 4)) {
		case 0:
			emit_record(w, c, 0, 70 + random_below(w, 130));
			break;
		case 1:
			emit(w, c, random_below(w, 2), TCP_ACK, "", 0);
			break;
		default:
			emit_record(w, c, 1, 1100 + random_below(w, 300));
		}
	} else {
		emit(w, c, 0, TCP_FIN | TCP_ACK, "", 0);
		emit(w, c, 1, TCP_FIN | TCP_ACK, "", 0);
		emit(w, c, 0, TCP_ACK, "", 0);
		return false;
	}
	return true;
}

/* Type of the record that a chunk begins with: handshake messages come first, then CCS or protected data. */
static inline bool
is_past_hello(const struct chunk *c)
{
	return c->bytes[0] == 20 || c->bytes[0] == 23;
}

static inline void
template_add(struct template *t, const struct packet *k, const struct addr *client, uint16_t port)
{
	struct chunk *c = &t->chunk[t->chunks];
	size_t len = cur_left(&k->payload);

	if (len == 0 || len > CHUNK_MAX || t->chunks == CHUNKS)
		return;
	c->side = !(addr_same(&k->src, client) && k->sport == port);
	c->len = (uint16_t)len;
	memcpy(c->bytes, k->payload.p, len);
	t->chunks++;
	if (is_past_hello(c) && (t->handshake == 0 || t->chunk[t->handshake - 1].side != c->side))
		t->handshake = t->chunks;
}

/* The first TCP connection of a capture becomes a template. */
static inline bool
template_load(struct template *t, const char *path)
{
	static uint8_t data[1 << 24], fragments[1 << 20];
	static struct counts counts;
	struct carve carve = {fragments, fragments + sizeof(fragments)};
	struct decoder *d = decoder_new(&carve, 1 << 16, &counts);
	FILE *f = fopen(path, "rb");
	struct savefile file = {0};
	struct addr client = {{0}};
	uint16_t port = 0;
	struct cur bytes;
	struct frame frame;
	struct packet k;
	const char *why;
	enum savefile_verdict v;

	if (!f)
		return false;
	bytes = cur_of(data, fread(data, 1, sizeof(data), f));
	fclose(f);
	while ((v = savefile_next(&file, &bytes, &frame, &why)) == SAVEFILE_FRAME || v == SAVEFILE_OTHER) {
		if (v == SAVEFILE_OTHER || !packet_decode(d, &frame, &k) || k.proto != PROTO_TCP)
			continue;
		if (port == 0 && k.tcp_flags == TCP_SYN) {
			client = k.src;
			port = k.sport;
		}
		if (port && (k.sport == port || k.dport == port))
			template_add(t, &k, &client, port);
	}
	return t->chunks > 3 && t->handshake > 1 && t->chunk[0].bytes[0] == 22;
}

/* The templates of files, and the head of the capture that is to be written.  Their number; 0: a mistake. */
static inline unsigned
writer_open(struct writer *w, const char *path, struct template *t, char **files)
{
	static const uint32_t HEADER[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1};
	unsigned templates = 0;

	*w = (struct writer){.ns = UINT64_C(1748779200000000000), .rng = UINT64_C(88172645463325252)};
	for (; *files && templates < TEMPLATES; files++) {
		memset(&t[templates], 0, sizeof(t[0]));
		templates += template_load(&t[templates], *files);
	}
	if (!templates || !(w->f = fopen(path, "wb")))
		return 0;
	fwrite(HEADER, sizeof(HEADER), 1, w->f);
	return templates;
}

#endif
