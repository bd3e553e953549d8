/*
 * record_in: one reader a type, straight down session.def.
 * Must not guess: a member of the wrong type, or out of its range, is the end of the record.
 */
#include "sensor/record_in.h"

#include <string.h>

/* One member. */
struct member {
	const struct json *value; /* never NULL */
	struct record_room *room;
};

static bool
read_number(const struct member *m, uint64_t most, uint64_t *v)
{
	return json_in_u64(m->value, v) && *v <= most;
}

#define READ_NUMBER(TYPE, C, MOST)                                                                                     \
	static bool read_##TYPE(const struct member *m, C *to)                                                         \
	{                                                                                                              \
		uint64_t v;                                                                                            \
                                                                                                                       \
		if (!read_number(m, (MOST), &v))                                                                       \
			return false;                                                                                  \
		*to = (C)v;                                                                                            \
		return true;                                                                                           \
	}

READ_NUMBER(U8, uint8_t, UINT8_MAX)
READ_NUMBER(U16, uint16_t, UINT16_MAX)
READ_NUMBER(U32, uint32_t, UINT32_MAX)
READ_NUMBER(U64, uint64_t, UINT64_MAX)
READ_NUMBER(US, uint32_t, UINT32_MAX)

static bool
read_BOOL(const struct member *m, bool *to)
{
	*to = json_in_is_true(m->value);
	return *to;
}

static int
digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly so many digits. */
static bool
hex_of(const char *p, unsigned digits, uint64_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < digits; i++) {
		int d = digit_of(p[i]);

		if (d < 0)
			return false;
		*v = *v << 4 | (unsigned)d;
	}
	return true;
}

static bool
read_HEX64(const struct member *m, uint64_t *to)
{
	struct text t = json_in_string(m->value);

	return t.p && t.len == 16 && hex_of(t.p, 16, to);
}

static bool
read_TIME(const struct member *m, struct when *to)
{
	struct text t = json_in_string(m->value);

	return t.p && when_parse(to, t.p, t.len);
}

static bool
read_ADDR(const struct member *m, struct addr *to)
{
	struct text t = json_in_string(m->value);

	return t.p && strlen(t.p) == t.len && addr_parse(to, t.p);
}

static bool
read_TEXT(const struct member *m, struct text *to)
{
	*to = json_in_string(m->value);
	return to->p != NULL;
}

/* Written without a look, so read with one. */
static bool
read_PLAIN(const struct member *m, struct text *to)
{
	return read_TEXT(m, to) && json_plain(to->p, to->len);
}

/* Room for n more bytes of a text that is being put together; NULL: there is none. */
static char *
take(struct record_room *room, struct text *t, size_t n)
{
	char *p = room->bytes + room->used;

	if (n > sizeof(room->bytes) - room->used)
		return NULL;
	if (!t->p)
		t->p = p;
	t->len += (uint32_t)n;
	room->used += n;
	return p;
}

/* Each item through `put`; an array without items is a text without bytes, which is not the same as none. */
static bool
read_array(const struct member *m, struct text *to,
	   bool (*put)(struct record_room *room, struct text *to, const struct json *item))
{
	size_t n = json_in_count(m->value);

	*to = (struct text){NULL, 0};
	if (!json_in_is_array(m->value))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!put(m->room, to, json_in_item(m->value, i)))
			return false;
	if (!to->p)
		to->p = "";
	return true;
}

static bool
put_text(struct record_room *room, struct text *to, const struct json *item)
{
	struct text t = json_in_string(item);
	char *p = t.p && t.len <= UINT8_MAX ? take(room, to, 1 + t.len) : NULL;

	if (!p)
		return false;
	*p = (char)t.len;
	memcpy(p + 1, t.p, t.len);
	return true;
}

static bool
read_LIST(const struct member *m, struct text *to)
{
	return read_array(m, to, put_text);
}

static bool
put_code(struct record_room *room, struct text *to, uint64_t v)
{
	char *p = v <= UINT16_MAX ? take(room, to, 2) : NULL;

	if (!p)
		return false;
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
	return true;
}

static bool
put_number(struct record_room *room, struct text *to, const struct json *item)
{
	uint64_t v;

	return json_in_u64(item, &v) && put_code(room, to, v);
}

static bool
read_LIST16(const struct member *m, struct text *to)
{
	return read_array(m, to, put_number);
}

static bool
put_digest(struct record_room *room, struct text *to, const struct json *item)
{
	struct text t = json_in_string(item);
	char *p = t.p && t.len == 64 ? take(room, to, 32) : NULL;
	uint64_t byte;

	if (!p)
		return false;
	for (unsigned i = 0; i < 32; i++) {
		if (!hex_of(t.p + 2 * i, 2, &byte))
			return false;
		p[i] = (char)byte;
	}
	return true;
}

static bool
read_DIGESTS(const struct member *m, struct text *to)
{
	return read_array(m, to, put_digest);
}

/* A wire value by its name, or as 0x1234. */
static bool
wire(const struct json *value, bool (*code)(struct text name, uint16_t *v), uint16_t *to)
{
	struct text t = json_in_string(value);
	uint64_t v;

	if (!t.p)
		return false;
	if (code(t, to))
		return true;
	if (t.len != 6 || memcmp(t.p, "0x", 2) != 0 || !hex_of(t.p + 2, 4, &v))
		return false;
	*to = (uint16_t)v;
	return true;
}

static bool
read_VERSION(const struct member *m, uint16_t *to)
{
	return wire(m->value, tls_version_code, to);
}

static bool
put_version(struct record_room *room, struct text *to, const struct json *item)
{
	uint16_t v;

	return wire(item, tls_version_code, &v) && put_code(room, to, v);
}

static bool
read_VERSIONS(const struct member *m, struct text *to)
{
	return read_array(m, to, put_version);
}

static bool
read_CIPHER(const struct member *m, uint16_t *to)
{
	return wire(m->value, tls_cipher_code, to);
}

static bool
read_GROUP(const struct member *m, uint16_t *to)
{
	return wire(m->value, tls_group_code, to);
}

static bool
read_name(const struct member *m, const struct text *names, size_t n, uint8_t *to)
{
	struct text t = json_in_string(m->value);

	for (size_t i = 0; t.p && i < n; i++)
		if (names[i].len == t.len && memcmp(names[i].p, t.p, t.len) == 0) {
			*to = (uint8_t)i;
			return true;
		}
	return false;
}

#define READ_NAME(e)                                                                                                   \
	static bool read_ENUM_##e(const struct member *m, uint8_t *to)                                                 \
	{                                                                                                              \
		static const struct text names[] = {NAMES_##e};                                                        \
                                                                                                                       \
		return read_name(m, names, sizeof(names) / sizeof(names[0]), to);                                      \
	}

READ_NAME(kind)
READ_NAME(role)
READ_NAME(tunnel)
READ_NAME(end)
READ_NAME(carrier)
READ_NAME(resumed)

/* [[1,2],[3,4]]: rows of n numbers each; how many rows, or false. */
static bool
read_rows(const struct json *rows, unsigned n, uint32_t most, uint32_t *v, uint32_t *count)
{
	size_t found = json_in_count(rows);

	*count = 0;
	if (!rows)
		return true;
	if (!json_in_is_array(rows) || found > most)
		return false;
	for (size_t i = 0; i < found; i++) {
		const struct json *row = json_in_item(rows, i);

		if (json_in_count(row) != n)
			return false;
		for (unsigned j = 0; j < n; j++) {
			uint64_t number;

			if (!json_in_u64(json_in_item(row, j), &number) || number > UINT32_MAX)
				return false;
			v[i * n + j] = (uint32_t)number;
		}
	}
	*count = (uint32_t)found;
	return true;
}

static const char *
read_talk(struct session *s, struct record_room *room, const struct json *record)
{
	uint32_t five[EXCHANGES_KEPT * 5], three[PAIRS_KEPT * 3];

	if (!read_rows(json_in_at(record, "exchange"), 5, EXCHANGES_KEPT, five, &s->exchange_count) ||
	    s->exchange_count > s->exchanges)
		return "exchange";
	if (!read_rows(json_in_at(record, "pairs"), 3, PAIRS_KEPT, three, &s->pair_count))
		return "pairs";
	for (uint32_t i = 0; i < s->exchange_count; i++) {
		const uint32_t *v = five + (size_t)i * 5;

		room->exchange[i] = (struct exchange){v[0], v[1], v[2], v[3], v[4]};
	}
	for (uint32_t i = 0; i < s->pair_count; i++)
		room->pair[i] = (struct exchange_pair){three[i * 3], three[i * 3 + 1], three[i * 3 + 2]};
	s->exchange = room->exchange;
	s->pair = room->pair;
	return NULL;
}

/* What every record has.  An address that is not there is `::`. */
static const char *
missing(const struct session *s, const struct json *record)
{
	if (!json_in_at(record, "kind"))
		return "kind";
	if (!json_in_at(record, "role"))
		return "role";
	if (s->gateway > GATEWAYS_MAX)
		return "gateway";
	return !s->id ? "id" : !s->time.ns ? "time" : !s->start.ns ? "start" : !s->last.ns ? "last" : NULL;
}

const char *
record_in(struct session *s, struct record_room *room, const struct json *record)
{
	const char *wrong;
	struct member m = {.room = room};

	memset(s, 0, sizeof(*s)); /* the padding, too: whoever keeps records compares bytes */
	room->used = 0;
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	if ((m.value = json_in_at(record, #name)) && !read_##type(&m, &s->name))                                       \
		return #name;
#include "session/session.def"
#undef FIELD
	wrong = read_talk(s, room, record);
	return wrong ? wrong : missing(s, record);
}

/* A number that is not there is one that an earlier version did not count. */
const char *
pulse_in(struct pulse *p, const struct json *pulse)
{
	struct member m = {0};

	memset(p, 0, sizeof(*p));
#define FIELD(id, name, type, doc)                                                                                     \
	if ((m.value = json_in_at(pulse, #name)) && !read_##type(&m, &p->name))                                        \
		return #name;
#include "session/pulse.def"
#undef FIELD
	if (!p->time.ns)
		return "time";
	return p->gateway && p->gateway <= GATEWAYS_MAX ? NULL : "gateway";
}
