/*
 * profiles: what is known of each make of gateway, and where it was read.
 */
#include "cmd/tables.h"

#include <inttypes.h>

#include "detect/profile.h"

enum { ID_JSON = TABLES_JSON << 8, INDENT = 4 };

static void
profile_text(const struct term *t, const struct profile *p)
{
	fprintf(t->to, "%s%s%s  %s\n", term_style(t, STYLE_BOLD), p->name, term_style(t, STYLE_PLAIN), p->title);
	for (unsigned i = 0; i < PROFILE_KEYS; i++) {
		const struct profile_value *v = &p->value[i];

		if (!v->value)
			continue;
		fprintf(t->to, "%*s%-12s %8" PRId64 " %-14s ", INDENT, "", PROFILE_INFO[i].name, v->value,
			PROFILE_INFO[i].unit);
		tables_doc(t, INDENT + 37, PROFILE_INFO[i].doc);
		fprintf(t->to, "%*s%s\n", INDENT + 13, "", v->source);
	}
	fprintf(t->to, "\n");
}

static void
profile_json(const struct profile *p)
{
	char line[16384];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"name\":");
	json_text(&o, p->name);
	JSON_KEY(&o, "title");
	json_text(&o, p->title);
	JSON_KEY(&o, "values");
	json_open(&o, '[');
	for (unsigned i = 0; i < PROFILE_KEYS; i++) {
		if (!p->value[i].value)
			continue;
		json_open(&o, '{');
		JSON_KEY(&o, "name");
		json_text(&o, PROFILE_INFO[i].name);
		JSON_KEY(&o, "value");
		json_i64(&o, p->value[i].value);
		JSON_KEY(&o, "unit");
		json_text(&o, PROFILE_INFO[i].unit);
		JSON_KEY(&o, "doc");
		json_text(&o, PROFILE_INFO[i].doc);
		JSON_KEY(&o, "source");
		json_text(&o, p->value[i].source);
		json_close(&o, '}');
	}
	OUT_LIT(&o, "]}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

static int
profiles_run(int argc, char **argv)
{
	unsigned chosen;
	int status = tables_options(&CMD_PROFILES, argc, argv, &chosen);
	struct term t = term_of(stdout);

	if (status != EXIT_DONE)
		return status;
	for (unsigned i = 0; i < PROFILE_MAKES; i++)
		if (chosen & TABLES_JSON)
			profile_json(&PROFILES[i]);
		else
			profile_text(&t, &PROFILES[i]);
	return tables_finish();
}

static const struct arg_option OPTIONS[] = {
	{ID_JSON, "json", NULL, "one JSON object a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_PROFILES = {
	"profiles",
	"[--json]",
	"what is known of each make of gateway, with sources",
	OPTIONS,
	"The values are the vendors' defaults, to compare a site with; what is not listed is not known.\n"
	"gateway.profile notes the make in the configuration. No detector judges by it: sites change defaults.\n"
	"\n"
	"examples:\n"
	"  gatewitness profiles\n"
	"  gatewitness run -i eth1 --set gateway.vpn.address=192.0.2.10 --set gateway.vpn.profile=netscaler\n",
	profiles_run,
};
