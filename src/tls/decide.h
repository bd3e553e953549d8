/*
 * decide: which carrier an undecided connection has, or that it has none.  Internal to src/tls.
 */
#ifndef TLS_DECIDE_H
#define TLS_DECIDE_H

#include "tls/conn.h"

enum verdict {
	WAIT,   /* for more bytes */
	BEGINS, /* h->carrier is set; what comes before TLS is taken off the piece */
	NEVER,  /* nothing can come any more */
};

enum verdict decide(struct tls *t, struct half *h, struct tls_piece *piece);

#endif
