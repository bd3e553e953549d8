/*
 * sensor_lull: the time of a tap that sees no frames, where the clock walks and where it jumps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sensor/lull.h"

static const int64_t MS = NS_PER_S / 1000;

static struct when
at(int64_t ms)
{
	return (struct when){ms * MS};
}

static void
assert_time(const struct lull *l, int64_t ms)
{
	struct when now;

	assert_true(lull_time(l, &now));
	assert_int_equal(now.ns, at(ms).ns);
}

static struct lull
after_turns(int64_t n)
{
	struct lull l = {.turns = 0};

	for (int64_t i = 0; i < n; i++)
		lull_turn(&l, at(10000 + 100 * i), false);
	return l;
}

static void
a_second_behind_the_clock(void **state)
{
	struct lull l = {.turns = 0};
	struct when now;

	(void)state;
	for (int64_t i = 0; i < 20; i++) {
		assert_int_equal(lull_time(&l, &now), i >= LULL_TURNS);
		lull_turn(&l, at(10000 + 100 * i), false);
	}
	assert_time(&l, 10000 + 1900 - 1000);
	lull_turn(&l, at(12000), true);
	assert_false(lull_time(&l, &now));
	lull_turn(&l, at(12100), false);
	assert_false(lull_time(&l, &now));
}

/* A guest that got no turn for three seconds: a frame of the last moment before may lie in an open block, and the block's
   timer comes when the guest goes on. */
static void
not_over_a_jump(void **state)
{
	struct lull l = after_turns(12);

	(void)state;
	assert_time(&l, 10100);
	for (int64_t i = 1; i < LULL_TURNS; i++) {
		lull_turn(&l, at(14100 + 100 * (i - 1)), false);
		assert_time(&l, 10700 + 100 * i);
	}
	lull_turn(&l, at(14500), false);
	assert_time(&l, 13500);
}

/* A clock that was set back is another time, as it is for frames. */
static void
back_with_the_clock(void **state)
{
	struct lull l = after_turns(12);

	(void)state;
	lull_turn(&l, at(5000), false);
	assert_time(&l, 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_behind_the_clock),
		cmocka_unit_test(not_over_a_jump),
		cmocka_unit_test(back_with_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
