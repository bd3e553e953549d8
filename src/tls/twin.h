/*
 * twin: ClientHellos that differ from one seen before only in what a client draws anew for each visit.
 *
 *	random | session id | ciphers ... | name ... | key share | ticket | PSK ...
 *	~~~~~~   ~~~~~~~~~~                            ~~~~~~~~~   ~~~~~~   ~~~	holes: any bytes, as many
 *
 * Everything else byte for byte the same means: the same print, the same name, the same flags, and the drawn parts at
 * the same places, without reading an extension.  Most hellos of a flood, and of a working day, are such twins.  Only
 * hellos without fault are models.  Internal to src/tls.
 */
#ifndef TLS_TWIN_H
#define TLS_TWIN_H

#include "tls/print.h"

/* What a connection keeps of a ClientHello. */
struct offer {
	struct cur random, session_id, ticket, psk_identity;
	uint32_t client, sni; /* prints, each a use of its own */
	uint8_t flags;        /* enum half_flag */
};

struct twins;

size_t twins_bytes(void);
struct twins *twins_new(struct carve *c);

/* body: of a ClientHello over a stream.  True: it is a twin, and *o is what it offers. */
bool twin_find(const struct twins *w, struct prints *p, struct cur body, struct offer *o);
/* The next ones may be twins of this one, which was read as h and kept as o. */
void twin_keep(struct twins *w, struct prints *p, struct cur body, const struct hello *h, const struct offer *o);

#endif
