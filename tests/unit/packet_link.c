/*
 * packet_link: every link type and tag with the same packet inside, and twins that are none.
 */
#include "packet_help.h"

static void
link_types(void **state)
{
	(void)state;
	inner(LINK_ETHER, ETHER("0800") INNER4);
	inner(LINK_ETHER, ETHER("86dd") INNER6);
	inner(0, "02000000" INNER4);
	inner(0, "00000002" INNER4);
	inner(0, "1e000000" INNER6);
	inner(0, "0000000a" INNER6);
	inner(0, "17000000" INNER6);
	inner(108, "0000001c" INNER6);
	inner(12, INNER4);
	inner(14, INNER6);
	inner(101, INNER4);
	inner(101, INNER6);
	inner(228, INNER4);
	inner(229, INNER6);
	inner(9, "0021" INNER4);
	inner(9, "21" INNER4);
	inner(9, "ff030057" INNER6);
	inner(50, "ff030021" INNER4);
	inner(50, "0f000800" INNER4);
	inner(104, "8f0086dd" INNER6);
	inner(51, "11000007"
		  "002c"
		  "0021" INNER4);
	inner(113, "0000"
		   "0001"
		   "0006"
		   "0200000000010000"
		   "0800" INNER4);
	inner(113, "0004"
		   "0001"
		   "0006"
		   "0200000000010000"
		   "8100"
		   "0005"
		   "86dd" INNER6);
	inner(276, "0800"
		   "0000"
		   "00000002"
		   "0001"
		   "00"
		   "06"
		   "0200000000010000" INNER4);
}

static void
link_types_bad(void **state)
{
	(void)state;
	not_understood(147, INNER4, REASON(not_link));
	not_understood(0x10001, ETHER("0800") INNER4, REASON(not_link));
	not_understood(LINK_ETHER, "", REASON(not_short));
	not_understood(LINK_ETHER, "02000000000102000000000208", REASON(not_short));
	not_understood(LINK_ETHER, ARP_ETHER, REASON(not_ethertype));
	not_understood(LINK_ETHER, ETHER("05ff") INNER4, REASON(not_ethertype));
	not_understood(0, "03000000" INNER4, REASON(not_ethertype));
	not_understood(0, "020000", REASON(not_short));
	not_understood(101, "", REASON(not_short));
	not_understood(101, "5500", REASON(not_ip_version));
	not_understood(228, INNER6, REASON(not_ip_version));
	not_understood(229, INNER4 TCP, REASON(not_ip_version));
	not_understood(9, "c021" INNER4, REASON(not_ethertype));
	not_understood(9, "", REASON(not_short));
	not_understood(51,
		       "12000007"
		       "002c"
		       "0021" INNER4,
		       REASON(not_ethertype));
	not_understood(113,
		       "0000"
		       "0001"
		       "0006"
		       "0200000000010000"
		       "0001" INNER4,
		       REASON(not_ethertype));
	not_understood(276,
		       "0800"
		       "0000",
		       REASON(not_short));
}

static void
netfilter_log(void **state)
{
	(void)state;
	inner(239, "02000000"
		   "0800"
		   "0100"
		   "00000001"
		   "0600"
		   "0a00"
		   "41420000"
		   "2e00"
		   "0900" INNER4);
	not_understood(239,
		       "02000000"
		       "0300"
		       "0900" INNER4,
		       REASON(not_short));
	not_understood(239,
		       "02000000"
		       "0800"
		       "0100"
		       "00000001",
		       REASON(not_short));
	not_understood(239, "0200", REASON(not_short));
}

static void
vlan_tags(void **state)
{
	struct packet p = inner(LINK_ETHER, ETHER("8100") "2064"
							  "0800" INNER4);

	(void)state;
	assert_int_equal(p.vlan, 100);
	assert_int_equal(p.vlan_inner, 0);
	p = inner(LINK_ETHER, ETHER("88a8") "0fff"
					    "8100"
					    "0002"
					    "86dd" INNER6);
	assert_int_equal(p.vlan, 4095);
	assert_int_equal(p.vlan_inner, 2);
	p = inner(LINK_ETHER, ETHER("9100") "0001"
					    "9200"
					    "0002"
					    "8100"
					    "0003"
					    "0800" INNER4);
	assert_int_equal(p.vlan, 1);
	assert_int_equal(p.vlan_inner, 2);
	p = inner(LINK_ETHER, ETHER("8100") "e000"
					    "8100"
					    "0009"
					    "0800" INNER4);
	assert_int_equal(p.vlan, 9);
	assert_int_equal(p.vlan_inner, 0);
}

static void
other_tags(void **state)
{
	struct packet p = inner(LINK_ETHER, ETHER("8100") "0007"
							  "8909"
							  "01010001"
							  "0010"
							  "0800" INNER4);

	(void)state;
	assert_int_equal(p.vlan, 7);
	inner(LINK_ETHER, ETHER("893f") "000000100000"
					"0800" INNER4);
	inner(LINK_ETHER, ETHER("8926") "80010002"
					"0800" INNER4);
	not_understood(LINK_ETHER, ETHER("8909") "0101", REASON(not_short));
	not_understood(LINK_ETHER, ETHER("8100") "0007", REASON(not_short));
}

#define TAGS_4                                                                                                         \
	"0001"                                                                                                         \
	"8100"                                                                                                         \
	"0001"                                                                                                         \
	"8100"                                                                                                         \
	"0001"                                                                                                         \
	"8100"                                                                                                         \
	"0001"                                                                                                         \
	"8100"

static void
tags_too_deep_bad(void **state)
{
	(void)state;
	inner(LINK_ETHER, ETHER("8100") TAGS_4 "0001"
					       "0800" INNER4);
	not_understood(LINK_ETHER,
		       ETHER("8100") TAGS_4 TAGS_4 TAGS_4 "0001"
							  "0800" INNER4,
		       REASON(not_depth));
}

static void
llc(void **state)
{
	(void)state;
	inner(LINK_ETHER, ETHER("0032") "aaaa03"
					"000000"
					"0800" INNER4);
	inner(LINK_ETHER, ETHER("002d") "060603" INNER4);
	inner(LINK_ETHER, ETHER("8100") "0005"
					"0032"
					"aaaa03"
					"000000"
					"0800" INNER4);
	not_understood(LINK_ETHER,
		       ETHER("0026") "424203"
				     "0000000000",
		       REASON(not_ethertype)); /* spanning tree */
	not_understood(LINK_ETHER,
		       ETHER("0008") "aaaa03"
				     "00000c"
				     "2000",
		       REASON(not_ethertype)); /* CDP */
	not_understood(LINK_ETHER, ETHER("0002") "aaaa", REASON(not_short));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types), cmocka_unit_test(link_types_bad), cmocka_unit_test(netfilter_log),
		cmocka_unit_test(vlan_tags),  cmocka_unit_test(other_tags),     cmocka_unit_test(tags_too_deep_bad),
		cmocka_unit_test(llc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
