/*
 * tls_ja4: JA4, JA4_r and JA3 against published values, and the rules at their edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "tls/shape.h"
#include "tls_make.h"

struct prints_made {
	char ja3[256], ja3_hash[JA3_LEN + 1], ja4[JA4_LEN + 1], key[JA4_LEN + 1], raw[1024];
};

static const struct prints_made *
prints_of(const struct make *how, char letter)
{
	static struct prints_made p;
	struct out raw = out_of(p.raw, sizeof(p.raw)), ja3 = out_of(p.ja3, sizeof(p.ja3));
	struct made m;
	struct hello h;
	struct shape s;
	struct ja4 j;

	memset(&p, 0, sizeof(p));
	made_hello(&m, how);
	assert_true(hello_read(cur_of(m.b, m.n), how->dtls, &h));
	assert_int_not_equal(shape_of(&s, &h, letter), 0);
	ja3_string(&s, &ja3);
	ja3_hash(p.ja3, out_len(&ja3), p.ja3_hash);
	ja4_of(&s, &j, &raw);
	memcpy(p.ja4, j.text, JA4_LEN);
	memcpy(p.key, j.key, JA4_LEN);
	return &p;
}

/* The example of FoxIO's description of JA4. */
static void
published(void **state)
{
	struct make how = make_chrome(false);
	const struct prints_made *p = prints_of(&how, 't');

	(void)state;
	assert_string_equal(p->ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_string_equal(p->raw, "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,"
				    "cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
				    "0403,0804,0401,0503,0805,0501,0806,0601");
}

/* The two examples of Salesforce's description of JA3. */
static void
published_ja3(void **state)
{
	struct make how = {.version = 0x0301,
			   .ciphers = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4},
			   .ciphers_n = 12,
			   .ext = {{0, "0006000003616263"}, {10, "0006001700180019"}, {11, "0100"}},
			   .ext_n = 3};
	struct make old = {.version = 0x0301, .ciphers = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}, .ciphers_n = 11};

	(void)state;
	assert_string_equal(prints_of(&how, 't')->ja3,
			    "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
	assert_string_equal(prints_of(&how, 't')->ja3_hash, "ada70206e40642a3e4461f35503241d5");
	assert_string_equal(prints_of(&old, 't')->ja3, "769,4-5-10-9-100-98-3-6-19-18-99,,,");
	assert_string_equal(prints_of(&old, 't')->ja3_hash, "de350869b8c85de67a350c8d186f11e6");
}

static void
key_survives_resumption(void **state)
{
	struct make full = make_chrome(false), resumed = make_chrome(true);
	struct prints_made a = *prints_of(&full, 't'), b = *prints_of(&resumed, 't');

	(void)state;
	assert_string_not_equal(a.ja4, b.ja4);
	assert_string_equal(a.key, b.key);
	assert_memory_equal(a.key, "t13d1515h2_8daaf6152771_", 24);
	full.ext_n--; /* without padding there is nothing to leave out */
	a = *prints_of(&full, 't');
	assert_string_equal(a.ja4, a.key);
	assert_string_equal(a.key, b.key);
}

static void
empty_parts(void **state)
{
	struct make how = {.version = 0x0301};
	const struct prints_made *p = prints_of(&how, 't');

	(void)state;
	assert_string_equal(p->ja4, "t10i000000_000000000000_000000000000");
	assert_string_equal(p->raw, "t10i000000__");
	/* Without signature algorithms there is no underscore behind the extensions. */
	how = (struct make){.version = 0x0303, .ciphers = {0x002f}, .ciphers_n = 1, .ext = {{0x0017, ""}}, .ext_n = 1};
	assert_string_equal(prints_of(&how, 't')->raw, "t12i010100_002f_0017");
}

static void
first_part(void **state)
{
	static const struct {
		uint16_t version;
		const char *versions, *alpn;
		char letter;
		const char *want;
	} rows[] = {
		{0x0303, "0403040303", "0003026832", 't', "t13i0002h2_"},
		{0x0303, "047f1c0304", "0003026832", 't', "t00i0002h2_"}, /* a draft has no code */
		{0x0303, "020a0a", "0003026832", 't', "t12i0002h2_"},     /* GREASE alone offers nothing */
		{0xfefd, "02fefc", "000302ab11", 'd', "dd3i0002a1_"},
		{0xfefd, "04fefcfefd", "0003026880", 'd', "dd2i000260_"},
		{0x0100, "020100", "00020168", 'd', "ds1i0002hh_"},
		{0x0303, "020304", "0000", 'q', "q13i000200_"},
		{0x0303, "020304", "000100", 'q', "q13i000200_"},
		{0x0002, "020002", "0009083078616263643031", 't', "ts2i000201_"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make how = {.version = rows[i].version,
				   .ext = {{0x002b, rows[i].versions}, {0x0010, rows[i].alpn}},
				   .ext_n = 2};

		assert_memory_equal(prints_of(&how, rows[i].letter)->ja4, rows[i].want, 11);
	}
}

/* Counts stop at 99, the lists do not; an order that no sort of a few would leave. */
static void
long_lists(void **state)
{
	struct make how = {.version = 0x0303, .ciphers_n = MAKE_LIST};
	struct out raw;
	static char memory[SHAPE_MAX * 3];
	struct made m;
	struct hello h;
	struct shape s;
	struct ja4 j;
	uint8_t many[400];

	(void)state;
	for (unsigned i = 0; i < sizeof(many); i += 2) {
		many[i] = (uint8_t)(0xc0 - i % 7);
		many[i + 1] = (uint8_t)(i * 37);
	}
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	h.ciphers = cur_of(many, sizeof(many));
	raw = out_of(memory, sizeof(memory));
	assert_int_not_equal(shape_of(&s, &h, 't'), 0);
	ja4_of(&s, &j, &raw);
	assert_memory_equal(j.text, "t12i990000_", 11);
	for (char *p = memory + 11; p + 9 < raw.p - 1; p += 5)
		assert_true(memcmp(p, p + 5, 4) <= 0);
	assert_int_equal(out_len(&raw), 11 + 200 * 5 - 1 + 1);
}

/* GREASE at every place of a list, and what only looks like it. */
static void
grease_left_out(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 11; at++) {
		struct make how = {.version = 0x0303, .ciphers_n = 11};

		for (unsigned i = 0; i < 11; i++)
			how.ciphers[i] = i == at ? 0xdada : 0x1a0a;
		assert_string_equal(prints_of(&how, 't')->ja3, "771,6666-6666-6666-6666-6666-6666-6666-6666-6666-6666"
							       ",,,");
	}
}

static void
too_large_bad(void **state)
{
	static uint8_t many[SHAPE_MAX + 2];
	struct make how = {.version = 0x0303};
	struct made m;
	struct hello h;
	struct shape s;

	(void)state;
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	h.ciphers = cur_of(many, SHAPE_MAX);
	assert_int_not_equal(shape_of(&s, &h, 't'), 0);
	h.ciphers = cur_of(many, SHAPE_MAX + 2);
	assert_int_equal(shape_of(&s, &h, 't'), 0);
	h.ciphers = cur_of(many, SHAPE_MAX);
	h.extensions = cur_of(many, 4);
	assert_int_equal(shape_of(&s, &h, 't'), 0);
}

static void
server(void **state)
{
	static const char hello[] = "0303c962a48cac6114d391e8632c6cdced9c2075d7ebb83b45a89373e8713a553fe6"
				    "00c02f000012ff010001000000000000230000001000050003026832";
	struct made m = {.n = 0};
	struct hello_server h;
	char text[128] = {0};
	struct out o = out_of(text, sizeof(text));

	(void)state;
	made_hex(&m, hello);
	m.b[38] = 0;
	m.b[39] = 22;
	assert_true(hello_read_server(cur_of(m.b, m.n), &h));
	ja3s_string(&h, &o);
	assert_string_equal(text, "771,49199,65281-0-35-16");
	h.extensions = (struct cur){0};
	memset(text, 0, sizeof(text));
	o = out_of(text, sizeof(text));
	ja3s_string(&h, &o);
	assert_string_equal(text, "771,49199,");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),
		cmocka_unit_test(published_ja3),
		cmocka_unit_test(key_survives_resumption),
		cmocka_unit_test(empty_parts),
		cmocka_unit_test(first_part),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(grease_left_out),
		cmocka_unit_test(too_large_bad),
		cmocka_unit_test(server),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
