/*
 * beside: may a block hold such a session, by what is written beside it (times, ranges of numbers, filters)?  Yes where
 * nothing is known.  What query and hunt pass over blocks by.
 */
#ifndef LEDGER_BESIDE_H
#define LEDGER_BESIDE_H

#include "ledger/scan.h"
#include "session/where.h"

/* A text or an address with just these bytes; column: of SESSION_TABLE. */
bool beside_text(const struct scan_about *a, unsigned column, const void *bytes, size_t n);
/* A number of at least and at most that; times in microseconds with the topmost bit turned. */
bool beside_number(const struct scan_about *a, unsigned column, uint64_t least, uint64_t most);
/* One for which the question holds; it must have been compiled without a second table. */
bool beside_where(const struct scan_about *a, const struct where *w);

#endif
