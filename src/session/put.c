/*
 * put: the writers that are not worth being inline.
 * Must not allocate and must not escape what is of our own making.
 */
#include "session/put.h"

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
	*p = '"';
	p = put_hex_u64(p + 1, v);
	*p = '"';
	return p + 1;
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
