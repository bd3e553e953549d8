/*
 * sensor_options: every row of the table reads its own default and prints it back; typed values at their edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "sensor/options.h"

static const char *
print(const struct option *o, int64_t number, const char *text)
{
	static char line[2048];
	struct out out = out_of(line, sizeof(line) - 1);

	option_print(&out, o, number, text);
	assert_false(out.full);
	*out.p = '\0';
	return line;
}

static void
defaults(void **state)
{
	struct option o;
	unsigned n = 0;

	(void)state;
	for (; option_at(n, &o); n++) {
		int64_t number = o.number, again;

		assert_int_equal(o.key, n);
		assert_true(strlen(o.doc) > 0);
		if (o.value) {
			assert_null(option_parse(&o, o.value, &number));
			if (*o.value)
				assert_string_equal(print(&o, number, o.value), o.value);
			continue;
		}
		assert_null(option_parse(&o, print(&o, number, ""), &again));
		assert_int_equal(number, again);
	}
	assert_true(n > OPTIONS_OWN);
}

static struct option
of_type(uint8_t type, const char *range)
{
	return (struct option){.section = "a", .name = "b", .range = range, .doc = "", .type = type};
}

static void
times(void **state)
{
	struct option o = of_type(OPTION_TIME, "");
	int64_t v;

	(void)state;
	assert_null(option_parse(&o, "90s", &v));
	assert_int_equal(v, 90 * NS_PER_S);
	assert_string_equal(print(&o, v, ""), "90s");
	assert_string_equal(print(&o, 120 * NS_PER_S, ""), "2m");
	assert_string_equal(print(&o, 0, ""), "0s");
	assert_string_equal(print(&o, 1500 * NS_PER_MS, ""), "1500ms");
	assert_non_null(option_parse(&o, "90", &v));
	assert_non_null(option_parse(&o, "s", &v));
	assert_non_null(option_parse(&o, "-5s", &v));
	assert_non_null(option_parse(&o, "5 s", &v));
	assert_non_null(option_parse(&o, "999999999999d", &v));
}

static void
sizes_and_ranges(void **state)
{
	struct option o = of_type(OPTION_SIZE, "1KiB..1MiB");
	int64_t v;

	(void)state;
	assert_null(option_parse(&o, "1KiB", &v));
	assert_null(option_parse(&o, "1MiB", &v));
	assert_int_equal(v, 1 << 20);
	assert_non_null(option_parse(&o, "1023B", &v));
	assert_non_null(option_parse(&o, "2MiB", &v));
	assert_string_equal(print(&o, 1536, ""), "1536B");
	assert_string_equal(print(&o, 3072, ""), "3KiB");
}

static void
counts(void **state)
{
	struct option o = of_type(OPTION_COUNT, "");
	int64_t v;

	(void)state;
	assert_null(option_parse(&o, "-3", &v));
	assert_int_equal(v, -3);
	assert_string_equal(print(&o, v, ""), "-3");
	assert_non_null(option_parse(&o, "", &v));
	assert_non_null(option_parse(&o, "-", &v));
	assert_non_null(option_parse(&o, "3x", &v));
	assert_non_null(option_parse(&o, "9223372036854775808", &v));
}

static void
lists(void **state)
{
	struct option a = of_type(OPTION_ADDRS, ""), n = of_type(OPTION_NETS, "");
	int64_t v;

	(void)state;
	assert_null(option_parse(&a, "192.0.2.1 ,2001:db8::1", &v));
	assert_non_null(option_parse(&a, "192.0.2.1,", &v));
	assert_non_null(option_parse(&a, "192.0.2.0/24", &v));
	assert_null(option_parse(&n, "192.0.2.0/24, 192.0.2.1", &v));
	assert_non_null(option_parse(&n, "192.0.2.0/24 x", &v));
}

static void
weeks(void **state)
{
	struct option_week w;

	(void)state;
	assert_true(option_week("sat 22:00-02:00", &w));
	assert_int_equal(w.days, 1 << 6);
	assert_int_equal(w.begin_s, 22 * 3600);
	assert_int_equal(w.length_s, 4 * 3600);
	assert_true(option_week("mon-fri 06:00-06:30", &w));
	assert_int_equal(w.days, 0x3e);
	assert_int_equal(w.length_s, 1800);
	assert_true(option_week("fri-mon, wed  00:00-24:00", &w));
	assert_int_equal(w.days, 0x6b);
	assert_int_equal(w.length_s, 86400);
	assert_true(option_week("daily 03:00-03:00", &w));
	assert_int_equal(w.days, 0x7f);
	assert_int_equal(w.length_s, 86400);
	assert_false(option_week("", &w));
	assert_false(option_week("sat", &w));
	assert_false(option_week("sat 22:00", &w));
	assert_false(option_week("sat 22:00-", &w));
	assert_false(option_week("sat 22:00-02:00 x", &w));
	assert_false(option_week("sat 24:00-02:00", &w));
	assert_false(option_week("sat 22:60-02:00", &w));
	assert_false(option_week("sat 22:00-25:00", &w));
	assert_false(option_week("sat, 22:00-02:00", &w));
	assert_false(option_week("sat- 22:00-02:00", &w));
	assert_false(option_week("someday 22:00-02:00", &w));
}

static void
detector_names(void **state)
{
	char wrong[64];
	uint64_t bits;

	(void)state;
	assert_true(option_detectors("any", &bits, wrong));
	assert_int_equal(bits, 0);
	assert_true(option_detectors("leak_loop , new_egress", &bits, wrong));
	assert_int_equal(bits, 1 << 1 | 1 << 2);
	assert_false(option_detectors("leak_loop, leak_lop", &bits, wrong));
	assert_string_equal(wrong, "leak_lop");
	assert_false(option_detectors("", &bits, wrong));
	assert_false(option_detectors("leak_loop,", &bits, wrong));
	assert_false(option_detectors("any, leak_loop", &bits, wrong));
}

static void
distances(void **state)
{
	(void)state;
	assert_int_equal(text_distance("read", "read"), 0);
	assert_int_equal(text_distance("raed", "read"), 1);
	assert_int_equal(text_distance("rea", "read"), 1);
	assert_int_equal(text_distance("", "read"), 4);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults), cmocka_unit_test(times),          cmocka_unit_test(sizes_and_ranges),
		cmocka_unit_test(counts),   cmocka_unit_test(lists),          cmocka_unit_test(distances),
		cmocka_unit_test(weeks),    cmocka_unit_test(detector_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
