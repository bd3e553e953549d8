/*
 * crypt: OpenSSL 3 behind base/crypt.h, the only file that knows the library.
 *
 * Contexts and fetched ciphers are kept for the life of the process: a fetch costs more than the use.  Digests are
 * called directly: a session's inputs are a block or two, and EVP's way to them costs twice as much as their hashes.
 * One thread.  Must not read the library's configuration file, and must not let a library failure
 * pass as a result: after crypt_init only exhausted memory is left as a cause, and that aborts.
 */
#include "base/crypt.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* the direct calls */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

enum { SHA256_BLOCK = 64, HMAC_MAX = 256, AES_BLOCK = 16, LENGTH_MAX = 1 << 30 };

static struct {
	EVP_CIPHER *gcm, *ecb;
	EVP_CIPHER_CTX *gcm_ctx, *ecb_ctx;
	bool ready;
} lib;

static void
must(int ok)
{
	if (ok != 1)
		abort();
}

static EVP_CIPHER_CTX *
cipher_init(EVP_CIPHER **cipher, const char *name)
{
	EVP_CIPHER_CTX *ctx;

	*cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	ctx = EVP_CIPHER_CTX_new();
	if (!*cipher || !ctx || EVP_CipherInit_ex2(ctx, *cipher, NULL, NULL, 0, NULL) != 1)
		return NULL;
	return ctx;
}

bool
crypt_init(void)
{
	if (lib.ready)
		return true;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return false;
	lib.gcm_ctx = cipher_init(&lib.gcm, "AES-128-GCM");
	lib.ecb_ctx = cipher_init(&lib.ecb, "AES-128-ECB");
	lib.ready = lib.gcm_ctx && lib.ecb_ctx;
	return lib.ready;
}

void
crypt_md5(const void *bytes, size_t n, uint8_t out[CRYPT_MD5])
{
	MD5_CTX c;

	must(MD5_Init(&c));
	must(MD5_Update(&c, bytes, n));
	must(MD5_Final(out, &c));
}

static void
put_be32(uint8_t *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof(v));
}

/* A message of one block, padded here (FIPS 180-4 5.1.1): Update and Final cost a third of the hashing beside it. */
static void
sha1_block(SHA_CTX *c, const void *bytes, size_t n, uint8_t out[CRYPT_SHA1])
{
	uint8_t block[SHA_CBLOCK] = {0};

	memcpy(block, bytes, n);
	block[n] = 0x80;
	put_be32(block + SHA_CBLOCK - 4, (uint32_t)n * 8);
	SHA1_Transform(c, block);
	put_be32(out, c->h0);
	put_be32(out + 4, c->h1);
	put_be32(out + 8, c->h2);
	put_be32(out + 12, c->h3);
	put_be32(out + 16, c->h4);
}

void
crypt_sha1(const void *bytes, size_t n, uint8_t out[CRYPT_SHA1])
{
	enum { LENGTH = 8 };
	SHA_CTX c;

	must(SHA1_Init(&c));
	if (n > 0 && n < SHA_CBLOCK - LENGTH) {
		sha1_block(&c, bytes, n, out);
		return;
	}
	must(SHA1_Update(&c, bytes, n));
	must(SHA1_Final(out, &c));
}

void
crypt_sha256(const void *bytes, size_t n, uint8_t out[CRYPT_SHA256])
{
	SHA256_CTX c;

	must(SHA256_Init(&c));
	must(SHA256_Update(&c, bytes, n));
	must(SHA256_Final(out, &c));
}

/*
 * HMAC (RFC 2104) on the digest: the library's own sets up a MAC object for every key, several times as slow.
 * Key block and message lie in one buffer, since each call into the library costs as much as hashing 30 bytes.
 */
struct hmac {
	uint8_t bytes[SHA256_BLOCK + HMAC_MAX];
	size_t n;
};

static void
hmac_start(struct hmac *h, const void *key, size_t key_len)
{
	memset(h->bytes, 0, SHA256_BLOCK);
	if (key_len > SHA256_BLOCK)
		crypt_sha256(key, key_len, h->bytes);
	else if (key_len)
		memcpy(h->bytes, key, key_len);
	for (size_t i = 0; i < SHA256_BLOCK; i++)
		h->bytes[i] ^= 0x36;
	h->n = SHA256_BLOCK;
}

/* More than HMAC_MAX bytes is a caller's mistake: connection ids and labels are short. */
static void
hmac_add(struct hmac *h, const void *bytes, size_t n)
{
	if (n > sizeof(h->bytes) - h->n)
		abort();
	if (n)
		memcpy(h->bytes + h->n, bytes, n);
	h->n += n;
}

static void
hmac_end(struct hmac *h, uint8_t out[CRYPT_SHA256])
{
	uint8_t inner[CRYPT_SHA256];

	crypt_sha256(h->bytes, h->n, inner);
	for (size_t i = 0; i < SHA256_BLOCK; i++)
		h->bytes[i] ^= 0x36 ^ 0x5c;
	memcpy(h->bytes + SHA256_BLOCK, inner, sizeof(inner));
	crypt_sha256(h->bytes, SHA256_BLOCK + sizeof(inner), out);
}

void
crypt_hkdf_extract(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, uint8_t out[CRYPT_SHA256])
{
	struct hmac h;

	hmac_start(&h, salt, salt_len);
	hmac_add(&h, ikm, ikm_len);
	hmac_end(&h, out);
}

void
crypt_hkdf_expand(const uint8_t prk[CRYPT_SHA256], const void *info, size_t info_len, uint8_t *out, size_t out_len)
{
	uint8_t block[CRYPT_SHA256];
	struct hmac h;

	for (uint8_t i = 1; out_len; i++) {
		size_t n = out_len < sizeof(block) ? out_len : sizeof(block);

		hmac_start(&h, prk, CRYPT_SHA256);
		if (i > 1)
			hmac_add(&h, block, sizeof(block));
		hmac_add(&h, info, info_len);
		hmac_add(&h, &i, 1);
		hmac_end(&h, block);
		memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
}

void
crypt_aes128(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
	int n = 0;

	must(EVP_EncryptInit_ex2(lib.ecb_ctx, NULL, key, NULL, NULL));
	must(EVP_EncryptUpdate(lib.ecb_ctx, out, &n, in, AES_BLOCK));
}

/* A context of its own: no thread waits for another, and freeing it wipes the key's schedule. */
void
crypt_aes128_blocks(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0;

	if (n > LENGTH_MAX / AES_BLOCK)
		abort();
	must(ctx != NULL);
	must(EVP_EncryptInit_ex2(ctx, lib.ecb, key, NULL, NULL));
	must(EVP_CIPHER_CTX_set_padding(ctx, 0));
	if (n)
		must(EVP_EncryptUpdate(ctx, out, &done, in, (int)n * AES_BLOCK));
	EVP_CIPHER_CTX_free(ctx);
}

void
crypt_forget(void *secret, size_t n)
{
	OPENSSL_cleanse(secret, n);
}

bool
crypt_gcm_open(const struct crypt_aead *with, const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t tag[CRYPT_GCM_TAG];
	size_t body = n - CRYPT_GCM_TAG;
	int done = 0;

	if (n < CRYPT_GCM_TAG || n > LENGTH_MAX || with->aad_len > LENGTH_MAX)
		return false;
	memcpy(tag, in + body, sizeof(tag));
	must(EVP_DecryptInit_ex2(lib.gcm_ctx, NULL, with->key, with->nonce, NULL));
	must(EVP_CIPHER_CTX_ctrl(lib.gcm_ctx, EVP_CTRL_AEAD_SET_TAG, CRYPT_GCM_TAG, tag));
	if (with->aad_len)
		must(EVP_DecryptUpdate(lib.gcm_ctx, NULL, &done, with->aad, (int)with->aad_len));
	if (body)
		must(EVP_DecryptUpdate(lib.gcm_ctx, out, &done, in, (int)body));
	return EVP_DecryptFinal_ex(lib.gcm_ctx, out + body, &done) == 1;
}
