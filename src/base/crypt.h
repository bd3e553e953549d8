/*
 * crypt: the few primitives that the core needs from a crypto library.
 *
 * base/crypt.c (OpenSSL) is linked as an object of its own, so that core.a names these functions and
 * nothing of the library.  Algorithms are fetched by crypt_init, before a sandbox closes; the library's
 * configuration file is never read.  One thread.
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRYPT_MD5 = 16, CRYPT_SHA1 = 20, CRYPT_SHA256 = 32, CRYPT_GCM_TAG = 16 };

/* False: the library lacks an algorithm (a FIPS build without MD5, say). */
bool crypt_init(void);

void crypt_md5(const void *bytes, size_t n, uint8_t out[CRYPT_MD5]);
void crypt_sha1(const void *bytes, size_t n, uint8_t out[CRYPT_SHA1]);
void crypt_sha256(const void *bytes, size_t n, uint8_t out[CRYPT_SHA256]);

/* HKDF with SHA-256 (RFC 5869), for QUIC's Initial keys (RFC 9001 5.2); ikm and info of at most 200 bytes. */
void crypt_hkdf_extract(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, uint8_t out[CRYPT_SHA256]);
void
crypt_hkdf_expand(const uint8_t prk[CRYPT_SHA256], const void *info, size_t info_len, uint8_t *out, size_t out_len);

/* One block of AES-128 (QUIC header protection, RFC 9001 5.4.3). */
void crypt_aes128(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);

/* n blocks at once, each by itself (prefix-preserving pseudonyms, base/pseudonym.h); out may be in.  For any thread:
   what the library makes of the key is wiped before it returns. */
void crypt_aes128_blocks(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out);

/* Overwrites a secret that is no longer needed, whatever the compiler knows about it. */
void crypt_forget(void *secret, size_t n);

struct crypt_aead {
	const uint8_t *key;   /* 16 bytes, AES-128-GCM */
	const uint8_t *nonce; /* 12 bytes */
	const void *aad;
	size_t aad_len;
};

/* Decrypts n bytes (the tag is their last 16) into out, n - 16 bytes.  False: not authentic. */
bool crypt_gcm_open(const struct crypt_aead *with, const uint8_t *in, size_t n, uint8_t *out);

#endif
