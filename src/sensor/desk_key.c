/*
 * desk_key: see desk_key.h.  Must not write over a file that is there: whoever has compared its fingerprint would be
 * warned of an attack that is none.
 */
#include "sensor/desk_key.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/kept.h"

enum { NAME_ROOM = 64, SERIAL = 16 }; /* a common name has 64 letters at most (RFC 5280, ub-common-name) */

static bool
extend(X509 *certificate, int what, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;
	bool fine;

	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, what, value);
	fine = e && X509_add_ext(certificate, e, -1) == 1;
	X509_EXTENSION_free(e);
	return fine;
}

/* 128 bits by chance, positive (RFC 5280, 4.1.2.2). */
static bool
number(X509 *certificate)
{
	unsigned char bytes[SERIAL];
	BIGNUM *n = RAND_bytes(bytes, SERIAL) == 1 ? BN_bin2bn(bytes, SERIAL, NULL) : NULL;
	bool fine =
		n && BN_clear_bit(n, 8 * SERIAL - 1) == 1 && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(certificate));

	BN_free(n);
	return fine;
}

/* Never too old and never too new: a board may not know the time when it makes it (99991231235959Z: RFC 5280, 4.1.2.5). */
static bool
lasts(X509 *certificate)
{
	return ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
	       ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1;
}

/* Its letters that a host's name has. */
static void
plain_name(char to[NAME_ROOM + 1], const char *name)
{
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t n = 0;

	for (; *name && n < NAME_ROOM; name++)
		if (strchr(LETTERS, *name))
			to[n++] = *name;
	to[n] = '\0';
}

static bool
named(X509 *certificate, const char *name)
{
	char plain[NAME_ROOM + 1], also[NAME_ROOM + 8];
	X509_NAME *subject = X509_get_subject_name(certificate);

	plain_name(plain, name);
	snprintf(also, sizeof(also), "DNS:%s", *plain ? plain : "gatewitness");
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)also + 4, -1, -1, 0) ==
		       1 &&
	       X509_set_issuer_name(certificate, subject) == 1 && extend(certificate, NID_subject_alt_name, also);
}

static X509 *
make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *c = key ? X509_new() : NULL;

	if (c && X509_set_version(c, X509_VERSION_3) == 1 && number(c) && lasts(c) && X509_set_pubkey(c, key) == 1 &&
	    named(c, name) && extend(c, NID_basic_constraints, "critical,CA:FALSE") &&
	    extend(c, NID_ext_key_usage, "serverAuth") && X509_sign(c, key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

static bool
make_file(const char *path, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, name);
	BIO *pem = certificate ? BIO_new(BIO_s_mem()) : NULL;
	char *text = NULL;
	bool fine = pem && PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		    PEM_write_bio_X509(pem, certificate) == 1;
	long n = fine ? BIO_get_mem_data(pem, &text) : 0;

	errno = ENOMEM;
	fine = n > 0 && kept_make(path, text, (size_t)n);
	BIO_free(pem);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return fine;
}

static bool
is_private(const char *path, char *words, size_t size)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return true;
	snprintf(words, size, "desk.key %.150s: others than its owner may read it; chmod 600 it", path);
	return false;
}

char *
desk_key_take(const char *path, const char *name, char *words, size_t size)
{
	struct stat st;
	char *text = NULL;
	size_t n = 0;

	/* who starts at the same moment may be first: then its file is the one that is taken */
	if ((stat(path, &st) == 0 || errno != ENOENT || make_file(path, name) || errno == EEXIST))
		text = kept_read(path, DESK_KEY_MAX, &n);
	if (!text) {
		snprintf(words, size, "desk.key %.150s: %.80s; there is no page until it is mended", path,
			 strerror(errno));
		return NULL;
	}
	text[n] = '\0';
	if (!strstr(text, "PRIVATE KEY-----") || !strstr(text, "-----BEGIN CERTIFICATE-----"))
		snprintf(words, size, "desk.key %.150s: has no private key with its certificate in PEM", path);
	else if (is_private(path, words, size))
		return text;
	free(text);
	return NULL;
}
