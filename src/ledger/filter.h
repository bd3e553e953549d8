/*
 * filter: may a block hold this address, JA4 or name?  A Bloom filter of fixed size, kept beside the block.
 */
#ifndef LEDGER_FILTER_H
#define LEDGER_FILTER_H

#include "session/session.h"

enum { FILTER_BYTES = 2048 };
enum filter_what { FILTER_ADDR = 1, FILTER_JA4, FILTER_SNI };

struct filter {
	uint8_t bits[FILTER_BYTES];
};

void filter_add(struct filter *f, enum filter_what what, const void *bytes, size_t n);
void filter_session(struct filter *f, const struct session *s); /* its addresses, JA4 and name */
/* False: certainly not. */
bool filter_may(const struct filter *f, enum filter_what what, const void *bytes, size_t n);

#endif
