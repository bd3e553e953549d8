/*
 * sensor_fanout: whatever is around a packet, its connection stays with one member: the program's answer is that of the
 * innermost addresses, as the decoder finds them, in both directions.
 */
#include "packet_help.h"

#include <glob.h>

#include "sensor/capture_fanout.h"
#include "sensor/input.h"

/* The definition, once more and by hand: the pair's words xored, and mixed. */
static uint32_t
expected(const struct packet *p, uint32_t seed)
{
	uint32_t h = seed;

	for (unsigned i = p->v6 ? 0 : 12; i < 16; i += 4) {
		uint32_t a, b;

		memcpy(&a, p->src.b + i, 4);
		memcpy(&b, p->dst.b + i, 4);
		h ^= __builtin_bswap32(a) ^ __builtin_bswap32(b);
	}
	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

static uint32_t
hash_of(uint32_t link, const char *hex)
{
	static uint8_t bytes[HELP_FRAME];
	static struct fanout f;
	struct frame frame = {.bytes = cur_of(bytes, unhex(hex, bytes)), .link = link};

	frame.wire_len = (uint32_t)cur_left(&frame.bytes);
	fanout_frames(&f, link, 0);
	return fanout_hash(&f, &frame);
}

#define INNER_ETHER ETHER("0800") INNER4
#define REVERSE4                                                                                                       \
	"4500002a1234"                                                                                                 \
	"0000"                                                                                                         \
	"40060000"                                                                                                     \
	"c6336407"                                                                                                     \
	"c0000201" TCP

struct around {
	uint32_t link;
	const char *hex;
};

/* All with the same packet inside; the carriers' addresses are others. */
#define CARRY(proto)                                                                                                   \
	ETHER("0800")                                                                                                  \
	"450000ff1234000040" proto "0000"                                                                              \
	"0a000001"                                                                                                     \
	"0a000002"
#define CARRY6(next)                                                                                                   \
	ETHER("86dd")                                                                                                  \
	"6000000000ff" next "40"                                                                                       \
	"20010db8000000000000000000000011"                                                                             \
	"20010db8000000000000000000000012"

static const struct around AROUND[] = {
	{1, ETHER("0800") INNER4},
	{1, ETHER("0800") REVERSE4},
	{12, INNER4},
	{101, INNER4},
	{1, ETHER("8100") "0007"
			  "0800" INNER4},
	{1, ETHER("88a8") "0007"
			  "8100"
			  "0009"
			  "0800" INNER4},
	{1, ETHER("9100") "0007"
			  "9100"
			  "0009"
			  "0800" REVERSE4},
	{1, ETHER("8909") "010100010007"
			  "0800" INNER4},
	{1, ETHER("893f") "000000000000"
			  "8100"
			  "0007"
			  "0800" INNER4},
	{1, ETHER("8926") "00000000"
			  "0800" INNER4},
	{1, ETHER("8847") "000101ff" INNER4},
	{1, ETHER("8847") "000100ff"
			  "000020ff"
			  "000021ff" REVERSE4},
	{1, ETHER("8847") "000101ff" INNER_ETHER},
	{1, ETHER("8847") "000101ff"
			  "00000000" INNER_ETHER},
	{1, ETHER("8864") "11000007"
			  "002c"
			  "0021" INNER4},
	{1, ETHER("8100") "0007"
			  "8864"
			  "11000007"
			  "002b"
			  "21" INNER4},
	{9, "ff030021" INNER4},
	{1, CARRY("2f") "0000"
			"0800" INNER4},
	{1, CARRY("2f") "b000"
			"0800"
			"00000000"
			"0000002a"
			"00000001" REVERSE4},
	{1, CARRY("2f") "2000"
			"6558"
			"00001700" INNER_ETHER},
	{1, CARRY("2f") "3001"
			"880b"
			"002e0009"
			"00000001"
			"ff03"
			"21" INNER4},
	{1, CARRY("2f") "0000"
			"88be" INNER_ETHER},
	{1, CARRY("2f") "1000"
			"88be"
			"00000001"
			"1007000100000000" INNER_ETHER},
	{1, CARRY("2f") "1000"
			"22eb"
			"00000001"
			"200700010000000000000000" INNER_ETHER},
	{1, CARRY("2f") "1000"
			"22eb"
			"00000001"
			"200700010000000000000001"
			"0000000000000000" INNER_ETHER},
	{1, CARRY("04") INNER4},
	{1, CARRY6("04") REVERSE4},
	{1, CARRY6("3c") "0400040104010100" INNER4}, /* Linux puts an encapsulation limit in front (RFC 2473) */
	{1, CARRY("61") "3000" INNER_ETHER},
	{1, CARRY("89") "000101ff" INNER4},
	{1, CARRY("11") UDP("12b5", "0000") "0800000000000700" INNER_ETHER},
	{1, CARRY("11") UDP("2118", "0000") "0800000000000700" ETHER("8100") "0007"
									     "0800" REVERSE4},
	{1, CARRY("11") UDP("12b5", "0000") "0c00000100000700" INNER4},
	{1, CARRY("11") UDP("12b5", "0000") "0c00000300000700" INNER_ETHER},
	{1, CARRY6("11") UDP("17c1", "0000") "0000655800000700" INNER_ETHER},
	{1, CARRY("11") UDP("17c1", "0000") "0200080000000700"
					    "0102800100000000" INNER4},
	{1, CARRY("11") UDP("0868", "0000") "30ff002a00000007" INNER4},
	{1, CARRY("11") UDP("0868", "0000") "32ff002e00000007"
					    "00010000" REVERSE4},
	{1, CARRY("11") UDP("0868", "0000") "34ff003200000007"
					    "00000085"
					    "01100100" INNER4},
	{1, CARRY("2f") "0000"
			"0800"
			"450000ff1234000040"
			"11"
			"0000"
			"0a000003"
			"0a000004" UDP("12b5", "0000") "0800000000000700" INNER_ETHER},
};

static void
innermost(void **state)
{
	uint32_t bare = hash_of(1, ETHER("0800") INNER4);

	(void)state;
	assert_int_not_equal(bare, hash_of(1, CARRY("11") UDP("0035", "0000")));
	for (size_t i = 0; i < sizeof(AROUND) / sizeof(AROUND[0]); i++)
		if (hash_of(AROUND[i].link, AROUND[i].hex) != bare)
			fail_msg("goes elsewhere: row %zu, %s", i, AROUND[i].hex);
}

static void
innermost6(void **state)
{
	uint32_t bare = hash_of(1, ETHER("86dd") INNER6);

	(void)state;
	assert_int_equal(bare, hash_of(1, ETHER("8100") "0007"
							"86dd" INNER6));
	assert_int_equal(bare, hash_of(1, CARRY("29") INNER6));
	assert_int_equal(bare, hash_of(1, CARRY("2f") "0000"
						      "86dd" INNER6));
	assert_int_equal(bare, hash_of(1, ETHER("8847") "000101ff" INNER6));
	assert_int_equal(bare, hash_of(1, ETHER("8864") "11000007"
							"0040"
							"0057" INNER6));
	/* the same addresses behind hop-by-hop options */
	assert_int_equal(bare, hash_of(1, ETHER("86dd") IP6("001e", "00") "0600010400000000" TCP));
}

/* Fragments have no ports, and those behind the first no inner header. */
static void
fragments(void **state)
{
	uint32_t whole = hash_of(1, ETHER("0800") "450000ff1234000040110000"
						  "0a000001"
						  "0a000002" UDP("0035", "0000"));

	(void)state;
	assert_int_equal(whole,
			 hash_of(1, ETHER("0800") "450000ff1234200040110000"
						  "0a000001"
						  "0a000002" UDP("12b5", "0000") "0800000000000700" INNER_ETHER));
	assert_int_equal(whole, hash_of(1, ETHER("0800") "450000ff1234010040110000"
							 "0a000002"
							 "0a000001"
							 "000011112222"));
}

/* Datagrams on the port of a tunnel that are none. */
static void
only_looks_like(void **state)
{
	uint32_t plain = hash_of(1, CARRY("11") UDP("0035", "0000"));

	(void)state;
	assert_int_equal(plain, hash_of(1, CARRY("11") UDP("12b5", "0000") "0000000000000700" INNER_ETHER));
	assert_int_equal(plain, hash_of(1, CARRY("11") UDP("12b5", "0000") "0800000000000701" INNER_ETHER));
	assert_int_equal(plain, hash_of(1, CARRY("11") UDP("12b5", "0000") "0800000000000700" ETHER("0800") "50"
													    "00"));
	assert_int_equal(plain, hash_of(1, CARRY("11") UDP("0868", "0000") "3001000000000007" INNER4));
}

/* Each beginning of each frame is hashed without reading behind its end. */
static void
cut_anywhere(void **state)
{
	static uint8_t bytes[HELP_FRAME];
	static struct fanout f;

	(void)state;
	for (size_t i = 0; i < sizeof(AROUND) / sizeof(AROUND[0]); i++) {
		size_t n = unhex(AROUND[i].hex, bytes);

		fanout_frames(&f, AROUND[i].link, 0);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *own = malloc(cut ? cut : 1);
			struct frame frame = {.bytes = cur_of(own, cut), .wire_len = (uint32_t)n};

			memcpy(own, bytes, cut);
			(void)fanout_hash(&f, &frame);
			free(own);
		}
	}
}

/* Clients of one gateway, whose addresses follow each other, spread over members. */
static void
spreads(void **state)
{
	static uint8_t bytes[HELP_FRAME];
	size_t n = unhex(ETHER("0800") INNER4, bytes);
	struct frame frame = {.bytes = cur_of(bytes, n), .wire_len = (uint32_t)n};
	unsigned member[4] = {0};
	static struct fanout f;

	(void)state;
	fanout_frames(&f, 1, 0x12345678);
	for (unsigned client = 0; client < 4000; client++) {
		bytes[14 + 14] = (uint8_t)(client >> 8);
		bytes[14 + 15] = (uint8_t)client;
		member[fanout_hash(&f, &frame) % 4]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(member[i], 900, 1100);
}

struct checked {
	uint64_t frames, elsewhere;
};

/* Packets put together from fragments go by their carrier, and are counted by nobody. */
static void
check_frame(const struct frame *frame, struct bench *b, struct checked *sum)
{
	static struct fanout f;

	if (f.n == 0 || f.link != frame->link)
		fanout_frames(&f, frame->link, 7);
	if (!packet_decode(b->d, frame, &b->p) || b->p.borrowed)
		return;
	sum->frames++;
	sum->elsewhere += fanout_hash(&f, frame) != expected(&b->p, 7);
}

static void
check_capture(const char *path, struct checked *sum)
{
	struct frame frames[32];
	struct bench b;
	struct input in;
	size_t n;

	bench_open(&b, 1 << 20);
	assert_true(input_open(&in, path));
	while ((n = input_frames(&in, frames, 32)) > 0)
		for (size_t i = 0; i < n; i++)
			check_frame(&frames[i], &b, sum);
	input_close(&in);
	bench_close(&b);
}

static void
check_all(const char *pattern, struct checked *sum)
{
	glob_t g;

	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			check_capture(g.gl_pathv[i], sum);
	globfree(&g);
}

static void
as_decoded(void **state)
{
	struct checked sum = {0, 0};

	(void)state;
	check_all("tests/golden/*/*.pcap", &sum);
	check_all("tests/demo/*.pcap", &sum);
	assert_true(sum.frames > 2000);
	check_all("../shared/corpus/*/*.pcap*", &sum);
	assert_int_equal(sum.elsewhere, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(innermost),       cmocka_unit_test(innermost6),   cmocka_unit_test(fragments),
		cmocka_unit_test(only_looks_like), cmocka_unit_test(cut_anywhere), cmocka_unit_test(spreads),
		cmocka_unit_test(as_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
