/*
 * out: a bounded writer of text, and the JSON on top of it.
 *
 * What does not fit sets `full` and is left out; nothing is ever written past `end`.  A caller checks
 * `full` once, after the last call.  The JSON writer keeps no tree and no depth: a value puts the comma
 * before itself where one is due, so that a line is written in one pass.
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/digits.h"
#include "base/when.h"

struct out {
	char *start, *p, *end;
	bool full;
};

static inline struct out
out_of(void *memory, size_t size)
{
	char *m = memory;

	return (struct out){m, m, m + size, false};
}

static inline size_t
out_len(const struct out *o)
{
	return (size_t)(o->p - o->start);
}

static inline void
out_bytes(struct out *o, const void *bytes, size_t n)
{
	if ((size_t)(o->end - o->p) < n) {
		o->full = true;
		return;
	}
	memcpy(o->p, bytes, n);
	o->p += n;
}

static inline void
out_char(struct out *o, char c)
{
	if (o->p == o->end) {
		o->full = true;
		return;
	}
	*o->p++ = c;
}

/* A literal: its length is known when it is compiled. */
#define OUT_LIT(o, literal) out_bytes((o), "" literal, sizeof(literal) - 1)

void out_text(struct out *o, const char *text); /* NUL-terminated */
void out_u64(struct out *o, uint64_t v);        /* decimal */
void out_i64(struct out *o, int64_t v);
void out_hex(struct out *o, const void *bytes, size_t n); /* lower case, no separators */
void out_hex_u64(struct out *o, uint64_t v);              /* 16 digits */
void out_addr(struct out *o, const struct addr *a);
/* v / 10^decimals with exactly `decimals` digits after the point: 1234, 3 -> 1.234 */
void out_fixed(struct out *o, int64_t v, unsigned decimals);
/* 2025-05-01T12:00:00.000000+0000 (EVE), and 2025-05-01T12:00:00 (certificate dates, EVE). */
void out_time(struct out *o, struct when t);
void out_time_s(struct out *o, struct when t);

/* out_time for times that come in runs: the last one's day and second are kept; all zero at first. */
struct out_day {
	int64_t begins, second; /* ns */
	char text[20];          /* 2025-05-01T12:00:00. */
};
void out_time_near(struct out *o, struct when t, struct out_day *known);

/* For what has a bounded size: written without a check, the caller has seen to the room.  Each returns where it
   ended. */
enum { PUT_U64_MAX = 21 /* a byte behind the last digit may be touched */, PUT_HEX_U64_MAX = 16, PUT_TIME_MAX = 31 };
char *put_long(char *p, uint64_t v);                       /* decimal */
char *put_numbers(char *p, const uint32_t *v, unsigned n); /* [1,2,3]: one at least, 11 bytes each */
char *put_hex_u64(char *p, uint64_t v);                    /* 16 digits */
char *put_hex_u8(char *p, uint8_t v);
char *put_time_near(char *p, struct when t, struct out_day *known);

static inline char *
put_bytes(char *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static inline char *
put_u64(char *p, uint64_t v)
{
	return v < 1000 ? digits_first(p, (uint32_t)v) : put_long(p, v);
}

/* A literal: its length is known when it is compiled. */
#define PUT_LIT(p, literal) put_bytes((p), "" literal, sizeof(literal) - 1)

/* Length of the UTF-8 sequence at p (RFC 3629: no surrogates, no overlong forms) that begins above ASCII; 0: none. */
size_t out_utf8_len(const uint8_t *p, size_t left);

/* JSON.  A key ends with ':', a value adds ',' before itself unless it follows '{', '[' or ':'. */
static inline void
json_comma(struct out *o)
{
	if (o->p > o->start && o->p[-1] != '{' && o->p[-1] != '[' && o->p[-1] != ':' && o->p[-1] != '\n')
		out_char(o, ',');
}

/* A key that is a C literal of plain letters: JSON_KEY(o, "src_ip"). */
#define JSON_KEY(o, literal) (json_comma(o), OUT_LIT((o), "\"" literal "\":"))

/* A string value of n bytes: quotes, escapes; a byte that is not UTF-8 becomes U+FFFD. */
void json_string(struct out *o, const void *bytes, size_t n);
bool json_plain(const void *bytes, size_t n); /* nothing to escape: json_string would copy it as it is */
void json_text(struct out *o, const char *text);
void json_u64(struct out *o, uint64_t v);
void json_i64(struct out *o, int64_t v);
void json_bool(struct out *o, bool v);
void json_hex(struct out *o, const void *bytes, size_t n);

static inline void
json_open(struct out *o, char bracket)
{
	json_comma(o);
	out_char(o, bracket);
}

static inline void
json_close(struct out *o, char bracket)
{
	out_char(o, bracket);
}

#endif
