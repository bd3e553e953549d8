/*
 * detectors: what each detector looks for, what it cannot see, and what it can be told.
 */
#include "cmd/tables.h"

#include <inttypes.h>

#include "detect/detect.h"

enum { ID_JSON = TABLES_JSON << 8, INDENT = 4 };

static bool
param_of(const struct detector_info *d, unsigned i)
{
	return strcmp(DETECT_PARAMS[i].detector, d->name) == 0;
}

static void
detector_text(const struct term *t, const struct detector_info *d)
{
	fprintf(t->to, "%s%s%s  %s  (%s, %s, signature %u)\n", term_style(t, STYLE_BOLD), d->name,
		term_style(t, STYLE_PLAIN), d->title, severity_name(d->severity), d->attack, 7700000u + d->id);
	term_wrap(t, INDENT, d->doc);
	if (d->weak)
		fprintf(t->to, "%*sweak: alerts only together with other evidence\n", INDENT, "");
	if (d->raise && *d->raise) {
		fprintf(t->to, "%*sseverity: ", INDENT, "");
		tables_doc(t, INDENT + 10, d->raise);
	}
	if (d->blind && *d->blind) {
		fprintf(t->to, "%*sblind: ", INDENT, "");
		tables_doc(t, INDENT + 7, d->blind);
	}
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++) {
		char name[128];

		if (!param_of(d, i))
			continue;
		snprintf(name, sizeof(name), "detect.%s.%s = %" PRId64 " %s", d->name, DETECT_PARAMS[i].name,
			 DETECT_PARAMS[i].value, DETECT_PARAMS[i].unit);
		fprintf(t->to, "%*s%s\n%*s", INDENT, "", name, INDENT + 4, "");
		tables_doc(t, INDENT + 4, DETECT_PARAMS[i].doc);
	}
	fprintf(t->to, "\n");
}

static void
params_json(struct out *o, const struct detector_info *d)
{
	JSON_KEY(o, "options");
	json_open(o, '[');
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++) {
		if (!param_of(d, i))
			continue;
		json_open(o, '{');
		JSON_KEY(o, "name");
		json_text(o, DETECT_PARAMS[i].name);
		JSON_KEY(o, "value");
		json_i64(o, DETECT_PARAMS[i].value);
		JSON_KEY(o, "unit");
		json_text(o, DETECT_PARAMS[i].unit);
		JSON_KEY(o, "doc");
		json_text(o, DETECT_PARAMS[i].doc);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
detector_json(const struct detector_info *d)
{
	char line[16384];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"id\":");
	out_u64(&o, d->id);
	JSON_KEY(&o, "name");
	json_text(&o, d->name);
	JSON_KEY(&o, "title");
	json_text(&o, d->title);
	JSON_KEY(&o, "severity");
	json_text(&o, severity_name(d->severity));
	JSON_KEY(&o, "attack");
	json_text(&o, d->attack);
	JSON_KEY(&o, "weak");
	json_bool(&o, d->weak);
	JSON_KEY(&o, "doc");
	json_text(&o, d->doc);
	JSON_KEY(&o, "raise");
	json_text(&o, d->raise);
	JSON_KEY(&o, "blind");
	json_text(&o, d->blind);
	params_json(&o, d);
	OUT_LIT(&o, "}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

static int
detectors_run(int argc, char **argv)
{
	unsigned chosen;
	int status = tables_options(&CMD_DETECTORS, argc, argv, &chosen);
	struct term t = term_of(stdout);

	if (status != EXIT_DONE)
		return status;
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		if (chosen & TABLES_JSON)
			detector_json(&DETECTORS[i]);
		else
			detector_text(&t, &DETECTORS[i]);
	return tables_finish();
}

static const struct arg_option OPTIONS[] = {
	{ID_JSON, "json", NULL, "one JSON object a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_DETECTORS = {
	"detectors",
	"[--json]",
	"what is looked for, and what cannot be seen",
	OPTIONS,
	"examples:\n"
	"  gatewitness detectors\n"
	"  gatewitness detectors --json | jq -r '.name + \" \" + .attack'\n",
	detectors_run,
};
