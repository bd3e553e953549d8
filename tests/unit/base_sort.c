/* sort: lists of any order come out in order, equals as they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/sort.h"

enum { ITEMS = 1000 };

struct items {
	uint32_t after[ITEMS + 1], value[ITEMS + 1];
	unsigned asked;
};

static uint32_t
after(void *arg, uint32_t item)
{
	return ((struct items *)arg)->after[item];
}

static void
set_after(void *arg, uint32_t item, uint32_t to)
{
	((struct items *)arg)->after[item] = to;
}

static bool
goes_after(void *arg, uint32_t a, uint32_t b)
{
	struct items *all = arg;

	all->asked++;
	return all->value[a] > all->value[b];
}

/* Item i of n has value(i); returns the head of the list in the order of the items. */
static uint32_t
make(struct items *all, uint32_t n, uint32_t (*value)(uint32_t i))
{
	memset(all, 0, sizeof(*all));
	for (uint32_t i = 1; i <= n; i++) {
		all->value[i] = value(i);
		all->after[i] = i < n ? i + 1 : 0;
	}
	return n ? 1 : 0;
}

static uint32_t
mixed(uint32_t i)
{
	return i * 2654435761u >> 25; /* 128 values: equals are many */
}

static uint32_t
rising(uint32_t i)
{
	return i / 3;
}

static uint32_t
falling(uint32_t i)
{
	return ITEMS - i;
}

static void
check(struct items *all, uint32_t head, uint32_t n)
{
	uint32_t count = 0, last = 0;

	for (uint32_t h = head; h; last = h, h = all->after[h]) {
		count++;
		if (last)
			assert_true(all->value[last] < all->value[h] ||
				    (all->value[last] == all->value[h] && last < h));
	}
	assert_int_equal(count, n);
}

static void
any_order(void **state)
{
	static uint32_t (*const VALUE[])(uint32_t) = {mixed, rising, falling};
	static struct items all;
	const struct sort_list l = {&all, after, set_after, goes_after};

	(void)state;
	for (unsigned v = 0; v < 3; v++)
		for (uint32_t n = 0; n <= ITEMS; n = n < 40 ? n + 1 : n * 5 / 4) {
			uint32_t head = make(&all, n, VALUE[v]);

			check(&all, sort_list(&l, head), n);
		}
}

static void
in_order_costs_one_look(void **state)
{
	static struct items all;
	const struct sort_list l = {&all, after, set_after, goes_after};

	(void)state;
	check(&all, sort_list(&l, make(&all, ITEMS, rising)), ITEMS);
	assert_int_equal(all.asked, ITEMS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(any_order), cmocka_unit_test(in_order_costs_one_look)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
