/*
 * tls_buffers: parts in any order, growth by copy, and a share that the oldest gives way in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls/conn.h"

enum { SHARE = 1 << 19 };

struct world {
	struct buffers *b;
	struct counts counts;
	void *memory;
	uint8_t bytes[BUFFER_MAX];
};

static struct world w;

static int
open_share(void **state)
{
	size_t n = buffers_bytes(SHARE) + 64;
	struct carve c;

	(void)state;
	w.counts = (struct counts){0};
	w.memory = c.p = malloc(n);
	assert_non_null(w.memory);
	c.end = c.p + n;
	w.b = buffers_new(&c, SHARE, &w.counts);
	for (unsigned i = 0; i < BUFFER_MAX; i++)
		w.bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	return 0;
}

static int
close_share(void **state)
{
	(void)state;
	free(w.memory);
	return 0;
}

static bool
put(uint32_t h, uint32_t from, uint32_t to)
{
	return buffer_put(w.b, h, from, cur_of(w.bytes + from, to - from));
}

static void
holds(uint32_t h, uint32_t n)
{
	struct cur c;

	assert_int_equal(buffer_ready(w.b, h), n);
	c = buffer_view(w.b, h, n);
	assert_int_equal(cur_left(&c), n);
	assert_memory_equal(c.p, w.bytes, n);
}

static void
parts_in_any_order(void **state)
{
	uint32_t h = buffer_new(w.b);

	(void)state;
	assert_int_equal(buffer_ready(w.b, h), 0);
	assert_true(put(h, 3000, 4000));
	assert_true(put(h, 1000, 2000));
	assert_int_equal(buffer_ready(w.b, h), 0);
	assert_true(put(h, 0, 1000));
	holds(h, 2000);
	assert_true(put(h, 1500, 3500));
	holds(h, 4000);
	assert_true(put(h, 0, 4000));
	holds(h, 4000);
	buffer_free(w.b, h);
	assert_int_equal(buffer_ready(w.b, h), 0);
}

static void
grows_to_the_largest(void **state)
{
	uint32_t h = buffer_new(w.b);

	(void)state;
	for (uint32_t at = 0; at < BUFFER_MAX; at += 1111)
		assert_true(put(h, at, at + 1111 < BUFFER_MAX ? at + 1111 : BUFFER_MAX));
	holds(h, BUFFER_MAX);
	assert_false(buffer_put(w.b, h, BUFFER_MAX, cur_of(w.bytes, 1)));
	assert_false(buffer_put(w.b, h, UINT32_MAX, cur_of(w.bytes, 2)));
	assert_true(buffer_put(w.b, h, BUFFER_MAX, cur_of(w.bytes, 0)));
	buffer_free(w.b, h);
	assert_int_equal(w.counts.tls_no_memory, 0);
}

static void
consuming_moves_the_rest(void **state)
{
	uint32_t h = buffer_new(w.b);
	struct cur c;

	(void)state;
	assert_true(put(h, 0, 100));
	assert_true(put(h, 150, 200));
	buffer_consume(w.b, h, 60);
	assert_int_equal(buffer_ready(w.b, h), 40);
	c = buffer_view(w.b, h, 40);
	assert_memory_equal(c.p, w.bytes + 60, 40);
	assert_true(buffer_put(w.b, h, 40, cur_of(w.bytes + 100, 50)));
	assert_int_equal(buffer_ready(w.b, h), 140);
	c = buffer_view(w.b, h, 140);
	assert_memory_equal(c.p, w.bytes + 60, 140);
	buffer_consume(w.b, h, 140);
	assert_int_equal(buffer_ready(w.b, h), 0);
	c = buffer_view(w.b, h, 1);
	assert_int_equal(cur_left(&c), 0);
	buffer_free(w.b, h);
}

static void
too_many_holes_bad(void **state)
{
	uint32_t h = buffer_new(w.b), at = 0;

	(void)state;
	while (at < 2000 && put(h, at, at + 1))
		at += 2;
	assert_true(at > 20 && at < 200);
	assert_true(put(h, 0, at));
	holds(h, at);
	buffer_free(w.b, h);
}

/* Whoever begins a message and never ends it does not keep the share: the oldest goes, its handle is dead. */
static void
oldest_gives_way(void **state)
{
	uint32_t first = buffer_new(w.b), h = 0, n = SHARE / 2048;

	(void)state;
	assert_true(put(first, 0, 10));
	for (uint32_t i = 0; i < n; i++) {
		h = buffer_new(w.b);
		assert_true(h && put(h, 0, 10));
	}
	assert_true(w.counts.tls_no_memory > 0);
	assert_int_equal(buffer_ready(w.b, first), 0);
	assert_false(put(first, 10, 20));
	buffer_free(w.b, first);
	buffer_consume(w.b, first, 1);
	holds(h, 10);
	assert_true(put(h, 10, BUFFER_MAX)); /* needs the room of many */
	holds(h, BUFFER_MAX);
}

static void
many_seeds_keep_their_bytes(void **state)
{
	enum { N = 32 };
	uint32_t handle[N] = {0}, size[N] = {0}, seed = 3;

	(void)state;
	for (unsigned step = 0; step < 4000; step++) {
		unsigned i;

		seed = seed * 1664525 + 1013904223;
		i = seed >> 27;
		if (!handle[i] || seed >> 8 & 1) {
			buffer_free(w.b, handle[i]);
			handle[i] = buffer_new(w.b);
			size[i] = 0;
		}
		if (put(handle[i], size[i], size[i] + (seed >> 12 & 4095)))
			size[i] += seed >> 12 & 4095;
		if (buffer_ready(w.b, handle[i]))
			holds(handle[i], size[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parts_in_any_order, open_share, close_share),
		cmocka_unit_test_setup_teardown(grows_to_the_largest, open_share, close_share),
		cmocka_unit_test_setup_teardown(consuming_moves_the_rest, open_share, close_share),
		cmocka_unit_test_setup_teardown(too_many_holes_bad, open_share, close_share),
		cmocka_unit_test_setup_teardown(oldest_gives_way, open_share, close_share),
		cmocka_unit_test_setup_teardown(many_seeds_keep_their_bytes, open_share, close_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
