/*
 * link_tls: TLS for a link.  Must not touch a socket but through OpenSSL, nor decide whom to trust: sender_tls does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sink/endpoint.h"
#include "sink/link_parts.h"
#include "sink/sender_tls.h"

struct link_tls {
	SSL_CTX *ctx;
	const struct sender_config *cfg;
	struct sender_tls_verdict verdict;
};

struct link_session {
	SSL *ssl;
	const struct link_tls *of;
};

/* The library's reason, or the system's. */
static const char *
reason(void)
{
	unsigned long last = ERR_peek_last_error();
	const char *words = last ? ERR_reason_error_string(last) : NULL;

	return words ? words : errno ? strerror(errno) : "closed by the receiver";
}

struct link_tls *
link_tls_new(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct link_tls *t = calloc(1, sizeof(*t));
	const char *list = cfg->address;
	struct endpoint e;

	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (!t || !endpoint_next(&e, &list)) {
		snprintf(words, SENDER_WORDS, t ? "address is not HOST:PORT" : "no memory");
		free(t);
		return NULL;
	}
	t->cfg = cfg;
	t->ctx = sender_tls_new(cfg, e.host, &t->verdict, words);
	if (!t->ctx) {
		free(t);
		return NULL;
	}
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return t;
}

void
link_tls_free(struct link_tls *t)
{
	if (t)
		sender_tls_free(t->ctx);
	free(t);
}

/* Who serves many names wants to know which is asked for; addresses are none (RFC 6066 3). */
static bool
ask_name(SSL *ssl, const char *name)
{
	char copy[ENDPOINT_HOST]; /* the library's macro does not promise to leave it alone */
	uint8_t bytes[16];

	snprintf(copy, sizeof(copy), "%s", name);
	return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1 ||
	       SSL_set_tlsext_host_name(ssl, copy) == 1;
}

struct link_session *
link_session_new(struct link_tls *t, int fd, const char *host, char words[SENDER_WORDS])
{
	struct link_session *s = calloc(1, sizeof(*s));

	ERR_clear_error();
	t->verdict.words[0] = '\0';
	if (s && (s->ssl = SSL_new(t->ctx)) != NULL && SSL_set_fd(s->ssl, fd) == 1 &&
	    ask_name(s->ssl, *t->cfg->tls_name ? t->cfg->tls_name : host)) {
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

enum link_step
session_handshake(struct link_session *s, char words[SENDER_WORDS])
{
	enum link_step step;

	ERR_clear_error();
	errno = 0;
	step = step_of(s, SSL_do_handshake(s->ssl));
	if (step == LINK_STEP_FAILED && *s->of->verdict.words)
		snprintf(words, SENDER_WORDS, "%s", s->of->verdict.words);
	else if (step == LINK_STEP_FAILED)
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
