/*
 * base_out: numbers, times and JSON strings as text, and what happens when the buffer ends.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/out.h"

static struct out
begin(void)
{
	static char memory[512];

	memset(memory, 0, sizeof(memory));
	return out_of(memory, sizeof(memory) - 1);
}

static void
wrote(const struct out *o, const char *want)
{
	assert_false(o->full);
	assert_int_equal(out_len(o), strlen(want));
	assert_string_equal(o->start, want);
}

static void
numbers(void **state)
{
	struct out o = begin();
	const uint64_t each[] = {0, 9, 10, 99, 100, 12345, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		out_u64(&o, each[i]);
		out_char(&o, ' ');
	}
	out_i64(&o, INT64_MIN);
	out_char(&o, ' ');
	out_i64(&o, -7);
	out_char(&o, ' ');
	out_hex_u64(&o, 0xabc);
	wrote(&o, "0 9 10 99 100 12345 18446744073709551615 -9223372036854775808 -7 0000000000000abc");
}

/* On both sides of every power of ten: where a digit more begins. */
static void
numbers_by_length(void **state)
{
	(void)state;
	for (uint64_t power = 1, n = 1; n <= 20; n++, power *= n < 21 ? 10 : 1)
		for (uint64_t v = power - 1; v <= power + 1; v++) {
			uint32_t three[3] = {(uint32_t)v, 0, UINT32_MAX};
			char want[64], got[64] = {0};
			struct out o = begin();

			out_u64(&o, v);
			snprintf(want, sizeof(want), "%" PRIu64, v);
			wrote(&o, want);
			*put_numbers(got, three, 3) = '\0';
			snprintf(want, sizeof(want), "[%" PRIu32 ",0,4294967295]", three[0]);
			assert_string_equal(got, want);
		}
}

/* The bytes of a hash, eight at a time and the rest one by one. */
static void
hex_by_length(void **state)
{
	const uint8_t bytes[20] = {0x00, 0x0f, 0xf0, 0xff, 0x9a, 0xa9, 0x10, 0x01, 0x80, 0x7f,
				   0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x0a, 0xa0};

	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		char want[64] = "";
		struct out o = begin();

		for (size_t i = 0; i < n; i++)
			snprintf(want + 2 * i, sizeof(want) - 2 * i, "%02x", bytes[i]);
		out_hex(&o, bytes, n);
		wrote(&o, want);
	}
}

static void
fixed_point(void **state)
{
	struct out o = begin();

	(void)state;
	out_fixed(&o, 1234, 3);
	out_char(&o, ' ');
	out_fixed(&o, 5, 3);
	out_char(&o, ' ');
	out_fixed(&o, -50, 2);
	out_char(&o, ' ');
	out_fixed(&o, 7, 0);
	wrote(&o, "1.234 0.005 -0.50 7");
}

static void
time_is(int64_t seconds, int64_t us, const char *want)
{
	struct out o = begin();

	out_time(&o, (struct when){seconds * NS_PER_S + us * NS_PER_US});
	wrote(&o, want);
}

static void
times(void **state)
{
	struct out o;

	(void)state;
	time_is(0, 0, "1970-01-01T00:00:00.000000+0000");
	time_is(951782400, 1, "2000-02-29T00:00:00.000001+0000");
	time_is(951868799, 999999, "2000-02-29T23:59:59.999999+0000");
	time_is(951868800, 0, "2000-03-01T00:00:00.000000+0000");
	time_is(1709164800, 0, "2024-02-29T00:00:00.000000+0000");
	time_is(4107542400, 0, "2100-03-01T00:00:00.000000+0000");
	time_is(1746100800, 123456, "2025-05-01T12:00:00.123456+0000");
	o = begin();
	out_time_s(&o, (struct when){1746100800 * NS_PER_S});
	wrote(&o, "2025-05-01T12:00:00");
}

/* Before 1970 the fraction still counts forwards. */
static void
times_negative(void **state)
{
	struct out o;

	(void)state;
	time_is(-1, 0, "1969-12-31T23:59:59.000000+0000");
	time_is(0, -1, "1969-12-31T23:59:59.999999+0000");
	time_is(-2203891200, 0, "1900-03-01T00:00:00.000000+0000");
	time_is(-2203977600, 0, "1900-02-28T00:00:00.000000+0000");
	o = begin();
	out_time(&o, (struct when){-1});
	wrote(&o, "1969-12-31T23:59:59.999999+0000");
	o = begin();
	out_time(&o, (struct when){INT64_MIN});
	wrote(&o, "1677-09-21T00:12:43.145224+0000");
}

static void
json_is(const void *bytes, size_t n, const char *want)
{
	struct out o = begin();

	json_string(&o, bytes, n);
	wrote(&o, want);
}

static void
json_escapes(void **state)
{
	(void)state;
	json_is("plain", 5, "\"plain\"");
	json_is("", 0, "\"\"");
	json_is("a\"b\\c\n\t\x01\x7f", 9, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
	json_is("\0z", 2, "\"\\u0000z\"");
	json_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

/* Overlong, surrogate, beyond U+10FFFF, cut off, alone: each byte becomes U+FFFD. */
static void
json_utf8_bad(void **state)
{
	(void)state;
	json_is("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_is("\xe0\x80\xaf", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_is("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_is("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_is("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_is("\xe2\x82\x41", 3,
		"\"\xef\xbf\xbd\xef\xbf\xbd"
		"A\"");
	json_is("\xff", 1, "\"\xef\xbf\xbd\"");
}

static void
json_commas(void **state)
{
	struct out o = begin();

	(void)state;
	json_open(&o, '{');
	JSON_KEY(&o, "a");
	json_u64(&o, 1);
	JSON_KEY(&o, "b");
	json_open(&o, '[');
	json_i64(&o, -1);
	json_bool(&o, true);
	json_bool(&o, false);
	json_hex(&o, "\xab\x01", 2);
	json_close(&o, ']');
	JSON_KEY(&o, "c");
	json_text(&o, "d");
	json_close(&o, '}');
	wrote(&o, "{\"a\":1,\"b\":[-1,true,false,\"ab01\"],\"c\":\"d\"}");
}

/* For every size that is too small: full, nothing behind the end, and no byte of what did not fit. */
static void
full_bad(void **state)
{
	char memory[64];

	(void)state;
	for (size_t size = 0; size < 45; size++) {
		struct out o;

		memset(memory, '#', sizeof(memory));
		o = out_of(memory, size);
		out_time(&o, (struct when){0});
		out_hex(&o, "\x01\x02", 2);
		json_string(&o, "\x01xyz", 4);
		assert_true(o.full);
		assert_true(out_len(&o) <= size);
		assert_int_equal(memory[size], '#');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),       cmocka_unit_test(numbers_by_length),
		cmocka_unit_test(hex_by_length), cmocka_unit_test(fixed_point),
		cmocka_unit_test(times),         cmocka_unit_test(times_negative),
		cmocka_unit_test(json_escapes),  cmocka_unit_test(json_utf8_bad),
		cmocka_unit_test(json_commas),   cmocka_unit_test(full_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
