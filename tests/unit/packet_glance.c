/* packet_glance: what a glance says is what decoding says; and what it leaves to decoding. */
#include "packet_help.h"

#include "packet/glance.h"
#include "packet/hot.h"

#define HEAD4   "4500003b1234400040060000c0000201c6336407"
#define NUMBERS "1f9001bb0a0b0c0d01020304"
#define STAMPS  "0101080a0000000700000008"
#define BYTES   "16030300020100"
#define WHOLE   HEAD4 NUMBERS "8018020000000000" STAMPS BYTES
#define HEAD6                                                                                                          \
	"6000000000270640"                                                                                             \
	"20010db8000000000000000000000001"                                                                             \
	"20010db8000000000000000000000002"

static struct glance seen;

static bool
glance(const char *hex, uint32_t longer)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(hex, bytes);
	const struct frame f = {.bytes = cur_of(bytes, n), .wire_len = (uint32_t)n + longer, .link = LINK_ETHERNET};
	struct packet p;

	if (!packet_glance(&f, &seen))
		return false;
	packet_of_glance(&f, &seen, &p);
	assert_int_equal(seen.len, p.payload_len);
	assert_int_equal(seen.head + seen.len, p.ip_payload_len);
	assert_int_equal(seen.v6, p.v6);
	assert_ptr_equal(seen.tcp + seen.head, p.payload.p);
	assert_ptr_equal(glance_payload(&seen).end, p.payload.end);
	assert_int_equal(p.ts_val != 0, seen.head == GLANCE_STAMPS);
	return true;
}

static void
plain_segments_are_seen(void **state)
{
	(void)state;
	assert_true(glance(ETHER("0800") WHOLE, 0));
	assert_int_equal(seen.len, 7);
	assert_true(glance(ETHER("0800") WHOLE "000000", 0)); /* padding is no payload */
	assert_int_equal(seen.len, 7);
	assert_true(
		glance(ETHER("0800") "4500002f1234400040060000c0000201c6336407" NUMBERS "5010020000000000" BYTES, 0));
	assert_int_equal(seen.len, 7);
	assert_true(glance(ETHER("86dd") HEAD6 NUMBERS "8018020000000000" STAMPS BYTES, 0));
	assert_true(seen.v6);
	assert_int_equal(seen.len, 7);
}

static void
the_rest_is_left_to_decoding(void **state)
{
	static const char *const NOT[] = {
		ETHER("8100") "00070800" WHOLE,
		ETHER("0800") "4500003b1234200040060000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") "4500003b1234000140060000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") "4500003b1234400040110000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") "4600003b1234400040060000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") "450000131234400040060000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") "450000331234400040060000c0000201c6336407" NUMBERS "f018020000000000" STAMPS BYTES,
		ETHER("0800") "4500003c1234400040060000c0000201c6336407" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0800") HEAD4 NUMBERS "8002020000000000" STAMPS BYTES,
		ETHER("0800") HEAD4 NUMBERS "8011020000000000" STAMPS BYTES,
		ETHER("0800") HEAD4 NUMBERS "8014020000000000" STAMPS BYTES,
		ETHER("0800") HEAD4 NUMBERS "8008020000000000" STAMPS BYTES,
		ETHER("0800") HEAD4 NUMBERS "8018020000000000"
					    "080a00000007000000080101" BYTES,
		ETHER("0800") HEAD4 NUMBERS "7018020000000000" STAMPS BYTES,
		ETHER("86dd") "6000000000280640"
			      "20010db8000000000000000000000001"
			      "20010db8000000000000000000000002" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("86dd") "6000000000271140"
			      "20010db8000000000000000000000001"
			      "20010db8000000000000000000000002" NUMBERS "8018020000000000" STAMPS BYTES,
		ETHER("0806") WHOLE,
		ETHER("0800") "4500",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(NOT) / sizeof(NOT[0]); i++)
		assert_false(glance(NOT[i], 0));
	assert_false(glance(ETHER("0800") WHOLE, 1)); /* cut by the capture */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plain_segments_are_seen),
					   cmocka_unit_test(the_rest_is_left_to_decoding)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
