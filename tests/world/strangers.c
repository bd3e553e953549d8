/*
 * strangers: an adversary with millions of addresses, each of which knocks, shakes hands or asks once: what they leave in
 * the detectors' memory must neither push out who is known nor hide what comes after them.
 */
#include "judge.h"

static struct session
stranger(const struct world *w, uint32_t i)
{
	const uint32_t a =
		UINT32_C(0xc8000000) | i * UINT32_C(2654435761) >> 5; /* a bijection, nobody else's network */

	return (struct session){.id = UINT64_C(1) << 60 | i,
				.kind = SESSION_CLOSE,
				.time = {w->now},
				.start = {w->now},
				.last = {w->now},
				.gateway = 1,
				.role = ROLE_INBOUND,
				.src = addr_of(a),
				.src_port = (uint16_t)(1024 + i % 60000),
				.dest = w->gw.v4,
				.dest_port = 443,
				.proto = PROTO_TCP,
				.packets_out = 3,
				.packets_in = 2,
				.end = FLOW_RST,
				.carrier = CARRIER_TCP,
				.client_hello = true,
				.client_key = 0x9000 + i % 1000};
}

/* One of three only knocks, one shakes hands, one asks as well. */
static void
comes(struct judge *j, const struct world *w, uint32_t i)
{
	struct session s = stranger(w, i);
	const struct exchange e = {200 + i % 900, 300 + i % 7000, 10000, 2000, 1000};

	if (i % 3) {
		s.server_hello = s.established = true;
		s.resumed = RESUMED_NO;
		s.packets_out = s.packets_in = 9;
		s.bytes_in = 5000;
	}
	if (i % 3 == 2) {
		s.exchange = &e;
		s.exchanges = s.exchange_count = 1;
		s.request_min = s.request_max = e.request;
		s.request_bytes = e.request;
		s.response_bytes = s.response_max = e.response;
	}
	pipeline_record(j->pipeline, &s);
}

void
strangers_come(struct judge *j, struct world *w, uint32_t count, int64_t until)
{
	enum { TIMES = 3600 };
	int64_t begin = w->now;

	for (uint32_t i = 0, n = 0; n < TIMES; n++) {
		world_run(w, begin + (until - begin) / TIMES * (n + 1));
		for (; i < (uint64_t)count * (n + 1) / TIMES; i++)
			comes(j, w, i);
	}
	world_run(w, until);
}
