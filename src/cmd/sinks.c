/*
 * sinks: what kinds of sinks and which formats there are, and what stands where in each: from the writers' own tables.
 */
#include "cmd/tables.h"

#include "sink/format.h"
#include "sink/sink.h"

enum {
	ID_JSON = TABLES_JSON << 8,
	CHOSE_FORMATS = 8,
	ID_FORMATS = CHOSE_FORMATS << 8,
	INDENT = 2,
	NAME_WIDTH = 46,
	KIND_WIDTH = 12
};

static const struct {
	uint8_t kind;
	char letter;
	const char *name;
} EVENTS[] = {{EVENT_ALERT, 'A', "alerts"}, {EVENT_INCIDENT, 'I', "incidents"},   {EVENT_SESSION, 'S', "sessions"},
	      {EVENT_STATS, 'T', "stats"},  {EVENT_HEARTBEAT, 'H', "heartbeats"}, {EVENT_TLS, 'L', "tls"}};
enum { EVENT_COUNT = sizeof(EVENTS) / sizeof(EVENTS[0]) };

/* What the row says: the attribute, or the same words each time. */
static void
row_source(char to[128], const struct map_row *m)
{
	switch ((enum map_source)m->source) {
	case MAP_FROM:
		snprintf(to, 128, "%s", ATTRIBUTE_INFO[m->attribute].name);
		break;
	case MAP_SAY:
		snprintf(to, 128, "\"%s\"", m->say);
		break;
	case MAP_NUM:
		snprintf(to, 128, "%u", m->number);
		break;
	case MAP_SAY_IF:
		snprintf(to, 128, "\"%s\", with %s", m->say, ATTRIBUTE_INFO[m->attribute].name);
		break;
	case MAP_NUM_IF:
		snprintf(to, 128, "%u, with %s", m->number, ATTRIBUTE_INFO[m->attribute].name);
		break;
	}
}

static void
letters(char to[EVENT_COUNT + 1], uint8_t events)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		to[i] = events & EVENTS[i].kind ? EVENTS[i].letter : '-';
	to[EVENT_COUNT] = '\0';
}

/* A name behind which the text format puts a value is quoted: its blanks count. */
static void
row_text(const struct term *t, const struct format *f, const struct map_row *m)
{
	bool quoted = strcmp(f->name, "text") == 0;
	char which[EVENT_COUNT + 1], source[128], name[128];

	letters(which, m->events);
	row_source(source, m);
	snprintf(name, sizeof(name), quoted ? "\"%s\"" : "%s", m->name);
	fprintf(t->to, "%*s%s  %-*s ", INDENT, "", which, NAME_WIDTH, name);
	tables_doc(t, INDENT + EVENT_COUNT + 3 + NAME_WIDTH, source);
}

static void
events_text(const struct term *t, uint8_t events)
{
	const char *before = "";

	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (events & EVENTS[i].kind) {
			fprintf(t->to, "%s%s", before, EVENTS[i].name);
			before = ", ";
		}
}

static void
format_text(const struct term *t, const struct format *f, bool rows)
{
	fprintf(t->to, "%s%-6s%s", term_style(t, STYLE_BOLD), f->name, term_style(t, STYLE_PLAIN));
	tables_doc(t, 6, f->title);
	fprintf(t->to, "%*s", 6, "");
	events_text(t, f->events);
	fprintf(t->to, "\n");
	for (unsigned i = 0; rows && i < f->table.count; i++)
		row_text(t, f, &f->table.row[i]);
	if (rows)
		fprintf(t->to, "\n");
}

/* What needs a library says whether it is in. */
static void
kind_text(const struct term *t, unsigned i)
{
	const struct sink_kind *k = &SINK_KIND[i];

	fprintf(t->to, "%s%-*s%s%s", term_style(t, STYLE_BOLD), KIND_WIDTH, k->name, term_style(t, STYLE_PLAIN),
		k->title);
	if (k->library)
		fprintf(t->to, sink_is_built(i) ? " (%s)" : " (not in this program: it was built without %s)",
			k->library);
	fprintf(t->to, "\n");
}

static void
all_text(const struct term *t, bool formats)
{
	if (!formats)
		for (unsigned i = 0; i < SINK_KINDS; i++)
			kind_text(t, i);
	fprintf(t->to, "%s", formats ? "" : "\n");
	for (unsigned i = 0; i < FORMATS; i++)
		format_text(t, &FORMAT_LIST[i], formats);
}

static void
events_json(struct out *o, uint8_t events)
{
	JSON_KEY(o, "events");
	json_open(o, '[');
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (events & EVENTS[i].kind)
			json_text(o, EVENTS[i].name);
	json_close(o, ']');
}

static void
row_json(struct out *o, const struct map_row *m)
{
	const struct attribute_info *a = &ATTRIBUTE_INFO[m->attribute];
	bool same = m->source == MAP_SAY || m->source == MAP_NUM;

	json_open(o, '{');
	JSON_KEY(o, "name");
	json_text(o, m->name);
	events_json(o, m->events);
	if (!same) {
		JSON_KEY(o, "attribute");
		json_text(o, a->name);
		JSON_KEY(o, "type");
		json_text(o, a->type);
		JSON_KEY(o, "doc");
		json_text(o, a->doc);
	}
	if (m->say) {
		JSON_KEY(o, "value");
		json_text(o, m->say);
	} else if (m->source != MAP_FROM) {
		JSON_KEY(o, "value");
		json_u64(o, m->number);
	}
	json_close(o, '}');
}

static void
print_line(struct out *o)
{
	out_char(o, '\n');
	fwrite(o->start, 1, out_len(o), stdout);
}

static void
kind_json(unsigned i)
{
	const struct sink_kind *k = &SINK_KIND[i];
	char line[1024];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"kind\":");
	json_text(&o, k->name);
	JSON_KEY(&o, "title");
	json_text(&o, k->title);
	if (k->library) {
		JSON_KEY(&o, "library");
		json_text(&o, k->library);
	}
	JSON_KEY(&o, "built");
	json_bool(&o, sink_is_built(i));
	json_close(&o, '}');
	print_line(&o);
}

static void
format_json(const struct format *f)
{
	static char line[1 << 16];
	struct out o = out_of(line, sizeof(line));

	OUT_LIT(&o, "{\"format\":");
	json_text(&o, f->name);
	JSON_KEY(&o, "title");
	json_text(&o, f->title);
	events_json(&o, f->events);
	JSON_KEY(&o, "fields");
	json_open(&o, '[');
	for (unsigned i = 0; i < f->table.count; i++)
		row_json(&o, &f->table.row[i]);
	OUT_LIT(&o, "]}");
	print_line(&o);
}

static int
sinks_run(int argc, char **argv)
{
	unsigned chosen;
	int status = tables_options(&CMD_SINKS, argc, argv, &chosen);
	struct term t = term_of(stdout);

	if (status != EXIT_DONE)
		return status;
	if (!(chosen & TABLES_JSON)) {
		all_text(&t, chosen & CHOSE_FORMATS);
		return tables_finish();
	}
	for (unsigned i = 0; i < SINK_KINDS; i++)
		kind_json(i);
	for (unsigned i = 0; i < FORMATS; i++)
		format_json(&FORMAT_LIST[i]);
	return tables_finish();
}

static const struct arg_option OPTIONS[] = {
	{ID_FORMATS, "formats", NULL, "what stands where in each format, and where it comes from"},
	{ID_JSON, "json", NULL, "kinds and formats with all their fields, one JSON object a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_SINKS = {
	"sinks",
	"[--formats] [--json]",
	"kinds of sinks and formats of what is sent",
	OPTIONS,
	"A sink is a section of the configuration; read and run write to all of them:\n"
	"\n"
	"  [sink siem]\n"
	"  path = /var/log/gatewitness/alerts.cef\n"
	"  format = cef\n"
	"  events = alerts, incidents\n"
	"  severity = medium\n"
	"  where = not actor in 10.0.0.0/8\n"
	"\n"
	"In --formats the letters say in which events a field is: A alerts, I incidents, S sessions,\n"
	"T stats, L the second line of a TLS session. What the eve format has is in Suricata's schema\n"
	"and in gatewitness schema.\n"
	"\n"
	"examples:\n"
	"  gatewitness sinks\n"
	"  gatewitness sinks --formats | less\n"
	"  gatewitness sinks --json | jq -r 'select(.format==\"ecs\").fields[].name'\n"
	"\n"
	"exit code: 0 done; 2 wrong usage\n",
	sinks_run,
};
