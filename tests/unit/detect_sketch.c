/* sketch: every estimate against the exact count. */
#include "detect_site.h"

#include "detect/sketch.h"

static uint64_t
key(uint64_t n)
{
	return detect_mix(n, 77);
}

static uint32_t
apart(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static void
logarithms(void **state)
{
	(void)state;
	assert_int_equal(log2_fixed(0), 0);
	assert_int_equal(log2_fixed(1), 0);
	for (unsigned i = 1; i < 64; i++)
		assert_int_equal(log2_fixed(UINT64_C(1) << i), i << 16);
	/* log2(10) = 3.321928, log2(3) = 1.584963 */
	assert_in_range(log2_fixed(10), 217705, 217706);
	assert_in_range(log2_fixed(3), 103871, 103873);
	for (uint64_t v = 1; v < 100000; v++)
		assert_true(log2_fixed(v) <= log2_fixed(v + 1));
	assert_in_range(log2_fixed(UINT64_MAX), (63 << 16) + 65534, 64 << 16);
}

/* Four standard errors at every size, through both ways of counting and the seam between them. */
static void
distinct(void **state)
{
	static const struct {
		unsigned bits, permille;
	} SIZE[] = {{8, 65}, {10, 33}, {11, 23}, {14, 9}};
	static uint8_t registers[1 << HLL_BITS_MAX];

	(void)state;
	for (unsigned s = 0; s < 4; s++) {
		uint32_t next = 1;

		memset(registers, 0, sizeof(registers));
		assert_int_equal(hll_count(registers, SIZE[s].bits), 0);
		for (uint32_t n = 1; n <= 300000; n++) {
			hll_add(registers, SIZE[s].bits, key(n));
			hll_add(registers, SIZE[s].bits, key(n / 2 + 1)); /* again: counts once */
			if (n == next) {
				uint32_t got = hll_count(registers, SIZE[s].bits);

				assert_true(apart(got, n) <= 2 + n * 4 * SIZE[s].permille / 1000);
				next += next / 3 + 1;
			}
		}
	}
}

static void
distinct_few_are_exact(void **state)
{
	uint8_t registers[1 << 11] = {0};

	(void)state;
	for (uint32_t n = 1; n <= 20; n++) {
		hll_add(registers, 11, key(n));
		assert_int_equal(hll_count(registers, 11), n);
	}
}

/* Had already is what adding does not change. */
static void
distinct_had(void **state)
{
	uint8_t registers[1 << 8] = {0}, before[1 << 8];
	unsigned had = 0;

	(void)state;
	for (uint32_t n = 0; n < 5000; n++) {
		bool has = hll_has(registers, 8, key(n));

		memcpy(before, registers, sizeof(before));
		hll_add(registers, 8, key(n));
		assert_int_equal(has, memcmp(before, registers, sizeof(before)) == 0);
		assert_true(hll_has(registers, 8, key(n)));
		had += has;
	}
	assert_in_range(had, 2500, 4900);
}

static void
distinct_merged(void **state)
{
	uint8_t a[1 << 10] = {0}, b[1 << 10] = {0}, all[1 << 10] = {0};

	(void)state;
	for (uint64_t n = 0; n < 6000; n++) {
		hll_add(n < 4000 ? a : b, 10, key(n));
		hll_add(all, 10, key(n));
	}
	assert_int_equal(hll_count_either(a, b, 10), hll_count(all, 10));
	hll_merge(a, b, 10);
	assert_memory_equal(a, all, sizeof(a));
}

/* Keys that nobody picked well, and the highest that there is. */
static void
distinct_extreme_keys(void **state)
{
	uint8_t registers[1 << 4] = {0};

	(void)state;
	for (unsigned bits = HLL_BITS_MIN; bits <= HLL_BITS_MIN; bits++)
		for (uint64_t i = 0; i < 16; i++)
			hll_add(registers, bits, i << 60);
	assert_true(hll_count(registers, 4) > 1000000);
	hll_add(registers, 4, UINT64_MAX);
	assert_int_equal(registers[15], 61);
}

/* 40 frequent keys among many rare ones. */
static void
frequent(void **state)
{
	enum { SLOTS = 64, FREQUENT = 40 };
	struct top top[SLOTS] = {0};
	uint32_t exact[FREQUENT + 1] = {0}, total = 0;
	bool fresh;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		for (uint32_t k = 1; k <= FREQUENT; k++) {
			top_add(top, SLOTS, k, k, &fresh);
			exact[k] += k;
			total += k;
		}
		top_add(top, SLOTS, 1000 + round, 1, &fresh);
		assert_true(fresh);
		total++;
	}
	for (uint32_t k = 1; k <= FREQUENT; k++) {
		const struct top *t = top_find(top, SLOTS, k);

		if (exact[k] > total / SLOTS)
			assert_non_null(t);
		if (t) {
			assert_true(t->count >= exact[k]);
			assert_true(t->count - t->over <= exact[k]);
		}
	}
	assert_int_equal(top[top_largest(top, SLOTS)].key, FREQUENT);
	assert_null(top_find(top, SLOTS, 5000));
}

static void
frequent_aged_and_merged(void **state)
{
	struct top a[4] = {0}, b[4] = {0};
	bool fresh;

	(void)state;
	top_add(a, 4, 7, 10, &fresh);
	assert_true(fresh);
	assert_int_equal(top_add(a, 4, 7, 1, &fresh), 0);
	assert_false(fresh);
	top_add(a, 4, 8, 1, &fresh);
	top_halve(a, 4);
	assert_int_equal(top_find(a, 4, 7)->count, 5);
	assert_null(top_find(a, 4, 8));
	top_add(b, 4, 7, UINT32_MAX, &fresh);
	top_add(b, 4, 9, 3, &fresh);
	top_merge(a, b, 4);
	assert_int_equal(top_find(a, 4, 7)->count, UINT32_MAX);
	assert_int_equal(top_find(a, 4, 9)->count, 3);
}

static void
how_often(void **state)
{
	enum { BITS = 9, KEYS = 2000 };
	uint16_t c[CMS_ROWS << BITS] = {0}, other[CMS_ROWS << BITS] = {0};
	uint32_t total = 0, far = 0;

	(void)state;
	assert_int_equal(cms_bytes(BITS), sizeof(c));
	for (uint32_t k = 0; k < KEYS; k++)
		for (uint32_t i = 0; i <= k % 7; i++, total++)
			cms_add(c, BITS, key(k), 1);
	for (uint32_t k = 0; k < KEYS; k++) {
		uint32_t got = cms_count(c, BITS, key(k));

		assert_true(got >= k % 7 + 1);
		far += got > k % 7 + 1 + 3 * total / (1 << BITS);
	}
	assert_true(far <= KEYS / 50);
	cms_add(other, BITS, key(1), 1000);
	cms_merge(c, other, BITS);
	assert_true(cms_count(c, BITS, key(1)) >= 1002);
	assert_int_equal(cms_add(c, BITS, key(1), 100000), UINT16_MAX);
	cms_halve(c, BITS);
	assert_int_equal(cms_count(c, BITS, key(1)), UINT16_MAX / 2);
}

static int
ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Sizes over five orders of magnitude: every quantile within the width of its bin. */
static void
quantile(void **state)
{
	enum { N = 20000 };
	static uint32_t value[N];
	static struct quantiles q;
	static const uint32_t PART[] = {1, 250, 500, 900, 990, 999, 1000};
	struct site_test t = {.random = 88172645463325252u};

	(void)state;
	memset(&q, 0, sizeof(q));
	assert_int_equal(quantile_at(&q, 500, 1000), 0);
	for (unsigned i = 0; i < N; i++) {
		value[i] = site_random(&t, 100) << site_random(&t, 20);
		quantile_add(&q, value[i]);
	}
	qsort(value, N, sizeof(*value), ascending);
	for (unsigned i = 0; i < sizeof(PART) / sizeof(*PART); i++) {
		uint32_t exact = value[(N / 1000 * PART[i]) - 1], got = quantile_at(&q, PART[i], 1000);

		assert_true(apart(got, exact) <= exact / 60 + 1);
	}
	assert_int_equal(quantile_above(&q, value[N - 1]), 0);
	assert_true(apart(quantile_above(&q, value[N / 2]), N / 2) < N / 20);
}

static void
quantile_every_value(void **state)
{
	struct quantiles q = {0};

	(void)state;
	for (uint64_t v = 0; v <= UINT32_MAX; v += v / 100 + 1) {
		memset(&q, 0, sizeof(q));
		quantile_add(&q, (uint32_t)v);
		assert_true(apart(quantile_at(&q, 1, 1), (uint32_t)v) <= v / 63);
		assert_int_equal(quantile_at(&q, 1, 1) < 64, v < 64);
	}
	quantile_add(&q, UINT32_MAX);
	assert_int_equal(q.total, 2);
}

static void
quantile_full_and_merged(void **state)
{
	static struct quantiles a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (unsigned i = 0; i < 200000; i++)
		quantile_add(&a, i % 100 == 0 ? 50000 : 10);
	assert_int_equal(quantile_at(&a, 980, 1000), 10);
	assert_true(apart(quantile_at(&a, 995, 1000), 50000) < 800);
	for (unsigned i = 0; i < 60000; i++)
		quantile_add(&b, 10);
	quantile_merge(&b, &a);
	quantile_merge(&b, &a);
	assert_int_equal(quantile_at(&b, 500, 1000), 10);
	assert_true(apart(quantile_at(&b, 1000, 1000), 50000) < 800);
}

/* Four weeks of an office: nights empty, days by weekday; one mad hour changes nothing. */
static void
usual(void **state)
{
	static struct baseline b;

	(void)state;
	memset(&b, 0, sizeof(b));
	assert_int_equal(baseline_expect(&b, 9), 0);
	assert_int_equal(baseline_known(&b, 9), 0);
	for (unsigned h = 0; h < 4 * BASELINE_HOURS; h++) {
		bool work = h % 24 >= 8 && h % 24 < 18 && h / 24 % 7 < 5;

		baseline_add(&b, h % BASELINE_HOURS, h == 33 ? 5000 : work ? 100 : 3);
	}
	assert_int_equal(baseline_known(&b, 9), 28);
	assert_in_range(baseline_expect(&b, 9), 97, 103);
	assert_in_range(baseline_expect(&b, 33), 97, 103);
	assert_int_equal(baseline_expect(&b, 3), 3);
	/* A weekend's morning: four weeks of its own count twice as much as all mornings. */
	assert_in_range(baseline_expect(&b, 5 * 24 + 9), 30, 40);
	assert_in_range(baseline_most(&b, 10), 4800, 5200);
	assert_in_range(baseline_most(&b, 15), 97, 103);
}

static void
usual_after_one_day(void **state)
{
	static struct baseline b;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (unsigned h = 0; h < 24; h++)
		baseline_add(&b, h, h == 9 ? 80 : 2);
	assert_in_range(baseline_expect(&b, 24 + 9), 78, 82);
	assert_int_equal(baseline_expect(&b, 24 + 3), 2);
	assert_int_equal(baseline_known(&b, 24 + 3), 1);
	baseline_add(&b, 4, 0);
	baseline_add(&b, 4, UINT32_MAX);
	assert_in_range(baseline_most(&b, 4), 490000, 520000);
}

static void
hours_of_the_week(void **state)
{
	(void)state;
	assert_int_equal(baseline_hour((struct when){0}), 0);
	assert_int_equal(baseline_hour((struct when){-1}), 167);
	assert_int_equal(baseline_hours((struct when){-1}), -1);
	assert_int_equal(baseline_hour((struct when){INT64_MIN}) < 168, 1);
	/* at(0) is Sunday 2025-06-01 00:00 UTC: the third day after Thursday */
	assert_int_equal(baseline_hour(at(5.5 * HOUR)), 3 * 24 + 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logarithms),
		cmocka_unit_test(distinct),
		cmocka_unit_test(distinct_few_are_exact),
		cmocka_unit_test(distinct_had),
		cmocka_unit_test(distinct_merged),
		cmocka_unit_test(distinct_extreme_keys),
		cmocka_unit_test(frequent),
		cmocka_unit_test(frequent_aged_and_merged),
		cmocka_unit_test(how_often),
		cmocka_unit_test(quantile),
		cmocka_unit_test(quantile_every_value),
		cmocka_unit_test(quantile_full_and_merged),
		cmocka_unit_test(usual),
		cmocka_unit_test(usual_after_one_day),
		cmocka_unit_test(hours_of_the_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
