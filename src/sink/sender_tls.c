/*
 * sender_tls: see sender_tls.h.  Must not touch a connection.
 */
#include "sink/sender_tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "sink/link_parts.h"

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
on_chain(int fine, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct sender_verdict *v = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), verdict_index());

	if (!fine)
		snprintf(v->words, sizeof(v->words),
			 "the receiver's certificate is not trusted: %s; name its authority (tls_ca), its name "
			 "(tls_name) or its key (tls_pin)",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
	return fine;
}

/* In place of the chain: before a byte of ours is sent, a password among them. */
static int
on_pinned(X509_STORE_CTX *store, void *arg)
{
	struct sender_verdict *v = arg;

	if (link_tls_pin_holds(v->cfg->tls_pin, X509_STORE_CTX_get0_cert(store), v->words))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* RFC 6125: an address is compared with the addresses of the certificate, a name with its names. */
static bool
named(SSL_CTX *c, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_CTX_get0_param(c);

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1 || X509_VERIFY_PARAM_set1_host(p, name, 0) == 1;
}

struct ssl_ctx_st *
sender_tls_new(const struct sender_config *cfg, const char *host, struct sender_verdict *v, char words[SENDER_WORDS])
{
	struct link_tls *t = link_tls_new(cfg, words);
	SSL_CTX *c = t ? link_tls_context(t) : NULL;

	link_tls_free(t);
	*v = (struct sender_verdict){.cfg = cfg};
	if (!c)
		return NULL;
	if (SSL_CTX_set_ex_data(c, verdict_index(), v) != 1 || !named(c, *cfg->tls_name ? cfg->tls_name : host)) {
		snprintf(words, SENDER_WORDS, "tls_name is neither a name nor an address");
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, on_chain);
	if (*cfg->tls_pin)
		SSL_CTX_set_cert_verify_callback(c, on_pinned, v);
	return c;
}

void
sender_tls_free(struct ssl_ctx_st *context)
{
	SSL_CTX_free(context);
}

bool
sender_tls_pin_fits(struct sender_verdict *v, const uint8_t *der, size_t n)
{
	X509 *leaf = d2i_X509(NULL, &der, (long)n);
	bool fits = link_tls_pin_holds(v->cfg->tls_pin, leaf, v->words);

	X509_free(leaf);
	return fits;
}
