/*
 * query_value: a session's field as a value of SQL: names where the wire has numbers, lists as JSON arrays, so that
 * json_each takes them.
 */
#include "base/out.h"
#include "ledger/query_parts.h"

enum way {
	WAY_NUMBER,
	WAY_TEXT,
	WAY_ADDR,
	WAY_HEX,
	WAY_TIME,
	WAY_ENUM,
	WAY_VERSION,
	WAY_CIPHER,
	WAY_GROUP,
	WAY_LIST,
	WAY_LIST16,
	WAY_DIGESTS,
	WAY_VERSIONS
};

#define NAMES(e) static const struct text ENUM_##e[] = {NAMES_##e};
NAMES(kind)
NAMES(role)
NAMES(tunnel)
NAMES(end)
NAMES(carrier)
NAMES(resumed)

#define W_ENUM(e)      WAY_ENUM, ENUM_##e, sizeof(ENUM_##e) / sizeof(ENUM_##e[0])
#define W_BOOL         WAY_NUMBER, NULL, 0
#define W_U8           WAY_NUMBER, NULL, 0
#define W_U16          WAY_NUMBER, NULL, 0
#define W_U32          WAY_NUMBER, NULL, 0
#define W_U64          WAY_NUMBER, NULL, 0
#define W_US           WAY_NUMBER, NULL, 0
#define W_HEX64        WAY_HEX, NULL, 0
#define W_TIME         WAY_TIME, NULL, 0
#define W_ADDR         WAY_ADDR, NULL, 0
#define W_TEXT         WAY_TEXT, NULL, 0
#define W_PLAIN        WAY_TEXT, NULL, 0
#define W_LIST         WAY_LIST, NULL, 0
#define W_LIST16       WAY_LIST16, NULL, 0
#define W_DIGESTS      WAY_DIGESTS, NULL, 0
#define W_VERSION      WAY_VERSION, NULL, 0
#define W_VERSIONS     WAY_VERSIONS, NULL, 0
#define W_CIPHER       WAY_CIPHER, NULL, 0
#define W_GROUP        WAY_GROUP, NULL, 0
#define W_ENUM_kind    W_ENUM(kind)
#define W_ENUM_role    W_ENUM(role)
#define W_ENUM_tunnel  W_ENUM(tunnel)
#define W_ENUM_end     W_ENUM(end)
#define W_ENUM_carrier W_ENUM(carrier)
#define W_ENUM_resumed W_ENUM(resumed)

static const struct {
	enum way way;
	const struct text *names;
	unsigned name_count;
} FIELDS[SESSION_COLUMNS] = {
#define FIELD(id, name, type, group, unit, doc) {W_##type},
#include "session/session.def"
#undef FIELD
};

uint8_t
query_type(unsigned field)
{
	switch (FIELDS[field].way) {
	case WAY_NUMBER:
		return SQL_INTEGER;
	case WAY_ADDR:
		return SQL_ADDR;
	case WAY_HEX:
		return SQL_HEX;
	case WAY_TIME:
		return SQL_TIME;
	case WAY_TEXT:
	case WAY_ENUM:
	case WAY_VERSION:
	case WAY_CIPHER:
	case WAY_GROUP:
	case WAY_LIST:
	case WAY_LIST16:
	case WAY_DIGESTS:
	case WAY_VERSIONS:
		break;
	}
	return SQL_TEXT;
}

bool
query_has_words(unsigned field)
{
	return FIELDS[field].way >= WAY_ENUM;
}

bool
query_has_zero(unsigned field)
{
	return FIELDS[field].way == WAY_NUMBER || FIELDS[field].way == WAY_ENUM;
}

static void
out_code(struct out *o, const char *name, uint64_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	if (name) {
		out_text(o, name);
		return;
	}
	OUT_LIT(o, "0x");
	out_hex(o, b, sizeof(b));
}

static void
out_version(struct out *o, uint16_t v)
{
	char buf[24];
	struct text t = tls_version_name(v, buf);

	out_bytes(o, t.p, t.len);
}

/* The next member of a list; false: no more. */
static bool
out_member(struct out *o, enum way way, struct cur *c)
{
	struct cur one;

	if (!cur_left(c))
		return false;
	if (way == WAY_LIST) {
		one = cur_sub(c, cur_u8(c));
		json_string(o, one.p, cur_left(&one));
	} else if (way == WAY_LIST16) {
		out_u64(o, cur_u16(c));
	} else if (way == WAY_DIGESTS) {
		one = cur_sub(c, 32);
		json_hex(o, one.p, cur_left(&one));
	} else {
		out_char(o, '"');
		out_version(o, cur_u16(c));
		out_char(o, '"');
	}
	return !c->bad;
}

static void
out_list(struct out *o, enum way way, struct text t)
{
	struct cur c = cur_of(t.p, t.len);
	bool more = cur_left(&c) > 0;

	out_char(o, '[');
	while (more && out_member(o, way, &c)) {
		more = cur_left(&c) > 0;
		if (more)
			out_char(o, ',');
	}
	out_char(o, ']');
}

struct text
query_words(unsigned field, uint64_t number, struct text text, char words[QUERY_WORDS])
{
	struct out o = out_of(words, QUERY_WORDS);

	switch (FIELDS[field].way) {
	case WAY_ENUM:
		if (number < FIELDS[field].name_count)
			return FIELDS[field].names[number];
		out_u64(&o, number);
		break;
	case WAY_VERSION:
		out_version(&o, (uint16_t)number);
		break;
	case WAY_CIPHER:
		out_code(&o, tls_cipher_name((uint16_t)number), number);
		break;
	case WAY_GROUP:
		out_code(&o, tls_group_name((uint16_t)number), number);
		break;
	case WAY_LIST:
	case WAY_LIST16:
	case WAY_DIGESTS:
	case WAY_VERSIONS:
		out_list(&o, FIELDS[field].way, text);
		break;
	case WAY_NUMBER:
	case WAY_TEXT:
	case WAY_ADDR:
	case WAY_HEX:
	case WAY_TIME:
		break;
	}
	return (struct text){words, (uint32_t)out_len(&o)};
}

bool
query_code(unsigned field, struct text name, uint64_t *number)
{
	uint16_t code;
	bool found = false;

	for (unsigned i = 0; i < FIELDS[field].name_count; i++)
		if (FIELDS[field].names[i].len == name.len && memcmp(FIELDS[field].names[i].p, name.p, name.len) == 0) {
			*number = i;
			return true;
		}
	if (FIELDS[field].way == WAY_VERSION)
		found = tls_version_code(name, &code);
	else if (FIELDS[field].way == WAY_CIPHER)
		found = tls_cipher_code(name, &code);
	else if (FIELDS[field].way == WAY_GROUP)
		found = tls_group_code(name, &code);
	if (found)
		*number = code;
	return found;
}
