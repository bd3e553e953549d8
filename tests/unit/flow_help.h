/*
 * flow_help: a flow table on the heap and made-up packets, for the tests of src/flow.
 * One client 192.0.2.1:40000, one server 198.51.100.7:443; times count from 2024-01-01 or so.
 */
#ifndef TESTS_FLOW_HELP_H
#define TESTS_FLOW_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/flow.h"

struct bench {
	struct counts counts;
	struct flows *t;
	void *memory;
};

static inline void
bench_open(struct bench *b, uint32_t flows, size_t segments)
{
	const struct flows_config cfg = {.flows = flows, .segment_bytes = segments, .key = {segments + 1, 2}};
	size_t size = flows_bytes(&cfg) + 64;
	struct carve c;

	*b = (struct bench){.memory = malloc(size)};
	c = (struct carve){b->memory, (uint8_t *)b->memory + size};
	b->t = flows_new(&c, &cfg, &b->counts);
}

static inline void
bench_close(struct bench *b)
{
	free(b->memory);
}

static inline struct when
at_ms(int64_t ms)
{
	return (struct when){INT64_C(1704067200) * NS_PER_S + ms * NS_PER_MS};
}

static inline struct when
at_s(int64_t s)
{
	return at_ms(s * 1000);
}

static inline struct packet
made(int64_t ms, unsigned side, const char *text)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {198, 51, 100, 7};
	struct packet p = {.time = at_ms(ms), .ip_id = (uint16_t)(ms + 1), .ttl = 64};

	p.src = addr_v4(side ? server : client);
	p.dst = addr_v4(side ? client : server);
	p.sport = side ? 443 : 40000;
	p.dport = side ? 40000 : 443;
	p.payload = cur_of(text, strlen(text));
	p.payload_len = (uint32_t)strlen(text);
	return p;
}

static inline struct packet
tcp(int64_t ms, unsigned side, unsigned flags, uint32_t seq, const char *text)
{
	struct packet p = made(ms, side, text);

	p.proto = PROTO_TCP;
	p.tcp_flags = (uint8_t)flags;
	p.seq = seq;
	return p;
}

static inline struct packet
udp(int64_t ms, unsigned side, const char *text)
{
	struct packet p = made(ms, side, text);

	p.proto = PROTO_UDP;
	return p;
}

static inline struct flow *
put(struct bench *b, const struct packet *p, bool *is_new)
{
	struct fed fed = flow_feed(b->t, p, flow_hash(b->t, p), NULL);

	if (is_new)
		*is_new = fed.is_new;
	return fed.flow;
}

static inline struct flow *
put_tcp(struct bench *b, int64_t ms, unsigned side, unsigned flags, uint32_t seq, const char *text)
{
	struct packet p = tcp(ms, side, flags, seq, text);

	return put(b, &p, NULL);
}

/* SYN 100, SYN-ACK 500, ACK: the next bytes are 101 and 501. */
static inline struct flow *
open_session(struct bench *b, uint16_t port)
{
	struct packet p[3] = {tcp(0, 0, TCP_SYN, 100, ""), tcp(1, 1, TCP_SYN | TCP_ACK, 500, ""),
			      tcp(2, 0, TCP_ACK, 101, "")};

	p[0].sport = p[1].dport = p[2].sport = port;
	p[1].ack = 101;
	p[2].ack = 501;
	put(b, &p[0], NULL);
	put(b, &p[1], NULL);
	return put(b, &p[2], NULL);
}

#endif
