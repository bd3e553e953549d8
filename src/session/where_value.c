/*
 * where_value: the fields of a record with their types, and values from their text.
 */
#include "session/where_value.h"

#include "base/nearest.h"

#define NAMES(e) static const struct text ENUM_##e[] = {NAMES_##e};
NAMES(kind)
NAMES(role)
NAMES(tunnel)
NAMES(end)
NAMES(carrier)
NAMES(resumed)

#define T_BOOL         WHERE_BOOL, 0, NULL
#define T_U8           WHERE_NUMBER, 0, NULL
#define T_U16          WHERE_NUMBER, 0, NULL
#define T_U32          WHERE_NUMBER, 0, NULL
#define T_U64          WHERE_NUMBER, 0, NULL
#define T_US           WHERE_NUMBER, 0, NULL
#define T_HEX64        WHERE_HEX64, 0, NULL
#define T_TIME         WHERE_TIME, 0, NULL
#define T_ADDR         WHERE_ADDR, 0, NULL
#define T_TEXT         WHERE_STRING, 0, NULL
#define T_PLAIN        WHERE_STRING, 0, NULL
#define T_LIST         WHERE_LIST, 0, NULL
#define T_LIST16       WHERE_LIST16, 0, NULL
#define T_DIGESTS      WHERE_DIGESTS, 0, NULL
#define T_VERSION      WHERE_VERSION, 0, NULL
#define T_VERSIONS     WHERE_VERSIONS, 0, NULL
#define T_CIPHER       WHERE_CIPHER, 0, NULL
#define T_GROUP        WHERE_GROUP, 0, NULL
#define T_ENUM(e)      WHERE_ENUM, sizeof(ENUM_##e) / sizeof(ENUM_##e[0]), ENUM_##e
#define T_ENUM_kind    T_ENUM(kind)
#define T_ENUM_role    T_ENUM(role)
#define T_ENUM_tunnel  T_ENUM(tunnel)
#define T_ENUM_end     T_ENUM(end)
#define T_ENUM_carrier T_ENUM(carrier)
#define T_ENUM_resumed T_ENUM(resumed)

static const struct where_field FIELDS[] = {
#define HIDDEN_BIT(name)                                                                                               \
	(offsetof(struct session, name) == offsetof(struct session, src)   ? HIDDEN_SRC :                              \
	 offsetof(struct session, name) == offsetof(struct session, dest)  ? HIDDEN_DEST :                             \
	 offsetof(struct session, name) == offsetof(struct session, actor) ? HIDDEN_ACTOR :                            \
									     0)
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	{#name, unit, offsetof(struct session, name), sizeof(((struct session *)0)->name), T_##type, HIDDEN_BIT(name)},
#include "session/session.def"
#undef FIELD
};

const struct where_table WHERE_SESSION = {FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]),
					  offsetof(struct session, pseudonyms)};

enum {
	EQUALITY = 1 << WHERE_EQ | 1 << WHERE_NE | 1 << WHERE_IN,
	ORDER = 1 << WHERE_LT | 1 << WHERE_LE | 1 << WHERE_GT | 1 << WHERE_GE,
	PREFIX = 1 << WHERE_PREFIX
};

unsigned
where_ops(uint8_t type)
{
	switch ((enum where_type)type) {
	case WHERE_NUMBER:
	case WHERE_TIME:
	case WHERE_VERSION:
	case WHERE_RANK:
		return EQUALITY | ORDER;
	case WHERE_STRING:
	case WHERE_LIST:
	case WHERE_DIGESTS:
		return EQUALITY | PREFIX;
	case WHERE_BOOL:
	case WHERE_HEX64:
	case WHERE_ADDR:
	case WHERE_LIST16:
	case WHERE_VERSIONS:
	case WHERE_CIPHER:
	case WHERE_GROUP:
	case WHERE_ENUM:
		return EQUALITY;
	}
	return 0;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 16;
}

/* Digits of the base from the front of *t. */
static bool
take_number(struct text *t, unsigned base, uint64_t *v)
{
	uint32_t len = t->len;

	for (*v = 0; t->len && (unsigned)digit_of(*t->p) < base; t->p++, t->len--)
		if (__builtin_mul_overflow(*v, (uint64_t)base, v) ||
		    __builtin_add_overflow(*v, (uint64_t)digit_of(*t->p), v))
			return false;
	return t->len < len;
}

struct unit {
	const char *name;
	uint64_t times;
};

static const struct unit SIZES[] = {{"", 1},          {"B", 1},           {"KiB", 1 << 10},
				    {"MiB", 1 << 20}, {"GiB", 1 << 30},   {"kB", 1000},
				    {"MB", 1000000},  {"GB", 1000000000}, {NULL, 0}};
static const struct unit SECONDS[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit MICROSECONDS[] = {{"", 1},
					   {"us", 1},
					   {"ms", 1000},
					   {"s", 1000000},
					   {"m", 60000000U},
					   {"h", 3600000000ULL},
					   {"d", 86400000000ULL},
					   {NULL, 0}};
static const struct unit COUNTS[] = {{"", 1}, {NULL, 0}};

static bool
parse_number(const char *unit, struct text t, uint64_t *v)
{
	const struct unit *u = strcmp(unit, "bytes") == 0 ? SIZES :
			       strcmp(unit, "s") == 0     ? SECONDS :
			       strcmp(unit, "us") == 0    ? MICROSECONDS :
							    COUNTS;

	if (t.len > 2 && t.p[0] == '0' && (t.p[1] | 0x20) == 'x') {
		t = (struct text){t.p + 2, t.len - 2};
		return take_number(&t, 16, v) && t.len == 0;
	}
	if (!take_number(&t, 10, v))
		return false;
	for (; u->name; u++)
		if (strlen(u->name) == t.len && memcmp(u->name, t.p, t.len) == 0)
			return !__builtin_mul_overflow(*v, u->times, v);
	return false;
}

static const char *
number_words(const char *unit)
{
	if (strcmp(unit, "bytes") == 0)
		return "is no size such as 1500, 64KiB or 3MB";
	if (strcmp(unit, "s") == 0)
		return "is no time such as 90, 5m or 7d";
	return strcmp(unit, "us") == 0 ? "is no time such as 1500us, 200ms or 30s" : "is no number such as 12 or 0x1f";
}

static bool
parse_hex(struct text t, uint64_t *v)
{
	return t.len <= 16 && take_number(&t, 16, v) && t.len == 0;
}

/* A copy that ends, for what wants such texts. */
static bool
copy(char *to, size_t n, struct text t)
{
	if (t.len >= n || (t.len && memchr(t.p, '\0', t.len)))
		return false;
	if (t.len)
		memcpy(to, t.p, t.len);
	to[t.len] = '\0';
	return true;
}

static bool
parse_addr(struct text t, struct addr_net *net)
{
	char text[64];

	return copy(text, sizeof(text), t) && addr_net_parse(net, text);
}

static bool
parse_bool(struct text t, uint64_t *v)
{
	char word[8];

	if (!copy(word, sizeof(word), t))
		return false;
	*v = strcmp(word, "yes") == 0 || strcmp(word, "true") == 0;
	return *v || strcmp(word, "no") == 0 || strcmp(word, "false") == 0;
}

/* By the name that the protocol's registry has for it, or as 0x1234. */
static bool
parse_code(struct text t, bool (*code_of)(struct text, uint16_t *), uint64_t *v)
{
	uint16_t code;

	if (code_of && code_of(t, &code)) {
		*v = code;
		return true;
	}
	return parse_number("", t, v) && *v <= UINT16_MAX;
}

static bool
keep_text(struct where *w, struct text t, struct where_value *v)
{
	if (t.len > sizeof(w->text) - w->used)
		return false;
	v->text.at = w->used;
	v->text.len = (uint16_t)t.len;
	if (t.len)
		memcpy(w->text + w->used, t.p, t.len);
	w->used = (uint16_t)(w->used + t.len);
	return true;
}

static bool
parse_digest(struct where *w, struct text t, struct where_value *v)
{
	for (uint32_t i = 0; i < t.len; i++)
		if (digit_of(t.p[i]) > 15)
			return false;
	return t.len <= 64 && keep_text(w, t, v);
}

static bool
parse_name(const struct where_field *f, struct text t, uint64_t *v, const char **nearest)
{
	unsigned best = ~0u;
	char word[64];

	*nearest = "";
	if (!copy(word, sizeof(word), t))
		word[0] = '\0';
	for (uint64_t i = 0; i < f->name_count; i++) {
		unsigned d = f->names[i].p ? text_distance(word, f->names[i].p) : ~0u;

		if (d >= best)
			continue;
		best = d;
		*nearest = f->names[i].p;
		*v = i;
	}
	return best == 0;
}

static const char *
parse_enum(const struct where_field *f, struct text t, uint64_t *v, struct out *error)
{
	const char *nearest;

	if (parse_name(f, t, v, &nearest))
		return NULL;
	OUT_LIT(error, "is no ");
	out_text(error, f->name);
	OUT_LIT(error, "; the nearest is \"");
	out_text(error, nearest);
	return "\"";
}

/* NULL: fine; else what is wrong. */
static const char *
parse(struct where *w, const struct where_field *f, struct text t, struct where_value *v, struct out *error)
{
	struct when time;

	switch ((enum where_type)f->type) {
	case WHERE_BOOL:
		return parse_bool(t, &v->number) ? NULL : "is neither yes nor no";
	case WHERE_NUMBER:
		return parse_number(f->unit, t, &v->number) ? NULL : number_words(f->unit);
	case WHERE_HEX64:
		return parse_hex(t, &v->number) ? NULL : "is not made of at most 16 hex digits";
	case WHERE_TIME:
		if (!when_parse(&time, t.p, t.len))
			return "is no time such as 2025-05-01 or 2025-05-01T22:00+02:00";
		v->number = where_time(time);
		return NULL;
	case WHERE_ADDR:
		return parse_addr(t, &v->net) ? NULL : "is neither an address nor a network such as 10.0.0.0/8";
	case WHERE_STRING:
	case WHERE_LIST:
		return keep_text(w, t, v) ? NULL : "is more text than there is room for";
	case WHERE_DIGESTS:
		return parse_digest(w, t, v) ? NULL : "is not made of at most 64 hex digits";
	case WHERE_LIST16:
		return parse_code(t, NULL, &v->number) ? NULL : "is no number such as 0x0228";
	case WHERE_VERSION:
	case WHERE_VERSIONS:
		return parse_code(t, tls_version_code, &v->number) ? NULL : "is no version such as TLS1.2 or 0x0303";
	case WHERE_CIPHER:
		return parse_code(t, tls_cipher_code, &v->number) ?
			       NULL :
			       "is no cipher suite such as TLS_AES_128_GCM_SHA256 or 0x1301";
	case WHERE_GROUP:
		return parse_code(t, tls_group_code, &v->number) ? NULL : "is no group such as x25519 or 0x001d";
	case WHERE_ENUM:
	case WHERE_RANK:
		return parse_enum(f, t, &v->number, error);
	}
	return "cannot be asked";
}

bool
where_value(struct where *w, const struct where_field *f, struct text word, struct where_value *v, struct out *error)
{
	const char *wrong = parse(w, f, word, v, error);

	if (wrong)
		out_text(error, wrong);
	return wrong == NULL;
}
