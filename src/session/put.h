/*
 * put: the values of a record as JSON text, one writer a type.  Internal to src/session.
 *
 * A writer takes where to write and returns where it stopped.  What has a bounded size is written unchecked:
 * session_json has seen to the room for all of it.  A text checks its own.
 */
#ifndef SESSION_PUT_H
#define SESSION_PUT_H

#include "session/session.h"

struct line {
	struct out *o;
	char *limit; /* a text that would end behind this does not fit */
	struct recent *recent;
};

enum { TIME_MAX = RECENT_TIME_ROOM + 2, ADDR_MAX = RECENT_ADDR_ROOM + 2 };

char *put_hex64(char *p, uint64_t v);
char *put_text(struct line *l, char *p, struct text t);
char *put_list(struct line *l, char *p, struct text t);
char *put_list16(struct line *l, char *p, struct text t);
char *put_digests(struct line *l, char *p, struct text t);
char *put_version(struct line *l, char *p, uint16_t v);
char *put_versions(struct line *l, char *p, struct text t);
/* A wire value by its name, else "0x1234". */
char *put_wire(struct line *l, char *p, const char *name, uint16_t v);

static inline bool
put_room(struct line *l, const char *p, size_t n)
{
	if (p <= l->limit && (size_t)(l->limit - p) >= n)
		return true;
	l->o->full = true;
	return false;
}

static inline char *
put_addr(struct line *l, char *p, const struct addr *a)
{
	*p = '"';
	p = recent_addr(l->recent, p + 1, a);
	*p = '"';
	return p + 1;
}

static inline char *
put_time(struct line *l, char *p, struct when t)
{
	*p = '"';
	p = recent_time(l->recent, p + 1, t);
	*p = '"';
	return p + 1;
}

static inline char *
put_plain(struct line *l, char *p, struct text t)
{
	if (!put_room(l, p, (size_t)t.len + 2))
		return p;
	*p = '"';
	memcpy(p + 1, t.p, t.len);
	p[1 + t.len] = '"';
	return p + 2 + t.len;
}

#endif
