/*
 * sign: Ed25519 (RFC 8032) by OpenSSL, and the key's two files: the secret for the keeper alone, the public for whoever
 * verifies.  Each is one line of text: a word that says what it is, and 64 hex digits.
 */
#ifndef LEDGER_SIGN_H
#define LEDGER_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGN_KEY = 32, SIGN_BYTES = 64 };

struct sign_key {
	uint8_t secret[SIGN_KEY], public[SIGN_KEY];
};

/* FOLDER/seal.key, made when it is not there, with FOLDER/seal.pub beside it.  False: `error` is one line. */
bool sign_open(struct sign_key *k, const char *folder, char *error, size_t size);
/* The same, but nothing is made.  False: `error`; errno is ENOENT where there is no key, EACCES where it is not ours. */
bool sign_read(struct sign_key *k, const char *folder, char *error, size_t size);
/* A public key's file.  False: `error`. */
bool sign_public(uint8_t public[SIGN_KEY], const char *path, char *error, size_t size);

bool sign_make(const struct sign_key *k, const void *bytes, size_t n, uint8_t signature[SIGN_BYTES]);
bool sign_holds(const uint8_t public[SIGN_KEY], const void *bytes, size_t n, const uint8_t signature[SIGN_BYTES]);

/* Text of hex digits and back.  False: not 2n digits. */
void sign_hex(char *to, const uint8_t *bytes, size_t n); /* 2n digits and NUL */
bool sign_unhex(uint8_t *to, size_t n, const char *text);

#endif
