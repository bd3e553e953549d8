/*
 * count: the counters of the core, declared once in count.def.  The core does not log; it counts.
 */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H

#include <stdint.h>

struct counts {
#define COUNT(name, stratum, doc) uint64_t name;
#include "base/count.def"
#undef COUNT
};

void counts_add(struct counts *to, const struct counts *c);

#endif
