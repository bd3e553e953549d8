/*
 * sender_tls: a client's context with verification on; there is no way to switch it off.
 * Must not know what is sent over it.
 */
#include "sink/sender_tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False: it is not 64 hex digits. */
static bool
take_pin(struct sender_tls_verdict *v, const char *hex)
{
	v->pinned = *hex != '\0';
	if (!v->pinned)
		return true;
	if (strlen(hex) != 2 * sizeof(v->pin))
		return false;
	for (size_t i = 0; i < sizeof(v->pin); i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		v->pin[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* RFC 7469 section 2.4: a pin is of the SubjectPublicKeyInfo, so that a renewed certificate with the same key fits. */
static bool
key_fits(struct sender_tls_verdict *v, X509 *certificate)
{
	unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	bool fits;

	if (n <= 0)
		return false;
	SHA256(der, (size_t)n, digest);
	OPENSSL_free(der);
	fits = memcmp(digest, v->pin, sizeof(v->pin)) == 0;
	if (!fits) {
		int at = snprintf(v->words, sizeof(v->words), "the receiver's key is not the one of tls_pin but ");

		for (size_t i = 0; i < sizeof(digest); i++)
			at += snprintf(v->words + at, sizeof(v->words) - (size_t)at, "%02x", digest[i]);
	}
	return fits;
}

bool
sender_tls_pin_fits(struct sender_tls_verdict *v, const uint8_t *der, size_t n)
{
	X509 *certificate = d2i_X509(NULL, &der, (long)n);
	bool fits = certificate && (!v->pinned || key_fits(v, certificate));

	X509_free(certificate);
	return fits;
}

static int
verdict_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

/* OpenSSL asks for each certificate of the chain; the first refusal is the one to tell. */
static int
judge(int fine, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct sender_tls_verdict *v = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), verdict_index());

	if (!fine && !v->alone) {
		snprintf(v->words, sizeof(v->words), "the receiver's certificate is not trusted: %s (tls_ca, tls_name)",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
		return 0;
	}
	if (v->pinned && X509_STORE_CTX_get_error_depth(store) == 0 &&
	    !key_fits(v, X509_STORE_CTX_get_current_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static bool
fail(char words[SENDER_WORDS], const char *option, const char *path, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	if (access(path, R_OK) != 0)
		snprintf(words, SENDER_WORDS, "%s %.200s cannot be read: %s", option, path, strerror(errno));
	else
		snprintf(words, SENDER_WORDS, "%s %.200s %s%s%s", option, path, what, why ? ": " : "", why ? why : "");
	ERR_clear_error();
	return false;
}

static bool
trusted(SSL_CTX *c, const struct sender_config *cfg, char words[SENDER_WORDS])
{
	if (!*cfg->tls_ca)
		return SSL_CTX_set_default_verify_paths(c) == 1 ||
		       fail(words, "tls_ca", "of the system", "cannot be read; name one");
	return SSL_CTX_load_verify_file(c, cfg->tls_ca) == 1 ||
	       fail(words, "tls_ca", cfg->tls_ca, "holds no certificates in PEM");
}

static bool
own(SSL_CTX *c, const struct sender_config *cfg, char words[SENDER_WORDS])
{
	const char *key = *cfg->tls_key ? cfg->tls_key : cfg->tls_certificate;

	if (!*cfg->tls_certificate) {
		if (*cfg->tls_key)
			snprintf(words, SENDER_WORDS, "tls_key is given without tls_certificate; name both or none");
		return !*cfg->tls_key;
	}
	if (SSL_CTX_use_certificate_chain_file(c, cfg->tls_certificate) != 1)
		return fail(words, "tls_certificate", cfg->tls_certificate, "holds no certificate in PEM");
	if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(c) != 1)
		return fail(words, "tls_key", key, "is not the key of tls_certificate");
	return true;
}

/* RFC 6125: an address is compared with the addresses of the certificate, a name with its names. */
static bool
named(SSL_CTX *c, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(c);

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1 || X509_VERIFY_PARAM_set1_host(p, name, 0) == 1;
}

static int
no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to, (void)size, (void)writing, (void)arg;
	return -1; /* nobody is there to be asked */
}

struct ssl_ctx_st *
sender_tls_new(const struct sender_config *cfg, const char *host, struct sender_tls_verdict *v,
	       char words[SENDER_WORDS])
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	v->words[0] = '\0';
	ERR_clear_error();
	if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_ex_data(c, verdict_index(), v) != 1) {
		snprintf(words, SENDER_WORDS, "no memory for TLS");
		goto out;
	}
	SSL_CTX_set_default_passwd_cb(c, no_passphrase);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, judge);
	if (!take_pin(v, cfg->tls_pin)) {
		snprintf(words, SENDER_WORDS, "tls_pin is not a SHA-256 in 64 hex digits");
		goto out;
	}
	v->alone = v->pinned && !*cfg->tls_ca;
	if (!named(c, *cfg->tls_name ? cfg->tls_name : host)) {
		snprintf(words, SENDER_WORDS, "tls_name is neither a name nor an address");
		goto out;
	}
	if (trusted(c, cfg, words) && own(c, cfg, words))
		return c;
out:
	SSL_CTX_free(c);
	return NULL;
}

void
sender_tls_free(struct ssl_ctx_st *context)
{
	SSL_CTX_free(context);
}
