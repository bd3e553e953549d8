/*
 * config: lines of a configuration into values.  Pure; must not open what a line names.
 */
#include "sensor/config.h"

#include <stdio.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *
trim(char *s)
{
	size_t n;

	while (is_blank(*s))
		s++;
	for (n = strlen(s); n && is_blank(s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

void
config_init(struct config *c)
{
	struct option o;

	memset(c, 0, sizeof(*c));
	c->pooled = 1;
	for (unsigned i = 0; option_at(i, &o); i++) {
		if (o.key >= OPTIONS_OWN + CONFIG_PARAMS)
			return;
		c->number[o.key] = o.number;
		if (o.key < OPTIONS_OWN && option_parse(&o, o.value, &c->number[o.key]) == NULL)
			memcpy(c->text[o.key], o.value, strlen(o.value) + 1);
	}
}

void
config_begin(struct config *c)
{
	c->section[0] = c->instance[0] = '\0';
}

/* Does the option live at section and instance?  A gateway's or a rule's name is free, a detector's is the table's. */
static bool
option_is_at(const struct option *o, const char *section, const char *instance)
{
	if (strcmp(o->section, section) != 0)
		return false;
	if (option_named(section))
		return instance[0] != '\0';
	return strcmp(o->instance ? o->instance : "", instance) == 0;
}

static bool
option_find(const char *section, const char *instance, const char *name, struct option *o)
{
	for (unsigned i = 0; option_at(i, o); i++)
		if (option_is_at(o, section, instance) && strcmp(o->name, name) == 0)
			return true;
	return false;
}

/* "a.b.c" as the user would have to write it. */
static void
full_name(char *to, size_t n, const char *section, const char *instance, const char *name)
{
	snprintf(to, n, "%s%s%s%s%s", section, *section ? "." : "", instance, *instance ? "." : "", name);
}

static enum config_verdict
unknown_option(struct config *c, const char *section, const char *instance, const char *name)
{
	char wanted[3 * CONFIG_NAME_MAX], nearest[3 * CONFIG_NAME_MAX] = "";
	unsigned best = ~0u;
	struct option o;

	full_name(wanted, sizeof(wanted), section, instance, name);
	for (unsigned i = 0; option_at(i, &o); i++) {
		bool named = option_named(o.section);
		char have[3 * CONFIG_NAME_MAX];
		unsigned d;

		full_name(have, sizeof(have), o.section,
			  named      ? (*instance ? instance : "NAME") :
			  o.instance ? o.instance :
				       "",
			  o.name);
		d = text_distance(wanted, have);
		if (d < best) {
			best = d;
			memcpy(nearest, have, sizeof(have));
		}
	}
	snprintf(c->error, sizeof(c->error), "unknown option \"%.100s\"; the nearest is \"%.100s\"", wanted, nearest);
	return CONFIG_ERROR;
}

static struct config_gateway *
gateway_of(struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->gateways; i++)
		if (strcmp(c->gateway[i].name, name) == 0)
			return &c->gateway[i];
	if (c->gateways == GATEWAYS_MAX)
		return NULL;
	snprintf(c->gateway[c->gateways].name, CONFIG_NAME_MAX, "%s", name);
	return &c->gateway[c->gateways++];
}

/* Of "one|two|three", the one most like it; where they are two, both are told anyway. */
static void
nearest_word(char nearest[CONFIG_NAME_MAX], const char *words, const char *value)
{
	unsigned best = ~0u;

	*nearest = '\0';
	for (size_t n; *words; words += n + (words[n] == '|')) {
		char word[CONFIG_NAME_MAX];

		n = strcspn(words, "|");
		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		if (text_distance(value, word) < best) {
			best = text_distance(value, word);
			memcpy(nearest, word, sizeof(word));
		}
	}
}

static enum config_verdict
bad_value(struct config *c, const struct option *o, const char *instance, const char *value, const char *why)
{
	char name[3 * CONFIG_NAME_MAX], nearest[CONFIG_NAME_MAX] = "";
	bool words = o->type == OPTION_ENUM || o->type == OPTION_WORDS, range = words || strstr(why, "range");

	full_name(name, sizeof(name), o->section, o->instance ? o->instance : instance, o->name);
	if (o->type == OPTION_ENUM)
		nearest_word(nearest, o->range, value);
	else if (o->type == OPTION_DETECTORS && option_detector_meant(value))
		snprintf(nearest, sizeof(nearest), "%s", option_detector_meant(value));
	snprintf(c->error, sizeof(c->error), "\"%.100s\" for %.100s %s%s%s%s%s%s", value, name, why, range ? " (" : "",
		 range ? o->range : "", range ? ")" : "", *nearest ? "; the nearest is " : "", nearest);
	return CONFIG_ERROR;
}

/* Hex digits, or one of the words. */
static bool
key_ok(const char *text)
{
	static const char *const WORDS[] = {"auto", "kept", "public", "random"};

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
		if (strcmp(text, WORDS[i]) == 0)
			return true;
	return strlen(text) == 32 && strspn(text, "0123456789abcdefABCDEF") == 32;
}

/* What is printed back, told in errors and kept with the records must be a file's name. */
static bool
is_secret(const char *text)
{
	return strlen(text) >= 32 && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static enum config_verdict
assign(struct config *c, const struct option *o, const char *instance, const char *value)
{
	struct config_gateway *gateway = NULL;
	int64_t number;
	const char *why = option_named(o->section) && !*value ? NULL : option_parse(o, value, &number);

	if (!why && o->key == OPT_identity_key && !key_ok(value))
		why = "is neither 32 hex digits nor auto, kept, public or random";
	if (!why && o->key == OPT_privacy_key && is_secret(value)) {
		why = "names a file and never is the key itself; write it into a file of its own, mode 600";
		value = "...";
	}
	if (!why && strlen(value) >= OPTION_TEXT_MAX)
		why = "is too long";
	if (why)
		return bad_value(c, o, instance, value, why);
	if (o->key >= OPT_list_file && o->key < OPTIONS_OWN)
		return config_rule_assign(c, o, instance, value);
	if (strcmp(o->section, "gateway") == 0 && !(gateway = gateway_of(c, instance))) {
		snprintf(c->error, sizeof(c->error), "more than %d gateways", GATEWAYS_MAX);
		return CONFIG_ERROR;
	}
	if (gateway) {
		snprintf(gateway->text[o->key - OPT_gateway_address], OPTION_TEXT_MAX, "%s", value);
		return CONFIG_FINE;
	}
	if (o->key < OPTIONS_OWN + CONFIG_PARAMS)
		c->number[o->key] = number;
	if (o->key < OPTIONS_OWN)
		snprintf(c->text[o->key], OPTION_TEXT_MAX, "%s", value);
	return CONFIG_FINE;
}

/* Takes the value's quotes off, or a comment behind a bare one.  False: the closing quote is missing. */
static bool
unquote(char *v)
{
	char *to = v, *p = v;

	if (*p != '"') {
		for (; *p; p++)
			if ((*p == '#' || *p == ';') && (p == v || is_blank(p[-1])))
				*p-- = '\0';
		trim(v);
		return true;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*to++ = *p;
	}
	if (*p != '"')
		return false;
	p = trim(p + 1);
	*to = '\0';
	return *p == '\0' || *p == '#' || *p == ';';
}

static enum config_verdict
error(struct config *c, const char *words, const char *what)
{
	snprintf(c->error, sizeof(c->error), "%s \"%.100s\"", words, what);
	return CONFIG_ERROR;
}

static bool
section_known(const char *section, const char *instance)
{
	struct option o;

	for (unsigned i = 0; option_at(i, &o); i++)
		if (option_is_at(&o, section, instance))
			return true;
	return false;
}

bool
config_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < CONFIG_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

/* "memory]" or "gateway vpn]" */
static enum config_verdict
section_line(struct config *c, char *s)
{
	char *end = strchr(s, ']'), *instance;

	if (!end || (*trim(end + 1) != '\0' && *trim(end + 1) != '#'))
		return error(c, "a section is written [NAME], not", s - 1);
	*end = '\0';
	s = trim(s);
	instance = s + strcspn(s, " \t");
	if (*instance)
		*instance++ = '\0';
	instance = trim(instance);
	if (!config_name_ok(s) || (*instance && !config_name_ok(instance)))
		return error(c, "a section's name has letters, digits, _ and -, not", *instance ? instance : s);
	if (!section_known(s, instance) && !(section_known(s, "x") && !*instance))
		return unknown_option(c, s, instance, "");
	if (option_named(s) && !*instance)
		return error(c, "a section like this needs a name, as in [gateway NAME], not", s);
	if (option_named(s) && strcmp(s, "gateway") != 0 && !config_rule_make(c, s, instance))
		return CONFIG_ERROR;
	memcpy(c->section, s, strlen(s) + 1);
	memcpy(c->instance, instance, strlen(instance) + 1);
	return CONFIG_FINE;
}

static enum config_verdict
value_line(struct config *c, char *s)
{
	char *equals = strchr(s, '='), *value, *name;
	struct option o;

	if (!equals)
		return error(c, "a line is [SECTION], OPTION = VALUE or # COMMENT, not", s);
	*equals = '\0';
	name = trim(s);
	value = trim(equals + 1);
	if (!unquote(value))
		return error(c, "the closing quote is missing, or something follows it, in", value);
	if (!*c->section && strcmp(name, "include") == 0) {
		if (strlen(value) >= sizeof(c->include))
			return error(c, "too long a name to include:", value);
		memcpy(c->include, value, strlen(value) + 1);
		return CONFIG_INCLUDE;
	}
	if (!*c->section)
		return error(c, "no [SECTION] before", name);
	if (!option_find(c->section, c->instance, name, &o))
		return unknown_option(c, c->section, c->instance, name);
	return assign(c, &o, c->instance, value);
}

enum config_verdict
config_line(struct config *c, const char *line, size_t n)
{
	char copy[CONFIG_LINE_MAX], *s;

	if (n >= sizeof(copy))
		return error(c, "the line is too long", "");
	if (memchr(line, '\0', n))
		return error(c, "the line has a zero byte in it", "");
	memcpy(copy, line, n);
	copy[n] = '\0';
	s = trim(copy);
	if (*s == '\0' || *s == '#' || *s == ';')
		return CONFIG_FINE;
	return *s == '[' ? section_line(c, s + 1) : value_line(c, s);
}

enum config_verdict
config_set(struct config *c, const char *assignment)
{
	char copy[CONFIG_LINE_MAX], *value, *dot, *last;
	const char *instance = "", *name;
	struct option o;

	if (strlen(assignment) >= sizeof(copy) || !strchr(assignment, '='))
		return error(c, "--set wants SECTION.OPTION=VALUE, not", assignment);
	memcpy(copy, assignment, strlen(assignment) + 1);
	value = strchr(copy, '=');
	*value++ = '\0';
	dot = strchr(copy, '.');
	if (!dot)
		return error(c, "--set wants SECTION.OPTION=VALUE, not", assignment);
	*dot++ = '\0';
	last = strrchr(dot, '.');
	name = dot;
	if (last) {
		*last = '\0';
		instance = dot;
		name = last + 1;
	}
	if (strlen(copy) >= CONFIG_NAME_MAX || strlen(instance) >= CONFIG_NAME_MAX || strlen(name) >= CONFIG_NAME_MAX)
		return error(c, "--set: too long a name in", assignment);
	if (!option_find(copy, instance, name, &o) || (*instance && !config_name_ok(instance)))
		return unknown_option(c, copy, instance, name);
	return assign(c, &o, instance, value);
}
