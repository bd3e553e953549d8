/*
 * column: many numbers of one kind as few bytes.
 *
 *	column	255, the number that all are; or:
 *		n of frequent values, these | one symbol a number, compressed | bits
 *	symbol	0..64: how many bits the number has, which follow in `bits` without the topmost; 65..: a frequent value
 *
 * A number that comes often costs what its symbol costs, any other about its logarithm: nothing is spent on what a
 * column never holds, and no encoding has to be picked by hand.
 */
#ifndef LEDGER_COLUMN_H
#define LEDGER_COLUMN_H

#include "ledger/bytes.h"

/* Memory that encoding needs, kept from one column to the next. */
struct column_work;
struct column_work *column_work(void); /* NULL: no memory */
void column_work_free(struct column_work *w);

void column_put(struct bytes *to, const uint64_t *v, size_t n, struct column_work *w);
/* About how many bits that takes, in a fraction of the time. */
uint64_t column_weigh(const uint64_t *v, size_t n, struct column_work *w);

/* Exactly n numbers.  False: these bytes are no such column, or memory ran out. */
bool column_get(struct cur *from, uint64_t *v, size_t n);
/* Are they all the same?  Nothing is read. */
bool column_same(const struct cur *from);

/* What a number costs, about, in bits: for whoever can say the same in two ways. */
static inline unsigned
column_bits(uint64_t v)
{
	return v ? 64u - (unsigned)__builtin_clzll(v) : 0;
}

#endif
