/*
 * metrics: see metrics.h.  Names, help and types are those of count.def, loss.def and health.def.
 */
#include "sensor/metrics.h"

/* "# HELP gatewitness_NAME DOC", "# TYPE gatewitness_NAME TYPE": a doc has neither '\\' nor '\n'. */
static void
head(struct out *o, const char *name, const char *type, const char *doc)
{
	OUT_LIT(o, "# HELP gatewitness_");
	out_text(o, name);
	out_char(o, ' ');
	out_text(o, doc);
	OUT_LIT(o, "\n# TYPE gatewitness_");
	out_text(o, name);
	out_char(o, ' ');
	out_text(o, type);
	out_char(o, '\n');
}

/* `key="VALUE"`, with what the format escapes. */
static void
label(struct out *o, const char *key, const char *value)
{
	out_text(o, key);
	OUT_LIT(o, "=\"");
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			out_char(o, '\\');
		if (*value == '\n')
			OUT_LIT(o, "\\n");
		else
			out_char(o, *value);
	}
	out_char(o, '"');
}

static void
number(struct out *o, uint64_t v)
{
	out_char(o, ' ');
	out_u64(o, v);
	out_char(o, '\n');
}

static void
value(struct out *o, const char *name, const char *key, const char *of, uint64_t v)
{
	OUT_LIT(o, "gatewitness_");
	out_text(o, name);
	out_char(o, '{');
	label(o, key, of);
	out_char(o, '}');
	number(o, v);
}

/* Base units: what is counted in ms is told in seconds. */
static void
one(struct out *o, const char *name, const char *type, const char *doc, uint64_t v, bool ms)
{
	head(o, name, type, doc);
	OUT_LIT(o, "gatewitness_");
	out_text(o, name);
	if (!ms) {
		number(o, v);
		return;
	}
	out_char(o, ' ');
	out_fixed(o, (int64_t)v, 3);
	out_char(o, '\n');
}

static bool
in_ms(const char *field)
{
	size_t n = strlen(field);

	return n > 3 && strcmp(field + n - 3, "_ms") == 0;
}

static void
lost(struct out *o, const char *cause, const char *unit, const char *doc, uint64_t v)
{
	bool ms = strcmp(unit, "ms") == 0;
	char name[HEALTH_NAME];
	struct out n = out_of(name, sizeof(name) - 1);

	OUT_LIT(&n, "lost_");
	out_text(&n, cause);
	out_char(&n, '_');
	out_text(&n, ms ? "seconds" : unit);
	OUT_LIT(&n, "_total");
	*n.p = '\0';
	one(o, name, "counter", doc, v, ms);
}

static void
build(struct out *o, const struct health *h)
{
	head(o, "build_info", "gauge", "always 1; which sensor this is");
	OUT_LIT(o, "gatewitness_build_info{");
	label(o, "version", h->version);
	out_char(o, ',');
	label(o, "sensor", h->sensor);
	out_char(o, ',');
	label(o, "interface", h->iface);
	OUT_LIT(o, "} 1\n");
}

static void
incidents(struct out *o, const struct health *h)
{
	head(o, "incidents_open", "gauge", "incidents that go on");
	for (unsigned i = 0; i < HEALTH_SEVERITIES; i++)
		value(o, "incidents_open", "severity", severity_name(i), h->open[i]);
}

/* A metric's samples stand together, so each is gone through for all sinks. */
static void
sinks(struct out *o, const struct health *h)
{
	if (h->sinks == 0)
		return;
#define OF_SINK(field, type, metric, doc)                                                                              \
	head(o, metric, #type, doc);                                                                                   \
	for (unsigned i = 0; i < h->sinks; i++)                                                                        \
		value(o, metric, "sink", h->sink[i].name, h->sink[i].field);
#include "sensor/health.def"
#undef OF_SINK
}

void
metrics_write(struct out *o, const struct health *h)
{
	build(o, h);
#define NUMBER(field, type, metric, doc) one(o, metric, #type, doc, h->field, in_ms(#field));
#include "sensor/health.def"
#undef NUMBER
	incidents(o, h);
	sinks(o, h);
#define LOSS(name, unit, doc) lost(o, #name, unit, doc, h->loss.name);
#include "base/loss.def"
#undef LOSS
#define COUNT(name, stratum, doc) one(o, #name "_total", "counter", doc, h->counts.name, false);
#include "base/count.def"
#undef COUNT
}
