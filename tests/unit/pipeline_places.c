/*
 * pipeline_places: whose place goes into a record, and that the cache before the database is never seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline_places.h"

static unsigned asked;

/* 198.51.100.x is in the Netherlands, of an operator by its last number; the rest is nowhere. */
static void
find(void *arg, const struct addr *a, struct place *out)
{
	(void)arg;
	asked++;
	if (a->b[12] != 198)
		return;
	memcpy(out->country, "NL", 2);
	out->as = 64496u + a->b[15];
	out->as_name = TEXT_LIT("Example B.V.");
}

static struct addr
addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, text));
	return a;
}

static struct pipeline_places places;

static int
begin(void **state)
{
	(void)state;
	asked = 0;
	places_from(&places, &(struct place_lookup){NULL, find});
	return 0;
}

static void
the_other_side(void **state)
{
	struct session s = {.role = ROLE_INBOUND, .src = addr("198.51.100.7"), .dest = addr("198.51.100.10")};

	(void)state;
	places_fill(&places, &s);
	assert_int_equal(s.src_country.len, 2);
	assert_memory_equal(s.src_country.p, "NL", 2);
	assert_int_equal(s.src_as, 64503);
	assert_memory_equal(s.src_as_name.p, "Example", 7);
	assert_null(s.dest_country.p);
	assert_int_equal(s.dest_as, 0);
	s = (struct session){.role = ROLE_OUTBOUND, .src = addr("198.51.100.10"), .dest = addr("198.51.100.7")};
	places_fill(&places, &s);
	assert_null(s.src_country.p);
	assert_int_equal(s.dest_as, 64503);
	s = (struct session){.role = ROLE_INBOUND, .src = addr("10.0.0.1"), .actor = addr("198.51.100.8")};
	places_fill(&places, &s);
	assert_int_equal(s.src_as, 64504);
}

static void
nowhere(void **state)
{
	struct session s = {.role = ROLE_INBOUND, .src = addr("203.0.113.7")};

	(void)state;
	places_fill(&places, &s);
	assert_null(s.src_country.p);
	assert_null(s.src_as_name.p);
	places_from(&places, &(struct place_lookup){NULL, NULL});
	s.src = addr("198.51.100.7");
	places_fill(&places, &s);
	assert_null(s.src_country.p);
}

static void
asked_once_in_a_while(void **state)
{
	struct session s = {.role = ROLE_INBOUND, .src = addr("198.51.100.7")};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		places_fill(&places, &s);
	assert_int_equal(asked, 1);
	for (unsigned i = 0; i < 2000; i++) {
		s.src.b[14] = (uint8_t)(i >> 8);
		s.src.b[15] = (uint8_t)i;
		places_fill(&places, &s);
		assert_int_equal(s.src_as, 64496u + (i & 255));
	}
	/* another database: nothing of the old one is kept */
	places_from(&places, &(struct place_lookup){NULL, find});
	asked = 0;
	places_fill(&places, &s);
	assert_int_equal(asked, 1);
}

/* Both sides of a record stay readable, wherever they are kept. */
static void
two_sides(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct session s = {.role = ROLE_OTHER, .src = addr("198.51.100.7"), .dest = addr("198.51.100.8")};

		s.dest.b[14] = (uint8_t)(i >> 8);
		s.dest.b[15] = (uint8_t)i;
		places_fill(&places, &s);
		assert_memory_equal(s.src_country.p, "NL", 2);
		assert_memory_equal(s.dest_country.p, "NL", 2);
		assert_int_equal(s.src_as, 64503);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_other_side, begin),
		cmocka_unit_test_setup(nowhere, begin),
		cmocka_unit_test_setup(asked_once_in_a_while, begin),
		cmocka_unit_test_setup(two_sides, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
