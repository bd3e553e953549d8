/*
 * base_recent: a time or an address is the same text, known from a moment ago or not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/recent.h"

/* A generator of its own: the same numbers on every machine. */
static uint64_t
draw(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *state >> 33;
}

static void
time_is_plain(struct recent *r, struct when t)
{
	char got[RECENT_TIME_ROOM + 1], want[PUT_TIME_MAX];
	struct out o = out_of(want, sizeof(want));

	out_time(&o, t);
	assert_int_equal(recent_time(r, got, t) - got, PUT_TIME_MAX);
	assert_memory_equal(got, want, PUT_TIME_MAX);
}

/* Again and again a few, between them many: near, a day apart, before 1970, the ends of what there is. */
static void
times(void **state)
{
	static struct recent r;
	uint64_t seed = 1;

	(void)state;
	time_is_plain(&r, (struct when){0});
	for (unsigned i = 0; i < 20000; i++) {
		int64_t s = INT64_C(1746100800) + (int64_t)(draw(&seed) % 3) * 86399, us = (int64_t)(draw(&seed) % 5);

		time_is_plain(&r, (struct when){s * NS_PER_S + us * NS_PER_US});
		if (i % 16 == 0)
			time_is_plain(&r, (struct when){(int64_t)(draw(&seed) << 33 ^ draw(&seed) << 16)});
	}
	time_is_plain(&r, (struct when){INT64_MAX});
	time_is_plain(&r, (struct when){INT64_MIN});
	time_is_plain(&r, (struct when){-1});
}

static void
addr_is_plain(struct recent *r, const struct addr *a)
{
	char got[RECENT_ADDR_ROOM], want[ADDR_TEXT_MAX];
	size_t n = addr_print(a, want);

	assert_int_equal(recent_addr(r, got, a) - got, n);
	assert_memory_equal(got, want, n);
}

static void
addresses(void **state)
{
	static struct recent r;
	const struct addr none = {{0}};
	struct addr longest;
	uint64_t seed = 2;

	(void)state;
	addr_is_plain(&r, &none);
	memset(&longest, 0xdd, sizeof(longest));
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t v = draw(&seed);
		const uint8_t four[4] = {192, 0, (uint8_t)(v % 2), (uint8_t)(v >> 8 & 31)};
		struct addr a = addr_v4(four);

		addr_is_plain(&r, &a);
		if (v & 1)
			a.b[v >> 16 & 15] ^= (uint8_t)(v >> 20);
		addr_is_plain(&r, &a);
		addr_is_plain(&r, &longest);
	}
	addr_is_plain(&r, &none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(addresses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
