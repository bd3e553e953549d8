/*
 * story_print: a story for a person, and its lines as one JSON object.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/story.h"

enum { EXCHANGES_SHOWN = 6, INDENT = 10 };

static bool
same(struct text t, const char *text)
{
	return t.p && strcmp(t.p, text) == 0;
}

static const char *
or_dash(struct text t)
{
	return t.p && t.len ? t.p : "-";
}

/* 2026-11-23T22:19:14.030181+0000 as 2026-11-23 22:19:14 */
static struct words
short_time(struct text stamp)
{
	struct words w = {""};

	snprintf(w.text, sizeof(w.text), "%.10s %.8s", stamp.len > 19 ? stamp.p : "",
		 stamp.len > 19 ? stamp.p + 11 : "");
	return w;
}

static enum term_style
style_of(const char *severity)
{
	if (strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0)
		return STYLE_RED;
	return strcmp(severity, "medium") == 0 ? STYLE_YELLOW : STYLE_PLAIN;
}

static void
print_labelled(const struct term *t, const char *label, const char *text)
{
	char line[2048];

	if (!text || !*text)
		return;
	snprintf(line, sizeof(line), "%s%s", label, text);
	term_wrap(t, INDENT, line);
}

static void
print_weights(const struct term *t, const struct json *because)
{
	char line[512];
	size_t at = 0;

	for (size_t i = 0; i < json_in_count(because) && at < sizeof(line); i++) {
		const struct json *w = json_in_item(because, i);

		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s (%" PRId64 ")", i ? ", " : "",
				       or_dash(json_in_text(w, "what")), json_in_number(w, "points"));
	}
	if (at)
		print_labelled(t, "Speaks for it: ", line);
}

static void
print_finding(const struct term *t, const struct json *line)
{
	const struct json *f = story_own(line);
	const char *severity = or_dash(json_in_text(f, "severity"));

	fprintf(t->to, "  %s%-8s%s  %s  %s%s%s  %s -> %s%s%s\n", term_style(t, style_of(severity)), severity,
		term_style(t, STYLE_PLAIN), short_time(json_in_text(line, "timestamp")).text, term_style(t, STYLE_BOLD),
		or_dash(json_in_text(f, "detector")), term_style(t, STYLE_PLAIN), or_dash(json_in_text(line, "src_ip")),
		or_dash(json_in_text(line, "dest_ip")), json_in_yes(f, "weak") ? "  (weak evidence)" : "",
		json_in_yes(f, "learning") ? "  (still learning)" : "");
	term_wrap(t, INDENT, or_dash(json_in_text(f, "text")));
	print_weights(t, json_in_at(f, "because"));
	print_labelled(t, "It could also be: ", json_in_text(f, "benign").p);
	if (json_in_yes(f, "degraded"))
		term_wrap(t, INDENT, "Parts of the traffic it rests on were not seen.");
}

/* What each detector of the story looks for and cannot see, once. */
static void
print_limits(const struct term *t, const struct story *s)
{
	uint64_t said = 0;

	fprintf(t->to, "\n%sHow far this goes%s\n", term_style(t, STYLE_BOLD), term_style(t, STYLE_PLAIN));
	for (size_t i = 0; i < s->findings; i++) {
		const struct json *f = story_own(s->finding[i]);
		const struct detector_info *d = detector_by_name(or_dash(json_in_text(f, "detector")));

		if (!d || said >> d->id & 1)
			continue;
		said |= UINT64_C(1) << d->id;
		fprintf(t->to, "  %s (%s): %s\n", d->name, d->attack, d->title);
		print_labelled(t, "Not visible: ", d->blind);
	}
}

static void
print_exchanges(const struct term *t, const struct json *record)
{
	const struct json *list = json_in_at(record, "exchange");
	size_t n = json_in_count(list);

	if (n)
		fprintf(t->to, "%*s%12s %12s %12s %12s\n", INDENT, "", "request", "answer", "server ms", "thought ms");
	for (size_t i = 0; i < n && i < EXCHANGES_SHOWN; i++) {
		const struct json *e = json_in_item(list, i); /* request, response, think, server, reply */

		fprintf(t->to, "%*s%12s %12s %12" PRId64 " %12" PRId64 "\n", INDENT, "",
			words_number((uint64_t)json_in_item_number(e, 0)).text,
			words_number((uint64_t)json_in_item_number(e, 1)).text, json_in_item_number(e, 3) / 1000,
			json_in_item_number(e, 2) / 1000);
	}
	if (json_in_number(record, "exchanges") > EXCHANGES_SHOWN)
		fprintf(t->to, "%*sof %s exchanges\n", INDENT, "",
			words_number((uint64_t)json_in_number(record, "exchanges")).text);
}

static void
print_session(const struct term *t, const struct story *s, size_t i)
{
	const struct json *r = story_record(s->session[i]);

	if (!r) {
		fprintf(t->to, "  %s  not in these files\n", s->session_id[i]);
		return;
	}
	fprintf(t->to, "  %s%s%s  %s  %s:%" PRId64 " -> %s:%" PRId64 "\n", term_style(t, STYLE_BOLD), s->session_id[i],
		term_style(t, STYLE_PLAIN), short_time(json_in_text(r, "start")).text, or_dash(json_in_text(r, "src")),
		json_in_number(r, "src_port"), or_dash(json_in_text(r, "dest")), json_in_number(r, "dest_port"));
	fprintf(t->to, "%*s%s, program %s, server name %s, %s packets out, %s in\n", INDENT, "",
		or_dash(json_in_text(r, "version")), or_dash(json_in_text(r, "ja4")), or_dash(json_in_text(r, "sni")),
		words_number((uint64_t)json_in_number(r, "packets_out")).text,
		words_number((uint64_t)json_in_number(r, "packets_in")).text);
	print_exchanges(t, r);
}

static const char *
worst_severity(const struct story *s)
{
	static const char *const ORDER[] = {"critical", "high", "medium", "low"};

	for (unsigned i = 0; i < sizeof(ORDER) / sizeof(ORDER[0]); i++)
		for (size_t n = 0; n < s->findings; n++)
			if (same(json_in_text(story_own(s->finding[n]), "severity"), ORDER[i]))
				return ORDER[i];
	return "info";
}

/* Alerts have its name in their metadata (sink/alert.c); NULL: none of the findings is one, or it has none. */
static struct text
gateway_name(const struct story *s)
{
	struct text name = {NULL, 0};

	for (size_t i = 0; !name.p && i < s->findings; i++)
		name = json_in_item_text(
			json_in_at(json_in_at(json_in_at(s->finding[i], "alert"), "metadata"), "gateway"), 0);
	return name;
}

static void
print_gateway(const struct term *t, const struct story *s)
{
	struct text name = gateway_name(s);

	if (name.p)
		fprintf(t->to, "%s %s", same(name, "gateway") /* -g named it */ ? "the" : "gateway", name.p);
	else
		fprintf(t->to, "gateway %" PRId64, json_in_number(story_own(s->finding[0]), "gateway"));
}

void
story_print(const struct term *t, const struct story *s)
{
	const struct json *first = s->finding[0], *last = s->finding[s->findings - 1];
	const char *severity = worst_severity(s);

	fprintf(t->to, "%sIncident %s%s  %s%s%s, %s\n", term_style(t, STYLE_BOLD), s->incident,
		term_style(t, STYLE_PLAIN), term_style(t, style_of(severity)), severity, term_style(t, STYLE_PLAIN),
		s->closed ? "closed" : "not closed in these files");
	fprintf(t->to, "  actor %s, ", or_dash(json_in_text(first, "src_ip")));
	print_gateway(t, s);
	fprintf(t->to, "; %s to %s UTC; %s finding%s\n", short_time(json_in_text(first, "timestamp")).text,
		short_time(json_in_text(last, "timestamp")).text, words_number(s->findings + s->more).text,
		s->findings + s->more == 1 ? "" : "s");
	fprintf(t->to, "\n%sWhat happened%s\n", term_style(t, STYLE_BOLD), term_style(t, STYLE_PLAIN));
	for (size_t i = 0; i < s->findings; i++)
		print_finding(t, s->finding[i]);
	fprintf(t->to, "\n%sSessions to look at%s\n", term_style(t, STYLE_BOLD), term_style(t, STYLE_PLAIN));
	for (size_t i = 0; i < s->sessions; i++)
		print_session(t, s, i);
	print_limits(t, s);
}

static void
print_lines(const struct term *t, const char *key, struct json *const *lines, size_t n)
{
	bool comma = false;

	fprintf(t->to, "\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		char *text = lines[i] ? json_in_dump(lines[i]) : NULL;

		if (text)
			fprintf(t->to, "%s%s", comma ? "," : "", text);
		comma |= text != NULL;
		free(text);
	}
	fprintf(t->to, "]");
}

void
story_json(const struct term *t, const struct story *s)
{
	fprintf(t->to, "{\"incident\":\"%s\",\"severity\":\"%s\",", s->incident, worst_severity(s));
	print_lines(t, "findings", s->finding, s->findings);
	fprintf(t->to, ",");
	print_lines(t, "sessions", s->session, s->sessions);
	fprintf(t->to, ",");
	print_lines(t, "closed", &s->closed, s->closed != NULL);
	fprintf(t->to, "}\n");
}
