/*
 * quic_keys: versions, Initial keys, header protection and AEAD (RFC 9001 5, RFC 9369 3).
 * Must not look at frames: what is inside is quic.c's.
 */
#include "tls/quic_keys.h"

#include "base/crypt.h"

enum { SALT_BYTES = 20, SALT_DRAFT_22 = 0, SALT_DRAFT_23, SALT_DRAFT_29, SALT_1, SALT_2 };
enum { CODE_DRAFT = 0x100, CODE_MVFST = 0x200, LABEL_MAX = 32, HEADER_MAX = 2048 };

/* By version: drafts 22, 23 to 28, 29 to 32; drafts from 33 on and RFC 9001 5.2; RFC 9369 3.3.1. */
static const uint8_t SALTS[][SALT_BYTES] = {
	[SALT_DRAFT_22] = {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
			   0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a},
	[SALT_DRAFT_23] = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
			   0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
	[SALT_DRAFT_29] = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
			   0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
	[SALT_1] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
		    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
	[SALT_2] = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
		    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
};

/* Facebook's mvfst: drafts under its own numbers, and two aliases of version 1. */
static const struct quic_version VERSIONS[] = {
	{0x00000001, 1, SALT_1},
	{0x6b3343cf, 2, SALT_2},
	{0xfaceb001, CODE_MVFST + 22, SALT_DRAFT_22},
	{0xfaceb002, CODE_MVFST + 27, SALT_DRAFT_23},
	{0xfaceb003, CODE_MVFST + 1, SALT_1},
	{0xfaceb004, CODE_MVFST + 1, SALT_1},
	{0xfaceb00e, CODE_MVFST + 27, SALT_DRAFT_23},
	{0xfaceb010, CODE_MVFST + 27, SALT_DRAFT_23},
	{0xfaceb011, CODE_MVFST + 27, SALT_DRAFT_23},
	{0xfaceb013, CODE_MVFST + 27, SALT_DRAFT_23},
};

static uint8_t
draft_salt(unsigned draft)
{
	if (draft >= 33)
		return SALT_1;
	if (draft >= 29)
		return SALT_DRAFT_29;
	return draft >= 23 ? SALT_DRAFT_23 : SALT_DRAFT_22;
}

bool
quic_version_find(uint32_t wire, struct quic_version *v)
{
	unsigned draft = wire & 0xff;

	for (size_t i = 0; i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++) {
		if (VERSIONS[i].wire == wire) {
			*v = VERSIONS[i];
			return true;
		}
	}
	if (wire >> 8 != 0xff0000 || draft < 22 || draft > 34)
		return false;
	*v = (struct quic_version){wire, (uint16_t)(CODE_DRAFT + draft), draft_salt(draft)};
	return true;
}

size_t
quic_version_print(uint16_t code, char buf[16])
{
	static const char *const family[] = {"", "draft-", "mvfst-"};
	const char *name = family[(code >> 8) % 3];
	size_t n = strlen(name);
	unsigned number = code & 0xff;

	if (!code)
		return 0;
	memcpy(buf, name, n);
	if (number >= 10)
		buf[n++] = (char)('0' + number / 10 % 10);
	buf[n++] = (char)('0' + number % 10);
	return n;
}

enum quic_type
quic_type_of(const struct quic_version *v, uint8_t first)
{
	static const uint8_t second[4] = {QUIC_RETRY, QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE};
	unsigned bits = first >> 4 & 3;

	return v->salt == SALT_2 ? second[bits] : bits;
}

/* HKDF-Expand-Label (RFC 8446 7.1) with an empty context. */
static void
expand_label(const uint8_t secret[CRYPT_SHA256], const char *label, uint8_t *out, uint8_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[LABEL_MAX] = {0, len};
	size_t n = strlen(label), at = 3;

	info[2] = (uint8_t)(sizeof(prefix) - 1 + n);
	memcpy(info + at, prefix, sizeof(prefix) - 1);
	at += sizeof(prefix) - 1;
	memcpy(info + at, label, n);
	at += n;
	info[at++] = 0;
	crypt_hkdf_expand(secret, info, at, out, len);
}

void
quic_keys_derive(struct quic_keys *k, const struct quic_version *v, const uint8_t *cid, size_t cid_len,
		 unsigned direction)
{
	bool second = v->salt == SALT_2;
	uint8_t initial[CRYPT_SHA256], secret[CRYPT_SHA256];

	crypt_hkdf_extract(SALTS[v->salt], SALT_BYTES, cid, cid_len, initial);
	expand_label(initial, direction == QUIC_CLIENT ? "client in" : "server in", secret, sizeof(secret));
	expand_label(secret, second ? "quicv2 key" : "quic key", k->key, sizeof(k->key));
	expand_label(secret, second ? "quicv2 iv" : "quic iv", k->iv, sizeof(k->iv));
	expand_label(secret, second ? "quicv2 hp" : "quic hp", k->hp, sizeof(k->hp));
}

/* RFC 9000 A.3: the packet number closest to the one expected next. */
static uint32_t
number_expand(uint32_t highest, uint32_t sent, unsigned bytes)
{
	uint64_t expected = (uint64_t)highest + 1, window = UINT64_C(1) << bytes * 8;
	uint64_t number = (expected & ~(window - 1)) | sent;

	if (number + window / 2 <= expected)
		number += window;
	else if (number > expected + window / 2 && number >= window)
		number -= window;
	return (uint32_t)number;
}

/* Header protection (RFC 9001 5.4): *header gets the clear header with its packet number, at most HEADER_MAX bytes. */
static bool
header_open(const struct quic_keys *k, const struct quic_packet *p, uint8_t *header, size_t *len, uint32_t *number)
{
	struct cur head = p->header, body = p->payload, sample = p->payload;
	uint8_t mask[16];
	const uint8_t *at;
	unsigned bytes;
	uint32_t sent = 0;

	cur_skip(&sample, 4);
	at = cur_take(&sample, sizeof(mask));
	if (!at || cur_left(&head) + 4 > HEADER_MAX)
		return false;
	crypt_aes128(k->hp, at, mask);
	*len = cur_copy(&head, header, HEADER_MAX);
	header[0] ^= mask[0] & 0x0f;
	bytes = (header[0] & 3u) + 1;
	for (unsigned i = 0; i < bytes; i++) {
		header[*len] = cur_u8(&body) ^ mask[i + 1];
		sent = sent << 8 | header[(*len)++];
	}
	*number = number_expand(*number, sent, bytes);
	return true;
}

bool
quic_open(const struct quic_keys *k, const struct quic_packet *p, uint32_t *number, struct cur *plain, uint8_t *memory,
	  size_t room)
{
	struct cur body = p->payload;
	uint8_t nonce[sizeof(k->iv)], *out = memory + HEADER_MAX;
	struct crypt_aead with = {.key = k->key, .nonce = nonce, .aad = memory};
	uint32_t found = *number;
	size_t n;

	if (room < HEADER_MAX + cur_left(&body) || !header_open(k, p, memory, &with.aad_len, &found))
		return false;
	cur_skip(&body, with.aad_len - cur_left(&p->header));
	memcpy(nonce, k->iv, sizeof(nonce));
	for (unsigned i = 0; i < 4; i++)
		nonce[8 + i] ^= (uint8_t)(found >> (24 - 8 * i));
	n = cur_left(&body);
	if (!crypt_gcm_open(&with, body.p, n, out))
		return false;
	*number = found > *number ? found : *number;
	*plain = cur_of(out, n - CRYPT_GCM_TAG);
	return true;
}
