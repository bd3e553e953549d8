/*
 * where_value: one value of a question, by the type of the field it is compared with.  Internal to src/session.
 */
#ifndef SESSION_WHERE_VALUE_H
#define SESSION_WHERE_VALUE_H

#include "session/where.h"

enum where_op { WHERE_EQ, WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE, WHERE_PREFIX, WHERE_NE, WHERE_IN, WHERE_OPS };

/* Which operators a type takes: bits by enum where_op, and in words. */
unsigned where_ops(uint8_t type);

/* True: the value is in *v (a text is added to w).  False: what is wrong is appended to `error`. */
bool
where_value(struct where *w, const struct where_field *f, struct text word, struct where_value *v, struct out *error);

/* Times as numbers in the same order. */
static inline uint64_t
where_time(struct when t)
{
	return (uint64_t)t.ns ^ UINT64_C(1) << 63;
}

#endif
