/*
 * records: a world into the record door.
 */
#ifndef TESTS_WORLD_RECORDS_H
#define TESTS_WORLD_RECORDS_H

#include "world.h"

extern const struct hash_key WORLD_IDENTITY;
void records_begin(struct world *w, int64_t update_ns);

#endif
