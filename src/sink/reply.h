/*
 * reply: a receiver's JSON, walked once from its beginning to its end.  Pure.
 */
#ifndef SINK_REPLY_H
#define SINK_REPLY_H

#include "base/cur.h"
#include "base/text.h"

enum { REPLY_PATH_MAX = 128, REPLY_DEPTH_MAX = 32 };

struct reply_value {
	const char *path; /* "items[].create.status"; one that is too long is cut */
	unsigned index;   /* in the outermost array */
	bool string;      /* then text lies between its quotes, escapes as they are */
	struct text text; /* else a number, true, false or null */
};

typedef void reply_fn(void *arg, const struct reply_value *v);

/* Tells every value that is no object and no array.  False: no JSON, or deeper than REPLY_DEPTH_MAX; what came before
   was told. */
bool reply_walk(struct text json, reply_fn *tell, void *arg);

/* The last value of v->path; false: there is none, or no JSON. */
bool reply_find(struct text json, struct reply_value *v);

bool reply_is(const struct reply_value *v, const char *path);
/* A number's digits; anything else is 0, and one beyond 2^64 the largest. */
uint64_t reply_number(const struct reply_value *v);

#endif
