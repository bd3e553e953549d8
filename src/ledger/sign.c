/*
 * sign: see sign.h.  Must not print the secret, nor leave it readable for others at any moment.
 */
#include "ledger/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/kept.h"

static const char SECRET[] = "gatewitness-ed25519-secret ", PUBLIC[] = "gatewitness-ed25519-public ";
enum { WORD = sizeof(SECRET) - 1, LINE = WORD + 2 * SIGN_KEY + 1 };

void
sign_hex(char *to, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

bool
sign_unhex(uint8_t *to, size_t n, const char *text)
{
	static const char DIGITS[] = "0123456789abcdef";

	for (size_t i = 0; i < 2 * n; i++) {
		const char *d = text[i] ? strchr(DIGITS, text[i]) : NULL;

		if (!d)
			return false;
		to[i / 2] = (uint8_t)(i % 2 ? to[i / 2] << 4 | (d - DIGITS) : d - DIGITS);
	}
	return true;
}

static bool
public_of(struct sign_key *k)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->secret, SIGN_KEY);
	size_t n = SIGN_KEY;
	bool fine = key && EVP_PKEY_get_raw_public_key(key, k->public, &n) == 1 && n == SIGN_KEY;

	EVP_PKEY_free(key);
	return fine;
}

/* Whole or not at all: half a key would keep every later start from going on. */
static bool
write_line(const char *path, const char *word, const uint8_t bytes[SIGN_KEY])
{
	char line[LINE + 1];

	memcpy(line, word, WORD);
	sign_hex(line + WORD, bytes, SIGN_KEY);
	line[LINE - 1] = '\n';
	return kept_make(path, line, LINE);
}

static bool
read_line(const char *path, const char *word, uint8_t bytes[SIGN_KEY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char line[LINE + 1] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, line, LINE);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	errno = EINVAL;
	return n >= LINE - 1 && memcmp(line, word, WORD) == 0 && sign_unhex(bytes, SIGN_KEY, line + WORD);
}

static const char *
why(void)
{
	return errno == EINVAL ? "is no key of gatewitness" : strerror(errno);
}

/* Where it is, nothing is written: who comes back to a full disk has to come back. */
static bool
export_public(const struct sign_key *k, const char *path, char *error, size_t size)
{
	uint8_t there[SIGN_KEY];

	if (read_line(path, PUBLIC, there))
		return true;
	if (write_line(path, PUBLIC, k->public)) {
		chmod(path, 0644);
	} else if (errno != EEXIST) {
		snprintf(error, size, "%.300s: %s", path, why());
		return false;
	}
	return true;
}

bool
sign_open(struct sign_key *k, const char *folder, char *error, size_t size)
{
	char secret[PATH_MAX], public[PATH_MAX];

	if (snprintf(secret, sizeof(secret), "%s/seal.key", folder) >= (int)sizeof(secret) ||
	    snprintf(public, sizeof(public), "%s/seal.pub", folder) >= (int)sizeof(public)) {
		snprintf(error, size, "%.200s: the name is too long", folder);
		return false;
	}
	if (!read_line(secret, SECRET, k->secret)) {
		if (errno != ENOENT || getrandom(k->secret, SIGN_KEY, 0) != SIGN_KEY ||
		    !write_line(secret, SECRET, k->secret)) {
			snprintf(error, size, "%.300s: %s", secret, why());
			return false;
		}
	}
	if (!public_of(k)) {
		snprintf(error, size, "%.300s: the crypto library lacks Ed25519", secret);
		return false;
	}
	return export_public(k, public, error, size);
}

bool
sign_read(struct sign_key *k, const char *folder, char *error, size_t size)
{
	char secret[PATH_MAX];

	if (snprintf(secret, sizeof(secret), "%s/seal.key", folder) < (int)sizeof(secret) &&
	    read_line(secret, SECRET, k->secret) && public_of(k))
		return true;
	snprintf(error, size, "%.300s/seal.key: %s", folder, why());
	return false;
}

bool
sign_public(uint8_t public[SIGN_KEY], const char *path, char *error, size_t size)
{
	if (read_line(path, PUBLIC, public))
		return true;
	snprintf(error, size, "%.300s: %s; --key names a seal.pub", path, why());
	return false;
}

bool
sign_make(const struct sign_key *k, const void *bytes, size_t n, uint8_t signature[SIGN_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->secret, SIGN_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = SIGN_BYTES;
	bool fine = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestSign(ctx, signature, &len, bytes, n) == 1 && len == SIGN_BYTES;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return fine;
}

bool
sign_holds(const uint8_t public[SIGN_KEY], const void *bytes, size_t n, const uint8_t signature[SIGN_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, SIGN_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool holds = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		     EVP_DigestVerify(ctx, signature, SIGN_BYTES, bytes, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return holds;
}
