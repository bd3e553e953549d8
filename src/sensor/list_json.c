/*
 * list_json: lists in STIX 2.1 and MISP.
 *
 * STIX: indicators by their patterns (revoked ones are left out; valid_until is kept, valid_from is not: looking back
 * is what we are for).  Observables count only where there is no indicator: beside one they are what it was drawn
 * from, the harmless parts too.
 * MISP: attributes with to_ids, of events and of their objects, in all of MISP's wrappings.
 */
#include "sensor/json_in.h"
#include "sensor/list_parts.h"

#include <stdio.h>

enum { WHERE_MAX = 128, DEPTH_MAX = 8 };

/* "Event.Object[2].Attribute[0]" while the tree is walked. */
struct walk {
	struct list *l;
	char path[WHERE_MAX];
	unsigned depth;
	bool found; /* something of the format was there */
};

/* Adds a step; what it returns is where to cut it off again. */
static size_t
step_in(struct walk *w, const char *name, size_t index, bool indexed)
{
	size_t n = strlen(w->path);

	if (indexed)
		snprintf(w->path + n, sizeof(w->path) - n, "%s%s[%zu]", n && *name ? "." : "", name, index);
	else
		snprintf(w->path + n, sizeof(w->path) - n, "%s%s", n ? "." : "", name);
	return n;
}

static void
step_out(struct walk *w, size_t n)
{
	w->path[n] = '\0';
}

static bool
is(struct text t, const char *word)
{
	return t.p && t.len == strlen(word) && memcmp(t.p, word, t.len) == 0;
}

static void
bad_at(struct walk *w, const char *member, struct text value, const char *why)
{
	size_t cut = step_in(w, member, 0, false);

	list_bad(w->l, &(struct list_where){0, w->path}, value, why);
	step_out(w, cut);
}

/* ---- STIX */

static bool
valid_until(struct walk *w, const struct json *o, uint32_t *until)
{
	struct text t = json_in_text(o, "valid_until");
	struct when when;

	*until = 0;
	if (!t.p)
		return true;
	if (!when_parse(&when, t.p, t.len)) {
		bad_at(w, "valid_until", t, "is not a time; write it as 2026-12-31T12:00:00Z");
		return false;
	}
	*until = list_until(when);
	return true;
}

static void
stix_indicator(struct walk *w, const struct json *o)
{
	struct text pattern = json_in_text(o, "pattern"), language = json_in_text(o, "pattern_type");
	const char *why;
	uint32_t until;
	size_t cut;

	if (json_in_yes(o, "revoked") || (language.p && !is(language, "stix"))) {
		w->l->skipped++;
		return;
	}
	if (!pattern.p) {
		bad_at(w, "pattern", pattern, "is missing; an indicator has one");
		return;
	}
	if (!valid_until(w, o, &until))
		return;
	cut = step_in(w, "pattern", 0, false);
	why = list_stix(w->l, pattern, until, &(struct list_where){0, w->path});
	if (why)
		list_bad(w->l, &(struct list_where){0, w->path}, pattern, why);
	step_out(w, cut);
}

static void
add_member(struct walk *w, const struct json *o, const char *key, enum list_kind kind)
{
	struct text value = json_in_text(o, key);
	size_t cut = step_in(w, key, 0, false);

	if (value.p)
		list_add(w->l, value, kind, 0, &(struct list_where){0, w->path});
	step_out(w, cut);
}

static void
stix_observable(struct walk *w, const struct json *o)
{
	struct text type = json_in_text(o, "type");
	const struct json *hashes = json_in_at(o, "hashes");

	if (is(type, "ipv4-addr") || is(type, "ipv6-addr")) {
		add_member(w, o, "value", LIST_ADDRESS);
	} else if (is(type, "domain-name")) {
		add_member(w, o, "value", LIST_NAME);
	} else if (is(type, "x509-certificate") && hashes) {
		add_member(w, hashes, "SHA-1", LIST_CERTIFICATE);
		add_member(w, hashes, "SHA-256", LIST_CERTIFICATE);
	} else {
		w->l->skipped++;
	}
}

/* indicators: there are some in the file. */
static void
stix_object(struct walk *w, const struct json *o, bool indicators)
{
	struct text type = json_in_text(o, "type");

	if (!type.p)
		bad_at(w, "type", type, "is missing: not a STIX object");
	else if (!indicators)
		stix_observable(w, o);
	else if (is(type, "indicator"))
		stix_indicator(w, o);
	w->l->format = "STIX";
	w->found = true;
}

static void
stix_objects(struct walk *w, const struct json *array, const char *name)
{
	size_t count = json_in_count(array);
	bool indicators = false;

	w->found = true;
	for (size_t i = 0; i < count && !indicators; i++)
		indicators = is(json_in_text(json_in_item(array, i), "type"), "indicator");
	for (size_t i = 0; i < count; i++) {
		size_t cut = step_in(w, name, i, true);

		stix_object(w, json_in_item(array, i), indicators);
		step_out(w, cut);
	}
}

/* ---- MISP */

static void
misp_attribute(struct walk *w, const struct json *o)
{
	struct text type = json_in_text(o, "type"), value = json_in_text(o, "value");
	struct list_type t;
	size_t cut;

	w->found = true;
	if (json_in_yes(o, "deleted"))
		return;
	if (!type.p || !value.p) {
		bad_at(w, type.p ? "value" : "type", (struct text){NULL, 0}, "is missing; an attribute has one");
		return;
	}
	t = list_type(type);
	if (is(json_in_text(o, "object_relation"), "ja4") || is(json_in_text(o, "object_relation"), "ja4-fingerprint"))
		t = list_type(TEXT_LIT("ja4"));
	/* "1" in old exports; without the member it is left to us, as in feeds */
	if (t.kind < 0 || json_in_no(o, "to_ids") || is(json_in_text(o, "to_ids"), "0")) {
		w->l->skipped++;
		return;
	}
	cut = step_in(w, "value", 0, false);
	list_add_typed(w->l, value, &t, 0, &(struct list_where){0, w->path});
	step_out(w, cut);
}

static void misp_any(struct walk *w, const struct json *o);

static void
misp_array(struct walk *w, const struct json *array, const char *name, bool attributes)
{
	size_t count = json_in_count(array);

	for (size_t i = 0; i < count; i++) {
		size_t cut = step_in(w, name, i, true);

		if (attributes)
			misp_attribute(w, json_in_item(array, i));
		else
			misp_any(w, json_in_item(array, i));
		step_out(w, cut);
	}
}

/* {"response": [{"Event": {...}}]}, {"response": {"Attribute": [...]}}, {"Event": {...}}, {"Attribute": [...]} ... */
static void
misp_any(struct walk *w, const struct json *o)
{
	static const char *const INSIDE[] = {"response", "Event", "Object"};

	if (w->depth == DEPTH_MAX)
		return;
	w->depth++;
	for (size_t i = 0; i < sizeof(INSIDE) / sizeof(INSIDE[0]); i++) {
		const struct json *inner = json_in_at(o, INSIDE[i]);
		size_t cut;

		if (json_in_is_array(inner))
			misp_array(w, inner, INSIDE[i], false);
		if (!json_in_is_object(inner))
			continue;
		cut = step_in(w, INSIDE[i], 0, false);
		misp_any(w, inner);
		step_out(w, cut);
	}
	if (json_in_is_array(json_in_at(o, "Attribute")))
		misp_array(w, json_in_at(o, "Attribute"), "Attribute", true);
	if (json_in_at(o, "Event") || json_in_at(o, "Attribute"))
		w->found = true;
	w->depth--;
}

/* ---- either */

static bool
is_misp(const struct json *o)
{
	return json_in_at(o, "response") || json_in_at(o, "Event") || json_in_at(o, "Attribute");
}

/* A single STIX object stands for itself. */
static bool
is_single(const struct json *root)
{
	return json_in_at(root, "id") && json_in_text(root, "type").p && !json_in_at(root, "objects") && !is_misp(root);
}

static void
walk_root(struct walk *w, const struct json *root)
{
	const struct json *first = json_in_item(root, 0);

	if (is_single(root))
		stix_object(w, root, is(json_in_text(root, "type"), "indicator"));
	else if (json_in_is_array(json_in_at(root, "objects")))
		stix_objects(w, json_in_at(root, "objects"), "objects");
	else if (json_in_text(first, "type").p && !is_misp(first))
		stix_objects(w, root, "");
	else if (json_in_is_array(root))
		misp_array(w, root, "", false);
	else
		misp_any(w, root);
}

static void
bad_json(struct list *l, const struct json_in_error *e)
{
	char why[sizeof(e->what) + 48];

	snprintf(why, sizeof(why), "is not JSON at column %u: %s", e->column, e->what);
	list_bad(l, &(struct list_where){e->line, NULL}, (struct text){NULL, 0}, why);
}

void
list_json(struct list *l, struct text text)
{
	struct walk w = {.l = l};
	struct json_in_error error;
	struct json *root = json_in_any(text.p, text.len, &error);

	l->format = "JSON";
	if (!root) {
		bad_json(l, &error);
		return;
	}
	l->format = "MISP";
	walk_root(&w, root);
	if (!w.found && !l->bad)
		list_bad(l, NULL, (struct text){NULL, 0},
			 "JSON, but neither STIX 2.1 (a bundle with objects) nor MISP (an Event with Attribute)");
	json_in_free(root);
}
