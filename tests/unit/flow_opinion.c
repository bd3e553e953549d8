/*
 * flow_opinion: an opinion holds for its face, for a minute, and until the server answers another way.
 */
#include "flow_help.h"

#include "flow/opinion.h"

static const uint64_t FACE = UINT64_C(0x0123456789abcdef), LIKE_IT = UINT64_C(0x0123456789abcdee);

static struct opinions o;

static int
clean(void **state)
{
	(void)state;
	o = (struct opinions){0};
	return 0;
}

static void
holds_a_minute(void **state)
{
	(void)state;
	assert_int_equal(opinion_of(&o, FACE, at_ms(0)), 0);
	opinion_keep(&o, FACE, 7, at_ms(1000));
	assert_int_equal(opinion_of(&o, FACE, at_ms(1000)), 7);
	assert_int_equal(opinion_of(&o, FACE, at_ms(60999)), 7);
	assert_int_equal(opinion_of(&o, FACE, at_ms(61000)), 0);
	assert_int_equal(opinion_of(&o, FACE, at_ms(0)), 0); /* the clock was set back */
}

static void
another_face_bad(void **state)
{
	(void)state;
	opinion_keep(&o, FACE, 7, at_ms(1));
	assert_int_equal(opinion_of(&o, LIKE_IT, at_ms(1)), 0); /* the same place */
	opinion_keep(&o, LIKE_IT, 8, at_ms(2));
	assert_int_equal(opinion_of(&o, LIKE_IT, at_ms(2)), 8);
	assert_int_equal(opinion_of(&o, FACE, at_ms(2)), 0);
}

static void
another_answer_of_the_server_bad(void **state)
{
	(void)state;
	opinion_keep(&o, FACE, 7, at_ms(1));
	opinion_server(&o, FACE, 100);
	opinion_server(&o, FACE, 100);
	opinion_server(&o, LIKE_IT, 200); /* nobody's */
	assert_int_equal(opinion_of(&o, FACE, at_ms(2)), 7);
	opinion_server(&o, FACE, 101);
	assert_int_equal(opinion_of(&o, FACE, at_ms(2)), 0);
	opinion_keep(&o, FACE, 9, at_ms(3));
	opinion_server(&o, FACE, 101);
	assert_int_equal(opinion_of(&o, FACE, at_ms(3)), 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(holds_a_minute, clean),
		cmocka_unit_test_setup(another_face_bad, clean),
		cmocka_unit_test_setup(another_answer_of_the_server_bad, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
