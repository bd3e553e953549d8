/*
 * base_addr: addresses read and printed (RFC 5952), networks, and texts that are neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/addr.h"

static void
prints(const char *text, const char *want)
{
	char out[ADDR_TEXT_MAX];
	struct addr a, again;

	assert_true(addr_parse(&a, text));
	assert_int_equal(addr_print(&a, out), strlen(want));
	assert_string_equal(out, want);
	assert_true(addr_parse(&again, out));
	assert_true(addr_same(&a, &again));
}

static void
round_trips(void **state)
{
	(void)state;
	prints("192.0.2.1", "192.0.2.1");
	prints("0.0.0.0", "0.0.0.0");
	prints("255.255.255.255", "255.255.255.255");
	prints("::ffff:192.0.2.1", "192.0.2.1");
	prints("::", "::");
	prints("::1", "::1");
	prints("1::", "1::");
	prints("2001:DB8::00a", "2001:db8::a");
	prints("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	prints("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	prints("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	prints("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
	prints("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
	prints("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void
texts_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"01.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.-4",
		"1.2.3.4/8",
		":",
		":::",
		"1::2::3",
		"12345::",
		"1:2:3",
		"g::",
		"1:2:3:4:5:6:7:8:9",
		"::1/128",
		"1:2:3:4:5:6:7:8::",
		"::1.2.3",
		"::1.2.3.4.5",
		"1.2.3.4:",
		"::ffff:1.2.3.256",
		"example.org",
		"1:2:3:4:5:6:7:",
		"99999999999999999999.1.1.1",
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_parse(&a, bad[i]))
			fail_msg("taken: '%s'", bad[i]);
}

static bool
inside(const char *net, const char *text)
{
	struct addr_net n;
	struct addr a;

	assert_true(addr_net_parse(&n, net));
	assert_true(addr_parse(&a, text));
	return addr_in(&a, &n);
}

static void
networks(void **state)
{
	(void)state;
	assert_true(inside("192.0.2.0/24", "192.0.2.255"));
	assert_true(inside("192.0.2.77/24", "192.0.2.1"));
	assert_true(inside("192.0.2.1", "192.0.2.1"));
	assert_true(inside("10.0.0.0/9", "10.127.0.1"));
	assert_true(inside("0.0.0.0/0", "203.0.113.9"));
	assert_true(inside("2001:db8::/33", "2001:db8:7fff::1"));
	assert_true(inside("::/0", "192.0.2.1"));
}

static void
networks_bad(void **state)
{
	static const char *const bad[] = {"1.2.3.4/33",  "1.2.3.4/", "1.2.3.4/x", "::/129",
					  "1.2.3.4/8/8", "/8",       "1.2.3.4/08"};
	struct addr_net n;

	(void)state;
	assert_false(inside("192.0.2.0/24", "192.0.3.0"));
	assert_false(inside("192.0.2.1", "192.0.2.2"));
	assert_false(inside("10.0.0.0/9", "10.128.0.1"));
	assert_false(inside("0.0.0.0/0", "2001:db8::1"));
	assert_false(inside("2001:db8::/33", "2001:db8:8000::1"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_net_parse(&n, bad[i]))
			fail_msg("taken: '%s'", bad[i]);
}

static int
sign(int v)
{
	return (v > 0) - (v < 0);
}

/* Each byte in turn makes the difference, and one behind it says the opposite. */
static void
order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++)
		for (unsigned high = 0; high < 2; high++) {
			struct addr a = {{0}}, b = {{0}};

			memset(a.b, 0x80, i);
			memset(b.b, 0x80, i);
			a.b[i] = high ? 0xff : 1;
			b.b[i] = 2;
			if (i < 15)
				(high ? &b : &a)->b[15] = 0xfe;
			assert_int_equal(addr_order(&a, &b), sign(memcmp(a.b, b.b, 16)));
			assert_int_equal(addr_order(&b, &a), -addr_order(&a, &b));
			assert_int_equal(addr_order(&a, &a), 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),  cmocka_unit_test(texts_bad), cmocka_unit_test(networks),
		cmocka_unit_test(networks_bad), cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
