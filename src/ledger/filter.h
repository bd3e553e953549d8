/*
 * filter: may a block hold this address, JA4, name or id?  A Bloom filter as large as what was put in needs it, kept
 * beside the block: ten bits and three probes for each, one in sixty that are not there may be.
 */
#ifndef LEDGER_FILTER_H
#define LEDGER_FILTER_H

#include "ledger/bytes.h"

enum filter_what { FILTER_ADDR = 1, FILTER_JA4, FILTER_SNI, FILTER_ID };

/* Texts are there as they are, and in lower case; of longer ones so much of it. */
enum { FILTER_TEXT_MAX = 256 };
static inline char
filter_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* An empty one for so many; *f is empty bytes. */
void filter_room(struct bytes *f, size_t n);
void filter_add(struct bytes *f, enum filter_what what, const void *bytes, size_t n);
/* False: certainly not. */
bool filter_may(struct cur f, enum filter_what what, const void *bytes, size_t n);

#endif
