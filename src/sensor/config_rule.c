/*
 * config_rule: sections of the operator's naming: those that tell the detectors something: [list NAME], [suppress NAME], [maintenance NAME],
 * [fact NAME]; and [sink NAME], where events go.
 *
 * Their values are kept as the texts they were checked as, in one pool; sensor/rules.c makes rules of them.  Pure.
 */
#include "detect/rules.h"
#include "sensor/config.h"

#include <stdio.h>

_Static_assert(OPT_list_expires + 1 == OPT_suppress_detector && OPT_suppress_expires + 1 == OPT_maintenance_gateway &&
		       OPT_maintenance_reason + 1 == OPT_fact_kind && OPT_fact_note + 1 == OPT_sink_kind &&
		       OPT_sink_compress + 1 == OPTIONS_OWN,
	       "these sections are the last ones of options.def");
_Static_assert(OPTIONS_OWN - OPT_sink_kind <= CONFIG_RULE_OPTIONS, "room for each option");

static const struct section {
	const char *name;
	uint16_t first, end;
} SECTIONS[] = {{"list", OPT_list_file, OPT_suppress_detector},
		{"suppress", OPT_suppress_detector, OPT_maintenance_gateway},
		{"maintenance", OPT_maintenance_gateway, OPT_fact_kind},
		{"fact", OPT_fact_kind, OPT_sink_kind},
		{"sink", OPT_sink_kind, OPTIONS_OWN}};
enum { SECTION_COUNT = sizeof(SECTIONS) / sizeof(SECTIONS[0]) };

static const struct section *
section_of(const char *name)
{
	for (unsigned i = 0; i < SECTION_COUNT; i++)
		if (strcmp(SECTIONS[i].name, name) == 0)
			return &SECTIONS[i];
	return NULL;
}

/* Where the text now lies; 0: the pool is full. */
static uint32_t
keep(struct config *c, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t at = c->pooled;

	if (n > CONFIG_POOL - at)
		return 0;
	memcpy(c->pool + at, text, n);
	c->pooled += (uint32_t)n;
	return at;
}

const char *
config_rule_text(const struct config *c, const struct config_rule *r, enum option_key key)
{
	uint32_t at = r->text[key - r->first];
	struct option o = {.value = ""};

	if (!at)
		option_at(key, &o);
	return at ? c->pool + at : o.value;
}

struct config_rule *
config_rule_find(struct config *c, const char *section, const char *name)
{
	const struct section *s = section_of(section);

	for (unsigned i = 0; s && i < c->rules; i++)
		if (c->rule[i].first == s->first && strcmp(c->rule[i].name, name) == 0)
			return &c->rule[i];
	return NULL;
}

struct config_rule *
config_rule_make(struct config *c, const char *section, const char *name)
{
	struct config_rule *r = config_rule_find(c, section, name);

	if (r)
		return r;
	if (c->rules == CONFIG_RULES) {
		snprintf(c->error, sizeof(c->error),
			 "more than %d sections of list, suppress, maintenance, fact and sink", CONFIG_RULES);
		return NULL;
	}
	r = &c->rule[c->rules++];
	*r = (struct config_rule){.first = section_of(section)->first, .line = c->line};
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->file = c->file ? keep(c, c->file) : 0;
	return r;
}

/* A question is compiled here and now, so that a mistake is told with its line. */
static bool
where_ok(struct config *c, const struct option *o, const char *name, const char *value)
{
	struct where w;
	char error[WHERE_ERROR_MAX];

	if (where_compile(&w, value, &WHERE_FINDING, error))
		return true;
	snprintf(c->error, sizeof(c->error), "%s.%.63s.where: %s", o->section, name, error);
	return false;
}

enum config_verdict
config_rule_assign(struct config *c, const struct option *o, const char *name, const char *value)
{
	struct config_rule *r = config_rule_make(c, o->section, name);
	uint32_t at;

	if (!r || (o->type == OPTION_WHERE && !where_ok(c, o, name, value)))
		return CONFIG_ERROR;
	at = keep(c, value);
	if (!at) {
		snprintf(c->error, sizeof(c->error), "more than %d bytes of list, suppress, maintenance, fact and sink",
			 CONFIG_POOL);
		return CONFIG_ERROR;
	}
	r->text[o->key - r->first] = at;
	return CONFIG_FINE;
}

/* What is printed is the text, whatever its type. */
static void
print_line(struct out *to, const struct option *o, const char *text)
{
	const struct option plain = {.type = OPTION_TEXT};

	out_text(to, o->name);
	OUT_LIT(to, " = ");
	option_print(to, &plain, 0, text);
	out_char(to, '\n');
}

static const struct section *
section_at(uint16_t first)
{
	unsigned i = 0;

	while (SECTIONS[i].first != first)
		i++;
	return &SECTIONS[i];
}

void
config_rule_print(struct out *to, const struct config *c, const struct config_rule *r)
{
	const struct section *s = section_at(r->first);
	struct option o;

	OUT_LIT(to, "[");
	out_text(to, s->name);
	OUT_LIT(to, " ");
	out_text(to, r->name);
	OUT_LIT(to, "]\n");
	for (uint16_t key = s->first; key < s->end && option_at(key, &o); key++)
		if (r->text[key - s->first])
			print_line(to, &o, c->pool + r->text[key - s->first]);
}

/* What a section could say, as comments, where there is none. */
static void
print_docs(struct out *to, const struct section *s)
{
	struct option o;

	OUT_LIT(to, "\n# [");
	out_text(to, s->name);
	OUT_LIT(to, " NAME]\n");
	for (uint16_t key = s->first; key < s->end && option_at(key, &o); key++) {
		OUT_LIT(to, "# ");
		out_text(to, o.name);
		OUT_LIT(to, ": ");
		out_text(to, o.doc);
		if (*o.range) {
			OUT_LIT(to, " (");
			out_text(to, o.range);
			OUT_LIT(to, ")");
		}
		OUT_LIT(to, "\n");
	}
}

void
config_rules_print(struct out *to, const struct config *c)
{
	for (unsigned s = 0; s < SECTION_COUNT; s++) {
		print_docs(to, &SECTIONS[s]);
		for (unsigned i = 0; i < c->rules; i++) {
			if (c->rule[i].first != SECTIONS[s].first)
				continue;
			OUT_LIT(to, "\n");
			config_rule_print(to, c, &c->rule[i]);
		}
	}
}
