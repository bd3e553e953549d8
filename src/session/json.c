/*
 * json: a record as one JSON object, straight down session.def.
 *
 * The hot path of a hello flood: the room for everything of bounded size is checked once, texts on their own;
 * a group that is absent as a whole is skipped as a whole.  Must not look a field up by name, must not judge.
 */
#include "session/session.h"

/* Writers take where to write and return where they stopped. */
struct line {
	struct out *o;
	char *limit; /* a text that would end behind this does not fit */
	const char *second_text; /* times of one record mostly lie in one second: written once, then copied */
	int64_t second;
};

static const char PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
			    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

#define LIT(p, literal) (memcpy((p), "" literal, sizeof(literal) - 1), (p) + sizeof(literal) - 1)

static char *
number_long(char *p, uint64_t v)
{
	char b[40], *d = b + 20;
	size_t n;

	for (; v >= 100; v /= 100)
		memcpy(d -= 2, PAIRS + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(d -= 2, PAIRS + 2 * v, 2);
	else
		*--d = (char)('0' + v);
	n = (size_t)(b + 20 - d);
	memcpy(p, d, 20); /* a constant length is two moves */
	return p + n;
}

static inline char *
put_number(char *p, uint64_t v)
{
	if (v >= 100)
		return number_long(p, v);
	if (v >= 10) {
		memcpy(p, PAIRS + 2 * v, 2);
		return p + 2;
	}
	*p = (char)('0' + v);
	return p + 1;
}

static inline bool
room(struct line *l, const char *p, size_t n)
{
	if (p <= l->limit && (size_t)(l->limit - p) >= n)
		return true;
	l->o->full = true;
	return false;
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

static char *
put_text(struct line *l, char *p, struct text t)
{
	struct out o = borrow(l, p);

	json_string(&o, t.p, t.len);
	return give_back(l, &o);
}

static inline char *
put_plain(struct line *l, char *p, struct text t)
{
	if (!room(l, p, (size_t)t.len + 2))
		return p;
	*p = '"';
	memcpy(p + 1, t.p, t.len);
	p[1 + t.len] = '"';
	return p + 2 + t.len;
}

static char *
put_hex64(char *p, uint64_t v)
{
	struct out o = out_of(p, 18);

	out_char(&o, '"');
	out_hex_u64(&o, v);
	out_char(&o, '"');
	return o.p;
}

static char *
put_addr(char *p, const struct addr *a)
{
	*p = '"';
	p += 1 + addr_print(a, p + 1);
	*p = '"';
	return p + 1;
}

/* 2025-05-01T12:00:00.123456+0000 */
static char *
put_time(struct line *l, char *p, struct when t)
{
	enum { SECOND_TEXT = sizeof("\"2025-05-01T12:00:00.") - 1 };
	int64_t s = t.ns / NS_PER_S - (t.ns % NS_PER_S < 0);
	uint32_t us = (uint32_t)((t.ns - s * NS_PER_S) / NS_PER_US);

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
	memcpy(p, PAIRS + 2 * (us / 10000), 2);
	memcpy(p + 2, PAIRS + 2 * (us / 100 % 100), 2);
	memcpy(p + 4, PAIRS + 2 * (us % 100), 2);
	return LIT(p + 6, "+0000\"");
}

static char *
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

static char *
put_list16(struct line *l, char *p, struct text t)
{
	struct out o = borrow(l, p);

	json_open(&o, '[');
	for (uint32_t i = 0; i + 2 <= t.len; i += 2)
		json_u64(&o, be16(t.p + i));
	json_close(&o, ']');
	return give_back(l, &o);
}

static char *
put_digests(struct line *l, char *p, struct text t)
{
	struct out o = borrow(l, p);

	json_open(&o, '[');
	for (uint32_t i = 0; i + 32 <= t.len; i += 32)
		json_hex(&o, t.p + i, 32);
	json_close(&o, ']');
	return give_back(l, &o);
}

/* A wire value by its name, else "0x1234". */
static char *
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

static char *
put_version(struct line *l, char *p, uint16_t v)
{
	char buf[24];

	return put_plain(l, p, tls_version_name(v, buf));
}

static char *
put_versions(struct line *l, char *p, struct text t)
{
	enum { ONE = 40 };
	char *start = p;

	*p++ = '[';
	for (uint32_t i = 0; i + 2 <= t.len; i += 2) {
		if (!room(l, p, ONE))
			return start;
		if (i)
			*p++ = ',';
		p = put_version(l, p, be16(t.p + i));
	}
	*p = ']';
	return p + 1;
}

static const char *const KINDS[] = {NAMES_kind};
static const char *const ROLES[] = {NAMES_role};
static const char *const TUNNELS[] = {NAMES_tunnel};
static const char *const ENDS[] = {NAMES_end};
static const char *const CARRIERS[] = {NAMES_carrier};
static const char *const RESUMED[] = {NAMES_resumed};

static char *
put_name(struct line *l, char *p, const char *const *names, uint8_t v)
{
	return put_plain(l, p, (struct text){names[v], (uint32_t)strlen(names[v])});
}
#define PUT_NAME(l, p, names, v)                                                                                       \
	((v) < sizeof(names) / sizeof((names)[0]) ? put_name((l), (p), (names), (v)) : put_number((p), (v)))

/* For each type: is there a value, how many bytes it may take without a check of its own, how it is written. */
#define HAS_BOOL(v)               (v)
#define MAX_BOOL                  4
#define PUT_BOOL(l, p, v)         LIT(p, "true")
#define HAS_U8(v)                 (v)
#define MAX_U8                    20
#define PUT_U8(l, p, v)           put_number((p), (v))
#define HAS_U16(v)                (v)
#define MAX_U16                   20
#define PUT_U16(l, p, v)          put_number((p), (v))
#define HAS_U32(v)                (v)
#define MAX_U32                   20
#define PUT_U32(l, p, v)          put_number((p), (v))
#define HAS_U64(v)                (v)
#define MAX_U64                   20
#define PUT_U64(l, p, v)          put_number((p), (v))
#define HAS_US(v)                 (v)
#define MAX_US                    20
#define PUT_US(l, p, v)           put_number((p), (v))
#define HAS_HEX64(v)              (v)
#define MAX_HEX64                 18
#define PUT_HEX64(l, p, v)        put_hex64((p), (v))
#define HAS_TIME(v)               ((v).ns)
#define MAX_TIME                  34
#define PUT_TIME(l, p, v)         put_time((l), (p), (v))
#define HAS_ADDR(v)               has_addr(&(v))
#define MAX_ADDR                  ADDR_TEXT_MAX + 2
#define PUT_ADDR(l, p, v)         put_addr((p), &(v))
#define HAS_TEXT(v)               ((v).p)
#define MAX_TEXT                  2
#define PUT_TEXT(l, p, v)         put_text((l), (p), (v))
#define HAS_PLAIN(v)              ((v).p)
#define MAX_PLAIN                 2
#define PUT_PLAIN(l, p, v)        put_plain((l), (p), (v))
#define HAS_LIST(v)               ((v).p)
#define MAX_LIST                  2
#define PUT_LIST(l, p, v)         put_list((l), (p), (v))
#define HAS_LIST16(v)             ((v).p)
#define MAX_LIST16                2
#define PUT_LIST16(l, p, v)       put_list16((l), (p), (v))
#define HAS_DIGESTS(v)            ((v).p)
#define MAX_DIGESTS               2
#define PUT_DIGESTS(l, p, v)      put_digests((l), (p), (v))
#define HAS_VERSIONS(v)           ((v).p)
#define MAX_VERSIONS              2
#define PUT_VERSIONS(l, p, v)     put_versions((l), (p), (v))
#define HAS_VERSION(v)            (v)
#define MAX_VERSION               2
#define PUT_VERSION(l, p, v)      put_version((l), (p), (v))
#define HAS_CIPHER(v)             (v)
#define MAX_CIPHER                8
#define PUT_CIPHER(l, p, v)       put_wire((l), (p), tls_cipher_name(v), (v))
#define HAS_GROUP(v)              (v)
#define MAX_GROUP                 8
#define PUT_GROUP(l, p, v)        put_wire((l), (p), tls_group_name(v), (v))
#define HAS_ENUM_kind(v)          true
#define MAX_ENUM_kind             20
#define PUT_ENUM_kind(l, p, v)    PUT_NAME((l), (p), KINDS, (v))
#define HAS_ENUM_role(v)          true
#define MAX_ENUM_role             20
#define PUT_ENUM_role(l, p, v)    PUT_NAME((l), (p), ROLES, (v))
#define HAS_ENUM_tunnel(v)        (v)
#define MAX_ENUM_tunnel           20
#define PUT_ENUM_tunnel(l, p, v)  PUT_NAME((l), (p), TUNNELS, (v))
#define HAS_ENUM_end(v)           (v)
#define MAX_ENUM_end              20
#define PUT_ENUM_end(l, p, v)     PUT_NAME((l), (p), ENDS, (v))
#define HAS_ENUM_carrier(v)       (v)
#define MAX_ENUM_carrier          20
#define PUT_ENUM_carrier(l, p, v) PUT_NAME((l), (p), CARRIERS, (v))
#define HAS_ENUM_resumed(v)       (v)
#define MAX_ENUM_resumed          20
#define PUT_ENUM_resumed(l, p, v) PUT_NAME((l), (p), RESUMED, (v))

enum {
	NUMBER_OVERSHOOT = 20, /* number_long writes this many and steps back */
	EXCHANGE_MAX = 5 * 11 + 3,
	PAIR_MAX = 3 * 11 + 3,
	FIXED_MAX = NUMBER_OVERSHOOT + EXCHANGES_KEPT * EXCHANGE_MAX + PAIRS_KEPT * PAIR_MAX + 64
#define FIELD(id, name, type, group, unit, doc) +sizeof(#name) + 4 + MAX_##type
#include "session/session.def"
#undef FIELD
};

static inline bool
has_addr(const struct addr *a)
{
	static const struct addr none;

	return memcmp(a, &none, sizeof(none)) != 0;
}

#define WRITE(name, type)                                                                                              \
	if (HAS_##type(s->name)) {                                                                                     \
		p = LIT(p, ",\"" #name "\":");                                                                         \
		p = PUT_##type(l, p, s->name);                                                                         \
	}

/* One function a group; a field of another group expands to nothing. */
#define FIELD(id, name, type, group, unit, doc) IN_##group(name, type)

#define IN_core(name, type)
#define IN_flow(name, type)
#define IN_tls(name, type)
#define IN_wide(name, type)
#define IN_cert(name, type)
#define IN_talk(name, type)
#define IN_ndpi(name, type)
#undef IN_core
#define IN_core(name, type) WRITE(name, type)

static char *
json_core(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_core
#define IN_core(name, type)
#undef IN_flow
#define IN_flow(name, type) WRITE(name, type)

static char *
json_flow(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_flow
#define IN_flow(name, type)
#undef IN_tls
#define IN_tls(name, type) WRITE(name, type)
#undef IN_wide
#define IN_wide(name, type) WRITE(name, type)

static char *
json_tls(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_tls
#define IN_tls(name, type)
#undef IN_wide
#define IN_wide(name, type)
#undef IN_cert
#define IN_cert(name, type) WRITE(name, type)

static char *
json_cert(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_cert
#define IN_cert(name, type)
#undef IN_talk
#define IN_talk(name, type) WRITE(name, type)

static char *
json_talk(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_talk
#define IN_talk(name, type)
#undef IN_ndpi
#define IN_ndpi(name, type) WRITE(name, type)

static char *
json_ndpi(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef FIELD

static char *
put_numbers(char *p, const uint32_t *v, unsigned n)
{
	*p++ = '[';
	for (unsigned i = 0; i < n; i++) {
		if (i)
			*p++ = ',';
		p = put_number(p, v[i]);
	}
	*p = ']';
	return p + 1;
}

static char *
put_exchanges(char *p, const struct session *s)
{
	p = LIT(p, ",\"exchange\":[");
	for (uint32_t i = 0; i < s->exchange_count && i < EXCHANGES_KEPT; i++) {
		const struct exchange *e = &s->exchange[i];

		if (i)
			*p++ = ',';
		p = put_numbers(p, (uint32_t[]){e->request, e->response, e->think_us, e->server_us, e->reply_us}, 5);
	}
	p = LIT(p, "],\"pairs\":[");
	for (uint32_t i = 0; i < s->pair_count && i < PAIRS_KEPT; i++) {
		if (i)
			*p++ = ',';
		p = put_numbers(p, (uint32_t[]){s->pair[i].request, s->pair[i].response, s->pair[i].count}, 3);
	}
	*p = ']';
	return p + 1;
}

static char *
put_session(struct line *l, char *p, const struct session *s)
{
	p = json_core(l, p, s);
	p = json_flow(l, p, s);
	if (s->carrier)
		p = json_tls(l, p, s);
	if (s->cert_sha256.p || s->client_cert_sha256.p)
		p = json_cert(l, p, s);
	if (s->exchanges) {
		p = json_talk(l, p, s);
		p = put_exchanges(p, s);
	}
	p = json_ndpi(l, p, s);
	*p = '}';
	return p + 1;
}

void
session_json(struct out *o, const struct session *s)
{
	struct line l = {.o = o};
	char *start, *end;

	json_comma(o);
	if ((size_t)(o->end - o->p) < FIXED_MAX) {
		o->full = true;
		return;
	}
	start = o->p;
	l.limit = o->end - FIXED_MAX;
	end = put_session(&l, start, s);
	*start = '{'; /* each field comes with a comma before it */
	o->p = end;
}

/* A pulse tells all its numbers: a zero is news there. */
void
pulse_json(struct out *o, const struct pulse *p)
{
	json_open(o, '{');
#define JSON_TIME(o, v) (out_char((o), '"'), out_time((o), (v)), out_char((o), '"'))
#define JSON_U8(o, v)   out_u64((o), (v))
#define JSON_U32(o, v)  out_u64((o), (v))
#define JSON_U64(o, v)  out_u64((o), (v))
#define FIELD(id, name, type, doc)                                                                                     \
	JSON_KEY(o, #name);                                                                                            \
	JSON_##type(o, p->name);
#include "session/pulse.def"
#undef FIELD
	json_close(o, '}');
}
