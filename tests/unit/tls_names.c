/*
 * tls_names: the tables are sorted, and the words are those of the registries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tls/tls.h"

/* A row out of order would not be found by halves. */
static void
sorted(void **state)
{
	static const struct {
		unsigned code;
		const char *name;
	} rows[] = {
#define CIPHER(code, name) {code, name},
#include "tls/cipher.def"
#undef CIPHER
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(i == 0 || rows[i - 1].code < rows[i].code);
		assert_string_equal(tls_cipher_name((uint16_t)rows[i].code), rows[i].name);
	}
}

static void
ciphers(void **state)
{
	(void)state;
	assert_string_equal(tls_cipher_name(0x0000), "TLS_NULL_WITH_NULL_NULL");
	assert_string_equal(tls_cipher_name(0x1301), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(tls_cipher_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(tls_cipher_name(0x0180), "SSL2_RC4_128_WITH_MD5");
	assert_null(tls_cipher_name(0xffff));
	assert_null(tls_cipher_name(0x0a0a));
}

static void
groups(void **state)
{
	(void)state;
	assert_string_equal(tls_group_name(0x0001), "sect163k1");
	assert_string_equal(tls_group_name(0x001d), "x25519");
	assert_string_equal(tls_group_name(0x11ec), "X25519MLKEM768");
	assert_string_equal(tls_group_name(0xff02), "arbitrary_explicit_char2_curves");
	assert_null(tls_group_name(0x0000));
	assert_null(tls_group_name(0xffff));
}

static void
versions(void **state)
{
	static const struct {
		uint16_t version;
		const char *name;
	} rows[] = {
		{0x0002, "SSLv2"},
		{0x0300, "SSLv3"},
		{0x0301, "TLS 1.0"},
		{0x0304, "TLS 1.3"},
		{0x7f12, "TLS 1.3 draft-18"},
		{0xfb1a, "TLS 1.3 (Fizz draft-26)"},
		{0xfefd, "DTLS 1.2"},
		{0xfefc, "DTLS 1.3"},
		{0x0100, "DTLS 1.0 (OpenSSL pre 0.9.8f)"},
		{0x7e02, "0x7e02"},
		{0x0000, "0x0000"},
		{0x7fff, "TLS 1.3 draft-255"},
		{0xfbff, "TLS 1.3 (Fizz draft-255)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[24];
		struct text t = tls_version_name(rows[i].version, buf);

		assert_int_equal(t.len, strlen(rows[i].name));
		assert_memory_equal(t.p, rows[i].name, t.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted),
		cmocka_unit_test(ciphers),
		cmocka_unit_test(groups),
		cmocka_unit_test(versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
