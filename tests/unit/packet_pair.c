/* packet_pair: both directions and all fragments of a pair of addresses are one, seen through tags and tunnels. */
#include <stdio.h>

#include "packet_help.h"

#define FROM  "c0000201"
#define TO    "c6336407"
#define HEAD4 "4500002a12340000"
#define THERE HEAD4 "40060000" FROM TO TCP
#define BACK  HEAD4 "40060000" TO FROM TCP
#define OTHER HEAD4 "40060000" FROM "c6336408" TCP
#define PIECE                                                                                                          \
	"4500002a12342000"                                                                                             \
	"40060000" FROM TO TCP
#define LAST                                                                                                           \
	"4500002a12340010"                                                                                             \
	"40060000" TO FROM TCP
#define OUTER                                                                                                          \
	"45000046123400004004000001010101"                                                                             \
	"01010102"
#define OUTER47                                                                                                        \
	"4500004612340000402f000001010101"                                                                             \
	"01010102"

static uint32_t
pair(const char *hex)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(hex, bytes);
	const struct frame f = {.bytes = cur_of(bytes, n), .wire_len = (uint32_t)n, .link = LINK_ETHER};

	return packet_pair(&f);
}

static void
same_whatever_is_around(void **state)
{
	uint32_t want = pair(ETHER("0800") THERE);

	(void)state;
	assert_int_not_equal(want, 0);
	assert_int_equal(pair(ETHER("0800") BACK), want);
	assert_int_equal(pair(ETHER("8100") "00070800" BACK), want);
	assert_int_equal(pair(ETHER("88a8") "0007"
					    "8100"
					    "0008"
					    "0800" THERE),
			 want);
	assert_int_equal(pair(ETHER("8847") "00001140" BACK), want);
	assert_int_equal(pair(ETHER("0800") OUTER BACK), want);
	assert_int_equal(pair(ETHER("0800") OUTER47 "00000800" THERE), want);
	assert_int_equal(pair(ETHER("0800") PIECE), want);
	assert_int_equal(pair(ETHER("0800") LAST), want);
	assert_int_not_equal(pair(ETHER("0800") OTHER), want);
}

static void
same_in_ipv6(void **state)
{
	uint32_t want = pair(ETHER("86dd") INNER6);

	(void)state;
	assert_int_not_equal(want, pair(ETHER("0800") THERE));
	assert_int_equal(pair(ETHER("86dd") "6000000000160640"
					    "20010db8000000000000000000000002"
					    "20010db8000000000000000000000001" TCP),
			 want);
	/* a fragment in the middle */
	assert_int_equal(pair(ETHER("86dd") "60000000000a2c40"
					    "20010db8000000000000000000000002"
					    "20010db8000000000000000000000001"
					    "0600000900000001"
					    "cafe"),
			 want);
}

/* What shows no pair is one, too. */
static void
nothing_is_something(void **state)
{
	(void)state;
	assert_int_equal(pair(ARP_ETHER), pair(ETHER("88cc") "0000"));
	assert_int_equal(pair(ARP_ETHER), pair("00"));
}

/* Near addresses are dealt evenly. */
static void
even(void **state)
{
	unsigned n[4] = {0};
	char hex[256];

	(void)state;
	for (unsigned i = 0; i < 1024; i++) {
		snprintf(hex, sizeof(hex),
			 "%s%s"
			 "40060000"
			 "c63300%02x"
			 "c00002%02x" TCP,
			 ETHER("0800"), HEAD4, i % 256, i / 256);
		n[(uint64_t)pair(hex) * 4 >> 32]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(n[i], 150, 370);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_whatever_is_around),
		cmocka_unit_test(same_in_ipv6),
		cmocka_unit_test(nothing_is_something),
		cmocka_unit_test(even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
