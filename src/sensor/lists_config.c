/*
 * lists_config: the [list NAME] sections as what is wanted.  Texts were checked one by one; must not open a file.
 */
#include "sensor/lists.h"

#include "sensor/list_parts.h"

#include <stdio.h>

/* "FILE:LINE: [list NAME]: WORDS" */
static bool
fail(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r, const char *words)
{
	if (r->line)
		snprintf(error, CONFIG_ERROR_MAX, "%.150s:%u: [list %s]: %s", c->pool + r->file, r->line, r->name,
			 words);
	else
		snprintf(error, CONFIG_ERROR_MAX, "[list %s]: %s", r->name, words);
	return false;
}

static int64_t
number_of(const struct config *c, const struct config_rule *r, enum option_key key)
{
	struct option o;
	int64_t n = 0;

	if (option_at(key, &o))
		(void)option_parse(&o, config_rule_text(c, r, key), &n);
	return n;
}

static uint32_t
until_of(const struct config *c, const struct config_rule *r)
{
	const char *text = config_rule_text(c, r, OPT_list_expires);
	struct when t;

	return *text && when_parse(&t, text, strlen(text)) ? list_until(t) : 0;
}

bool
lists_configured(struct lists_wanted *w, const struct config *c, char error[CONFIG_ERROR_MAX])
{
	*w = (struct lists_wanted){.count = 0};
	for (unsigned i = 0; i < c->rules; i++) {
		const struct config_rule *r = &c->rule[i];

		if (r->first != OPT_list_file)
			continue;
		if (w->count == INDICATOR_LISTS)
			return fail(error, c, r, "one list too many: there can be 64");
		if (!*config_rule_text(c, r, OPT_list_file))
			return fail(error, c, r, "no file; write file = PATH");
		w->list[w->count++] = (struct list_wanted){
			.name = r->name,
			.file = config_rule_text(c, r, OPT_list_file),
			.kind = (enum list_kind)number_of(c, r, OPT_list_kind),
			.until = until_of(c, r),
			.severity = (uint8_t)number_of(c, r, OPT_list_severity),
			.confidence = (uint8_t)number_of(c, r, OPT_list_confidence),
		};
	}
	return true;
}
