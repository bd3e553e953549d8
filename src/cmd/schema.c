/*
 * schema: the fields of a session record, of a pulse, and the counters, from their tables.
 */
#include "cmd/tables.h"

#include "base/count.h"
#include "base/out.h"
#include "session/session.h"

enum { ID_JSON = TABLES_JSON << 8, ID_COUNTERS = TABLES_COUNTERS << 8, ID_PULSE = TABLES_PULSE << 8 };

struct row {
	unsigned id;
	const char *name, *type, *group, *unit, *doc;
};

static const struct row COUNTERS[] = {
#define COUNT(name, stratum, doc) {0, #name, "U64", #stratum, "", doc},
#include "base/count.def"
#undef COUNT
#define LOSS(name, unit, doc) {0, #name, "U64", "losses", unit, doc},
#include "base/loss.def"
#undef LOSS
};

static const struct row PULSE[] = {
#define FIELD(id, name, type, doc) {id, #name, #type, "pulse", "", doc},
#include "session/pulse.def"
#undef FIELD
};

static void
row_text(const struct term *t, const struct row *r)
{
	const char *type = strncmp(r->type, "ENUM_", 5) == 0 ? "ENUM" : r->type;

	fprintf(t->to, "%3u  %-22s %-8s %-7s ", r->id, r->name, r->group, type);
	if (*r->unit)
		fprintf(t->to, "[%s] ", r->unit);
	tables_doc(t, 45, *r->doc ? r->doc : "-");
}

static void
row_json(const struct row *r)
{
	char line[2048];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"id\":");
	out_u64(&o, r->id);
	JSON_KEY(&o, "name");
	json_text(&o, r->name);
	JSON_KEY(&o, "type");
	json_text(&o, r->type);
	JSON_KEY(&o, "group");
	json_text(&o, r->group);
	JSON_KEY(&o, "unit");
	json_text(&o, r->unit);
	JSON_KEY(&o, "doc");
	json_text(&o, r->doc);
	OUT_LIT(&o, "}\n");
	fwrite(line, 1, out_len(&o), stdout);
}

static void
print_rows(const struct row *rows, size_t n, bool json)
{
	struct term t = term_of(stdout);

	for (size_t i = 0; i < n; i++)
		if (json)
			row_json(&rows[i]);
		else
			row_text(&t, &rows[i]);
}

static void
print_fields(bool json)
{
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
		const struct session_field *f = &SESSION_FIELDS[i];
		const struct row r = {f->id, f->name, f->type, f->group, f->unit, f->doc};

		print_rows(&r, 1, json);
	}
}

static int
schema_run(int argc, char **argv)
{
	unsigned chosen;
	int status = tables_options(&CMD_SCHEMA, argc, argv, &chosen);
	bool json = chosen & TABLES_JSON;

	if (status != EXIT_DONE)
		return status;
	if (chosen & TABLES_COUNTERS)
		print_rows(COUNTERS, sizeof(COUNTERS) / sizeof(COUNTERS[0]), json);
	else if (chosen & TABLES_PULSE)
		print_rows(PULSE, sizeof(PULSE) / sizeof(PULSE[0]), json);
	else
		print_fields(json);
	return tables_finish();
}

static const struct arg_option OPTIONS[] = {
	{ID_JSON, "json", NULL, "one JSON object a line"},
	{ID_COUNTERS, "counters", NULL, "the counters of the stats event instead"},
	{ID_PULSE, "pulse", NULL, "the fields of a pulse (ten seconds of a gateway) instead"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_SCHEMA = {
	"schema",
	"[--json] [--counters | --pulse]",
	"the fields of a session record",
	OPTIONS,
	"The record is what stands under `gatewitness` in a tls, quic or flow line; a field that is\n"
	"absent is not written. Numbers of fields are for ever.\n"
	"\n"
	"examples:\n"
	"  gatewitness schema | grep cert_\n"
	"  gatewitness schema --json | jq -r .name\n",
	schema_run,
};
