/*
 * where_value: one value of a question, by the type of the field it is compared with.  Internal to src/session.
 */
#ifndef SESSION_WHERE_VALUE_H
#define SESSION_WHERE_VALUE_H

#include "session/where.h"

/* Which operators a type takes: bits by enum where_op, and in words. */
unsigned where_ops(uint8_t type);

/* True: the value is in *v (a text is added to w).  False: what is wrong is appended to `error`. */
bool
where_value(struct where *w, const struct where_field *f, struct text word, struct where_value *v, struct out *error);

#endif
