/*
 * sender_tls: link_tls.c's trust (tls_ca or the system's, tls_name; or tls_pin and nothing else), for libraries that speak
 * TLS themselves.
 */
#ifndef SINK_SENDER_TLS_H
#define SINK_SENDER_TLS_H

#include "sink/sender.h"

struct ssl_ctx_st;

/* Why a receiver was not trusted, filled during a handshake, perhaps by another thread; "": it was. */
struct sender_verdict {
	const struct sender_config *cfg;
	char words[SENDER_WORDS];
};

/* An OpenSSL context for one host: files are checked now.  NULL: `words`.  The verdict must outlive it. */
struct ssl_ctx_st *
sender_tls_new(const struct sender_config *cfg, const char *host, struct sender_verdict *v, char words[SENDER_WORDS]);
void sender_tls_free(struct ssl_ctx_st *context);

/* Has the certificate, in DER, the pinned key?  True without a pin. */
bool sender_tls_pin_fits(struct sender_verdict *v, const uint8_t *der, size_t n);

#endif
