/*
 * flow_table: keys, sides, duplicates, timeouts, eviction and order of the flow table.
 */
#include "flow_help.h"

static void
both_directions_are_one_flow(void **state)
{
	struct bench b;
	bool is_new;

	(void)state;
	bench_open(&b, 16, 0);
	struct packet p = tcp(1000, 0, TCP_SYN, 100, "");
	struct flow *f = put(&b, &p, &is_new);

	assert_non_null(f);
	assert_true(is_new);
	p = tcp(1001, 1, TCP_SYN | TCP_ACK, 500, "");
	p.ack = 101;
	p.vlan = 77;
	assert_ptr_equal(put(&b, &p, &is_new), f);
	assert_false(is_new);
	p = tcp(1003, 0, TCP_ACK, 101, "");
	p.ack = 501;
	assert_ptr_equal(put(&b, &p, &is_new), f);
	assert_int_equal(f->port[0], 40000);
	assert_int_equal(f->port[1], 443);
	assert_int_equal(f->vlan, 0);
	assert_int_equal(f->syn_ack_us, 1000);
	assert_int_equal(f->ack_us, 2000);
	assert_true(f->flags & FLOW_ESTABLISHED);
	assert_int_equal(f->side[0].packets, 2);
	assert_int_equal(flows_used(b.t), 1);
	assert_false(is_new);
	bench_close(&b);
}

static void
ipv6_is_one_flow_too(void **state)
{
	struct bench b;
	bool is_new;

	(void)state;
	bench_open(&b, 16, 0);
	struct packet p = udp(0, 0, "query");
	p.v6 = true;
	p.src.b[0] = 0x20;
	p.dst.b[0] = 0x20;
	struct flow *f = put(&b, &p, &is_new);

	p = udp(5, 1, "answer");
	p.v6 = true;
	p.src.b[0] = 0x20;
	p.dst.b[0] = 0x20;
	assert_ptr_equal(put(&b, &p, &is_new), f);
	assert_int_equal(b.counts.flow_new, 1);
	p.src.b[1] = 1;
	assert_ptr_not_equal(put(&b, &p, &is_new), f);
	assert_true(is_new);
	bench_close(&b);
}

static void
midstream_sides_go_by_port(void **state)
{
	struct bench b;
	struct packet p = tcp(0, 1, TCP_ACK, 900, "data");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	f = put(&b, &p, NULL);
	assert_int_equal(f->port[1], 443);
	assert_true(f->flags & FLOW_MIDSTREAM);
	assert_int_equal(f->side[1].packets, 1);
	assert_int_equal(b.counts.midstream, 1);
	bench_close(&b);
}

static void
icmp_is_no_flow_bad(void **state)
{
	struct bench b;
	struct packet p = udp(0, 0, "x");

	(void)state;
	bench_open(&b, 16, 0);
	p.proto = PROTO_ICMP;
	assert_null(put(&b, &p, NULL));
	assert_int_equal(flows_used(b.t), 0);
	bench_close(&b);
}

static void
copies_are_counted_once(void **state)
{
	struct bench b;
	struct packet a, c;
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 1 << 16);
	a = tcp(0, 0, TCP_SYN, 99, "");
	f = put(&b, &a, NULL);
	a.ttl--;
	a.vlan = 5;
	assert_null(put(&b, &a, NULL));
	a = tcp(10, 0, TCP_ACK, 100, "abc");
	c = tcp(10, 0, TCP_ACK, 103, "def");
	assert_ptr_equal(put(&b, &a, NULL), f);
	assert_ptr_equal(put(&b, &c, NULL), f);
	assert_null(put(&b, &a, NULL)); /* A B A B: the copy of the one before the last */
	assert_null(put(&b, &c, NULL));
	assert_int_equal(f->duplicates, 3);
	assert_int_equal(b.counts.duplicate, 3);
	assert_int_equal(f->side[0].packets, 3);
	assert_int_equal(b.counts.retransmit, 0);
	bench_close(&b);
}

static void
retransmissions_are_no_copies_bad(void **state)
{
	struct bench b;
	struct packet a = tcp(0, 0, TCP_ACK, 100, "abc");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 1 << 16);
	f = put(&b, &a, NULL);
	a.time.ns += 5 * NS_PER_MS;
	a.ip_id++; /* another IP packet */
	assert_ptr_equal(put(&b, &a, NULL), f);
	assert_int_equal(f->note[0].retransmits, 1);
	a.time.ns += 30 * NS_PER_MS; /* the same id, but late */
	assert_ptr_equal(put(&b, &a, NULL), f);
	a.time.ns += 5 * NS_PER_MS; /* the same id within the time: a copy */
	assert_null(put(&b, &a, NULL));
	assert_int_equal(f->note[0].retransmits, 2);
	bench_close(&b);
}

static void
without_an_id_copies_come_at_once(void **state)
{
	struct bench b;
	struct packet a = tcp(0, 0, TCP_ACK, 100, "abc");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 1 << 16);
	a.ip_id = 0;
	f = put(&b, &a, NULL);
	a.time.ns += NS_PER_MS / 2;
	assert_null(put(&b, &a, NULL));
	a.time.ns += 5 * NS_PER_MS; /* tail loss probe */
	assert_ptr_equal(put(&b, &a, NULL), f);
	a.ts_val = 7;
	assert_ptr_equal(put(&b, &a, NULL), f);
	assert_int_equal(f->note[0].retransmits, 2);
	assert_int_equal(f->duplicates, 1);
	bench_close(&b);
}

/* A forged packet with the identity of another must not hide news: here the very same identity. */
static void
news_are_no_copies_bad(void **state)
{
	struct bench b;
	struct packet a = tcp(0, 0, TCP_ACK, 100, "abc");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 1 << 16);
	f = put(&b, &a, NULL);
	f->side[0].next -= 3; /* as if the first had been another segment */
	assert_ptr_equal(put(&b, &a, NULL), f);
	assert_int_equal(f->duplicates, 0);
	bench_close(&b);
}

static void
datagram_copies(void **state)
{
	struct bench b;
	struct packet a = udp(0, 0, "datagram one with some length"), c = udp(0, 0, "datagram two with some length");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	f = put(&b, &a, NULL);
	assert_ptr_equal(put(&b, &c, NULL), f);
	assert_null(put(&b, &a, NULL));
	assert_null(put(&b, &c, NULL));
	c.ip_id++;
	assert_ptr_equal(put(&b, &c, NULL), f);
	bench_close(&b);
}

static void
timeouts_by_state(void **state)
{
	struct bench b;
	struct packet syn = tcp(0, 0, TCP_SYN, 1, ""), one = udp(0, 0, "x");
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	put(&b, &syn, NULL);
	put(&b, &one, NULL);
	open_session(&b, 50000);
	assert_null(flow_ended(b.t, at_s(29)));
	f = flow_ended(b.t, at_s(60));
	assert_int_equal(f->proto, PROTO_TCP);
	assert_int_equal(f->end, FLOW_TIMEOUT);
	assert_int_equal(flow_end_time(f).ns, at_s(FLOW_SYN_S).ns);
	flow_free(b.t, f);
	f = flow_ended(b.t, at_s(60));
	assert_int_equal(f->proto, PROTO_UDP);
	flow_free(b.t, f);
	assert_null(flow_ended(b.t, at_s(3600)));
	f = flow_ended(b.t, at_s(3700));
	assert_int_equal(f->port[0], 50000);
	assert_int_equal(b.counts.flow_timeout, 3);
	flow_free(b.t, f);
	assert_int_equal(flows_used(b.t), 0);
	bench_close(&b);
}

/* What ends does not depend on how often somebody asks. */
static void
silence_ends_at_the_packet_too(void **state)
{
	struct bench b;
	struct packet p = udp(0, 0, "x");
	struct flow *f, *old;
	bool is_new;

	(void)state;
	bench_open(&b, 16, 0);
	f = put(&b, &p, NULL);
	p.time = at_s(31);
	assert_ptr_not_equal(put(&b, &p, &is_new), f);
	assert_true(is_new);
	old = flow_ended(b.t, at_s(31));
	assert_ptr_equal(old, f);
	assert_int_equal(flow_end_time(old).ns, at_s(30).ns);
	bench_close(&b);
}

static void
fin_and_rst_end_after_a_grace(void **state)
{
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	f = open_session(&b, 40000);
	put_tcp(&b, 100, 1, TCP_FIN | TCP_ACK, 501, "");
	assert_int_equal(f->end, FLOW_OPEN);
	put_tcp(&b, 200, 0, TCP_FIN | TCP_ACK, 101, "");
	put_tcp(&b, 300, 1, TCP_ACK, 502, "");
	assert_int_equal(f->end, FLOW_FIN);
	assert_int_equal(f->who_ended, 1);
	assert_null(flow_ended(b.t, at_s(2)));
	assert_ptr_equal(flow_ended(b.t, at_s(5)), f);
	assert_int_equal(flow_end_time(f).ns, at_ms(300).ns);
	assert_int_equal(b.counts.flow_ended, 1);
	flow_free(b.t, f);
	bench_close(&b);
}

static void
far_reset_is_ignored_bad(void **state)
{
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	f = open_session(&b, 40000);
	put_tcp(&b, 100, 0, TCP_RST, 101 + (1 << 24), "");
	assert_int_equal(f->end, FLOW_OPEN);
	put_tcp(&b, 110, 0, TCP_RST, 101, "");
	assert_int_equal(f->end, FLOW_RST);
	put_tcp(&b, 120, 0, TCP_ACK, 101, "still here"); /* the reset was forged */
	assert_int_equal(f->end, FLOW_OPEN);
	bench_close(&b);
}

static void
syn_reuse_makes_a_new_flow(void **state)
{
	struct bench b;
	struct packet p;
	struct flow *f;
	bool is_new;

	(void)state;
	bench_open(&b, 16, 0);
	f = open_session(&b, 40000);
	put_tcp(&b, 100, 1, TCP_RST, 501, "");
	p = tcp(200, 0, TCP_SYN, 777777, "");
	assert_ptr_not_equal(put(&b, &p, &is_new), f);
	assert_true(is_new);
	assert_ptr_equal(flow_ended(b.t, at_ms(200)), f);
	assert_int_equal(f->end, FLOW_RST);
	flow_free(b.t, f);
	assert_null(flow_ended(b.t, at_ms(200)));
	assert_int_equal(flows_used(b.t), 1);
	bench_close(&b);
}

/* A SYN in the middle of a living connection is answered by a challenge ACK and changes nothing (RFC 5961 4). */
static void
syn_reuse_bad(void **state)
{
	struct bench b;
	struct packet p;
	struct flow *f;

	(void)state;
	bench_open(&b, 16, 0);
	f = open_session(&b, 40000);
	p = tcp(200, 0, TCP_SYN, 777777, "");
	assert_ptr_equal(put(&b, &p, NULL), f);
	assert_int_equal(f->side[0].next, 101);
	p = tcp(300, 1, TCP_SYN | TCP_ACK, 888888, ""); /* but when the server agrees, it was real */
	assert_ptr_not_equal(put(&b, &p, NULL), f);
	p = tcp(400, 0, TCP_SYN, 4711, "");
	p.sport = 1;
	f = put(&b, &p, NULL);
	p.time.ns += NS_PER_S;
	p.ip_id++;
	assert_ptr_equal(put(&b, &p, NULL), f); /* sent again */
	assert_int_equal(f->note[0].retransmits, 1);
	bench_close(&b);
}

/* In a flood every connection is young: the oldest goes, and each is made once. */
static void
flood_makes_each_once(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 8, 0);
	for (uint16_t port = 3000; port < 3100; port++) {
		struct packet syn = tcp(port, 0, TCP_SYN, 99, ""), hello = tcp(port, 0, TCP_ACK, 100, "hello");

		syn.sport = hello.sport = port;
		for (unsigned i = 0; i < 2; i++) {
			struct flow *f;

			if (flows_full(b.t))
				flow_evict_one(b.t);
			while ((f = flow_ended(b.t, at_ms(port))))
				flow_free(b.t, f);
			put(&b, i ? &hello : &syn, NULL);
		}
	}
	assert_int_equal(b.counts.flow_new, 100);
	assert_int_equal(b.counts.midstream, 0);
	bench_close(&b);
}

static void
eviction_takes_the_half_open_first(void **state)
{
	struct packet heard;
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 0);
	open_session(&b, 1000);
	open_session(&b, 1001);
	for (uint16_t port = 2000; port < 2002; port++) {
		struct packet p = tcp(50, 0, TCP_SYN, port, "");

		p.sport = port;
		put(&b, &p, NULL);
	}
	assert_true(flows_full(b.t));
	heard = tcp(2000, 0, TCP_ACK, 101, "");
	heard.sport = 1001;
	put(&b, &heard, NULL);
	for (uint16_t i = 0; i < 4; i++) {
		static const uint16_t order[4] = {2000, 2001, 1000, 1001};

		flow_evict_one(b.t);
		f = flow_ended(b.t, at_ms(2000));
		assert_int_equal(f->port[0], order[i]);
		assert_int_equal(f->end, FLOW_EVICTED);
		flow_free(b.t, f);
	}
	flow_evict_one(b.t);
	assert_null(flow_ended(b.t, at_ms(2000)));
	assert_int_equal(b.counts.flow_evicted, 4);
	bench_close(&b);
}

static void
full_table_makes_no_flow_bad(void **state)
{
	struct bench b;
	struct packet p = udp(0, 0, "x");

	(void)state;
	bench_open(&b, 2, 0);
	for (unsigned i = 0; i < 2; i++, p.sport++)
		assert_non_null(put(&b, &p, NULL));
	assert_true(flows_full(b.t));
	assert_null(put(&b, &p, NULL));
	flow_evict_one(b.t);
	flow_free(b.t, flow_ended(b.t, p.time));
	assert_non_null(put(&b, &p, NULL));
	bench_close(&b);
}

static void
busy_flows_get_a_second_chance(void **state)
{
	struct bench b;
	struct packet p = udp(0, 0, "x");
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 0);
	put(&b, &p, NULL);
	p.sport++;
	put(&b, &p, NULL);
	p.sport--;
	p.time = at_s(5);
	put(&b, &p, NULL);
	flow_evict_one(b.t);
	f = flow_ended(b.t, at_s(5));
	assert_int_equal(f->port[0], 40001);
	flow_free(b.t, f);
	bench_close(&b);
}

/* The same packets under two table keys: flows come out in the same order, that of their first packets. */
static void
drain_order_is_by_time_then_key(void **state)
{
	uint16_t order[300];

	(void)state;
	for (uint64_t key = 0; key < 2; key++) {
		struct bench b;
		struct packet p = udp(0, 0, "x");
		struct when last = {INT64_MIN};
		uint64_t tie = 0;
		unsigned n = 0;

		bench_open(&b, 512, key * 99);
		for (unsigned i = 0; i < 300; i++) {
			p.sport = (uint16_t)(1000 + i * 7919 % 300);
			p.time = at_ms((int64_t)(i * 31 % 100)); /* the clock jumps about; many ties */
			assert_non_null(put(&b, &p, NULL));
		}
		for (struct flow *f; (f = flow_drain(b.t)); n++) {
			assert_true(f->first.ns > last.ns || (f->first.ns == last.ns && flow_tie(b.t, f) > tie));
			assert_int_equal(f->end, FLOW_INPUT_END);
			last = f->first;
			tie = flow_tie(b.t, f);
			assert_true(key == 0 || order[n] == f->port[0]);
			order[n] = f->port[0];
			flow_free(b.t, f);
		}
		assert_int_equal(n, 300);
		assert_null(flow_drain(b.t));
		assert_int_equal(flows_used(b.t), 0);
		assert_non_null(put(&b, &p, NULL));
		bench_close(&b);
	}
}

/* One packet from the year 2200 must not end or immortalise the others. */
static void
clock_jump_bad(void **state)
{
	struct bench b;
	struct packet p = udp(0, 0, "x");
	struct flow *f = NULL;

	(void)state;
	bench_open(&b, 16, 0);
	p.time.ns = INT64_C(7258118400) * NS_PER_S;
	put(&b, &p, NULL);
	p.sport++;
	p.time = at_s(1);
	put(&b, &p, NULL);
	assert_null(flow_ended(b.t, at_s(2)));
	/* it stands behind the one from the future, so it is found late, but with the right time */
	for (int64_t s = 10; s < 300 && !f; s += 10)
		f = flow_ended(b.t, at_s(s));
	assert_non_null(f);
	assert_int_equal(f->port[0], 40001);
	assert_int_equal(flow_end_time(f).ns, at_s(1 + FLOW_UDP_ONE_S).ns);
	flow_free(b.t, f);
	assert_int_equal(flows_used(b.t), 1);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_are_one_flow),
		cmocka_unit_test(ipv6_is_one_flow_too),
		cmocka_unit_test(midstream_sides_go_by_port),
		cmocka_unit_test(icmp_is_no_flow_bad),
		cmocka_unit_test(copies_are_counted_once),
		cmocka_unit_test(retransmissions_are_no_copies_bad),
		cmocka_unit_test(without_an_id_copies_come_at_once),
		cmocka_unit_test(news_are_no_copies_bad),
		cmocka_unit_test(datagram_copies),
		cmocka_unit_test(timeouts_by_state),
		cmocka_unit_test(silence_ends_at_the_packet_too),
		cmocka_unit_test(fin_and_rst_end_after_a_grace),
		cmocka_unit_test(far_reset_is_ignored_bad),
		cmocka_unit_test(syn_reuse_makes_a_new_flow),
		cmocka_unit_test(syn_reuse_bad),
		cmocka_unit_test(flood_makes_each_once),
		cmocka_unit_test(eviction_takes_the_half_open_first),
		cmocka_unit_test(full_table_makes_no_flow_bad),
		cmocka_unit_test(busy_flows_get_a_second_chance),
		cmocka_unit_test(drain_order_is_by_time_then_key),
		cmocka_unit_test(clock_jump_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
