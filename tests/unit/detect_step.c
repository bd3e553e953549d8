/* step: what is remembered of a visit is what tells most, in the order of time, however it is found. */
#include "detect_site.h"

#include "detect/visit.h"

/* As visit.h says it: a pause of 4 s at most, a slow answer, a request larger than the first. */
static int64_t
worth(const struct step *all, unsigned i)
{
	int64_t pause = (all[i].time.ns - all[i - 1].time.ns) / NS_PER_MS - all[i].server_ms;
	int64_t larger = (int64_t)all[i].request - all[0].request;
	int64_t slow = all[i].server_ms < 8000 ? all[i].server_ms : 8000;

	return (pause < 4000 ? pause : 4000) + 4 * slow + 8 * (larger < 4096 ? larger : 4096);
}

/* Each in its place, then without what tells least. */
static unsigned
remember(struct step all[VISIT_STEPS], unsigned n, const struct step *s)
{
	unsigned at = n, dull = 1;

	while (at > 0 && s->time.ns < all[at - 1].time.ns)
		at--;
	memmove(&all[at + 1], &all[at], (n - at) * sizeof(*s));
	all[at] = *s;
	if (++n < VISIT_STEPS)
		return n;
	for (unsigned i = 2; i < n; i++)
		if (worth(all, i) < worth(all, dull))
			dull = i;
	memmove(&all[dull], &all[dull + 1], (n - dull - 1) * sizeof(*s));
	return n - 1;
}

static void
same_as_by_hand(struct site_test *t, unsigned records, uint32_t spread_ms)
{
	struct step all[VISIT_STEPS];
	struct visit w = {0};
	unsigned n = 0;

	for (unsigned r = 0; r < records; r++) {
		struct session s = {.id = r + 1};
		struct turn turn[EXCHANGES_KEPT];
		struct view v = {.s = &s, .turn = turn, .turns = site_random(t, EXCHANGES_KEPT + 1)};
		double time = r * 10.0 - site_random(t, spread_ms) / 1000.0;

		for (unsigned i = 0; i < v.turns; i++) {
			time += site_random(t, 3) ? site_random(t, 300) / 1000.0 : site_random(t, 9000) / 1000.0;
			turn[i] = (struct turn){
				.request = site_random(t, 4) ? 300 + site_random(t, 40) : site_random(t, 6000),
				.answer = site_random(t, 9000),
				.count = 1,
				.index = i,
				.server_us = site_random(t, 5) ? site_random(t, 30000) : site_random(t, 9000000),
				.time = at(time)};
			if (turn[i].request)
				n = remember(all, n,
					     &(struct step){turn[i].time, turn[i].request, turn[i].answer,
							    turn[i].server_us / 1000, (uint32_t)s.id});
		}
		steps_add(&w, &v, EXCHANGES_KEPT);
		assert_int_equal(w.steps, n);
		assert_memory_equal(w.step, all, n * sizeof(all[0]));
	}
	assert_int_equal(n, VISIT_STEPS - 1);
}

static void
what_tells_most(void **state)
{
	struct site_test t = {.random = 88172645463325252u};

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		same_as_by_hand(&t, 60, 1 + i * 500);
}

/* In a tunnel only the beginning counts. */
static void
only_the_first(void **state)
{
	struct session s = {.id = 1};
	struct turn turn[4];
	struct view v = {.s = &s, .turn = turn, .turns = 4};
	struct visit w = {0};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		turn[i] = (struct turn){.request = 300, .answer = 900, .count = 1, .index = i, .time = at(i)};
	steps_add(&w, &v, 2);
	assert_int_equal(w.steps, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tells_most),
		cmocka_unit_test(only_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
