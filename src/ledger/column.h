/*
 * column: many numbers of one kind as few bytes.
 *
 *	column	n of frequent values, these | one symbol a number, compressed | bits
 *	symbol	0..64: how many bits the number has, which follow in `bits` without the topmost; 65..: a frequent value
 *
 * A number that comes often costs what its symbol costs, any other about its logarithm: nothing is spent on what a
 * column never holds, and no encoding has to be picked by hand.
 */
#ifndef LEDGER_COLUMN_H
#define LEDGER_COLUMN_H

#include "ledger/bytes.h"

void column_put(struct bytes *to, const uint64_t *v, size_t n);
/* About how many bytes that takes, in a tenth of the time. */
size_t column_weigh(const uint64_t *v, size_t n);

/* Exactly n numbers.  False: these bytes are no such column, or memory ran out. */
bool column_get(struct cur *from, uint64_t *v, size_t n);

/* What a number costs, about, in bits: for whoever can say the same in two ways. */
static inline unsigned
column_bits(uint64_t v)
{
	return v ? 64u - (unsigned)__builtin_clzll(v) : 0;
}

#endif
