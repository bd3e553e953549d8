/* pipeline_news: told soon, then rarely, in order; silence costs and tells nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline_news.h"

enum { ITEMS = 8 };

struct item {
	struct news_link link;
	uint64_t rest[4];
};

struct bench {
	struct pool pool;
	struct news news;
	uint32_t h[ITEMS];
	_Alignas(64) uint8_t memory[ITEMS * sizeof(struct item)];
};

static struct when
at(int64_t s)
{
	return (struct when){s * NS_PER_S};
}

static void
begin(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	pool_init(&b->pool, b->memory, sizeof(struct item), ITEMS);
	news_init(&b->news, &b->pool, 240 * NS_PER_S);
	for (unsigned i = 0; i < ITEMS; i++) {
		b->h[i] = pool_get(&b->pool);
		memset(pool_at(&b->pool, b->h[i]), 0, sizeof(struct item));
	}
}

static void
soon_then_rarely(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	assert_true(news_due(&b.news).ns == INT64_MAX);
	assert_int_equal(news_next(&b.news, at(1000)), 0);
	for (int64_t t = 0; t < 1000; t++) { /* news every second */
		news_add(&b.news, b.h[0], at(t));
		if (news_next(&b.news, at(t)))
			assert_true(t == 60 || t == 300 || t == 540 || t == 780);
		else
			assert_false(t == 60 || t == 300 || t == 540 || t == 780);
	}
}

static void
silence_tells_nothing(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	news_add(&b.news, b.h[0], at(0));
	assert_int_equal(news_due(&b.news).ns, at(60).ns);
	assert_int_equal(news_next(&b.news, at(59)), 0);
	assert_int_equal(news_next(&b.news, at(60)), b.h[0]);
	assert_int_equal(news_next(&b.news, at(5000)), 0); /* nothing new in its four minutes: it leaves */
	assert_true(news_due(&b.news).ns == INT64_MAX);
	news_add(&b.news, b.h[0], at(6000)); /* and is told soon when it speaks again */
	assert_int_equal(news_due(&b.news).ns, at(6060).ns);
}

static void
in_order_of_due_times(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	for (unsigned i = 0; i < ITEMS; i++)
		news_add(&b.news, b.h[i], at(i));
	news_forget(&b.news, b.h[3]); /* from the middle, the head and the end */
	news_forget(&b.news, b.h[0]);
	news_forget(&b.news, b.h[ITEMS - 1]);
	news_forget(&b.news, b.h[0]); /* twice is nothing */
	assert_int_equal(news_next(&b.news, at(100)), b.h[1]);
	assert_int_equal(news_next(&b.news, at(100)), b.h[2]);
	news_add(&b.news, b.h[1], at(101));
	news_add(&b.news, b.h[0], at(281)); /* due at 341, and 1 at 340 */
	for (unsigned i = 4; i < ITEMS - 1; i++)
		assert_int_equal(news_next(&b.news, at(100)), b.h[i]);
	assert_int_equal(news_next(&b.news, at(100)), 0);
	assert_int_equal(news_due(&b.news).ns, at(340).ns);
	assert_int_equal(news_next(&b.news, at(400)), b.h[1]);
	assert_int_equal(news_next(&b.news, at(400)), b.h[0]);
	assert_int_equal(news_next(&b.news, at(400)), 0);
}

static bool
larger(void *arg, uint32_t a, uint32_t b)
{
	(void)arg;
	return a > b;
}

/* Again and again due together: each time all of them, in order, and nobody twice. */
static void
taken_together(void **state)
{
	struct bench b;
	int64_t now = 0;

	(void)state;
	begin(&b);
	for (unsigned round = 0; round < 4; round++) {
		uint32_t last = 0;
		unsigned n = 0;

		for (unsigned i = ITEMS; i-- > 0;)
			news_add(&b.news, b.h[i], at(now));
		now += 1000;
		for (uint32_t h = news_take(&b.news, at(now), NULL, larger); h; h = news_after(&b.news, h)) {
			assert_true(h > last);
			last = h;
			assert_true(++n <= ITEMS);
		}
		assert_int_equal(n, ITEMS);
		assert_int_equal(news_take(&b.news, at(now), NULL, larger), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(soon_then_rarely),
		cmocka_unit_test(silence_tells_nothing),
		cmocka_unit_test(in_order_of_due_times),
		cmocka_unit_test(taken_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
