/*
 * quic_seal: makes QUIC Initial packets, for tests.  The twin of what src/tls/quic_keys.c undoes; it takes its
 * keys from there, so that only a published packet (RFC 9001 A.2) shows that both are right.
 */
#ifndef TESTS_QUIC_SEAL_H
#define TESTS_QUIC_SEAL_H

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/crypt.h"
#include "tls/quic_keys.h"

struct quic_seal {
	uint32_t version;
	unsigned direction;
	uint32_t number;
	const uint8_t *cid; /* the connection's first one: makes the keys */
	size_t cid_len;
	const uint8_t *dcid, *scid; /* on the packet */
	size_t dcid_len, scid_len;
	const uint8_t *token;
	size_t token_len;
};

static inline void
seal_gcm(const struct quic_keys *k, const uint8_t nonce[12], const uint8_t *aad, size_t aad_len, uint8_t *body,
	 size_t n)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), k->key, nonce, NULL);
	EVP_EncryptUpdate(ctx, NULL, &len, aad, (int)aad_len);
	EVP_EncryptUpdate(ctx, body, &len, body, (int)n);
	EVP_EncryptFinal_ex(ctx, body + n, &len);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_GCM_TAG, body + n);
	EVP_CIPHER_CTX_free(ctx);
}

static inline size_t
seal_head(const struct quic_seal *s, const struct quic_version *v, size_t n, uint8_t *out)
{
	uint8_t *p = out;
	uint32_t sealed = (uint32_t)(4 + n + CRYPT_GCM_TAG);

	*p++ = quic_type_of(v, 0xc0) == QUIC_INITIAL ? 0xc3 : 0xd3;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(s->version >> shift);
	*p++ = (uint8_t)s->dcid_len;
	memcpy(p, s->dcid, s->dcid_len);
	p += s->dcid_len;
	*p++ = (uint8_t)s->scid_len;
	memcpy(p, s->scid, s->scid_len);
	p += s->scid_len;
	*p++ = (uint8_t)(0x40 | s->token_len >> 8);
	*p++ = (uint8_t)s->token_len;
	if (!s->token_len) {
		p -= 2;
		*p++ = 0;
	} else {
		memcpy(p, s->token, s->token_len);
		p += s->token_len;
	}
	*p++ = (uint8_t)(0x40 | sealed >> 8);
	*p++ = (uint8_t)sealed;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(s->number >> shift);
	return (size_t)(p - out);
}

/* Seals n bytes of frames; out has room for them and 128 + token bytes more.  Returns the packet's length. */
static inline size_t
quic_seal(const struct quic_seal *s, const uint8_t *frames, size_t n, uint8_t *out)
{
	struct quic_version v;
	struct quic_keys k;
	uint8_t nonce[12], mask[16];
	size_t head;

	if (!quic_version_find(s->version, &v))
		abort();
	head = seal_head(s, &v, n, out);
	quic_keys_derive(&k, &v, s->cid, s->cid_len, s->direction);
	memcpy(nonce, k.iv, sizeof(nonce));
	for (unsigned i = 0; i < 4; i++)
		nonce[8 + i] ^= (uint8_t)(s->number >> (24 - 8 * i));
	memcpy(out + head, frames, n);
	seal_gcm(&k, nonce, out, head, out + head, n);
	crypt_aes128(k.hp, out + head, mask);
	out[0] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < 4; i++)
		out[head - 4 + i] ^= mask[1 + i];
	return head + n + CRYPT_GCM_TAG;
}

#endif
