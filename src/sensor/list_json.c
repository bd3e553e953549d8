/*
 * list_json: STIX 2.1 and MISP, the one file that knows jansson.
 *
 * STIX: indicators by their patterns (revoked ones are left out; valid_until is kept, valid_from is not: looking back
 * is what we are for).  Observables count only where there is no indicator: beside one they are what it was drawn
 * from, the harmless parts too.
 * MISP: attributes with to_ids, of events and of their objects, in all of MISP's wrappings.
 */
#define json_string jansson_string /* base/out.h has one of its own; this one is not needed */
#include <jansson.h>
#undef json_string
#include <stdio.h>

#include "sensor/list_parts.h"

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

static struct text
string_at(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	if (!json_is_string(s))
		return (struct text){NULL, 0};
	return (struct text){json_string_value(s), (uint32_t)json_string_length(s)};
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
valid_until(struct walk *w, const json_t *o, uint32_t *until)
{
	struct text t = string_at(o, "valid_until");
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
stix_indicator(struct walk *w, const json_t *o)
{
	struct text pattern = string_at(o, "pattern"), language = string_at(o, "pattern_type");
	const char *why;
	uint32_t until;
	size_t cut;

	if (json_is_true(json_object_get(o, "revoked")) || (language.p && !is(language, "stix"))) {
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
add_member(struct walk *w, const json_t *o, const char *key, enum list_kind kind)
{
	struct text value = string_at(o, key);
	size_t cut = step_in(w, key, 0, false);

	if (value.p)
		list_add(w->l, value, kind, 0, &(struct list_where){0, w->path});
	step_out(w, cut);
}

static void
stix_observable(struct walk *w, const json_t *o)
{
	struct text type = string_at(o, "type");
	const json_t *hashes = json_object_get(o, "hashes");

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

static void
stix_objects(struct walk *w, const json_t *array, const char *name)
{
	bool indicators = false;
	const json_t *o;
	size_t i;

	json_array_foreach(array, i, o) indicators |= is(string_at(o, "type"), "indicator");
	json_array_foreach(array, i, o)
	{
		size_t cut = step_in(w, name, i, true);

		if (!json_is_object(o) || !string_at(o, "type").p)
			bad_at(w, "type", (struct text){NULL, 0}, "is missing: not a STIX object");
		else if (indicators && is(string_at(o, "type"), "indicator"))
			stix_indicator(w, o);
		else if (!indicators)
			stix_observable(w, o);
		step_out(w, cut);
	}
	w->found = true;
	w->l->format = "STIX";
}

/* ---- MISP */

static void
misp_attribute(struct walk *w, const json_t *o)
{
	struct text type = string_at(o, "type"), value = string_at(o, "value");
	const json_t *ids = json_object_get(o, "to_ids");
	struct list_type t;
	size_t cut;

	w->found = true;
	if (json_is_true(json_object_get(o, "deleted")))
		return;
	if (!type.p || !value.p) {
		bad_at(w, type.p ? "value" : "type", (struct text){NULL, 0}, "is missing; an attribute has one");
		return;
	}
	t = list_type(type);
	if (is(string_at(o, "object_relation"), "ja4") || is(string_at(o, "object_relation"), "ja4-fingerprint"))
		t = list_type(TEXT_LIT("ja4"));
	/* "1" in old exports; without the member it is left to us, as in feeds */
	if (t.kind < 0 || json_is_false(ids) || is(string_at(o, "to_ids"), "0")) {
		w->l->skipped++;
		return;
	}
	cut = step_in(w, "value", 0, false);
	list_add_typed(w->l, value, &t, 0, &(struct list_where){0, w->path});
	step_out(w, cut);
}

static void misp_any(struct walk *w, const json_t *o);

static void
misp_array(struct walk *w, const json_t *array, const char *name, bool attributes)
{
	const json_t *o;
	size_t i;

	json_array_foreach(array, i, o)
	{
		size_t cut = step_in(w, name, i, true);

		if (attributes)
			misp_attribute(w, o);
		else
			misp_any(w, o);
		step_out(w, cut);
	}
}

/* {"response": [{"Event": {...}}]}, {"response": {"Attribute": [...]}}, {"Event": {...}}, {"Attribute": [...]} ... */
static void
misp_any(struct walk *w, const json_t *o)
{
	static const char *const INSIDE[] = {"response", "Event", "Object"};

	if (w->depth == DEPTH_MAX)
		return;
	w->depth++;
	for (size_t i = 0; i < sizeof(INSIDE) / sizeof(INSIDE[0]); i++) {
		const json_t *inner = json_object_get(o, INSIDE[i]);
		size_t cut;

		if (json_is_array(inner))
			misp_array(w, inner, INSIDE[i], false);
		if (!json_is_object(inner))
			continue;
		cut = step_in(w, INSIDE[i], 0, false);
		misp_any(w, inner);
		step_out(w, cut);
	}
	if (json_is_array(json_object_get(o, "Attribute")))
		misp_array(w, json_object_get(o, "Attribute"), "Attribute", true);
	if (json_object_get(o, "Event") || json_object_get(o, "Attribute"))
		w->found = true;
	w->depth--;
}

/* ---- either */

static bool
is_misp(const json_t *o)
{
	return json_object_get(o, "response") || json_object_get(o, "Event") || json_object_get(o, "Attribute");
}

static void
walk_root(struct walk *w, const json_t *root)
{
	const json_t *first = json_array_get(root, 0);

	if (json_is_array(json_object_get(root, "objects")))
		stix_objects(w, json_object_get(root, "objects"), "objects");
	else if (json_is_array(root) && json_is_object(first) && string_at(first, "type").p && !is_misp(first))
		stix_objects(w, root, "");
	else if (json_is_array(root))
		misp_array(w, root, "", false);
	else
		misp_any(w, root);
}

/* A single STIX object stands for itself. */
static bool
walk_single(struct walk *w, json_t *root)
{
	json_t *array;

	if (!json_is_object(root) || !json_object_get(root, "id") || !string_at(root, "type").p || is_misp(root) ||
	    json_object_get(root, "objects"))
		return false;
	array = json_array();
	if (array && json_array_append(array, root) == 0)
		stix_objects(w, array, "");
	json_decref(array);
	return true;
}

static void
bad_json(struct list *l, const json_error_t *e)
{
	char why[JSON_ERROR_TEXT_LENGTH + 80];

	snprintf(why, sizeof(why), "is not JSON at column %d: %s", e->column, e->text);
	for (char *p = why; *p; p++)
		*p = *p >= 0x20 && *p < 0x7f ? *p : '?';
	list_bad(l, &(struct list_where){e->line > 0 ? (uint32_t)e->line : 0, NULL}, (struct text){NULL, 0}, why);
}

void
list_json(struct list *l, struct text text)
{
	struct walk w = {.l = l};
	json_error_t error;
	json_t *root = json_loadb(text.p, text.len, 0, &error);

	l->format = "JSON";
	if (!root) {
		bad_json(l, &error);
		return;
	}
	if (!walk_single(&w, root)) {
		l->format = "MISP";
		walk_root(&w, root);
	}
	if (!w.found && !l->bad)
		list_bad(l, NULL, (struct text){NULL, 0},
			 "JSON, but neither STIX 2.1 (a bundle with objects) nor MISP (an Event with Attribute)");
	json_decref(root);
}
