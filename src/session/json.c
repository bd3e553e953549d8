/*
 * json: a record as one JSON object, straight down session.def.
 *
 * The hot path of a hello flood: the room for everything of bounded size is checked once, texts on their own;
 * a group that is absent as a whole is skipped as a whole.  Must not look a field up by name, must not judge.
 */
#include "session/put.h"

static const struct text KINDS[] = {NAMES_kind};
static const struct text ROLES[] = {NAMES_role};
static const struct text TUNNELS[] = {NAMES_tunnel};
static const struct text ENDS[] = {NAMES_end};
static const struct text CARRIERS[] = {NAMES_carrier};
static const struct text RESUMED[] = {NAMES_resumed};

#define PUT_NAME(l, p, names, v)                                                                                       \
	((v) < sizeof(names) / sizeof((names)[0]) ? put_plain((l), (p), (names)[v]) : put_u64((p), (v)))

/* For each type: is there a value, how many bytes it may take without a check of its own, how it is written. */
#define HAS_BOOL(v)               (v)
#define MAX_BOOL                  4
#define PUT_BOOL(l, p, v)         PUT_LIT(p, "true")
#define HAS_U8(v)                 (v)
#define MAX_U8                    20
#define PUT_U8(l, p, v)           put_u64((p), (v))
#define HAS_U16(v)                (v)
#define MAX_U16                   20
#define PUT_U16(l, p, v)          put_u64((p), (v))
#define HAS_U32(v)                (v)
#define MAX_U32                   20
#define PUT_U32(l, p, v)          put_u64((p), (v))
#define HAS_U64(v)                (v)
#define MAX_U64                   20
#define PUT_U64(l, p, v)          put_u64((p), (v))
#define HAS_US(v)                 (v)
#define MAX_US                    20
#define PUT_US(l, p, v)           put_u64((p), (v))
#define HAS_HEX64(v)              (v)
#define MAX_HEX64                 18
#define PUT_HEX64(l, p, v)        put_hex64((p), (v))
#define HAS_TIME(v)               ((v).ns)
#define MAX_TIME                  TIME_MAX
#define PUT_TIME(l, p, v)         put_time((l), (p), (v))
#define HAS_ADDR(v)               has_addr(&(v))
#define MAX_ADDR                  ADDR_MAX
#define PUT_ADDR(l, p, v)         put_addr((l), (p), &(v))
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
	EXCHANGE_MAX = 5 * 11 + 3,
	PAIR_MAX = 3 * 11 + 3,
	FIXED_MAX = EXCHANGES_KEPT * EXCHANGE_MAX + PAIRS_KEPT * PAIR_MAX + 64
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
		p = PUT_LIT(p, ",\"" #name "\":");                                                                     \
		p = PUT_##type(l, p, s->name);                                                                         \
	}

/* One function a group, or a part of it; a field of another one expands to nothing. */
#define FIELD(id, name, type, group, unit, doc) IN_##group(id, name, type)

#define IN_core(id, name, type)
#define IN_flow(id, name, type)
#define IN_tls(id, name, type)
#define IN_wide(id, name, type)
#define IN_cert(id, name, type)
#define IN_talk(id, name, type)
#define IN_ndpi(id, name, type)
#define IN_place(id, name, type)
#define IN_privacy(id, name, type)
#define IN_import(id, name, type)
#undef IN_core
#define IN_core(id, name, type) WRITE(name, type)

static char *
json_core(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_core
#define IN_core(id, name, type)
#undef IN_flow
#define IN_flow(id, name, type) WRITE(name, type)

static char *
json_flow(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_flow
#define IN_flow(id, name, type)
#undef IN_tls
#define IN_tls(id, name, type)                                                                                         \
	if ((id) <= SESSION_SAID_LAST)                                                                                 \
	WRITE(name, type)
#undef IN_wide
#define IN_wide(id, name, type)                                                                                        \
	if ((id) <= SESSION_SAID_LAST)                                                                                 \
	WRITE(name, type)

static char *
json_said(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_tls
#define IN_tls(id, name, type)
#undef IN_wide
#define IN_wide(id, name, type)
#undef IN_tls
#define IN_tls(id, name, type)                                                                                         \
	if ((id) > SESSION_SAID_LAST)                                                                                  \
	WRITE(name, type)
#undef IN_wide
#define IN_wide(id, name, type)                                                                                        \
	if ((id) > SESSION_SAID_LAST)                                                                                  \
	WRITE(name, type)

static char *
json_tls(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_tls
#define IN_tls(id, name, type)
#undef IN_wide
#define IN_wide(id, name, type)
#undef IN_cert
#define IN_cert(id, name, type) WRITE(name, type)

static char *
json_cert(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_cert
#define IN_cert(id, name, type)
#undef IN_talk
#define IN_talk(id, name, type) WRITE(name, type)

static char *
json_talk(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_talk
#define IN_talk(id, name, type)
#undef IN_ndpi
#define IN_ndpi(id, name, type) WRITE(name, type)

static char *
json_ndpi(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_ndpi
#define IN_ndpi(id, name, type)
#undef IN_place
#define IN_place(id, name, type) WRITE(name, type)

static char *
json_place(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_place
#define IN_place(id, name, type)
#undef IN_privacy
#define IN_privacy(id, name, type) WRITE(name, type)

static char *
json_privacy(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef IN_privacy
#define IN_privacy(id, name, type)
#undef IN_import
#define IN_import(id, name, type) WRITE(name, type)

static char *
json_import(struct line *l, char *p, const struct session *s)
{
	(void)l;
#include "session/session.def"
	return p;
}

#undef FIELD

struct ready_key
session_key(const struct session *s, enum session_run run)
{
	unsigned flags = (unsigned)(s->client_hello | s->server_hello << 1 | s->sslv2_hello << 2 | s->hello_retry << 3 |
				    s->ech << 4 | s->early_data << 5 | s->early_data_accepted << 6 |
				    s->renegotiated << 7 | s->established << 8);

	if (run == RUN_CERT)
		return (struct ready_key){s->shown, {0, run}};
	return (struct ready_key){
		run == RUN_SAID ? s->said : s->said + 5 * s->shown,
		{(uint64_t)s->version << 48 | (uint64_t)s->version_offered << 32 | (uint32_t)s->cipher << 16 | s->group,
		 (uint64_t)flags << 32 | (uint32_t)s->carrier << 24 | (uint32_t)s->resumed << 16 | run}};
}

/* A run of members, copied where it is known. */
static char *
put_run(struct line *l, char *p, const struct session *s, enum session_run run,
	char *put(struct line *l, char *p, const struct session *s))
{
	const struct ready_key key = session_key(s, run);
	struct text known = ready_find(l->recent->ready, &key);
	char *start = p;

	if (known.p)
		return put_room(l, p, known.len) ? put_bytes(p, known.p, known.len) : p;
	p = put(l, p, s);
	if (!l->o->full)
		ready_keep(l->recent->ready, &key, start, (size_t)(p - start));
	return p;
}

static char *
put_exchanges(char *p, const struct session *s)
{
	p = PUT_LIT(p, ",\"exchange\":[");
	for (uint32_t i = 0; i < s->exchange_count && i < EXCHANGES_KEPT; i++) {
		const struct exchange *e = &s->exchange[i];

		if (i)
			*p++ = ',';
		p = put_numbers(p, (uint32_t[]){e->request, e->response, e->think_us, e->server_us, e->reply_us}, 5);
	}
	p = PUT_LIT(p, "],\"pairs\":[");
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
	if (s->carrier) {
		p = put_run(l, p, s, RUN_SAID, json_said);
		p = json_tls(l, p, s);
	}
	if (s->cert_sha256.p || s->client_cert_sha256.p || s->lacks) /* whose logs may have other digests only */
		p = put_run(l, p, s, RUN_CERT, json_cert);
	if (s->exchanges) {
		p = json_talk(l, p, s);
		p = put_exchanges(p, s);
	}
	p = json_ndpi(l, p, s);
	if (s->src_country.p || s->dest_country.p || s->src_as || s->dest_as)
		p = json_place(l, p, s);
	if (s->pseudonyms)
		p = json_privacy(l, p, s);
	if (s->lacks)
		p = json_import(l, p, s);
	*p = '}';
	return p + 1;
}

void
session_json(struct out *o, const struct session *s, struct recent *recent)
{
	struct line l = {.o = o, .recent = recent};
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
