/*
 * count: sums of counters.
 */
#include "base/count.h"

void
counts_add(struct counts *to, const struct counts *c)
{
#define COUNT(name, stratum, doc) to->name += c->name;
#include "base/count.def"
#undef COUNT
}
