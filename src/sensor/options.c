/*
 * options: values of options, from text and back.  Pure: lines in, values out.
 */
#include "sensor/options.h"

#include "base/addr.h"
#include "detect/profile.h"
#include "detect/rules.h"
#include "sensor/zone.h"
#include "sink/format.h"
#include "sink/sink.h"

static const struct option OWN[] = {
#define OPTION(section, name, type, value, range, doc)                                                                 \
	{#section, NULL, #name, value, range, doc, 0, OPT_##section##_##name, OPTION_##type},
#include "sensor/options.def"
#undef OPTION
};

bool
option_at(unsigned i, struct option *o)
{
	if (i < OPTIONS_OWN) {
		*o = OWN[i];
		return true;
	}
	i -= OPTIONS_OWN;
	if (i >= DETECT_PARAM_COUNT)
		return false;
	*o = (struct option){.section = "detect",
			     .instance = DETECT_PARAMS[i].detector,
			     .name = DETECT_PARAMS[i].name,
			     .range = DETECT_PARAMS[i].unit ? DETECT_PARAMS[i].unit : "",
			     .doc = DETECT_PARAMS[i].doc,
			     .number = DETECT_PARAMS[i].value,
			     .key = (uint16_t)(OPTIONS_OWN + i),
			     .type = OPTION_COUNT};
	return true;
}

bool
option_named(const char *section)
{
	return strcmp(section, "gateway") == 0 || strcmp(section, "list") == 0 || strcmp(section, "suppress") == 0 ||
	       strcmp(section, "maintenance") == 0 || strcmp(section, "fact") == 0 || strcmp(section, "sink") == 0;
}

void
option_name(struct out *to, const struct option *o)
{
	out_text(to, o->section);
	out_char(to, '.');
	if (o->instance) {
		out_text(to, o->instance);
		out_char(to, '.');
	}
	out_text(to, o->name);
}

/* Digits, then a unit of the table: "5m", "64MiB", "12". */
struct unit {
	const char *name;
	int64_t times;
};

static const struct unit TIMES[] = {{"d", 86400 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {"m", 60 * NS_PER_S},
				    {"s", NS_PER_S},         {"ms", NS_PER_MS},      {NULL, 0}};
static const struct unit SIZES[] = {
	{"GiB", INT64_C(1) << 30}, {"MiB", INT64_C(1) << 20}, {"KiB", 1024}, {"B", 1}, {NULL, 0}};
static const struct unit COUNTS[] = {{"", 1}, {NULL, 0}};

static const struct unit *
units_of(uint8_t type)
{
	return type == OPTION_TIME ? TIMES : type == OPTION_SIZE ? SIZES : COUNTS;
}

static bool
digits_parse(const char **p, int64_t *v)
{
	const char *start = *p;

	for (*v = 0; **p >= '0' && **p <= '9'; (*p)++)
		if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, **p - '0', v))
			return false;
	return *p > start;
}

/* `n` bytes of text as a quantity of the type. */
static bool
quantity_parse(uint8_t type, const char *text, int64_t *v)
{
	bool minus = type == OPTION_COUNT && *text == '-';
	const char *p = text + minus;
	int64_t n;

	if (!digits_parse(&p, &n))
		return false;
	for (const struct unit *u = units_of(type); u->name; u++)
		if (strcmp(u->name, p) == 0 && !__builtin_mul_overflow(n, u->times, v)) {
			*v = minus ? -*v : *v;
			return true;
		}
	return false;
}

static bool
in_range(const struct option *o, int64_t v)
{
	char low[32];
	const char *dots = strstr(o->range, "..");
	int64_t least, most;

	if (!dots || (size_t)(dots - o->range) >= sizeof(low))
		return true;
	memcpy(low, o->range, (size_t)(dots - o->range));
	low[dots - o->range] = '\0';
	return quantity_parse(o->type, low, &least) && quantity_parse(o->type, dots + 2, &most) && v >= least &&
	       v <= most;
}

/* Index of the word in "one|two|three", or -1. */
static int64_t
enum_find(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (int64_t i = 0;; i++) {
		size_t len = strcspn(words, "|");

		if (len == n && memcmp(words, text, n) == 0)
			return i;
		if (words[len] == '\0')
			return -1;
		words += len + 1;
	}
}

/* Some of "one|two|three", with commas, as bits. */
static const char *
words_parse(const char *words, const char *text, int64_t *bits)
{
	char item[32];

	*bits = 0;
	while (*text) {
		int64_t i;

		if (!option_item(&text, item, sizeof(item)))
			continue;
		i = enum_find(words, item);
		if (i < 0)
			return "is not a list of its words";
		*bits |= INT64_C(1) << i;
	}
	return *bits ? NULL : "is not a list of its words";
}

static const char *
quantity_error(uint8_t type)
{
	if (type == OPTION_TIME)
		return "is not a time such as 90s, 5m, 6h or 7d";
	return type == OPTION_SIZE ? "is not a size such as 512KiB, 64MiB or 2GiB" : "is not a number";
}

/* Every item of a comma list is an address (a network). */
static bool
list_ok(const char *text, bool nets)
{
	char item[80];
	struct addr_net net;
	struct addr a;

	do {
		if (!option_item(&text, item, sizeof(item)))
			return false;
		if (nets ? !addr_net_parse(&net, item) : !addr_parse(&a, item))
			return false;
	} while (*text || text[-1] == ',');
	return true;
}

static bool
when_ok(const char *text)
{
	struct when t;

	return when_parse(&t, text, strlen(text));
}

/* Whether there is such a zone is known when its file is read. */
static bool
zone_ok(const char *text, int64_t *number)
{
	return when_parse_offset(text, strlen(text), number) || (zone_name_ok(text) && strlen(text) < RULE_NAME);
}

static const char *
detectors_check(const char *text)
{
	uint64_t bits;
	char wrong[64];

	return option_detectors(text, &bits, wrong) ? NULL :
						      "is not any, nor names of detectors (gatewitness detectors)";
}

static const char *
bool_parse(const char *text, int64_t *number)
{
	*number = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
	if (*number || strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0)
		return NULL;
	return "is neither yes nor no";
}

static const char *
quantity_check(const struct option *o, const char *text, int64_t *number)
{
	if (!quantity_parse(o->type, text, number))
		return quantity_error(o->type);
	return in_range(o, *number) ? NULL : "is outside its range";
}

const char *
option_parse(const struct option *o, const char *text, int64_t *number)
{
	*number = 0;
	switch ((enum option_type)o->type) {
	case OPTION_BOOL:
		return bool_parse(text, number);
	case OPTION_COUNT:
	case OPTION_TIME:
	case OPTION_SIZE:
		return quantity_check(o, text, number);
	case OPTION_ENUM:
		if (!*text && o->value && !*o->value) /* not told, where nothing is usual */
			return NULL;
		*number = enum_find(o->range, text);
		return *number < 0 ? "is not one of its words" : NULL;
	case OPTION_ADDRS:
		return !*text || list_ok(text, false) ? NULL : "is not a list of addresses";
	case OPTION_NETS:
		return !*text || list_ok(text, true) ? NULL : "is not a list of networks such as 10.0.0.0/8";
	case OPTION_WHEN:
		return !*text || when_ok(text) ? NULL : "is not a time such as 2025-05-01 or 2025-05-01T22:00+02:00";
	case OPTION_WEEKLY:
		return !*text || option_week(text, &(struct option_week){0}) ?
			       NULL :
			       "is not days and hours such as sat 22:00-02:00 or mon-fri 06:00-06:30";
	case OPTION_ZONE:
		return zone_ok(text, number) ? NULL :
					       "is neither an offset such as Z or +02:00 nor a zone such as "
					       "Europe/Amsterdam";
	case OPTION_DETECTORS:
		return detectors_check(text);
	case OPTION_WORDS:
		return words_parse(o->range, text, number);
	case OPTION_WHERE: /* whoever keeps it compiles it, and knows more than the end of a sentence */
	case OPTION_TEXT:
		break;
	}
	return strlen(text) < OPTION_TEXT_MAX ? NULL : "is too long";
}

static void
quantity_print(struct out *to, uint8_t type, int64_t v)
{
	const struct unit *u = units_of(type);

	while (u[1].name && (v == 0 ? u->times != NS_PER_S : v % u->times != 0))
		u++;
	out_i64(to, v / u->times);
	out_text(to, u->name);
}

static void
enum_print(struct out *to, const char *words, int64_t i)
{
	while (i-- > 0)
		words += strcspn(words, "|") + 1;
	out_bytes(to, words, strcspn(words, "|"));
}

/* Quoted where a reader would take the bare text for something else: blanks, comments, quotes. */
static void
text_print(struct out *to, const char *text)
{
	bool plain = *text != '\0' && strcspn(text, " \t\"#;\\\n") == strlen(text);

	if (plain) {
		out_text(to, text);
		return;
	}
	out_char(to, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			out_char(to, '\\');
		out_char(to, *text);
	}
	out_char(to, '"');
}

void
option_print(struct out *to, const struct option *o, int64_t number, const char *text)
{
	switch ((enum option_type)o->type) {
	case OPTION_BOOL:
		out_text(to, number ? "yes" : "no");
		break;
	case OPTION_COUNT:
	case OPTION_TIME:
	case OPTION_SIZE:
		quantity_print(to, o->type, number);
		break;
	case OPTION_ENUM:
		enum_print(to, o->range, number);
		break;
	case OPTION_ADDRS:
	case OPTION_NETS:
	case OPTION_WHEN:
	case OPTION_WEEKLY:
	case OPTION_ZONE:
	case OPTION_DETECTORS:
	case OPTION_WHERE:
	case OPTION_WORDS:
	case OPTION_TEXT:
		text_print(to, text);
		break;
	}
}
