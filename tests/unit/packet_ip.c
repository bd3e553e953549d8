/*
 * packet_ip: IP and transport headers, their options and lengths; padding, snapped frames, super-packets.
 */
#include "packet_help.h"

static void
ip4_options(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("0800") "4600002e1234000040060000c0000201c6336407"
				       "94040000" TCP));
	assert_int_equal(b.p.payload_len, 2);
	assert_int_equal(b.p.ip_id, 0x1234);
	assert_int_equal(cur_left(&b.p.ip), 46);
	bench_close(&b);
}

static void
ip4_bad(void **state)
{
	(void)state;
	not_understood(LINK_ETHER, ETHER("0800") "4400002a1234000040060000c0000201c6336407" TCP,
		       REASON(not_ip_version));
	not_understood(LINK_ETHER, ETHER("0800") INNER6, REASON(not_ip_version));
	not_understood(LINK_ETHER, ETHER("0800") IP4("0013", "06") TCP, REASON(not_ip_length));
	not_understood(LINK_ETHER, ETHER("0800") "460000161234000040060000c0000201c6336407" TCP, REASON(not_ip_length));
	not_understood(LINK_ETHER, ETHER("0800") "4600002a1234000040060000c0000201c6336407", REASON(not_short));
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "84") TCP, REASON(not_transport)); /* SCTP */
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "00") TCP, REASON(not_transport));
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "2c") TCP, REASON(not_transport));
}

static void
ip6_extensions(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("86dd") IP6("0046", "00") "3c00010400000000"
							 "2b01010c00000000"
							 "0000000000000000"
							 "3300000000000000"
							 "0602000000000001"
							 "0000000200000003" TCP));
	assert_int_equal(b.p.proto, PROTO_TCP);
	assert_int_equal(b.p.payload_len, 2);
	assert_memory_equal(b.p.payload.p, "\xca\xfe", 2);
	bench_close(&b);
}

static void
ip6_bad(void **state)
{
	(void)state;
	not_understood(LINK_ETHER, ETHER("86dd") INNER4 TCP, REASON(not_ip_version));
	not_understood(LINK_ETHER, ETHER("86dd") IP6("0008", "3b") "0000000000000000", REASON(not_transport));
	not_understood(LINK_ETHER, ETHER("86dd") IP6("0008", "00") "0602000000000000", REASON(not_short));
	not_understood(LINK_ETHER, ETHER("86dd") "6000", REASON(not_short));
}

static void
ip6_atomic_fragment(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER, ETHER("86dd") IP6("001e", "2c") "0600000012345678" TCP));
	assert_int_equal(b.p.ip_id, 0x5678);
	assert_int_equal(b.p.payload_len, 2);
	bench_close(&b);
}

static void
tcp_options(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("0800") IP4("003c", "06") "9c4001bb0000006400000000a002faf000000000"
							 "020405b4"
							 "0402"
							 "080a"
							 "00000007"
							 "00000009"
							 "01"
							 "030308"));
	assert_int_equal(b.p.mss, 1460);
	assert_int_equal(b.p.wscale, 9);
	assert_true(b.p.sack_ok);
	assert_int_equal(b.p.ts_val, 7);
	assert_int_equal(b.p.ts_ecr, 9);
	assert_int_equal(b.p.tcp_flags, TCP_SYN);
	assert_int_equal(b.p.payload_len, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("0800") IP4("0036", "06") "9c4001bb00000064000000c88018040000000000"
							 "0101080a"
							 "00000001"
							 "00000002"
							 "cafe"));
	assert_int_equal(b.p.ts_val, 1);
	assert_int_equal(b.p.ts_ecr, 2);
	assert_int_equal(b.p.mss, 0);
	assert_false(b.p.sack_ok);
	assert_int_equal(b.p.payload_len, 2);
	bench_close(&b);
}

/* Options that lie about their length are the end of the options, not of the packet. */
static void
tcp_options_bad(void **state)
{
	static const char *const options[] = {"02000000", "02010000", "02ff05b4", "01010102", "020605b4", "00020405"};
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char hex[200] = ETHER("0800") IP4("002e", "06") "9c4001bb00000064000000006002faf000000000";

		strcat(strcat(hex, options[i]), "cafe");
		assert_true(give(&b, LINK_ETHER, hex));
		assert_int_equal(b.p.mss, 0);
		assert_int_equal(b.p.payload_len, 2);
	}
	bench_close(&b);
}

static void
tcp_bad(void **state)
{
	(void)state;
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "06") "9c4001bb00000064000000c84018040000000000cafe",
		       REASON(not_tcp_header));
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "06") "9c4001bb00000064000000c86018040000000000cafe",
		       REASON(not_tcp_header));
	not_understood(LINK_ETHER, ETHER("0800") IP4("0027", "06") TCP, REASON(not_tcp_header));
	not_understood(LINK_ETHER, ETHER("0800") IP4("002a", "06") "9c4001bb", REASON(not_short));
}

static void
udp(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("0020", "11") UDP("01bb", "000a") "cafebabe"));
	assert_int_equal(b.p.payload_len, 2);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("0020", "11") UDP("01bb", "0000") "cafebabe"));
	assert_int_equal(b.p.payload_len, 4);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("0020", "11") UDP("01bb", "00ff") "cafebabe"));
	assert_int_equal(b.p.payload_len, 4);
	assert_int_equal(b.p.window, 0);
	assert_int_equal(b.p.tcp_flags, 0);
	bench_close(&b);
	not_understood(LINK_ETHER, ETHER("0800") IP4("0020", "11") UDP("01bb", "0007") "cafebabe",
		       REASON(not_tcp_header));
	not_understood(LINK_ETHER, ETHER("0800") IP4("001a", "11") "c00001bb0000", REASON(not_tcp_header));
	not_understood(LINK_ETHER, ETHER("0800") IP4("0020", "11") "c00001bb", REASON(not_short));
}

static void
icmp(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("001c", "01") "0301000000000000"));
	assert_int_equal(b.p.sport, 3);
	assert_int_equal(b.p.dport, 1);
	assert_true(give(&b, LINK_ETHER, ETHER("86dd") IP6("0008", "3a") "8700000000000000"));
	assert_int_equal(b.p.sport, 135);
	assert_int_equal(b.counts.icmp, 2);
	assert_int_equal(b.counts.frame_ok, 2);
	bench_close(&b);
	not_understood(LINK_ETHER, ETHER("0800") IP4("0016", "01") "0301", REASON(not_tcp_header));
}

static void
padding_is_no_payload(void **state)
{
	struct bench b;

	(void)state;
	inner(LINK_ETHER, ETHER("0800") INNER4 "00000000"
					       "12345678");
	inner(LINK_ETHER, ETHER("86dd") INNER6 "00");
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("0800") IP4("0028", "06") "9c4001bb00000064000000c85010040000000000"
							 "000000000000"));
	assert_int_equal(b.p.payload_len, 0);
	assert_int_equal(cur_left(&b.p.payload), 0);
	assert_false(b.p.cut);
	bench_close(&b);
}

/* Snapped at each place: the lengths stay those of the wire. */
static void
snapped(void **state)
{
	uint8_t bytes[200];
	size_t n = unhex(ETHER("0800") IP4("0038", "06") "9c4001bb00000064000000c88018040000000000"
							 "0101080a"
							 "00000001"
							 "00000002"
							 "01020304",
			 bytes);
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (size_t cut = 54; cut <= n; cut++) {
		assert_true(give_bytes(&b, LINK_ETHER, bytes, cut, (uint32_t)n));
		assert_int_equal(b.p.payload_len, 4);
		assert_int_equal(cur_left(&b.p.payload), cut <= 66 ? 0 : cut - 66);
		assert_int_equal(b.p.cut, cut < n);
		assert_int_equal(b.p.wire_len, n);
		assert_int_equal(b.p.ts_val, cut < 66 ? 0 : 1);
	}
	assert_int_equal(b.counts.frame_cut, n - 54);
	assert_false(give_bytes(&b, LINK_ETHER, bytes, 53, (uint32_t)n));
	assert_int_equal(b.counts.not_short, 1);
	bench_close(&b);
}

/* A length of 0 is what offload leaves in packets that are larger than the field. */
static void
super_packets(void **state)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(ETHER("0800") IP4("0000", "06") TCP, bytes);
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give_bytes(&b, LINK_ETHER, bytes, n + 70000, (uint32_t)n + 70000));
	assert_int_equal(b.p.payload_len, 70002);
	assert_int_equal(cur_left(&b.p.payload), 70002);
	assert_true(give_bytes(&b, LINK_ETHER, bytes, n, (uint32_t)n + 70000));
	assert_int_equal(b.p.payload_len, 70002);
	assert_true(b.p.cut);
	n = unhex(ETHER("86dd") IP6("0000", "06") TCP, bytes);
	assert_true(give_bytes(&b, LINK_ETHER, bytes, n + 70000, (uint32_t)n + 70000));
	assert_int_equal(b.p.payload_len, 70002);
	bench_close(&b);
}

/* Sliced by a packet broker: the IP length is the truth; but a SYN has nothing to lose. */
static void
shorter_than_it_says(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("05dc", "06") TCP));
	assert_int_equal(b.p.payload_len, 1460);
	assert_true(b.p.cut);
	assert_true(give(&b, LINK_ETHER, ETHER("0800") IP4("1034", "06") "01bb9c4000000064000000c85012040000000000"));
	assert_int_equal(b.p.payload_len, 0);
	assert_false(b.p.cut);
	bench_close(&b);
}

static void
same_packet(const struct packet *a, const struct packet *b)
{
	assert_memory_equal(&a->src, &b->src, 2 * sizeof(a->src));
	assert_true(a->sport == b->sport && a->dport == b->dport && a->proto == b->proto && a->ttl == b->ttl);
	assert_true(a->v6 == b->v6 && a->cut == b->cut && a->borrowed == b->borrowed && a->ip_id == b->ip_id);
	assert_true(a->vlan == b->vlan && a->vlan_inner == b->vlan_inner && a->tunnel == b->tunnel);
	assert_true(a->tunnel_id == b->tunnel_id && a->tcp_flags == b->tcp_flags && a->wscale == b->wscale);
	assert_true(a->sack_ok == b->sack_ok && a->window == b->window && a->mss == b->mss && a->seq == b->seq);
	assert_true(a->ack == b->ack && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr);
	assert_int_equal(a->payload_len, b->payload_len);
	assert_int_equal(a->ip_payload_len, b->ip_payload_len);
	assert_int_equal(cur_left(&a->payload), cur_left(&b->payload));
	assert_int_equal(cur_left(&a->ip), cur_left(&b->ip));
	assert_int_equal(a->payload.p - a->ip.p, b->payload.p - b->ip.p);
}

/* A priority tag that names no VLAN sends the same bytes the long way. */
static void
both_ways(struct bench b[2], const uint8_t *ip, size_t n, bool snapped, bool v6)
{
	uint8_t frame[2][256];
	size_t len[2] = {unhex(v6 ? ETHER("86dd") : ETHER("0800"), frame[0]),
			 unhex(v6 ? ETHER("8100") "000086dd" : ETHER("8100") "00000800", frame[1])};
	bool ok[2];

	for (unsigned way = 0; way < 2; way++) {
		memcpy(frame[way] + len[way], ip, n);
		len[way] += n;
		ok[way] =
			give_bytes(&b[way], LINK_ETHER, frame[way], len[way], (uint32_t)len[way] + (snapped ? 10 : 0));
	}
	assert_int_equal(ok[0], ok[1]);
	if (ok[0])
		same_packet(&b[0].p, &b[1].p);
}

/* Each beginning, and each byte of the headers changed. */
static void
short_way_is_the_long_way(void **state)
{
	static const char *const whole[] = {
		INNER4 "0000000000", /* padding */
		IP4("0028", "06") TCP,
		IP4("0036", "06") "9c4001bb00000064000000c8801804000000000"
				  "00101080a0000000100000002cafe",
		IP4("003c", "06") "9c4001bb0000006400000000a00204000000000"
				  "0020405b40402080a000000010000000001030307cafe",
		INNER6,
		IP6("0022", "06") "9c4001bb00000064000000c8801004000000000"
				  "00101080a0000000100000002cafe",
	};
	struct bench b[2];

	(void)state;
	bench_open(&b[0], 0);
	bench_open(&b[1], 0);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		uint8_t ip[128];
		size_t n = unhex(whole[i], ip);
		bool v6 = ip[0] >> 4 == 6;

		for (size_t cut = 0; cut <= n; cut++) {
			both_ways(b, ip, cut, false, v6);
			both_ways(b, ip, cut, true, v6);
		}
		for (size_t at = 0; at < n; at++)
			for (unsigned x = 1; x < 256; x++) {
				ip[at] ^= (uint8_t)x;
				both_ways(b, ip, n, false, v6);
				ip[at] ^= (uint8_t)x;
			}
	}
	bench_close(&b[0]);
	bench_close(&b[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip4_options),
		cmocka_unit_test(ip4_bad),
		cmocka_unit_test(ip6_extensions),
		cmocka_unit_test(ip6_bad),
		cmocka_unit_test(ip6_atomic_fragment),
		cmocka_unit_test(tcp_options),
		cmocka_unit_test(tcp_options_bad),
		cmocka_unit_test(tcp_bad),
		cmocka_unit_test(udp),
		cmocka_unit_test(icmp),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(snapped),
		cmocka_unit_test(super_packets),
		cmocka_unit_test(shorter_than_it_says),
		cmocka_unit_test(short_way_is_the_long_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
