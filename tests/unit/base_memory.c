/*
 * base_memory: the hash against its published vectors; map and pool against plain arrays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/pool.h"

/* Aumasson and Bernstein's reference: key 00..0f, inputs of 0 to 15 bytes 00 01 02 ... */
static void
siphash_2_4(void **state)
{
	static const uint64_t want[16] = {
		UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
		UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
		UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
		UINT64_C(0x9e0082df0ba9e4b0), UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
		UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90), UINT64_C(0xf723ca908e7af2ee),
		UINT64_C(0xa129ca6149be45e5)};
	const struct hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t in[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		in[i] = i;
	for (size_t n = 0; n < 16; n++)
		assert_true(hash_keep(&key, in, n) == want[n]);
}

static void
words_are_bytes(void **state)
{
	const struct hash_key key = {1, 2}, other = {1, 3};
	const uint64_t words[3] = {UINT64_C(0x0706050403020100), 7, UINT64_MAX};

	(void)state;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_true(hash_words(&key, words, 3) == hash_fast(&key, words, sizeof(words)));
#endif
	assert_true(hash_words(&key, words, 3) != hash_words(&other, words, 3));
	assert_true(hash_words(&key, words, 3) != hash_words(&key, words, 2));
	assert_true(hash_fast(&key, words, 8) != hash_keep(&key, words, 8));
}

enum { ITEMS = 300, ROUNDS = 40000 };

/* A few hashes for many handles, so that probe sequences are long, cross the end and have holes. */
static uint64_t
hash_of(uint32_t handle)
{
	return handle % 7 == 0 ? UINT32_MAX - handle % 3 : handle * UINT64_C(0x9e3779b97f4a7c15) >> (handle % 2 * 32);
}

static bool
holds(const struct map *m, uint32_t handle)
{
	unsigned n = 0;

	for (struct map_at at = map_first(m, hash_of(handle)); map_found(&at); map_next(m, &at))
		n += at.handle == handle;
	assert_true(n <= 1);
	return n == 1;
}

static void
map_against_array(void **state)
{
	bool there[ITEMS + 1] = {false};
	uint32_t seed = 1, used = 0;
	void *memory = malloc(map_bytes(ITEMS));
	struct map m;

	(void)state;
	map_init(&m, memory, ITEMS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t handle;

		seed = seed * 1664525 + 1013904223;
		handle = 1 + (seed >> 8) % ITEMS;
		if (there[handle])
			map_remove(&m, hash_of(handle), handle);
		else
			map_add(&m, hash_of(handle), handle);
		there[handle] = !there[handle];
		used += there[handle] ? 1 : UINT32_MAX;
		assert_int_equal(m.used, used);
		if (i % 100 == 0)
			for (uint32_t h = 1; h <= ITEMS; h++)
				assert_int_equal(holds(&m, h), there[h]);
	}
	free(memory);
}

static void
map_empty_bad(void **state)
{
	void *memory = malloc(map_bytes(0));
	struct map_at at;
	struct map m;

	(void)state;
	assert_int_equal(map_slots(0), 2);
	assert_int_equal(map_slots(12), 18);
	map_init(&m, memory, 0);
	at = map_first(&m, 0);
	assert_false(map_found(&at));
	free(memory);
}

static void
pool_hands_out_each_once(void **state)
{
	uint64_t memory[5 * 3];
	bool out[6] = {false};
	struct pool p;

	(void)state;
	pool_init(&p, memory, 24, 5);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t handle = pool_get(&p);

		assert_in_range(handle, 1, 5);
		assert_false(out[handle]);
		out[handle] = true;
		memset(pool_at(&p, handle), (int)handle, 24);
	}
	assert_int_equal(pool_get(&p), 0);
	pool_put(&p, 2);
	pool_put(&p, 4);
	assert_int_equal(p.used, 3);
	assert_int_equal(pool_get(&p), 4);
	assert_int_equal(pool_get(&p), 2);
	assert_int_equal(pool_get(&p), 0);
	assert_int_equal(*(uint8_t *)pool_at(&p, 5), 5);
}

static void
carve_aligns(void **state)
{
	uint8_t *memory = aligned_alloc(64, 256);
	struct carve c = {memory + 1, memory + 256};

	(void)state;
	assert_ptr_equal(carve_take(&c, 1), memory + 64);
	assert_ptr_equal(carve_take(&c, 64), memory + 128);
	assert_ptr_equal(carve_take(&c, 64), memory + 192);
	assert_ptr_equal(c.p, c.end);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_2_4),
		cmocka_unit_test(words_are_bytes),
		cmocka_unit_test(map_against_array),
		cmocka_unit_test(map_empty_bad),
		cmocka_unit_test(pool_hands_out_each_once),
		cmocka_unit_test(carve_aligns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
