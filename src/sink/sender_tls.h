/*
 * sender_tls: whom a sender trusts, as an OpenSSL context: the certificates of tls_ca or the system's, the name in the
 * receiver's certificate, the pinned key; and what it shows of itself.
 *
 * With tls_ca a pin comes on top of the chain and the name; without it the key alone decides, as in SSH.
 */
#ifndef SINK_SENDER_TLS_H
#define SINK_SENDER_TLS_H

#include "sink/sender.h"

struct ssl_ctx_st;

/* What the last handshake came to, filled while it runs; "": nothing was wrong. */
struct sender_tls_verdict {
	uint8_t pin[32];
	bool pinned, alone; /* alone: chain and name are of no account */
	char words[160];
};

/* Checks files and texts; `host` is what the certificate is to be for, unless tls_name says it.  NULL: `words` is one
   line.  The verdict must outlive the context, which is freed with sender_tls_free. */
struct ssl_ctx_st *sender_tls_new(const struct sender_config *cfg, const char *host, struct sender_tls_verdict *v,
				  char words[SENDER_WORDS]);
void sender_tls_free(struct ssl_ctx_st *context);

/* For libraries that have a context of their own: the same check of the pin, on a certificate in DER. */
bool sender_tls_pin_fits(struct sender_tls_verdict *v, const uint8_t *der, size_t n);

#endif
