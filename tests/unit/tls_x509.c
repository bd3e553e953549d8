/*
 * tls_x509: fields and texts of certificates, and damaged ones.  The certificates were made for this test: one with
 * OpenSSL, one by hand with what issuers have been seen to write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "tls/print.h"
#include "tls/x509.h"
#include "tls_make.h"

/* EC P-256; names with a comma; SAN of DNS, addresses, mail and URI. */
static const char VOORBEELD[] =
	"3082025d30820203a003020102020400face01300a06082a8648ce3d0403023069310b3009060355040613024e4c3116"
	"301406035504080c0d4e6f6f72642d486f6c6c616e6431183016060355040a0c0f566f6f726265656c642c20422e562e"
	"310a3008060355040b0c0161311c301a06035504030c132a2e766f6f726265656c642e6578616d706c65301e170d3236"
	"313132333232323335375a170d3236313232333232323335375a3069310b3009060355040613024e4c31163014060355"
	"04080c0d4e6f6f72642d486f6c6c616e6431183016060355040a0c0f566f6f726265656c642c20422e562e310a300806"
	"0355040b0c0161311c301a06035504030c132a2e766f6f726265656c642e6578616d706c653059301306072a8648ce3d"
	"020106082a8648ce3d03010703420004073e0d1cef335c769a6411c31ba972d1167663206ba20654187c815327dca4c5"
	"7d6dcac15f0aec6f400d219f9b8abbb800d749bd4f59ec7c3cb6f7231b225a0aa3819830819530090603551d13040230"
	"0030690603551d110462306082132a2e766f6f726265656c642e6578616d706c658211766f6f726265656c642e657861"
	"6d706c658704c0000207871020010db8000000000000000000000007810b6140622e6578616d706c6586116874747073"
	"3a2f2f782e6578616d706c65301d0603551d0e041604141e575aee53dfe29326433c87886e6b8b136bf8fe300a06082a"
	"8648ce3d0403020348003045022019e1d10b573dea3895940db9fb4cba4b93941d5482bcc5584973728398298e1c0221"
	"0089cc9bdb75c0bdde09702a08fe55ebc13459152e420961e7eac5981e62b58b29";

/* BMP with a surrogate pair, T61, two attributes in one RDN, an attribute of no name, both kinds of times. */
static const char ODD[] =
	"3081ca3081b90203009cfc300506032b657030003020170d3439313233313233353935395a180f323035303031303130"
	"30303030305a305b311d301b06035504031e14005a00fc0072006900630068002020acd834dd1e3117300b060355040a"
	"1404436166e93008060355040b130178310d300b06042a03a3570c036f64643112301006092a864886f70d0109011603"
	"614062302a300506032b6570032100000000000000000000000000000000000000000000000000000000000000000030"
	"0506032b657003050000000000";

/* SubjectPublicKeyInfo, 1024 bits. */
static const char RSA_KEY[] =
	"30819f300d06092a864886f70d010101050003818d0030818902818100b54de22853d929ff07014d68a490b1810bd894"
	"1ca5064ded32f0b2579ca1a4680e42040ec6f40080e4f387dba9479f2ebba5adee32eacb7824216978bc5a03f428e3d6"
	"6f97fa1b91177deabbd9c5cf2e8eef132d70c820a5a0596b906862ed3cbc0ef6bb2e739629738a3c045abff570c416cd"
	"db2fe64c33261ddcb252566b8d0203010001";

static struct made
bytes_of(const char *hex)
{
	struct made m = {.n = 0};

	made_hex(&m, hex);
	return m;
}

typedef void put_text(struct out *o, struct cur field);

static void
says(put_text *put, struct cur field, const char *want)
{
	char text[1024] = {0};
	struct out o = out_of(text, sizeof(text) - 1);

	put(&o, field);
	assert_string_equal(text, want);
}

static void
fields(void **state)
{
	struct made m = bytes_of(VOORBEELD);
	struct x509 x;

	(void)state;
	assert_true(x509_read(cur_of(m.b, m.n), &x));
	says(x509_put_name, x.subject, "C=NL, ST=Noord-Holland, O=Voorbeeld, B.V., OU=a, CN=*.voorbeeld.example");
	says(x509_put_name, x.issuer, "C=NL, ST=Noord-Holland, O=Voorbeeld, B.V., OU=a, CN=*.voorbeeld.example");
	says(x509_put_serial, x.serial, "00:FA:CE:01");
	says(x509_put_key, x.key, "ec P-256");
	says(x509_put_san, x.san,
	     "\x13*.voorbeeld.example"
	     "\x11voorbeeld.example"
	     "\x09"
	     "192.0.2.7"
	     "\x0b"
	     "2001:db8::7");
	assert_int_equal(x.not_after.ns / NS_PER_S, 1798064637);
	assert_int_equal(x.not_before.ns / NS_PER_S, 1798064637 - 30 * 86400);
}

static void
odd(void **state)
{
	struct made m = bytes_of(ODD);
	struct x509 x;

	(void)state;
	assert_true(x509_read(cur_of(m.b, m.n), &x));
	says(x509_put_name, x.subject,
	     "CN=Z\xc3\xbcrich \xe2\x82\xac\xf0\x9d\x84\x9e, O=Caf\xc3\xa9 + OU=x, 1.2.3.4567=odd, emailAddress=a@b");
	says(x509_put_name, x.issuer, "");
	says(x509_put_serial, x.serial, "00:9C:FC");
	says(x509_put_key, x.key, "ed25519");
	assert_null(x.san.p);
	assert_int_equal(x.not_before.ns / NS_PER_S, INT64_C(2524607999)); /* 2049: the last of two digits */
	assert_int_equal(x.not_after.ns / NS_PER_S, INT64_C(2524608000));
}

static void
rsa(void **state)
{
	struct made m = bytes_of(RSA_KEY);
	struct cur c = cur_of(m.b, m.n);

	(void)state;
	cur_skip(&c, 3);
	says(x509_put_key, c, "rsa 1024");
}

/* Cut anywhere before the extensions it is no certificate; and no single byte changed brings it down. */
static void
damaged_bad(void **state)
{
	struct made m = bytes_of(VOORBEELD);
	char text[256];
	struct x509 x;

	(void)state;
	for (size_t n = 0; n < m.n; n++)
		assert_false(x509_read(cur_of(m.b, n), &x));
	for (size_t i = 0; i < m.n * 8; i++) {
		struct out o = out_of(text, sizeof(text));

		m.b[i / 8] ^= (uint8_t)(1 << i % 8);
		if (x509_read(cur_of(m.b, m.n), &x)) {
			x509_put_name(&o, x.subject);
			x509_put_san(&o, x.san);
			x509_put_key(&o, x.key);
		}
		m.b[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
times_bad(void **state)
{
	struct made m = bytes_of(ODD);
	struct x509 x;
	uint8_t *z = m.b;

	(void)state;
	while (memcmp(z, "491231235959Z", 13) != 0)
		z++;
	z[12] = '+'; /* a zone without its digits */
	assert_false(x509_read(cur_of(m.b, m.n), &x));
	memcpy(z, "4912312359+0100", 13);
	assert_false(x509_read(cur_of(m.b, m.n), &x));
	memcpy(z, "491331235959Z", 13);
	assert_false(x509_read(cur_of(m.b, m.n), &x));
	memcpy(z, "500101000000Z", 13);
	assert_true(x509_read(cur_of(m.b, m.n), &x));
	assert_int_equal(x.not_before.ns / NS_PER_S, -631152000); /* 1950 */
	z += 15;
	memcpy(z, "99991231235959Z", 15); /* RFC 5280 4.1.2.5: no end */
	assert_true(x509_read(cur_of(m.b, m.n), &x));
	assert_true(x.not_after.ns == INT64_MAX);
}

struct fixture {
	struct prints *prints;
	void *memory;
};

static void
begin(struct fixture *f)
{
	struct hash_key key = {3, 4};
	size_t n = prints_bytes(1 << 18);
	struct carve c;

	f->memory = aligned_alloc(64, (n + 63) / 64 * 64);
	c = (struct carve){f->memory, (uint8_t *)f->memory + n};
	f->prints = prints_new(&c, 1 << 18, &key);
}

static void
put_cert(struct made *list, const struct made *cert)
{
	made_u8(list, 0);
	made_u16(list, (unsigned)cert->n);
	memcpy(list->b + list->n, cert->b, cert->n);
	list->n += cert->n;
}

static void
is_sha256(const char *got, const struct made *cert)
{
	uint8_t digest[CRYPT_SHA256];

	crypt_sha256(cert->b, cert->n, digest);
	assert_memory_equal(got, digest, sizeof(digest));
}

static void
chain(void **state)
{
	struct made leaf = bytes_of(VOORBEELD), next = bytes_of(ODD), list = {.n = 0};
	struct fixture f;
	struct tls_cert c;
	uint32_t a;

	(void)state;
	begin(&f);
	put_cert(&list, &leaf);
	put_cert(&list, &next);
	a = print_chain(f.prints, cur_of(list.b, list.n));
	assert_int_equal(a, print_chain(f.prints, cur_of(list.b, list.n)));
	assert_int_not_equal(a, print_cert(f.prints, cur_of(leaf.b, leaf.n)));
	assert_true(print_cert_get(f.prints, a, &c));
	assert_true(c.present);
	assert_int_equal(c.chain_len, 2);
	assert_int_equal(c.chain_sha256.len, 64);
	is_sha256(c.chain_sha256.p, &leaf);
	is_sha256(c.chain_sha256.p + 32, &next);
	assert_memory_equal(c.sha256, c.chain_sha256.p, 32);
	assert_int_equal(c.key.len, 8);
	assert_memory_equal(c.key.p, "ec P-256", 8);
	assert_memory_equal(c.subject.p, "C=NL", 4);
	assert_int_equal(c.san.len, 60);
	for (unsigned i = 0; i < 12; i++)
		put_cert(&list, &next);
	assert_true(print_cert_get(f.prints, print_chain(f.prints, cur_of(list.b, list.n)), &c));
	assert_int_equal(c.chain_len, 14);
	assert_int_equal(c.chain_sha256.len, 8 * 32);
	free(f.memory);
}

/* What is no certificate still has its digests; a cut one ends the list. */
static void
chain_bad(void **state)
{
	struct made none = bytes_of("00010203"), list = {.n = 0};
	struct fixture f;
	struct tls_cert c;

	(void)state;
	begin(&f);
	put_cert(&list, &none);
	made_hex(&list, "0000ff00");
	assert_true(print_cert_get(f.prints, print_chain(f.prints, cur_of(list.b, list.n)), &c));
	assert_int_equal(c.chain_len, 1);
	is_sha256((const char *)c.sha256, &none);
	assert_null(c.subject.p);
	assert_null(c.key.p);
	free(f.memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),      cmocka_unit_test(odd),       cmocka_unit_test(rsa),
		cmocka_unit_test(damaged_bad), cmocka_unit_test(times_bad), cmocka_unit_test(chain),
		cmocka_unit_test(chain_bad),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
