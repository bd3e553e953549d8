/*
 * packet_help: frames written as hex text, decoded from memory of exactly their size.
 *
 * Headers are string macros that stand in a row as on the wire.  The innermost packet is always the same
 * TCP segment, 192.0.2.1:40000 to 198.51.100.7:443 (or 2001:db8::1 to ::2) with the payload ca fe.
 */
#ifndef TESTS_PACKET_HELP_H
#define TESTS_PACKET_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/packet.h"

#define ETHER(type)                                                                                                    \
	"020000000001"                                                                                                 \
	"020000000002" type
#define ARP_ETHER ETHER("0806") "0001080006040001"
#define IP4(total, proto)                                                                                              \
	"4500" total "1234"                                                                                            \
	"0000"                                                                                                         \
	"40" proto "0000"                                                                                              \
	"c0000201"                                                                                                     \
	"c6336407"
#define IP6(len, next)                                                                                                 \
	"60000000" len next "40"                                                                                       \
	"20010db8000000000000000000000001"                                                                             \
	"20010db8000000000000000000000002"
#define TCP                                                                                                            \
	"9c4001bb"                                                                                                     \
	"00000064"                                                                                                     \
	"000000c8"                                                                                                     \
	"5018"                                                                                                         \
	"0400"                                                                                                         \
	"0000"                                                                                                         \
	"0000"                                                                                                         \
	"cafe" /* 22 bytes */
#define UDP(to, len) "c000" to len "0000"
#define INNER4       IP4("002a", "06") TCP /* 42 bytes */
#define INNER6       IP6("0016", "06") TCP /* 62 bytes */

enum { LINK_ETHER = 1, HELP_FRAME = 1 << 17 };

struct bench {
	struct counts counts;
	struct decoder *d;
	struct packet p;
	void *memory;
	uint8_t *frame; /* the last one given */
	int64_t ms;
};

static inline void
bench_open(struct bench *b, size_t share)
{
	const struct hash_key key = {share, 7};
	size_t size = decoder_bytes(share) + 64;
	struct carve c;

	*b = (struct bench){.memory = malloc(size)};
	c = (struct carve){b->memory, (uint8_t *)b->memory + size};
	b->d = decoder_new(&c, share, &b->counts);
	decoder_key(b->d, &key);
}

static inline void
bench_close(struct bench *b)
{
	free(b->frame);
	free(b->memory);
}

static inline size_t
unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0]; text += 2, n++) {
		unsigned v = 0;

		for (int i = 0; i < 2; i++)
			v = v << 4 | (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
		out[n] = (uint8_t)v;
	}
	return n;
}

static inline uint64_t
ends(const struct counts *c)
{
	return c->frame_ok + c->fragment_held + c->not_link + c->not_short + c->not_ethertype + c->not_ip_version +
	       c->not_ip_length + c->not_transport + c->not_tcp_header + c->not_depth;
}

/* One frame in memory of its own, so that a read past its end is seen. */
static inline bool
give_bytes(struct bench *b, uint32_t link, const uint8_t *bytes, size_t n, uint32_t wire)
{
	struct frame f = {.wire_len = wire, .link = link, .time = {b->ms * NS_PER_MS}};
	bool ok;

	free(b->frame);
	b->frame = malloc(n ? n : 1);
	memcpy(b->frame, bytes, n);
	f.bytes = cur_of(b->frame, n);
	memset(&b->p, 0xee, sizeof(b->p));
	ok = packet_decode(b->d, &f, &b->p);
	assert_int_equal(ends(&b->counts), b->counts.frames);
	if (ok)
		assert_true(b->p.cut == (cur_left(&b->p.payload) < b->p.payload_len));
	return ok;
}

static inline bool
give(struct bench *b, uint32_t link, const char *hex)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(hex, bytes);

	return give_bytes(b, link, bytes, n, (uint32_t)n);
}

static inline bool
is_inner(const struct packet *p)
{
	return p->proto == PROTO_TCP && p->sport == 40000 && p->dport == 443 && p->seq == 100 && p->ack == 200 &&
	       p->tcp_flags == (TCP_PSH | TCP_ACK) && p->window == 1024 && p->payload_len == 2 && !p->cut &&
	       cur_left(&p->payload) == 2 && memcmp(p->payload.p, "\xca\xfe", 2) == 0 &&
	       cur_left(&p->ip) == (p->v6 ? 62 : 42) && addr_is_v4(&p->src) == !p->v6 && p->ttl == 64 &&
	       p->src.b[15] == 1 && p->dst.b[15] == (p->v6 ? 2 : 7);
}

/* The frame gives the inner packet; each of its beginnings, cut or snapped, gives anything but a crash. */
static inline struct packet
inner(uint32_t link, const char *hex)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(hex, bytes);
	struct packet p;
	struct bench b;

	bench_open(&b, 0);
	assert_true(give_bytes(&b, link, bytes, n, (uint32_t)n));
	p = b.p;
	if (!is_inner(&p))
		fail_msg("not the inner packet: %s", hex);
	for (size_t cut = 0; cut < n; cut++) {
		give_bytes(&b, link, bytes, cut, (uint32_t)cut);
		give_bytes(&b, link, bytes, cut, (uint32_t)n);
	}
	bench_close(&b);
	return p;
}

#define REASON(name) offsetof(struct counts, name)

static inline void
not_understood(uint32_t link, const char *hex, size_t reason)
{
	struct bench b;
	uint64_t counted;

	bench_open(&b, 0);
	if (give(&b, link, hex))
		fail_msg("understood: %s", hex);
	memcpy(&counted, (const char *)&b.counts + reason, sizeof(counted));
	if (counted != 1)
		fail_msg("another reason: %s", hex);
	bench_close(&b);
}

#endif
