/*
 * age: files that only the holder of a secret key can read (https://c2sp.org/age, version 1, X25519), as age(1) and its
 * sisters write and open them.
 *
 *	age-encryption.org/v1
 *	-> X25519 SHARE			one a recipient: the file's key, for them
 *	WRAPPED KEY
 *	--- MAC
 *	nonce | chunks of 64 KiB, each sealed with ChaCha20-Poly1305, the last one marked
 *
 * Whoever seals needs public keys only, and cannot open what they sealed.
 */
#ifndef SENSOR_AGE_H
#define SENSOR_AGE_H

#include "ledger/bytes.h"

enum { AGE_KEY = 32, AGE_TEXT = 96, AGE_RECIPIENTS = 4, AGE_CHUNK = 1 << 16 };
/* What sealing may add to that many bytes. */
enum { AGE_ADDED = 1024, AGE_ADDED_A_CHUNK = 16 };

struct age_key {
	uint8_t b[AGE_KEY];
};

/* "age1...", "AGE-SECRET-KEY-1...".  False: no such text, or mistyped. */
bool age_recipient(struct age_key *public, const char *text, size_t n);
bool age_identity(struct age_key *secret, const char *text, size_t n);
void age_recipient_text(char to[AGE_TEXT], const struct age_key *public);
void age_identity_text(char to[AGE_TEXT], const struct age_key *secret);

/* A new pair.  False: the system or the library fails. */
bool age_make(struct age_key *secret, struct age_key *public);

/* Appends n bytes sealed for 1 to AGE_RECIPIENTS.  False: no memory, or the library fails. */
bool age_seal(struct bytes *to, const struct age_key *recipient, unsigned recipients, const void *bytes, size_t n);

/* Appends what was sealed.  Of a file that is not whole nothing is appended. */
enum age_verdict { AGE_OPENED, AGE_OTHERS /* not for this key */, AGE_NONE /* no such file */, AGE_DAMAGED };
enum age_verdict age_open(struct bytes *to, const struct age_key *identity, struct cur file);

#endif
