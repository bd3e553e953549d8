/*
 * age: see age.h; primitives by OpenSSL.  Must not give out a byte that was not found authentic, nor leave a key in
 * memory.
 */
#include "sensor/age.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "base/crypt.h"
#include "base/out.h"
#include "sensor/bech32.h"

static const char RECIPIENT[] = "age", IDENTITY[] = "age-secret-key-", VERSION[] = "age-encryption.org/v1",
		  WRAP[] = "age-encryption.org/v1/X25519";

/* STANZAS: of a file that somebody made, each costs a scalar multiplication. */
enum { FILE_KEY = 16, NONCE = 16, TAG = 16, WRAPPED = FILE_KEY + TAG, IV = 12, STANZAS = 64, WIDTH = 64, BASE64 = 43 };
_Static_assert((int)WRAPPED == (int)AGE_KEY && (int)CRYPT_SHA256 == (int)AGE_KEY,
	       "what stands in base 64 has 32 bytes");

bool
age_recipient(struct age_key *public, const char *text, size_t n)
{
	return bech32_get(public->b, RECIPIENT, text, n);
}

bool
age_identity(struct age_key *secret, const char *text, size_t n)
{
	return bech32_get(secret->b, IDENTITY, text, n);
}

void
age_recipient_text(char to[AGE_TEXT], const struct age_key *public)
{
	bech32_put(to, RECIPIENT, public->b);
}

void
age_identity_text(char to[AGE_TEXT], const struct age_key *secret)
{
	bech32_put(to, IDENTITY, secret->b);
	for (; *to; to++)
		*to = *to >= 'a' && *to <= 'z' ? (char)(*to - 0x20) : *to;
}

static bool
public_of(struct age_key *public, const struct age_key *secret)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret->b, AGE_KEY);
	size_t n = AGE_KEY;
	bool fine = key && EVP_PKEY_get_raw_public_key(key, public->b, &n) == 1 && n == AGE_KEY;

	EVP_PKEY_free(key);
	return fine;
}

bool
age_make(struct age_key *secret, struct age_key *public)
{
	return getrandom(secret->b, AGE_KEY, 0) == AGE_KEY && public_of(public, secret);
}

/* False also where the result would be all zero (RFC 7748 6.1). */
static bool
agree(uint8_t shared[AGE_KEY], const struct age_key *secret, const struct age_key *public)
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret->b, AGE_KEY);
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public->b, AGE_KEY);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t n = AGE_KEY;
	bool fine = ctx && other && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
		    EVP_PKEY_derive(ctx, shared, &n) == 1 && n == AGE_KEY;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	EVP_PKEY_free(other);
	return fine;
}

struct chacha {
	uint8_t key[AGE_KEY], iv[IV];
};

/* n bytes and behind them the tag. */
static bool
seal(const struct chacha *c, const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0;
	bool fine = ctx && EVP_EncryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, c->key, c->iv) == 1 &&
		    (n == 0 || EVP_EncryptUpdate(ctx, out, &done, in, (int)n) == 1) &&
		    EVP_EncryptFinal_ex(ctx, out + n, &done) == 1 &&
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return fine;
}

/* n: with the tag.  False: not authentic. */
static bool
unseal(const struct chacha *c, const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int done = 0;
	bool fine;

	memcpy(tag, in + n - TAG, TAG);
	fine = ctx && EVP_DecryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, c->key, c->iv) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
	       (n == TAG || EVP_DecryptUpdate(ctx, out, &done, in, (int)(n - TAG)) == 1) &&
	       EVP_DecryptFinal_ex(ctx, out + n - TAG, &done) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return fine;
}

/* The key under which a file's key is wrapped for one recipient; the IV stays 0, for it is used once. */
static bool
wrap_key(struct chacha *c, const struct age_key *own, const struct age_key *other, const struct age_key *share,
	 const struct age_key *recipient)
{
	uint8_t shared[AGE_KEY], salt[2 * AGE_KEY], prk[CRYPT_SHA256];
	bool fine = agree(shared, own, other);

	memset(c, 0, sizeof(*c));
	memcpy(salt, share->b, AGE_KEY);
	memcpy(salt + AGE_KEY, recipient->b, AGE_KEY);
	if (fine) {
		crypt_hkdf_extract(salt, sizeof(salt), shared, sizeof(shared), prk);
		crypt_hkdf_expand(prk, WRAP, sizeof(WRAP) - 1, c->key, AGE_KEY);
	}
	crypt_forget(shared, sizeof(shared));
	crypt_forget(prk, sizeof(prk));
	return fine;
}

static void
derive(uint8_t to[AGE_KEY], const uint8_t file_key[FILE_KEY], const void *salt, size_t salt_len, const char *info)
{
	uint8_t prk[CRYPT_SHA256];

	crypt_hkdf_extract(salt, salt_len, file_key, FILE_KEY, prk);
	crypt_hkdf_expand(prk, info, strlen(info), to, AGE_KEY);
	crypt_forget(prk, sizeof(prk));
}

static bool
mac_of(uint8_t mac[AGE_KEY], const uint8_t file_key[FILE_KEY], const void *head, size_t n)
{
	uint8_t key[AGE_KEY];
	unsigned len = AGE_KEY;
	bool fine;

	derive(key, file_key, NULL, 0, "header");
	fine = HMAC(EVP_sha256(), key, AGE_KEY, head, n, mac, &len) && len == AGE_KEY;
	crypt_forget(key, sizeof(key));
	return fine;
}

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 32 bytes in base 64 (RFC 4648) without padding: 43 digits, the last of which has 4 bits. */
static void
put_base64(struct out *o, const uint8_t b[AGE_KEY])
{
	for (unsigned i = 0; i < BASE64; i++) {
		unsigned at = i * 6 / 8, next = at + 1 < AGE_KEY ? b[at + 1] : 0;

		out_char(o, DIGITS[((unsigned)b[at] << 8 | next) >> (10 - i * 6 % 8) & 63]);
	}
}

static bool
get_base64(uint8_t to[AGE_KEY], struct cur text)
{
	uint32_t held = 0;

	if (cur_left(&text) != BASE64)
		return false;
	for (unsigned i = 0, bits = 0, n = 0; i < BASE64; i++) {
		const char *d = memchr(DIGITS, cur_u8(&text), sizeof(DIGITS) - 1);

		if (!d)
			return false;
		held = held << 6 | (uint32_t)(d - DIGITS);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[n++] = (uint8_t)(held >> bits);
		}
	}
	return (held & 3) == 0; /* the two bits behind the last byte */
}

static bool
put_stanza(struct out *o, const uint8_t file_key[FILE_KEY], const struct age_key *recipient)
{
	struct age_key secret, share;
	uint8_t wrapped[WRAPPED];
	struct chacha c;
	bool fine = age_make(&secret, &share) && wrap_key(&c, &secret, recipient, &share, recipient) &&
		    seal(&c, file_key, FILE_KEY, wrapped);

	OUT_LIT(o, "-> X25519 ");
	put_base64(o, share.b);
	out_char(o, '\n');
	put_base64(o, wrapped);
	out_char(o, '\n');
	crypt_forget(&secret, sizeof(secret));
	crypt_forget(&c, sizeof(c));
	return fine;
}

static void
number_chunk(struct chacha *c, uint64_t n, bool last)
{
	memset(c->iv, 0, IV);
	for (unsigned i = 0; i < 8; i++)
		c->iv[IV - 2 - i] = (uint8_t)(n >> 8 * i);
	c->iv[IV - 1] = last;
}

static bool
put_chunks(struct bytes *to, const uint8_t file_key[FILE_KEY], const uint8_t *p, size_t n)
{
	uint8_t nonce[NONCE], *out;
	struct chacha c;
	bool fine = getrandom(nonce, NONCE, 0) == NONCE;

	derive(c.key, file_key, nonce, NONCE, "payload");
	bytes_add(to, nonce, NONCE);
	for (uint64_t i = 0; fine && (i == 0 || n); i++) {
		size_t len = n < AGE_CHUNK ? n : AGE_CHUNK;

		number_chunk(&c, i, len == n);
		out = bytes_room(to, len + TAG);
		fine = out && seal(&c, p, len, out);
		to->n += fine ? len + TAG : 0;
		p += len;
		n -= len;
	}
	crypt_forget(&c, sizeof(c));
	return fine;
}

bool
age_seal(struct bytes *to, const struct age_key *recipient, unsigned recipients, const void *bytes, size_t n)
{
	uint8_t file_key[FILE_KEY], mac[AGE_KEY];
	char head[AGE_ADDED];
	struct out o = out_of(head, sizeof(head));
	bool fine = getrandom(file_key, FILE_KEY, 0) == FILE_KEY;

	OUT_LIT(&o, "age-encryption.org/v1\n");
	for (unsigned i = 0; fine && i < recipients; i++)
		fine = put_stanza(&o, file_key, &recipient[i]);
	OUT_LIT(&o, "---");
	fine = fine && mac_of(mac, file_key, head, out_len(&o));
	out_char(&o, ' ');
	put_base64(&o, mac);
	out_char(&o, '\n');
	bytes_add(to, head, out_len(&o));
	fine = fine && put_chunks(to, file_key, bytes, n);
	crypt_forget(file_key, sizeof(file_key));
	return fine && !o.full && !to->failed;
}

/* Up to the next newline, which is taken, too. */
static struct cur
line_of(struct cur *c)
{
	const uint8_t *end = memchr(c->p, '\n', cur_left(c));
	struct cur line = cur_sub(c, end ? (size_t)(end - c->p) : cur_left(c) + 1);

	cur_skip(c, 1);
	return line;
}

static bool
is_line(struct cur line, const char *text)
{
	return cur_left(&line) == strlen(text) && cur_starts(&line, text, strlen(text));
}

static bool
unwrap(uint8_t file_key[FILE_KEY], const struct age_key *identity, const struct age_key *share,
       const uint8_t wrapped[WRAPPED])
{
	struct age_key public;
	struct chacha c;
	bool fine = public_of(&public, identity) && wrap_key(&c, identity, share, share, &public) &&
		    unseal(&c, wrapped, WRAPPED, file_key);

	crypt_forget(&c, sizeof(c));
	return fine;
}

/* The rest of a stanza, to its first short line; found: it was for this key. */
static bool
take_stanza(struct cur *c, struct cur args, const struct age_key *identity, uint8_t file_key[FILE_KEY], bool *found)
{
	static const char OURS[] = "X25519 ";
	struct age_key share;
	uint8_t wrapped[WRAPPED];
	struct cur line = line_of(c), first = line;
	bool ours = cur_starts(&args, OURS, sizeof(OURS) - 1);

	while (!c->bad && cur_left(&line) == WIDTH)
		line = line_of(c);
	if (c->bad || cur_left(&line) > WIDTH)
		return false;
	if (!ours || *found)
		return true;
	cur_skip(&args, sizeof(OURS) - 1);
	if (!get_base64(share.b, args) || !get_base64(wrapped, first))
		return false;
	*found = unwrap(file_key, identity, &share, wrapped);
	return true;
}

static enum age_verdict
take_header(struct cur *c, const struct age_key *identity, uint8_t file_key[FILE_KEY])
{
	const uint8_t *start = c->p;
	uint8_t told[AGE_KEY], mac[AGE_KEY];
	bool found = false;
	struct cur line;

	if (!is_line(line_of(c), VERSION))
		return AGE_NONE;
	for (unsigned i = 0;; i++) {
		line = line_of(c);
		if (!cur_starts(&line, "-> ", 3))
			break;
		cur_skip(&line, 3);
		if (i == STANZAS || !take_stanza(c, line, identity, file_key, &found))
			return AGE_DAMAGED;
	}
	if (c->bad || !cur_starts(&line, "--- ", 4))
		return AGE_DAMAGED;
	if (!found)
		return AGE_OTHERS;
	cur_skip(&line, 4);
	if (!get_base64(told, line) || !mac_of(mac, file_key, start, (size_t)(line.p - 1 - start)) ||
	    memcmp(told, mac, AGE_KEY) != 0)
		return AGE_DAMAGED;
	return AGE_OPENED;
}

static bool
take_chunks(struct bytes *to, const uint8_t file_key[FILE_KEY], struct cur c)
{
	const uint8_t *nonce = cur_take(&c, NONCE);
	bool fine = nonce != NULL, last = false;
	struct chacha with;

	if (fine)
		derive(with.key, file_key, nonce, NONCE, "payload");
	for (uint64_t i = 0; fine && !last; i++) {
		size_t left = cur_left(&c), n = left < AGE_CHUNK + TAG ? left : AGE_CHUNK + TAG;
		const uint8_t *p = cur_take(&c, n);
		uint8_t *out = n >= TAG ? bytes_room(to, n - TAG) : NULL;

		last = n == left;
		number_chunk(&with, i, last);
		fine = p && out && (n > TAG || i == 0) && unseal(&with, p, n, out);
		to->n += fine ? n - TAG : 0;
	}
	crypt_forget(&with, sizeof(with));
	return fine;
}

enum age_verdict
age_open(struct bytes *to, const struct age_key *identity, struct cur file)
{
	uint8_t file_key[FILE_KEY];
	enum age_verdict v = take_header(&file, identity, file_key);
	size_t before = to->n;

	if (v == AGE_OPENED && !take_chunks(to, file_key, file)) {
		to->n = before;
		v = AGE_DAMAGED;
	}
	crypt_forget(file_key, sizeof(file_key));
	return v;
}
