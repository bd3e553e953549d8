/*
 * link_tls: TLS for a link: the one file that knows OpenSSL's ssl.  Must not touch a socket but through it.
 *
 * A receiver is verified: its chain against tls_ca or the system's authorities and its name, or, with tls_pin, its public
 * key and nothing else (RFC 5425 4.2.2 has fingerprints for the same reason: a site without an authority).
 */
#include "sink/link_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

enum { PIN_DIGITS = 2 * CRYPT_SHA256 };

struct link_tls {
	SSL_CTX *ctx;
	const struct sender_config *cfg;
};

struct link_session {
	SSL *ssl;
	const struct link_tls *of;
};

/* The system's reason where there is one, or the library's. */
static const char *
reason(void)
{
	unsigned long last = ERR_peek_last_error(), first = ERR_peek_error();
	const char *words = last ? ERR_reason_error_string(last) : NULL;

	if (first && ERR_GET_LIB(first) == ERR_LIB_SYS)
		return strerror(ERR_GET_REASON(first));
	return words ? words : errno ? strerror(errno) : "closed by the receiver";
}

/* "tls_key: FILE: why" */
static bool
file_failed(const char *option, const char *path, char words[SENDER_WORDS])
{
	snprintf(words, SENDER_WORDS, "%s: %.200s: %s", option, path, reason());
	return false;
}

static bool
load_trust(SSL_CTX *ctx, const struct sender_config *cfg, char words[SENDER_WORDS])
{
	if (*cfg->tls_ca)
		return SSL_CTX_load_verify_file(ctx, cfg->tls_ca) == 1 || file_failed("tls_ca", cfg->tls_ca, words);
	return SSL_CTX_set_default_verify_paths(ctx) == 1 || file_failed("tls_ca", "the system's", words);
}

static bool
load_own(SSL_CTX *ctx, const struct sender_config *cfg, char words[SENDER_WORDS])
{
	if (!*cfg->tls_certificate)
		return true;
	if (SSL_CTX_use_certificate_chain_file(ctx, cfg->tls_certificate) != 1)
		return file_failed("tls_certificate", cfg->tls_certificate, words);
	if (SSL_CTX_use_PrivateKey_file(ctx, cfg->tls_key, SSL_FILETYPE_PEM) != 1)
		return file_failed("tls_key", cfg->tls_key, words);
	if (SSL_CTX_check_private_key(ctx) == 1)
		return true;
	snprintf(words, SENDER_WORDS, "tls_key %.150s is not the key of tls_certificate %.150s", cfg->tls_key,
		 cfg->tls_certificate);
	return false;
}

/* With a pin the chain is of no account: the key is looked at after the handshake, before a byte is sent. */
static int
anybody(int fine, X509_STORE_CTX *chain)
{
	(void)fine;
	(void)chain;
	return 1;
}

struct link_tls *
link_tls_new(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct link_tls *t = calloc(1, sizeof(*t));

	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	ERR_clear_error();
	errno = 0;
	if (t)
		t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t || !t->ctx) {
		snprintf(words, SENDER_WORDS, "TLS: no memory");
		free(t);
		return NULL;
	}
	t->cfg = cfg;
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, *cfg->tls_pin ? anybody : NULL);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if ((*cfg->tls_pin || load_trust(t->ctx, cfg, words)) && load_own(t->ctx, cfg, words))
		return t;
	link_tls_free(t);
	return NULL;
}

void
link_tls_free(struct link_tls *t)
{
	if (t)
		SSL_CTX_free(t->ctx);
	free(t);
}

static bool
is_address(const char *host)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* The name that its certificate has to have, and that it is asked for (RFC 6066 3: no addresses there). */
static bool
expect_name(SSL *ssl, const char *name)
{
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct link_session *
link_session_new(struct link_tls *t, int fd, const char *host, char words[SENDER_WORDS])
{
	struct link_session *s = calloc(1, sizeof(*s));

	ERR_clear_error();
	if (s && (s->ssl = SSL_new(t->ctx)) != NULL && SSL_set_fd(s->ssl, fd) == 1 &&
	    expect_name(s->ssl, *t->cfg->tls_name ? t->cfg->tls_name : host)) {
		s->of = t;
		SSL_set_connect_state(s->ssl);
		return s;
	}
	snprintf(words, SENDER_WORDS, "TLS: %s", reason());
	link_session_free(s);
	return NULL;
}

void
link_session_free(struct link_session *s)
{
	if (s)
		SSL_free(s->ssl);
	free(s);
}

/* What OpenSSL wants after `got`; FAILED is without words. */
static enum link_step
step_of(const struct link_session *s, int got)
{
	if (got > 0)
		return LINK_STEP_DONE;
	switch (SSL_get_error(s->ssl, got)) {
	case SSL_ERROR_WANT_READ:
		return LINK_STEP_READ;
	case SSL_ERROR_WANT_WRITE:
		return LINK_STEP_WRITE;
	default:
		return LINK_STEP_FAILED;
	}
}

/* SHA-256 of its SubjectPublicKeyInfo (RFC 7469 2.4), in hex digits. */
static bool
pin_of(X509 *leaf, char to[PIN_DIGITS + 1])
{
	unsigned char *der = NULL;
	int n = leaf ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der) : -1;
	uint8_t hash[CRYPT_SHA256];

	if (n <= 0)
		return false;
	crypt_sha256(der, (size_t)n, hash);
	OPENSSL_free(der);
	for (unsigned i = 0; i < CRYPT_SHA256; i++)
		snprintf(to + 2 * (size_t)i, 3, "%02x", hash[i]);
	return true;
}

bool
link_tls_pin_holds(const char *pin, struct x509_st *leaf, char words[SENDER_WORDS])
{
	char have[PIN_DIGITS + 1] = "";

	if (!*pin || (pin_of(leaf, have) && strcasecmp(have, pin) == 0))
		return true;
	snprintf(words, SENDER_WORDS,
		 "the receiver's key is %s, which is not tls_pin; if that is right, write it there",
		 *have ? have : "unknown");
	return false;
}

struct ssl_ctx_st *
link_tls_context(struct link_tls *t)
{
	SSL_CTX_up_ref(t->ctx);
	return t->ctx;
}

enum link_step
session_handshake(struct link_session *s, char words[SENDER_WORDS])
{
	enum link_step step;
	long verdict;

	ERR_clear_error();
	errno = 0;
	step = step_of(s, SSL_do_handshake(s->ssl));
	if (step == LINK_STEP_DONE)
		return link_tls_pin_holds(s->of->cfg->tls_pin, SSL_get0_peer_certificate(s->ssl), words) ?
			       LINK_STEP_DONE :
			       LINK_STEP_FAILED;
	if (step != LINK_STEP_FAILED)
		return step;
	verdict = SSL_get_verify_result(s->ssl);
	if (verdict != X509_V_OK && !*s->of->cfg->tls_pin)
		snprintf(words, SENDER_WORDS,
			 "the receiver's certificate is not trusted: %s; name its authority (tls_ca), its name "
			 "(tls_name) or "
			 "its key (tls_pin)",
			 X509_verify_cert_error_string(verdict));
	else
		snprintf(words, SENDER_WORDS, "TLS: %s", reason());
	return step;
}

static enum link_step
failed(enum link_step step, char words[SENDER_WORDS])
{
	if (step == LINK_STEP_FAILED)
		snprintf(words, SENDER_WORDS, "the connection broke: %s", reason());
	return step;
}

enum link_step
session_write(struct link_session *s, const void *bytes, size_t room, size_t *n, char words[SENDER_WORDS])
{
	ERR_clear_error();
	errno = 0;
	return failed(step_of(s, SSL_write_ex(s->ssl, bytes, room, n)), words);
}

enum link_step
session_close(struct link_session *s, char words[SENDER_WORDS])
{
	int got;

	ERR_clear_error();
	errno = 0;
	got = SSL_shutdown(s->ssl);
	return got >= 0 ? LINK_STEP_DONE : failed(step_of(s, got), words); /* 0: sent, not yet answered */
}

enum link_step
session_read_end(struct link_session *s, bool *bare, char words[SENDER_WORDS])
{
	char bytes[4096];
	size_t n;
	int got, error;

	do {
		ERR_clear_error();
		errno = 0;
		got = SSL_read_ex(s->ssl, bytes, sizeof(bytes), &n);
	} while (got == 1);
	error = SSL_get_error(s->ssl, got);
	*bare = error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
	if (*bare || error == SSL_ERROR_ZERO_RETURN)
		return LINK_STEP_DONE;
	return failed(step_of(s, got), words);
}
