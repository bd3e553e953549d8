/*
 * traffic: makes captures for benchmarks by multiplying recorded conversations.
 *
 *	traffic MODE OUT.pcap COUNT TEMPLATE.pcap...
 *
 *	gateway  COUNT packets: 2,000 connections at a time, three quarters tunnels (records of 1,100-1,400 bytes
 *	         down, 70-200 up), the rest the recorded conversation; every tenth over IPv6
 *	open     2,000 such tunnels, and when all are open COUNT packets over them: none begins or ends meanwhile
 *	brief    as gateway, but a tunnel has a third of its packets, and every connection comes from an address of its
 *	         own: what a connection costs, where gateway tells more of a packet
 *	small    COUNT connections of ten packets each, the hello in three segments
 *	flood    COUNT connections of a SYN and a whole ClientHello that nobody answers
 *	hellos   as flood, each ClientHello with another cipher list: no fingerprint comes twice
 *	scale    COUNT connections that all stay open, then two million packets over them; scale-long: six million
 *
 * Same templates, mode and count: same bytes.  Must not touch a network.
 */
#include "conversation.h"

enum { CONCURRENT = 2000, SCALE_PACKETS = 2000000, SCALE_LONG = 6000000 };

static void
come(struct writer *w, struct conn *c, const struct template *t, uint32_t number, bool brief)
{
	begin(w, c, t, number);
	if (!brief)
		return;
	c->data_left /= 3;
	c->stranger = true;
}

static void
make_gateway(struct writer *w, const struct template *t, unsigned templates, uint64_t count, bool brief)
{
	static struct conn conn[CONCURRENT];
	uint32_t number = 0;

	for (; number < CONCURRENT; number++)
		come(w, &conn[number], &t[number % templates], number, brief);
	while (w->packets < count) {
		struct conn *c = &conn[random_below(w, CONCURRENT)];

		w->ns += 300000;
		if (!advance(w, c)) {
			come(w, c, &t[number % templates], number, brief);
			number++;
		}
	}
}

static void
make_open(struct writer *w, const struct template *t, unsigned templates, uint64_t count)
{
	static struct conn conn[CONCURRENT];

	for (uint32_t i = 0; i < CONCURRENT; i++) {
		begin(w, &conn[i], &t[i % templates], i);
		conn[i].tunnel = true;
		conn[i].data_left = UINT32_MAX;
		for (unsigned step = 0; step < 3 + conn[i].template->handshake; step++, w->ns += 10000)
			advance(w, &conn[i]);
	}
	for (uint64_t i = 0; i < count; i++, w->ns += 300000)
		advance(w, &conn[random_below(w, CONCURRENT)]);
}

static void
make_small(struct writer *w, const struct template *t, unsigned templates, uint64_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct chunk *hello = &t[i % templates].chunk[0];
		size_t cut = hello->len / 3;
		struct conn c;

		w->ns += 20000;
		begin(w, &c, &t[i % templates], i);
		emit(w, &c, 0, TCP_SYN, "", 0);
		emit(w, &c, 1, TCP_SYN | TCP_ACK, "", 0);
		emit(w, &c, 0, TCP_ACK, "", 0);
		emit(w, &c, 0, TCP_ACK, hello->bytes, cut);
		emit(w, &c, 0, TCP_ACK, hello->bytes + cut, cut);
		emit(w, &c, 0, TCP_ACK | TCP_PSH, hello->bytes + 2 * cut, hello->len - 2 * cut);
		emit(w, &c, 1, TCP_ACK | TCP_PSH, "\x15\x03\x03\x00\x02\x02\x28", 7);
		emit(w, &c, 1, TCP_ACK | TCP_FIN, "", 0);
		emit(w, &c, 0, TCP_ACK | TCP_FIN, "", 0);
		emit(w, &c, 1, TCP_ACK, "", 0);
	}
}

/* Offset of the cipher list in a record with a ClientHello: 5 + 4 + 2 + 32, session id, length. */
static void
vary(uint8_t *hello, uint32_t number)
{
	size_t at = 43 + 1 + (size_t)hello[43] + 2;

	put(hello + at, 0x1301 + number % 40000, 2);
	put(hello + at + 2, 0xc000 + number / 40000, 2);
}

static void
make_flood(struct writer *w, const struct template *t, unsigned templates, uint64_t count, bool distinct)
{
	for (uint32_t i = 0; i < count; i++) {
		struct chunk hello = t[i % templates].chunk[0];
		struct conn c;

		w->ns += 10000;
		begin(w, &c, &t[i % templates], i);
		if (distinct)
			vary(hello.bytes, i);
		emit(w, &c, 0, TCP_SYN, "", 0);
		emit(w, &c, 0, TCP_ACK | TCP_PSH, hello.bytes, hello.len);
	}
}

static void
make_scale(struct writer *w, const struct template *t, unsigned templates, uint64_t count, uint32_t packets)
{
	struct conn *conn = calloc(count, sizeof(*conn));

	for (uint32_t i = 0; i < count; i++) {
		w->ns += 10000;
		begin(w, &conn[i], &t[i % templates], i);
		emit(w, &conn[i], 0, TCP_SYN, "", 0);
		emit(w, &conn[i], 1, TCP_SYN | TCP_ACK, "", 0);
		emit(w, &conn[i], 0, TCP_ACK, "", 0);
		for (unsigned k = 0; k < 2; k++) {
			const struct chunk *chunk = &t[i % templates].chunk[k];

			emit(w, &conn[i], chunk->side, TCP_ACK | TCP_PSH, chunk->bytes, chunk->len);
		}
	}
	for (uint32_t i = 0; i < packets; i++) {
		w->ns += 2000;
		emit_record(w, &conn[random_below(w, (uint32_t)count)], 0, 100);
	}
	free(conn);
}

int
main(int argc, char **argv)
{
	static struct template template[TEMPLATES];
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	unsigned templates = 0;
	struct writer w;

	if (count)
		templates = writer_open(&w, argv[2], template, argv + 4);
	if (!templates) {
		fprintf(stderr, "usage: traffic gateway|brief|open|small|flood|hellos|scale|scale-long OUT.pcap COUNT "
				"TEMPLATE.pcap...\n");
		return 2;
	}
	switch (argv[1][0]) {
	case 'b':
	case 'g':
		make_gateway(&w, template, templates, count, argv[1][0] == 'b');
		break;
	case 'o':
		make_open(&w, template, templates, count);
		break;
	case 's':
		if (argv[1][1] == 'm')
			make_small(&w, template, templates, count);
		else
			make_scale(&w, template, templates, count, strchr(argv[1], '-') ? SCALE_LONG : SCALE_PACKETS);
		break;
	default:
		make_flood(&w, template, templates, count, argv[1][0] == 'h');
	}
	printf("%s: %llu packets from %u templates\n", argv[1], (unsigned long long)w.packets, templates);
	return fclose(w.f) == 0 ? 0 : 1;
}
