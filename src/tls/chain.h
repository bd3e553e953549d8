/*
 * chain: what is kept of a list of certificates, as one entry of the intern table.  Internal to src/tls.
 */
#ifndef TLS_CHAIN_H
#define TLS_CHAIN_H

#include "base/out.h"
#include "tls/intern.h"
#include "tls/tls.h"

enum { CHAIN_DIGESTS = 8 };

struct chain_list {
	struct cur cert[CHAIN_DIGESTS];
	uint8_t n; /* sent, also beyond CHAIN_DIGESTS; saturates */
};

/* Certificates, each after three bytes of length; one that is cut ends the list. */
struct chain_list chain_split(struct cur list);

/* work: memory for the texts.  0: no room. */
uint32_t chain_add(struct intern *in, const struct intern_key *k, const struct chain_list *l, struct out work);
void chain_get(const struct intern *in, uint32_t handle, struct tls_cert *out);

#endif
