/* session_build: who is src, what belongs to which side, the id, rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"

static const struct flow FLOW = {
	.addr = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7}},
		 {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 10}}},
	.port = {50000, 443},
	.proto = 6,
	.end = FLOW_FIN,
	.who_ended = 1,
	.first = {1000000123456789},
	.last = {1000009123456789},
	.syn_ack_us = 11,
	.ack_us = 22,
	.vlan = 5,
	.side = {{.bytes_low = 1000, .packets = 10}, {.bytes_low = 2000, .packets = 20}},
	.note = {{.ttl = 60, .mss = 1460, .window = 64240, .wscale = 8, .gap_bytes = 3},
		 {.ttl = 120, .mss = 1400, .window = 8192, .retransmits = 4}},
};

static void
build(struct session *s, struct session_scratch *scratch, const struct flow *f, const struct tls_facts *t)
{
	const struct session_source from = {.flow = f,
					    .tls = t,
					    .sensor = 99,
					    .identity_key = 42,
					    .kind = SESSION_CLOSE,
					    .time = {1000012123456789}};

	memset(s, 0x5a, sizeof(*s));
	session_build(s, scratch, &from);
}

static void
client_is_side_0(void **state)
{
	const struct tls_facts t = {.carrier = CARRIER_TCP, .client_hello = true, .records = {7, 8}};
	struct session_scratch scratch;
	struct session s;

	(void)state;
	build(&s, &scratch, &FLOW, &t);
	assert_int_equal(s.src_port, 50000);
	assert_int_equal(s.packets_out, 10);
	assert_int_equal(s.bytes_in, 2000);
	assert_int_equal(s.rtt_dest_us, 11);
	assert_int_equal(s.rtt_src_us, 22);
	assert_int_equal(s.ttl_src, 60);
	assert_int_equal(s.mss_src, 1460);
	assert_int_equal(s.gap_bytes_out, 3);
	assert_int_equal(s.retransmits_in, 4);
	assert_int_equal(s.records_out, 7);
	assert_true(s.ended_by_dest);
	assert_int_equal(s.start.ns, 1000000123456000);
	assert_int_equal(s.last.ns, 1000009123456000);
	assert_int_equal(s.time.ns, 1000012123456000);
	assert_int_equal(s.kind, SESSION_CLOSE);
	assert_false(s.one_sided);
	assert_int_equal(s.identity_key, 0);
	assert_int_equal(s.exchanges, 0);
	assert_null(s.sni.p);
	/* the pipeline's to set, so nothing may be in them */
	assert_int_equal(s.gateway, 0);
	assert_int_equal(s.role, ROLE_OTHER);
}

static void
client_is_side_1(void **state)
{
	const struct tls_facts t = {.carrier = CARRIER_TCP, .client = 1, .client_hello = true, .records = {7, 8}};
	struct session_scratch scratch;
	struct session s;

	(void)state;
	build(&s, &scratch, &FLOW, &t);
	assert_int_equal(s.src_port, 443);
	assert_int_equal(s.dest_port, 50000);
	assert_int_equal(s.src.b[15], 10);
	assert_int_equal(s.packets_out, 20);
	assert_int_equal(s.bytes_out, 2000);
	assert_int_equal(s.rtt_dest_us, 22);
	assert_int_equal(s.rtt_src_us, 11);
	assert_int_equal(s.ttl_src, 120);
	assert_int_equal(s.gap_bytes_in, 3);
	assert_int_equal(s.retransmits_out, 4);
	assert_int_equal(s.records_out, 8);
	assert_false(s.ended_by_dest);
}

/* Both directions, whoever is called side 0, have one id; anything else another. */
static void
ids(void **state)
{
	const struct tls_facts none = {.carrier = CARRIER_NONE};
	struct session_scratch scratch;
	struct session s;
	struct flow f = FLOW;
	uint64_t id;

	(void)state;
	build(&s, &scratch, &FLOW, &none);
	id = s.id;
	f.addr[0] = FLOW.addr[1];
	f.addr[1] = FLOW.addr[0];
	f.port[0] = FLOW.port[1];
	f.port[1] = FLOW.port[0];
	build(&s, &scratch, &f, &none);
	assert_true(s.id == id);
	f.vlan++;
	build(&s, &scratch, &f, &none);
	assert_true(s.id != id);
	f = FLOW;
	f.first.ns++; /* it follows from the record, whose times are whole microseconds */
	build(&s, &scratch, &f, &none);
	assert_true(s.id == id);
	f.first.ns += NS_PER_US;
	build(&s, &scratch, &f, &none);
	assert_true(s.id != id);
	f = FLOW;
	f.proto = 17;
	build(&s, &scratch, &f, &none);
	assert_true(s.id != id);
}

static void
certificates_and_alerts(void **state)
{
	struct tls_facts t = {.carrier = CARRIER_TCP,
			      .client_hello = true,
			      .id_offered = 5,
			      .alerts = 9, /* more than are kept */
			      .alert = {{0, 2, 48}, {1, 1, 0}, {0, 1, 0}, {1, 2, 80}},
			      .server_cert = {.present = true, .sha1 = {0xab}, .sha256 = {0xcd}, .not_before = {1999}},
			      .client_cert = {.present = true, .sha1 = {0xef}, .sha256 = {0x12}}};
	struct session_scratch scratch;
	struct session s;

	(void)state;
	build(&s, &scratch, &FLOW, &t);
	assert_int_equal(s.identity_key, 42);
	assert_int_equal(s.alerts.len, 8);
	assert_memory_equal(s.alerts.p, "\x02\x30\x81\x00\x01\x00\x82\x50", 8);
	assert_int_equal(s.cert_sha1.len, 40);
	assert_memory_equal(s.cert_sha1.p, "ab0000", 6);
	assert_int_equal(s.cert_sha256.len, 64);
	assert_memory_equal(s.cert_sha256.p, "cd0000", 6);
	assert_memory_equal(s.client_cert_sha1.p, "ef0000", 6);
	assert_memory_equal(s.client_cert_sha256.p, "120000", 6);
	assert_int_equal(s.client_cert_sha256.len, 64);
	assert_int_equal(s.cert_not_before.ns, 1000);
}

static void
behind_a_balancer(void **state)
{
	struct tls_facts t = {.carrier = CARRIER_TCP, .client_hello = true, .proxied = true};
	struct session_scratch scratch;
	struct session s;

	(void)state;
	t.proxy_src = FLOW.addr[0];
	build(&s, &scratch, &FLOW, &t);
	assert_int_equal(s.actor.b[12], 0);
	t.proxy_src.b[15]++;
	build(&s, &scratch, &FLOW, &t);
	assert_int_equal(s.actor.b[15], 8);
}

static void
one_side_before_1970_bad(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct flow f = FLOW;

	(void)state;
	f.side[1].packets = 0;
	f.first.ns = -1;
	f.flags = FLOW_MIDSTREAM;
	f.end = FLOW_TIMEOUT;
	build(&s, &scratch, &f, NULL);
	assert_true(s.one_sided);
	assert_true(s.midstream);
	assert_false(s.ended_by_dest);
	assert_int_equal(s.start.ns, -1000);
	assert_int_equal(s.carrier, CARRIER_NONE);
}

static void
schema(void **state)
{
	(void)state;
	assert_true(SESSION_FIELD_COUNT > 100);
	assert_string_equal(SESSION_FIELDS[0].name, "id");
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++)
		for (unsigned k = 0; k < i; k++) {
			assert_int_not_equal(SESSION_FIELDS[i].id, SESSION_FIELDS[k].id);
			assert_string_not_equal(SESSION_FIELDS[i].name, SESSION_FIELDS[k].name);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_is_side_0),
		cmocka_unit_test(client_is_side_1),
		cmocka_unit_test(ids),
		cmocka_unit_test(certificates_and_alerts),
		cmocka_unit_test(behind_a_balancer),
		cmocka_unit_test(one_side_before_1970_bad),
		cmocka_unit_test(schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
