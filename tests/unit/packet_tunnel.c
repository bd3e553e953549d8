/*
 * packet_tunnel: every tunnel with the same packet inside; and datagrams that only look like one.
 */
#include "packet_help.h"

#define OUTER(total, proto) ETHER("0800") IP4(total, proto)
#define INNER_ETHER         ETHER("0800") INNER4 /* 56 bytes */

static void
is_in(struct packet p, enum tunnel tunnel, uint32_t id)
{
	assert_int_equal(p.tunnel, tunnel);
	assert_int_equal(p.tunnel_id, id);
}

static void
labels(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, ETHER("8847") "000101ff" INNER4), TUNNEL_MPLS, 16);
	is_in(inner(LINK_ETHER, ETHER("8848") "000100ff"
					      "000021ff" INNER6),
	      TUNNEL_MPLS, 2);
	is_in(inner(LINK_ETHER, ETHER("8847") "000101ff" INNER_ETHER), TUNNEL_MPLS, 16);
	is_in(inner(LINK_ETHER, ETHER("8847") "000101ff"
					      "00000000" INNER_ETHER),
	      TUNNEL_MPLS, 16);
	is_in(inner(LINK_ETHER, ETHER("8847") "000101ff"
					      "00000007" ETHER("8100") "0009"
								       "0800" INNER4),
	      TUNNEL_MPLS, 16);
	is_in(inner(9, "0281"
		       "000101ff" INNER4),
	      TUNNEL_MPLS, 16);
}

static void
labels_bad(void **state)
{
	(void)state;
	not_understood(LINK_ETHER,
		       ETHER("8847") "000100ff"
				     "0001",
		       REASON(not_short));
	not_understood(LINK_ETHER,
		       ETHER("8847") "000101ff"
				     "50"
				     "0000000000000000000000000000",
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       ETHER("8847") "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000100ff"
				     "000101ff" INNER4,
		       REASON(not_depth));
}

static void
pppoe(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, ETHER("8864") "11000007"
					      "002c"
					      "0021" INNER4),
	      TUNNEL_PPPOE, 7);
	is_in(inner(LINK_ETHER, ETHER("8864") "11000007"
					      "0040"
					      "0057" INNER6 "0000"),
	      TUNNEL_PPPOE, 7);
	not_understood(LINK_ETHER,
		       ETHER("8863") "11090000"
				     "0000",
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       ETHER("8864") "11010007"
				     "002c"
				     "0021" INNER4,
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       ETHER("8864") "11000007"
				     "0008"
				     "c021"
				     "01010004",
		       REASON(not_ethertype));
}

/* Padding of a short frame counted into the IP length, but not into the carrier's. */
static void
pppoe_length_is_true(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER,
			 ETHER("8864") "11000007"
				       "002a"
				       "0021" IP4("002e", "06") "9c4001bb"
								"00000064"
								"000000c8"
								"5010"
								"0400"
								"0000"
								"0000"
								"000000000000"));
	assert_int_equal(b.p.payload_len, 0);
	assert_false(b.p.cut);
	bench_close(&b);
}

static void
gre(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, OUTER("0042", "2f") "0000"
						    "0800" INNER4),
	      TUNNEL_GRE, 0);
	is_in(inner(LINK_ETHER, OUTER("0062", "2f") "b000"
						    "86dd"
						    "00000000"
						    "0000002a"
						    "00000001" INNER6),
	      TUNNEL_GRE, 42);
	is_in(inner(LINK_ETHER, OUTER("0054", "2f") "2000"
						    "6558"
						    "00001700" INNER_ETHER),
	      TUNNEL_GRE, 0x1700);
	is_in(inner(LINK_ETHER, OUTER("004d", "2f") "3001"
						    "880b"
						    "002e0009"
						    "00000001"
						    "ff03"
						    "21" INNER4),
	      TUNNEL_GRE, 9);
	is_in(inner(LINK_ETHER, OUTER("0050", "2f") "3081"
						    "880b"
						    "002c0009"
						    "00000001"
						    "00000000"
						    "0021" INNER4),
	      TUNNEL_GRE, 9);
	inner(LINK_ETHER, ETHER("86dd") IP6("002e", "2f") "0000"
							  "0800" INNER4);
}

static void
gre_bad(void **state)
{
	(void)state;
	not_understood(LINK_ETHER,
		       OUTER("0042", "2f") "0002"
					   "0800" INNER4,
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       OUTER("0042", "2f") "4000"
					   "0800" INNER4,
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       OUTER("0018", "2f") "0000"
					   "0000",
		       REASON(not_ethertype)); /* keepalive */
	not_understood(LINK_ETHER,
		       OUTER("001a", "2f") "2000"
					   "0800"
					   "0000",
		       REASON(not_short));
}

static void
erspan(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, OUTER("0050", "2f") "0000"
						    "88be" INNER_ETHER),
	      TUNNEL_ERSPAN, 0);
	is_in(inner(LINK_ETHER, OUTER("005c", "2f") "1000"
						    "88be"
						    "00000001"
						    "1064"
						    "0bff"
						    "00000000" INNER_ETHER),
	      TUNNEL_ERSPAN, 0x3ff);
	is_in(inner(LINK_ETHER, OUTER("0060", "2f") "1000"
						    "22eb"
						    "00000001"
						    "2064"
						    "0065"
						    "00000000"
						    "0000"
						    "0000" INNER_ETHER),
	      TUNNEL_ERSPAN, 0x65);
	is_in(inner(LINK_ETHER, OUTER("0068", "2f") "1000"
						    "22eb"
						    "00000001"
						    "2064"
						    "0065"
						    "00000000"
						    "0000"
						    "0001"
						    "0c00000000000000" INNER_ETHER),
	      TUNNEL_ERSPAN, 0x65);
	not_understood(LINK_ETHER,
		       OUTER("005c", "2f") "1000"
					   "88be"
					   "00000001"
					   "3064"
					   "0bff"
					   "00000000" INNER_ETHER,
		       REASON(not_ethertype));
	not_understood(LINK_ETHER,
		       OUTER("001e", "2f") "1000"
					   "22eb"
					   "00000001"
					   "2064",
		       REASON(not_short));
}

static void
ip_in_ip(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, OUTER("003e", "04") INNER4), TUNNEL_IPIP, 0);
	is_in(inner(LINK_ETHER, OUTER("0052", "29") INNER6), TUNNEL_IPIP, 0);
	is_in(inner(LINK_ETHER, ETHER("86dd") IP6("002a", "04") INNER4), TUNNEL_IPIP, 0);
	is_in(inner(LINK_ETHER, ETHER("86dd") IP6("003e", "29") INNER6), TUNNEL_IPIP, 0);
	inner(LINK_ETHER, OUTER("004e", "61") "3000" INNER_ETHER);
	inner(LINK_ETHER, OUTER("0042", "89") "000101ff" INNER4);
	not_understood(LINK_ETHER, OUTER("0052", "04") INNER6, REASON(not_ip_version));
	not_understood(LINK_ETHER, OUTER("004e", "61") "4000" INNER_ETHER, REASON(not_transport));
}

static void
in_udp(void **state)
{
	(void)state;
	is_in(inner(LINK_ETHER, OUTER("005c", "11") UDP("12b5", "0048") "08000000"
									"00001200" INNER_ETHER),
	      TUNNEL_VXLAN, 18);
	is_in(inner(LINK_ETHER, OUTER("005c", "11") UDP("2118", "0048") "08000000"
									"ffffff00" INNER_ETHER),
	      TUNNEL_VXLAN, 0xffffff);
	is_in(inner(LINK_ETHER, OUTER("004e", "11") UDP("12b5", "003a") "0c000001"
									"00001200" INNER4),
	      TUNNEL_VXLAN, 18);
	is_in(inner(LINK_ETHER, OUTER("005c", "11") UDP("17c1", "0048") "00006558"
									"00001200" INNER_ETHER),
	      TUNNEL_GENEVE, 18);
	is_in(inner(LINK_ETHER, OUTER("0056", "11") UDP("17c1", "0042") "02000800"
									"00001200"
									"0108010100000000" INNER4),
	      TUNNEL_GENEVE, 18);
	is_in(inner(LINK_ETHER, OUTER("004e", "11") UDP("0868", "003a") "30ff002a"
									"00000005" INNER4),
	      TUNNEL_GTPU, 5);
	is_in(inner(LINK_ETHER, OUTER("0052", "11") UDP("0868", "003e") "32ff002e"
									"00000005"
									"00010000" INNER4),
	      TUNNEL_GTPU, 5);
	is_in(inner(LINK_ETHER, OUTER("006a", "11") UDP("0868", "0056") "34ff0046"
									"00000005"
									"00000085"
									"01001000" INNER6),
	      TUNNEL_GTPU, 5);
	is_in(inner(LINK_ETHER, OUTER("005a", "11") UDP("0dd8", "0046") INNER6), TUNNEL_IPIP, 0);
	is_in(inner(LINK_ETHER, OUTER("0070", "11") UDP("0dd8", "005c") "0001"
									"0100"
									"aa"
									"0000000000000000"
									"00"
									"0000"
									"1234"
									"c0000201" INNER6),
	      TUNNEL_IPIP, 0);
}

/* A datagram to such a port that carries something else is seen as itself. */
static void
is_plain_udp(const char *hex, uint16_t port, uint32_t len)
{
	struct bench b;

	bench_open(&b, 0);
	assert_true(give(&b, LINK_ETHER, hex));
	assert_int_equal(b.p.proto, PROTO_UDP);
	assert_int_equal(b.p.dport, port);
	assert_int_equal(b.p.payload_len, len);
	assert_int_equal(b.p.tunnel, TUNNEL_NONE);
	assert_int_equal(b.p.vlan, 0);
	assert_int_equal(b.p.seq, 0);
	assert_int_equal(b.p.dst.b[15], 7);
	bench_close(&b);
}

static void
in_udp_bad(void **state)
{
	(void)state;
	is_plain_udp(OUTER("005c", "11") UDP("12b5", "0048") "00000000"
							     "00001200" INNER_ETHER,
		     4789, 64);
	is_plain_udp(OUTER("0020", "11") UDP("12b5", "000c") "08000000", 4789, 4);
	is_plain_udp(OUTER("003a", "11") UDP("12b5", "0026") "08000000"
							     "00001200" ARP_ETHER,
		     4789, 30);
	is_plain_udp(OUTER("005c", "11") UDP("12b5", "0048") "08000000"
							     "00001200" ETHER("0800") IP4("0100", "06") TCP,
		     4789, 64);
	is_plain_udp(OUTER("0060", "11") UDP("12b5", "004c") "08000000"
							     "00001200" ETHER("8100") "0005"
										      "0800" IP4("0013", "06") TCP,
		     4789, 68);
	is_plain_udp(OUTER("005c", "11") UDP("17c1", "0048") "40006558"
							     "00001200" INNER_ETHER,
		     6081, 64);
	is_plain_udp(OUTER("005c", "11") UDP("17c1", "0048") "3f006558"
							     "00001200" INNER_ETHER,
		     6081, 64);
	is_plain_udp(OUTER("004e", "11") UDP("0868", "003a") "32010006"
							     "00000000" INNER4,
		     2152, 50);
	is_plain_udp(OUTER("004e", "11") UDP("0868", "003a") "30ff002b"
							     "00000005" INNER4,
		     2152, 50);
	is_plain_udp(OUTER("0052", "11") UDP("0868", "003e") "34ff002e"
							     "00000005"
							     "00000085" INNER4,
		     2152, 54);
	is_plain_udp(OUTER("0046", "11") UDP("0dd8", "0032") INNER4, 3544, 42);
}

#define FOUR(outer) outer outer outer outer

static void
too_deep_bad(void **state)
{
	(void)state;
	inner(101, FOUR(IP4("0000", "04")) INNER4);
	not_understood(101, FOUR(FOUR(IP4("0000", "04"))) FOUR(FOUR(IP4("0000", "04"))) INNER4, REASON(not_depth));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels),       cmocka_unit_test(labels_bad),
		cmocka_unit_test(pppoe),        cmocka_unit_test(pppoe_length_is_true),
		cmocka_unit_test(gre),          cmocka_unit_test(gre_bad),
		cmocka_unit_test(erspan),       cmocka_unit_test(ip_in_ip),
		cmocka_unit_test(in_udp),       cmocka_unit_test(in_udp_bad),
		cmocka_unit_test(too_deep_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
