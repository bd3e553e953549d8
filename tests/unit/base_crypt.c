/*
 * base_crypt: published vectors: FIPS 180, FIPS 197, RFC 1321, RFC 5869, RFC 9001 A.1, the GCM specification's case 4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"

static size_t
unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0] && text[1]; text += 2, n++) {
		unsigned v = 0;

		for (int i = 0; i < 2; i++)
			v = v << 4 | (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
		out[n] = (uint8_t)v;
	}
	return n;
}

static void
same(const uint8_t *got, const char *want)
{
	uint8_t bytes[128];
	size_t n = unhex(want, bytes);

	assert_memory_equal(got, bytes, n);
}

static void
digests(void **state)
{
	uint8_t out[CRYPT_SHA256], as[56];

	(void)state;
	for (int again = 0; again < 2; again++) {
		crypt_md5("abc", 3, out);
		same(out, "900150983cd24fb0d6963f7d28e17f72");
		crypt_sha1("abc", 3, out);
		same(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
		crypt_sha256("abc", 3, out);
		same(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	}
	/* the longest message of one block, the shortest of two, and none */
	memset(as, 'a', sizeof(as));
	crypt_sha1(as, 55, out);
	same(out, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	crypt_sha1(as, 56, out);
	same(out, "c2db330f6083854c99d4b5bfb6e8f29f201be699");
	crypt_sha1("", 0, out);
	same(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	crypt_sha256("", 0, out);
	same(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 5869 A.1: with salt and info, more than one block out. */
static void
hkdf(void **state)
{
	uint8_t ikm[22], salt[13], info[10], prk[CRYPT_SHA256], okm[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	unhex("000102030405060708090a0b0c", salt);
	unhex("f0f1f2f3f4f5f6f7f8f9", info);
	crypt_hkdf_extract(salt, sizeof(salt), ikm, sizeof(ikm), prk);
	same(prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	crypt_hkdf_expand(prk, info, sizeof(info), okm, sizeof(okm));
	same(okm, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

/* RFC 5869 A.2 (a salt longer than a block) and A.3 (neither salt nor info). */
static void
hkdf_lengths(void **state)
{
	uint8_t ikm[80], salt[80], info[80], prk[CRYPT_SHA256], okm[82];

	(void)state;
	for (unsigned i = 0; i < 80; i++) {
		ikm[i] = (uint8_t)i;
		salt[i] = (uint8_t)(0x60 + i);
		info[i] = (uint8_t)(0xb0 + i);
	}
	crypt_hkdf_extract(salt, 80, ikm, 80, prk);
	same(prk, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
	crypt_hkdf_expand(prk, info, 80, okm, sizeof(okm));
	same(okm, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
	same(okm + 64, "cc30c58179ec3e87c14c01d5c1f3434f1d87");
	memset(ikm, 0x0b, 22);
	crypt_hkdf_extract("", 0, ikm, 22, prk);
	same(prk, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
	crypt_hkdf_expand(prk, "", 0, okm, 42);
	same(okm, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void
aes_block(void **state)
{
	uint8_t key[16], in[16], out[16];

	(void)state;
	unhex("000102030405060708090a0b0c0d0e0f", key);
	unhex("00112233445566778899aabbccddeeff", in);
	for (int again = 0; again < 2; again++) {
		crypt_aes128(key, in, out);
		same(out, "69c4e0d86a7b0430d8cdb78070b4c55a");
	}
}

static const char GCM_SEALED[] = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
				 "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
				 "5bc94fbc3221a5db94fae95ae7121a47";

static void
gcm(void **state)
{
	uint8_t key[16], nonce[12], aad[20], sealed[76], out[76];
	struct crypt_aead with = {key, nonce, aad, sizeof(aad)};

	(void)state;
	unhex("feffe9928665731c6d6a8f9467308308", key);
	unhex("cafebabefacedbaddecaf888", nonce);
	unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	assert_int_equal(unhex(GCM_SEALED, sealed), sizeof(sealed));
	assert_true(crypt_gcm_open(&with, sealed, sizeof(sealed), out));
	same(out, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
}

static void
gcm_bad(void **state)
{
	uint8_t key[16], nonce[12], aad[20], sealed[76], out[76];
	struct crypt_aead with = {key, nonce, aad, sizeof(aad)};

	(void)state;
	unhex("feffe9928665731c6d6a8f9467308308", key);
	unhex("cafebabefacedbaddecaf888", nonce);
	unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	unhex(GCM_SEALED, sealed);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		assert_false(crypt_gcm_open(&with, sealed, sizeof(sealed), out));
		sealed[i] ^= 1;
	}
	for (size_t n = 0; n < sizeof(sealed); n++)
		assert_false(crypt_gcm_open(&with, sealed, n, out));
	with.aad_len--;
	assert_false(crypt_gcm_open(&with, sealed, sizeof(sealed), out));
	with.aad_len++;
	assert_true(crypt_gcm_open(&with, sealed, sizeof(sealed), out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),   cmocka_unit_test(hkdf), cmocka_unit_test(hkdf_lengths),
		cmocka_unit_test(aes_block), cmocka_unit_test(gcm),  cmocka_unit_test(gcm_bad),
	};

	if (!crypt_init() || !crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
