/*
 * tls_hello: hellos of all versions, good and damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/hello.h"
#include "tls_make.h"

static void
is_bytes(struct cur c, const char *hex)
{
	struct made m = {.n = 0};

	made_hex(&m, hex);
	assert_int_equal(cur_left(&c), m.n);
	if (m.n)
		assert_memory_equal(c.p, m.b, m.n);
}

static void
chrome(void **state)
{
	struct make how = make_chrome(true);
	struct made m;
	struct hello h;

	(void)state;
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	assert_int_equal(h.version, 0x0303);
	assert_int_equal(h.leftover, 0);
	assert_true(h.has_extensions && h.psk && h.early_data && !h.ech && !h.cut);
	is_bytes(h.session_id, "00010203");
	is_bytes(h.sni, "6578616d706c652e696e76616c6964");
	is_bytes(h.alpns, "02683208687474702f312e31");
	is_bytes(h.groups, "3a3a001d00170018");
	is_bytes(h.point_formats, "00");
	is_bytes(h.versions, "2a2a03040303");
	is_bytes(h.psk_identity, "deadbeef");
	is_bytes(h.psk_modes, "01");
	assert_non_null(h.ticket.p);
	assert_int_equal(cur_left(&h.ticket), 0);
	assert_int_equal(cur_left(&h.key_share_groups), 41);
}

/* Every shorter message is either refused, or says that its extensions are cut. */
static void
chrome_bad(void **state)
{
	struct make how = make_chrome(false);
	struct made m;
	struct hello h;

	(void)state;
	made_hello(&m, &how);
	for (size_t n = 0; n < m.n; n++) {
		bool ok = hello_read(cur_of(m.b, n), false, &h);

		assert_true(!ok || h.cut || h.leftover || !h.has_extensions);
		assert_int_equal(ok, n >= 75);
	}
	made_u8(&m, 0);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	assert_int_equal(h.leftover, 1);
}

static void
bare(void **state)
{
	struct make how = {.version = 0x0300, .ciphers = {0x0005, 0x0004}, .ciphers_n = 2};
	struct made m;
	struct hello h;

	(void)state;
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	assert_false(h.has_extensions);
	assert_null(h.sni.p);
	is_bytes(h.ciphers, "00050004");
	/* A byte that is no extension block: seen from a client that a server answered. */
	made_u8(&m, 0);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	assert_false(h.has_extensions);
	assert_int_equal(h.leftover, 1);
}

static void
extension_bad(void **state)
{
	struct make how = {.version = 0x0303, .ciphers = {0x1301}, .ciphers_n = 1, .ext_n = 4};
	struct made m;
	struct hello h;

	(void)state;
	how.ext[0] = (struct make_ext){EXT_SNI, "000500000a6162"};          /* name longer than its list */
	how.ext[1] = (struct make_ext){EXT_GROUPS, "0003001d00"};           /* odd */
	how.ext[2] = (struct make_ext){EXT_ALPN, "000302683268"};           /* a byte behind the list */
	how.ext[3] = (struct make_ext){EXT_VERSIONS, "0403040303deadbeef"}; /* four bytes behind the list */
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	assert_null(h.sni.p);
	is_bytes(h.groups, "001d");
	is_bytes(h.alpns, "026832");
	is_bytes(h.versions, "03040303");
	assert_int_equal(h.leftover, 4);
}

static void
twice_bad(void **state)
{
	struct make how = {.version = 0x0303, .ciphers = {0x1301}, .ciphers_n = 1, .ext_n = 2};
	struct made m;
	struct hello h;

	(void)state;
	how.ext[0] = (struct make_ext){EXT_SNI, "0004000001"
						"61"};
	how.ext[1] = (struct make_ext){EXT_SNI, "0004000001"
						"62"};
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), false, &h));
	is_bytes(h.sni, "61");
}

static void
datagram(void **state)
{
	struct make how = {.version = 0xfefd, .dtls = true, .ciphers = {0xc02b}, .ciphers_n = 1, .ext_n = 1};
	struct made m;
	struct hello h;

	(void)state;
	how.ext[0] = (struct make_ext){EXT_ECH, "00"};
	made_hello(&m, &how);
	assert_true(hello_read(cur_of(m.b, m.n), true, &h));
	assert_true(h.dtls && h.ech && !h.ech_grease);
	is_bytes(h.ciphers, "c02b");
	assert_int_equal(cur_left(&h.cookie), 0);
}

static void
sslv2(void **state)
{
	struct made m = {.n = 0};
	struct hello h;

	(void)state;
	made_hex(&m, "0301"
		     "0006"
		     "0000"
		     "0010"
		     "000004010080"
		     "000102030405060708090a0b0c0d0e0f");
	assert_true(hello_read_sslv2(cur_of(m.b, m.n), &h));
	assert_true(h.sslv2);
	is_bytes(h.ciphers, "000004010080");
	is_bytes(h.random, "000102030405060708090a0b0c0d0e0f");
	assert_int_equal(h.leftover, 0);
	for (size_t n = 0; n < m.n; n++)
		assert_false(hello_read_sslv2(cur_of(m.b, n), &h));
}

#define RANDOM "c962a48cac6114d391e8632c6cdced9c2075d7ebb83b45a89373e8713a553fe6"
#define RETRY  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

static bool
server(const char *hex, struct hello_server *h)
{
	static struct made m;

	m.n = 0;
	made_hex(&m, hex);
	return hello_read_server(cur_of(m.b, m.n), h);
}

static void
server_13(void **state)
{
	struct hello_server h;

	(void)state;
	assert_true(server("0303" RANDOM "0401020304"
			   "1302"
			   "00"
			   "0016"
			   "002b00020304"
			   "002900020000"
			   "00330006001d0002aabb",
			   &h));
	assert_int_equal(h.selected, 0x0304);
	assert_int_equal(hello_agreed(&h), 0x0304);
	assert_int_equal(h.cipher, 0x1302);
	assert_int_equal(h.group, 0x001d);
	assert_true(h.psk && !h.retry);
	assert_int_equal(h.leftover, 0);
	assert_true(server("0303" RETRY "00"
			   "1302"
			   "00"
			   "000c"
			   "002b00020304"
			   "003300020017",
			   &h));
	assert_true(h.retry);
	assert_int_equal(h.group, 0x0017);
	assert_int_equal(h.leftover, 0);
}

static void
server_12(void **state)
{
	struct hello_server h;

	(void)state;
	assert_true(server("0303" RANDOM "00"
			   "c02f"
			   "00"
			   "000d"
			   "00100005000302683200230000",
			   &h));
	assert_int_equal(hello_agreed(&h), 0x0303);
	is_bytes(h.alpn, "6832");
	assert_int_equal(h.leftover, 0);
	assert_true(h.ticket);
	assert_true(server("0301" RANDOM "00"
			   "0005"
			   "00",
			   &h));
	assert_null(h.extensions.p);
}

/* Drafts before 22: no session id, no compression; the version is legacy_version. */
static void
server_draft(void **state)
{
	struct hello_server h;
	struct made m = {.n = 0};

	(void)state;
	assert_true(server("7f12" RANDOM "1301"
			   "000a"
			   "00280006001d0002aabb",
			   &h));
	assert_int_equal(hello_agreed(&h), 0x7f12);
	assert_int_equal(h.cipher, 0x1301);
	assert_int_equal(h.group, 0x001d);
	made_hex(&m, "7f13"
		     "1301"
		     "0006"
		     "002800020017");
	assert_true(hello_read_retry(cur_of(m.b, m.n), &h));
	assert_true(h.retry);
	assert_int_equal(h.cipher, 0x1301);
	assert_int_equal(h.group, 0x0017);
	m.n = 0;
	made_hex(&m, "7f12"
		     "0006"
		     "002800020017");
	assert_true(hello_read_retry(cur_of(m.b, m.n), &h));
	assert_int_equal(h.group, 0x0017);
	assert_false(hello_read_retry(cur_of(m.b, 2), &h));
}

static void
server_bad(void **state)
{
	struct hello_server h;
	struct made m = {.n = 0};

	(void)state;
	made_hex(&m, "0303" RANDOM "0401020304"
		     "1302"
		     "00"
		     "0006"
		     "002b00020304");
	for (size_t n = 0; n < m.n; n++)
		assert_true(!hello_read_server(cur_of(m.b, n), &h) || n == m.n - 8);
	assert_false(server("0303" RANDOM "21", &h));
	assert_true(server("0303" RANDOM "00"
			   "c02f"
			   "00"
			   "0000"
			   "ff",
			   &h));
	assert_int_equal(h.leftover, 1);
}

static void
grease(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned v = 0; v <= UINT16_MAX; v++)
		n += hello_is_grease((uint16_t)v);
	assert_int_equal(n, 16);
	assert_true(hello_is_grease(0x0a0a) && hello_is_grease(0xfafa));
	assert_false(hello_is_grease(0x0a1a) || hello_is_grease(0x0b0b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chrome),        cmocka_unit_test(chrome_bad), cmocka_unit_test(bare),
		cmocka_unit_test(extension_bad), cmocka_unit_test(twice_bad),  cmocka_unit_test(datagram),
		cmocka_unit_test(sslv2),         cmocka_unit_test(server_13),  cmocka_unit_test(server_12),
		cmocka_unit_test(server_draft),  cmocka_unit_test(server_bad), cmocka_unit_test(grease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
