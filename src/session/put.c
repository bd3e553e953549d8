/*
 * put: the writers that are not worth being inline.
 * Must not allocate and must not escape what is of our own making.
 */
#include "session/put.h"

const char PUT_PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
			 "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
			 "8081828384858687888990919293949596979899";

char *
put_number_long(char *p, uint64_t v)
{
	char b[40], *d = b + 20;
	size_t n;

	for (; v >= 100; v /= 100)
		memcpy(d -= 2, PUT_PAIRS + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(d -= 2, PUT_PAIRS + 2 * v, 2);
	else
		*--d = (char)('0' + v);
	n = (size_t)(b + 20 - d);
	memcpy(p, d, 20); /* a constant length is two moves */
	return p + n;
}

/* A value that json_string, json_u64 or json_hex writes; the line's rest is theirs for the moment. */
static struct out
borrow(const struct line *l, char *p)
{
	return (struct out){p, p, p <= l->limit ? l->limit : p, false};
}

static char *
give_back(struct line *l, const struct out *o)
{
	l->o->full |= o->full;
	return o->p;
}

char *
put_text(struct line *l, char *p, struct text t)
{
	struct out o;

	if (json_plain(t.p, t.len))
		return put_plain(l, p, t);
	o = borrow(l, p);
	json_string(&o, t.p, t.len);
	return give_back(l, &o);
}

char *
put_hex64(char *p, uint64_t v)
{
	struct out o = out_of(p, 18);

	out_char(&o, '"');
	out_hex_u64(&o, v);
	out_char(&o, '"');
	return o.p;
}

char *
put_addr(char *p, const struct addr *a)
{
	*p = '"';
	p += 1 + addr_print(a, p + 1);
	*p = '"';
	return p + 1;
}

/* 2025-05-01T12:00:00.123456+0000 */
char *
put_time(struct line *l, char *p, struct when t)
{
	enum { SECOND_TEXT = sizeof("\"2025-05-01T12:00:00.") - 1 };
	int64_t rest = t.ns % NS_PER_S, s = t.ns / NS_PER_S - (rest < 0);
	uint32_t us = (uint32_t)((rest < 0 ? rest + NS_PER_S : rest) / NS_PER_US);

	if (l->second_text && l->second == s) {
		memcpy(p, l->second_text, SECOND_TEXT);
		p += SECOND_TEXT;
	} else {
		struct out o = out_of(p, 32);

		out_char(&o, '"');
		out_time_s(&o, t);
		out_char(&o, '.');
		l->second = s;
		l->second_text = out_len(&o) == SECOND_TEXT ? p : NULL;
		p = o.p;
	}
	memcpy(p, PUT_PAIRS + 2 * (us / 10000), 2);
	memcpy(p + 2, PUT_PAIRS + 2 * (us / 100 % 100), 2);
	memcpy(p + 4, PUT_PAIRS + 2 * (us % 100), 2);
	return LIT(p + 6, "+0000\"");
}

char *
put_list(struct line *l, char *p, struct text t)
{
	const char *at = t.p, *end = t.p + t.len;
	struct out o = borrow(l, p);

	json_open(&o, '[');
	while (at < end) {
		size_t n = (uint8_t)*at++;

		if (n > (size_t)(end - at))
			n = (size_t)(end - at);
		json_string(&o, at, n);
		at += n;
	}
	json_close(&o, ']');
	return give_back(l, &o);
}

static inline uint16_t
be16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

char *
put_list16(struct line *l, char *p, struct text t)
{
	struct out o = borrow(l, p);

	json_open(&o, '[');
	for (uint32_t i = 0; i + 2 <= t.len; i += 2)
		json_u64(&o, be16(t.p + i));
	json_close(&o, ']');
	return give_back(l, &o);
}

char *
put_digests(struct line *l, char *p, struct text t)
{
	struct out o = borrow(l, p);

	json_open(&o, '[');
	for (uint32_t i = 0; i + 32 <= t.len; i += 32)
		json_hex(&o, t.p + i, 32);
	json_close(&o, ']');
	return give_back(l, &o);
}

char *
put_wire(struct line *l, char *p, const char *name, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	struct out o = out_of(p, 8);

	if (name)
		return put_plain(l, p, (struct text){name, (uint32_t)strlen(name)});
	OUT_LIT(&o, "\"0x");
	out_hex(&o, b, sizeof(b));
	out_char(&o, '"');
	return o.p;
}

char *
put_version(struct line *l, char *p, uint16_t v)
{
	char buf[24];

	return put_plain(l, p, tls_version_name(v, buf));
}

char *
put_versions(struct line *l, char *p, struct text t)
{
	enum { ONE = 40 };
	char *start = p;

	*p++ = '[';
	for (uint32_t i = 0; i + 2 <= t.len; i += 2) {
		if (!put_room(l, p, ONE))
			return start;
		if (i)
			*p++ = ',';
		p = put_version(l, p, be16(t.p + i));
	}
	*p = ']';
	return p + 1;
}
