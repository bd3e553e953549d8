/*
 * state: a carrier's own item of tls.states.  Internal to dtls.c, quic.c, openvpn.c.
 */
#ifndef TLS_STATE_H
#define TLS_STATE_H

#include <string.h>

#include "tls/conn.h"

/* NULL: none yet. */
static inline void *
state_at(const struct tls *t, const struct half *h)
{
	return h->carry ? pool_at(&t->states, h->carry) : NULL;
}

/* The item, cleared when it is a new one; NULL: no room, counted. */
static inline void *
state_get(struct tls *t, struct half *h)
{
	if (h->carry)
		return state_at(t, h);
	h->carry = pool_get(&t->states);
	if (!h->carry) {
		t->counts->tls_no_memory++;
		return NULL;
	}
	return memset(state_at(t, h), 0, STATE_BYTES);
}

static inline void
state_drop(struct tls *t, struct half *h)
{
	if (h->carry)
		pool_put(&t->states, h->carry);
	h->carry = 0;
}

#endif
