/*
 * base_cur: reads in order, and every way to read past the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cur.h"

static const uint8_t BYTES[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void
reads_in_order(void **state)
{
	struct cur c = cur_of(BYTES, sizeof(BYTES));

	(void)state;
	assert_int_equal(cur_u8(&c), 1);
	assert_int_equal(cur_u16(&c), 0x0203);
	assert_int_equal(cur_u24(&c), 0x040506);
	assert_int_equal(cur_u32(&c), 0x0708090a);
	assert_true(cur_u64(&c) == UINT64_C(0x0b0c0d0e0f101112));
	assert_true(cur_done(&c));
	assert_int_equal(cur_u8(&c), 0);
	assert_true(c.bad);
	assert_false(cur_done(&c));
}

static void
reads_little_endian(void **state)
{
	struct cur c = cur_of(BYTES, 6);

	(void)state;
	assert_int_equal(cur_u16le(&c), 0x0201);
	assert_int_equal(cur_u32le(&c), 0x06050403);
	assert_true(cur_done(&c));
	assert_int_equal(cur_u16le(&c), 0);
	assert_true(c.bad);
}

/* Each width, one byte short: zero, bad, and nothing left, so that loops end. */
static void
short_reads_bad(void **state)
{
	(void)state;
	for (size_t width = 1; width <= 8; width++) {
		struct cur c = cur_of(BYTES, width - 1);
		uint64_t v = width == 1 ? cur_u8(&c) :
			     width == 2 ? cur_u16(&c) :
			     width == 3 ? cur_u24(&c) :
			     width == 4 ? cur_u32(&c) :
					  cur_u64(&c);

		assert_true(v == 0);
		assert_true(c.bad);
		assert_int_equal(cur_left(&c), 0);
	}
}

static void
sub_cursor_hides_the_rest(void **state)
{
	struct cur c = cur_of(BYTES, 6), sub = cur_sub(&c, 4);

	(void)state;
	assert_int_equal(cur_left(&sub), 4);
	assert_int_equal(cur_left(&c), 2);
	assert_true(cur_skip(&sub, 4));
	assert_int_equal(cur_u8(&sub), 0);
	assert_true(sub.bad);
	assert_int_equal(cur_u16(&c), 0x0506);
	assert_true(cur_done(&c));
}

static void
sub_cursor_bad(void **state)
{
	struct cur c = cur_of(BYTES, 6), sub = cur_sub(&c, 7);

	(void)state;
	assert_true(sub.bad && c.bad);
	assert_int_equal(cur_left(&sub), 0);
	assert_null(cur_take(&c, (size_t)-1));
}

static void
peek_starts_and_copy(void **state)
{
	struct cur c = cur_of(BYTES, 4);
	uint8_t to[8] = {0};

	(void)state;
	assert_int_equal(cur_peek(&c, 3), 4);
	assert_int_equal(cur_peek(&c, 4), 0);
	assert_true(cur_starts(&c, BYTES, 4));
	assert_false(cur_starts(&c, BYTES, 5));
	assert_false(cur_starts(&c, BYTES + 1, 2));
	assert_false(c.bad);
	assert_int_equal(cur_copy(&c, to, 3), 3);
	assert_int_equal(cur_copy(&c, to + 3, 5), 1);
	assert_memory_equal(to, BYTES, 4);
	assert_int_equal(cur_copy(&c, to, 8), 0);
	assert_true(cur_done(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_order),  cmocka_unit_test(reads_little_endian),
		cmocka_unit_test(short_reads_bad), cmocka_unit_test(sub_cursor_hides_the_rest),
		cmocka_unit_test(sub_cursor_bad),  cmocka_unit_test(peek_starts_and_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
