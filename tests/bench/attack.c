/*
 * attack: captures of attacks on the sensor, with known clients' sessions between them.
 *
 *	attack MODE OUT.pcap COUNT TEMPLATE.pcap...		attack list: the modes
 *
 * COUNT frames of the attack; behind every eighth follows one of a known client's, who play recorded conversations to
 * their end.  Prints how many of these there are.  Same templates, mode and count: same bytes.
 * Must not touch a network.
 */
#include "conversation.h"

enum { KNOWN = 16, EVERY = 8, MTU_PAYLOAD = 1400, STEP_NS = 2000 };

enum { GATEWAY = 0xc000020a };

struct attack {
	struct writer w;
	const struct template *template;
	unsigned templates;
	uint64_t sent; /* frames of the attack */
	struct conn known[KNOWN];
	uint32_t begun, finished;
};

/* Known clients are 11.0.0.0; a conversation that has begun is played to its end. */
static void
know(struct attack *a, bool more)
{
	struct conn *c = &a->known[a->sent / EVERY % KNOWN];

	if (!c->template) {
		if (!more)
			return;
		begin(&a->w, c, &a->template[a->begun % a->templates], a -> begun);
		c->tunnel = c->v6 = false;
		c->data_left = 0;
		a->begun++;
	}
	if (!advance(&a->w, c)) {
		c->template = NULL;
		a->finished++;
	}
}

static void
write_frame(struct attack *a, const uint8_t *frame, size_t n)
{
	struct writer *w = &a->w;
	uint32_t head[4] = {(uint32_t)(w->ns / 1000000000), (uint32_t)(w->ns % 1000000000), (uint32_t)n, (uint32_t)n};

	fwrite(head, sizeof(head), 1, w->f);
	fwrite(frame, n, 1, w->f);
	w->packets++;
	w->ns += STEP_NS;
	if (++a->sent % EVERY == 0)
		know(a, true);
}

/* One end of what the attacker sends, to the gateway or back. */
struct end {
	uint32_t addr, seq;
	uint16_t port;
};

struct segment {
	uint8_t flags;
	bool back; /* from the gateway */
	uint32_t seq, ack;
	const void *payload;
	size_t len;
};

static uint8_t *
put_ether(uint8_t *p, uint16_t type)
{
	return put(put(put(p, UINT64_C(0x020000000001), 6), UINT64_C(0x020000000002), 6), type, 2);
}

static uint8_t *
put_ip4(uint8_t *p, uint32_t src, uint32_t dst, unsigned proto, size_t len)
{
	p = put(put(put(p, 0x4500, 2), 20 + len, 2), 0x12344000, 4);
	p = put(put(put(p, 64, 1), proto, 1), 0, 2);
	return put(put(p, src, 4), dst, 4);
}

static uint8_t *
put_tcp(uint8_t *p, const struct end *e, const struct segment *s)
{
	p = put(put(p, s->back ? 443 : e->port, 2), s->back ? e->port : 443, 2);
	p = put(put(put(p, s->seq, 4), s->ack, 4), 0x50, 1);
	p = put(put(put(p, s->flags, 1), 64240, 2), 0, 4);
	if (s->len)
		memcpy(p, s->payload, s->len);
	return p + s->len;
}

static void
write_segment(struct attack *a, const struct end *e, const struct segment *s)
{
	uint32_t src = s->back ? (uint32_t)GATEWAY : e->addr, dst = s->back ? e->addr : (uint32_t)GATEWAY;
	uint8_t frame[2048], *p = put_ip4(put_ether(frame, 0x0800), src, dst, 6, 20 + s->len);

	write_frame(a, frame, (size_t)(put_tcp(p, e, s) - frame));
}

static struct end
someone(struct attack *a)
{
	return (struct end){
		.addr = random_below(&a->w, 0xffffffff) % 0x60000000 + 0x20000000,
		.port = (uint16_t)(1024 + random_below(&a->w, 64000)),
		.seq = random_below(&a->w, UINT32_MAX),
	};
}

static void
say(struct attack *a, struct end *e, const void *bytes, size_t n)
{
	write_segment(a, e, &(struct segment){TCP_ACK | TCP_PSH, false, e->seq, 1, bytes, n});
	e->seq += (uint32_t)n;
}

/* The handshake of TCP; the gateway's sequence numbers begin at 0. */
static struct end
connected(struct attack *a)
{
	struct end e = someone(a);

	write_segment(a, &e, &(struct segment){TCP_SYN, false, e.seq++, 0, NULL, 0});
	write_segment(a, &e, &(struct segment){TCP_SYN | TCP_ACK, true, 0, e.seq, NULL, 0});
	return e;
}

static const struct chunk *
hello_of(const struct attack *a)
{
	return &a->template[a->sent % a->templates].chunk[0];
}

static void
syn_flood(struct attack *a)
{
	struct end e = someone(a);

	write_segment(a, &e, &(struct segment){TCP_SYN, false, e.seq, 0, NULL, 0});
}

static void
hello_flood(struct attack *a)
{
	struct end e = someone(a);
	const struct chunk *hello = hello_of(a);

	write_segment(a, &e, &(struct segment){TCP_SYN, false, e.seq++, 0, NULL, 0});
	say(a, &e, hello->bytes, hello->len);
}

/* A record that never ends: the sensor waits for the rest of each. */
static void
half_hellos(struct attack *a)
{
	struct end e = someone(a);
	const struct chunk *hello = hello_of(a);

	write_segment(a, &e, &(struct segment){TCP_SYN, false, e.seq++, 0, NULL, 0});
	say(a, &e, hello->bytes, hello->len / 2);
}

static void
tiny_segments(struct attack *a)
{
	struct end e = connected(a);
	const struct chunk *hello = hello_of(a);

	for (unsigned i = 0; i < hello->len; i++)
		say(a, &e, hello->bytes + i, 1);
}

/* Behind a hole, over and over each other, never with the same bytes. */
static void
overlapping(struct attack *a)
{
	struct end e = connected(a);
	uint8_t noise[512];

	for (unsigned i = 0; i < 200; i++) {
		uint32_t at = 1 + random_below(&a->w, 30000);

		memset(noise, (int)i, sizeof(noise));
		write_segment(a, &e,
			      &(struct segment){TCP_ACK, false, e.seq + at, 1, noise,
						1 + random_below(&a->w, sizeof(noise))});
	}
}

/* Addresses and ports with one sum and one xor: one place for every table that does not key its hash. */
static void
collisions(struct attack *a)
{
	uint32_t i = (uint32_t)a->sent;
	struct end e = {.addr = 0x20000000 | (i & 0xffff) << 8 | (i >> 16 & 0xff), .seq = 7};

	e.port = (uint16_t)(e.addr >> 8 ^ e.addr ^ 0x5555);
	write_segment(a, &e, &(struct segment){TCP_SYN, false, e.seq, 0, NULL, 0});
}

/* The gateway's side: what a server of the attacker's would send to a gateway that calls it. */
static void
answer(struct attack *a, struct end *e, uint32_t *seq, const void *bytes, size_t n)
{
	write_segment(a, e, &(struct segment){TCP_ACK | TCP_PSH, true, *seq, e->seq, bytes, n});
	*seq += (uint32_t)n;
}

/* One message of the handshake that claims 16 MB, in records of 16 KB. */
static void
giant_certificate(struct attack *a)
{
	static const uint8_t server_hello[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
					      "0123456789abcdef0123456789abcdef\x00\xc0\x2f\x00";
	struct end e = connected(a);
	const struct chunk *hello = hello_of(a);
	uint32_t seq = 1;
	uint8_t bytes[MTU_PAYLOAD];

	say(a, &e, hello->bytes, hello->len);
	answer(a, &e, &seq, server_hello, sizeof(server_hello) - 1);
	for (unsigned record = 0; record < 64; record++) {
		size_t left = 16384;

		memset(bytes, 0x30, sizeof(bytes));
		put(bytes, UINT64_C(0x1603034000), 5);
		if (record == 0)
			put(bytes + 5, UINT64_C(0x0bffffffffffea), 7);
		for (left += 5; left;) {
			size_t n = left < sizeof(bytes) ? left : sizeof(bytes);

			answer(a, &e, &seq, bytes, n);
			memset(bytes, 0x30, 16);
			left -= n;
		}
	}
}

/* Records of one byte each: 233 in a segment. */
static void
endless_records(struct attack *a)
{
	struct end e = connected(a);
	const struct chunk *hello = hello_of(a);
	uint8_t bytes[MTU_PAYLOAD - MTU_PAYLOAD % 6];

	say(a, &e, hello->bytes, hello->len);
	for (unsigned i = 0; i < sizeof(bytes); i += 6)
		put(bytes + i, UINT64_C(0x170303000100), 6);
	for (unsigned i = 0; i < 1000; i++)
		say(a, &e, bytes, sizeof(bytes));
}

/* A ClientHello of 40,000 bytes with 10,000 empty extensions, in three records; another one each time. */
static void
ten_thousand_extensions(struct attack *a)
{
	enum { EXTENSIONS = 10000, BODY = 2 + 32 + 1 + 2 + 2 + 2 + 2 + EXTENSIONS * 4, RECORD = 16384 };
	static uint8_t message[4 + BODY], record[5 + RECORD];
	struct end e = connected(a);
	uint8_t *p = put(put(put(message, 1, 1), BODY, 3), 0x0303, 2);

	p = put(put(put(p + 32, 0, 1), 2, 2), 0x1301 + a->sent % 30000, 2);
	p = put(put(p, 0x0100, 2), EXTENSIONS * 4, 2);
	for (unsigned i = 0; i < EXTENSIONS; i++)
		p = put(put(p, 1000 + i, 2), 0, 2);
	for (size_t at = 0; at < sizeof(message); at += RECORD) {
		size_t n = sizeof(message) - at < RECORD ? sizeof(message) - at : RECORD;

		memcpy(put(put(record, 0x160301, 3), n, 2), message + at, n);
		for (size_t k = 0; k < n + 5; k += MTU_PAYLOAD)
			say(a, &e, record + k, n + 5 - k < MTU_PAYLOAD ? n + 5 - k : MTU_PAYLOAD);
	}
}

/* Pieces of packets that never become whole; half of them contradict those before. */
static void
fragment_bombs(struct attack *a)
{
	uint8_t frame[2048], *p = put_ether(frame, 0x0800);
	struct end e = someone(a);
	uint32_t offset = random_below(&a->w, 8000), len = 8 * (1 + random_below(&a->w, 100));

	if (random_below(&a->w, 2))
		e.addr = 0x20000000 + random_below(&a->w, 64);
	p = put(put(put(p, 0x4500, 2), 20 + len, 2), random_below(&a->w, 0x10000), 2);
	p = put(put(put(p, 0x2000 | offset, 2), 0x4006, 2), 0, 2);
	p = put(put(p, e.addr, 4), GATEWAY, 4);
	memset(p, (int)offset, len);
	write_frame(a, frame, (size_t)(p + len - frame));
}

/* Tags and carriers inside each other, up to the decoder's limit and beyond; and a segment inside. */
static void
deep_encapsulation(struct attack *a)
{
	uint8_t frame[2048], *p = put_ether(frame, 0x8100);
	struct end e = someone(a);
	unsigned depth = 5 + random_below(&a->w, 25);

	for (unsigned i = 0; i < 4; i++)
		p = put(put(p, i + 1, 2), i == 3 ? 0x0800 : 0x8100, 2);
	for (unsigned i = 0; i < depth; i++)
		p = put_ip4(p, 0x0a000000 + i, 0x0a000100 + i, 4, (depth - i) * 20 + 20);
	p = put_ip4(p, e.addr, GATEWAY, 6, 20);
	p = put_tcp(p, &e, &(struct segment){TCP_SYN, false, e.seq, 0, NULL, 0});
	write_frame(a, frame, (size_t)(p - frame));
}

/* No attack: the same known clients, to compare with. */
static void
calm(struct attack *a)
{
	a->w.ns += STEP_NS;
	if (++a->sent % EVERY == 0)
		know(a, true);
}

static const struct {
	const char *name;
	void (*step)(struct attack *a);
} MODES[] = {
	{"calm", calm},
	{"syn_flood", syn_flood},
	{"hello_flood", hello_flood},
	{"half_hellos", half_hellos},
	{"tiny_segments", tiny_segments},
	{"overlapping", overlapping},
	{"collisions", collisions},
	{"giant_certificate", giant_certificate},
	{"endless_records", endless_records},
	{"ten_thousand_extensions", ten_thousand_extensions},
	{"fragment_bombs", fragment_bombs},
	{"deep_encapsulation", deep_encapsulation},
};

enum { MODES_N = sizeof(MODES) / sizeof(MODES[0]) };

static int
list(void)
{
	for (unsigned i = 0; i < MODES_N; i++)
		printf("%s\n", MODES[i].name);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct template template[TEMPLATES];
	static struct attack a;
	uint64_t count = argc > 4 ? strtoull(argv[3], NULL, 10) : 0;
	unsigned mode = 0;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list();
	while (argc > 1 && mode < MODES_N && strcmp(argv[1], MODES[mode].name) != 0)
		mode++;
	a.template = template;
	if (count && mode < MODES_N)
		a.templates = writer_open(&a.w, argv[2], template, argv + 4);
	if (!a.templates) {
		fprintf(stderr, "usage: attack list | attack MODE OUT.pcap COUNT TEMPLATE.pcap...\n");
		return 2;
	}
	while (a.sent < count)
		MODES[mode].step(&a);
	for (unsigned turn = 0; a.finished < a.begun; turn++) {
		a.sent = turn * EVERY;
		know(&a, false);
	}
	printf("%llu %u\n", (unsigned long long)a.w.packets, a.finished);
	return fclose(a.w.f) == 0 ? 0 : 1;
}
