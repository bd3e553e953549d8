/*
 * packet_fragment: IP packets put together in any order, with overlaps and lies, within their share.
 */
#include "packet_help.h"

enum { DATAGRAM = 4000, UDP_HEAD = 8 };

static void
put16(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

/* One fragment of a datagram to port 443 whose bytes count up; mark is added to each of its bytes. */
struct part {
	uint32_t offset, len, of, mark;
	bool last, v6;
	uint16_t id;
};

static void
part_bytes(const struct part *k, uint8_t *to)
{
	static uint8_t all[1 << 16];

	for (uint32_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 7 + (i >> 8) + k->mark);
	unhex("c00001bb", all);
	put16(all + 4, k->of);
	put16(all + 6, 0);
	memcpy(to, all + k->offset, k->len);
}

static bool
part_give(struct bench *b, struct part k)
{
	static uint8_t frame[HELP_FRAME];
	size_t n = unhex(ETHER("0800") IP4("0000", "11"), frame);

	if (k.v6) {
		n = unhex(ETHER("86dd") IP6("0000", "2c") "1100000000000000", frame);
		put16(frame + 18, k.len + 8);
		put16(frame + 56, k.offset | !k.last);
		put16(frame + 60, k.id);
	} else {
		put16(frame + 16, k.len + 20);
		put16(frame + 18, k.id);
		put16(frame + 20, (k.last ? 0 : 0x2000) | k.offset / 8);
	}
	part_bytes(&k, frame + n);
	return give_bytes(b, LINK_ETHER, frame, n + k.len, (uint32_t)(n + k.len));
}

static void
is_whole(const struct bench *b, uint32_t len)
{
	static uint8_t want[1 << 16];
	const struct part all = {.len = len, .of = len};

	part_bytes(&all, want);
	assert_int_equal(b->p.proto, PROTO_UDP);
	assert_int_equal(b->p.dport, 443);
	assert_int_equal(b->p.payload_len, len - UDP_HEAD);
	assert_int_equal(cur_left(&b->p.payload), len - UDP_HEAD);
	assert_memory_equal(b->p.payload.p, want + UDP_HEAD, len - UDP_HEAD);
	assert_int_equal(cur_left(&b->p.ip), len + (b->p.v6 ? 40 : 20));
	assert_int_equal(b->p.ip.p[b->p.v6 ? 6 : 9], PROTO_UDP);
	assert_ptr_equal(b->p.ip.end, b->p.payload.end);
}

static void
any_order(void **state)
{
	static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (uint16_t i = 0; i < 12; i++) {
		struct part parts[3] = {{0, 1480, DATAGRAM, 0, false, i > 5, i},
					{1480, 1480, DATAGRAM, 0, false, i > 5, i},
					{2960, 1040, DATAGRAM, 0, true, i > 5, i}};

		assert_false(part_give(&b, parts[orders[i % 6][0]]));
		assert_false(part_give(&b, parts[orders[i % 6][1]]));
		assert_true(part_give(&b, parts[orders[i % 6][2]]));
		is_whole(&b, DATAGRAM);
		assert_int_equal(b.p.ip_id, i);
	}
	assert_int_equal(b.counts.fragment_held, 24);
	assert_int_equal(b.counts.fragment_done, 12);
	assert_int_equal(b.counts.fragment_lost, 0);
	assert_int_equal(b.counts.fragment_odd, 0);
	bench_close(&b);
}

static void
largest(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (uint32_t at = 0; at < 65504; at += 8736)
		assert_false(part_give(
			&b, (struct part){.offset = at, .len = at + 8736 > 65504 ? 65504 - at : 8736, .of = 65512}));
	assert_true(part_give(&b, (struct part){.offset = 65504, .len = 8, .of = 65512, .last = true}));
	is_whole(&b, 65512);
	assert_int_equal(b.counts.fragment_odd, 0);
	bench_close(&b);
}

/* Ping of death, a size that is no multiple of 8, nothing, ends that disagree, bytes behind the end. */
static void
lies_bad(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(part_give(&b, (struct part){.offset = 65528, .len = 8, .of = 100, .last = true, .id = 1}));
	assert_false(
		part_give(&b, (struct part){.offset = 65528, .len = 8, .of = 100, .last = true, .id = 2, .v6 = true}));
	assert_false(part_give(&b, (struct part){.len = 1479, .of = 100, .id = 3}));
	assert_false(part_give(&b, (struct part){.offset = 8, .of = 100, .last = true, .id = 4}));
	assert_int_equal(b.counts.fragment_odd, 4);
	assert_int_equal(b.counts.fragment_lost, 4);
	assert_false(part_give(&b, (struct part){.offset = 800, .len = 100, .of = 900, .last = true, .id = 5}));
	assert_false(part_give(&b, (struct part){.offset = 800, .len = 99, .of = 900, .last = true, .id = 5}));
	assert_false(part_give(&b, (struct part){.offset = 896, .len = 8, .of = 900, .id = 5}));
	assert_int_equal(b.counts.fragment_odd, 6);
	assert_false(part_give(&b, (struct part){.offset = 1600, .len = 8, .of = 900, .id = 6}));
	assert_false(part_give(&b, (struct part){.offset = 800, .len = 100, .of = 900, .last = true, .id = 6}));
	assert_int_equal(b.counts.fragment_odd, 7);
	assert_true(part_give(&b, (struct part){.len = 800, .of = 900, .id = 5}));
	is_whole(&b, 900);
	assert_int_equal(b.counts.fragment_done, 1);
	bench_close(&b);
}

/* What came first stays, whatever the overlap; bytes of another mark must not be seen. */
static void
overlaps_bad(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(part_give(&b, (struct part){.offset = 800, .len = 800, .of = 2400}));
	assert_false(part_give(&b, (struct part){.offset = 800, .len = 800, .of = 2400, .mark = 1}));
	assert_int_equal(b.counts.fragment_odd, 1);
	assert_false(part_give(&b, (struct part){.offset = 1000, .len = 200, .of = 2400, .mark = 1}));
	assert_int_equal(b.counts.fragment_odd, 2);
	assert_false(part_give(&b, (struct part){.offset = 1600, .len = 400, .of = 2400}));
	assert_int_equal(b.counts.fragment_odd, 2);
	assert_false(part_give(&b, (struct part){.offset = 1200, .len = 1200, .of = 2400, .last = true}));
	assert_int_equal(b.counts.fragment_odd, 3);
	assert_true(part_give(&b, (struct part){.offset = 0, .len = 1600, .of = 2400}));
	is_whole(&b, 2400);
	assert_int_equal(b.counts.fragment_odd, 4);
	bench_close(&b);
}

/* A span port delivers everything twice: no second packet, nothing lost, nothing odd. */
static void
delivered_twice(void **state)
{
	const struct part first = {.len = 1480, .of = 1600},
			  second = {.offset = 1480, .len = 120, .of = 1600, .last = true};
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(part_give(&b, first));
	assert_false(part_give(&b, first));
	assert_true(part_give(&b, second));
	assert_false(part_give(&b, second));
	assert_int_equal(b.counts.fragment_again, 1);
	b.ms = 1500;
	assert_false(part_give(&b, second));
	assert_true(part_give(&b, first));
	is_whole(&b, 1600);
	assert_int_equal(b.counts.fragment_done, 2);
	assert_int_equal(b.counts.fragment_odd + b.counts.fragment_lost, 0);
	bench_close(&b);
}

static void
times_out(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(part_give(&b, (struct part){.len = 1480, .of = 1600}));
	b.ms = 31000;
	assert_false(part_give(&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true}));
	assert_int_equal(b.counts.fragment_lost, 1);
	assert_true(part_give(&b, (struct part){.len = 1480, .of = 1600}));
	bench_close(&b);
}

static void
keys_keep_apart(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(part_give(&b, (struct part){.len = 1480, .of = 1600, .id = 1}));
	assert_false(part_give(&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true, .id = 2}));
	assert_false(part_give(
		&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true, .id = 1, .v6 = true}));
	assert_true(part_give(&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true, .id = 1}));
	bench_close(&b);
}

/* A flood of beginnings: the oldest go, memory stays, and what comes whole is still put together. */
static void
flood(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (uint32_t i = 0; i < 3000; i++)
		assert_false(part_give(&b, (struct part){.len = 1480, .of = 1600, .id = (uint16_t)i}));
	assert_in_range(b.counts.fragment_lost, 2600, 2999);
	assert_true(part_give(&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true, .id = 2999}));
	is_whole(&b, 1600);
	assert_false(part_give(&b, (struct part){.offset = 1480, .len = 120, .of = 1600, .last = true, .id = 5}));
	bench_close(&b);
}

/* A packet of many small pieces is given up, once, and takes no more than its part. */
static void
many_pieces_bad(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	for (uint32_t i = 0; i < 8000; i++)
		assert_false(part_give(&b, (struct part){.offset = i * 8, .len = 8, .of = 65000}));
	assert_int_equal(b.counts.fragment_lost + 8000 % 161, 8000);
	bench_close(&b);
}

static void
snapped_bad(void **state)
{
	static uint8_t frame[HELP_FRAME];
	size_t n = unhex(ETHER("0800") "450000641234200040110000c0000201c6336407"
				       "c00001bb",
			 frame);
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_false(give_bytes(&b, LINK_ETHER, frame, n, 114));
	assert_int_equal(b.counts.fragment_lost, 1);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),       cmocka_unit_test(largest),         cmocka_unit_test(lies_bad),
		cmocka_unit_test(overlaps_bad),    cmocka_unit_test(delivered_twice), cmocka_unit_test(times_out),
		cmocka_unit_test(keys_keep_apart), cmocka_unit_test(flood),           cmocka_unit_test(many_pieces_bad),
		cmocka_unit_test(snapped_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
