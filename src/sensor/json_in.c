/*
 * json_in: jansson behind our own names.  Must not know what the keys mean.
 */
#include "sensor/json_in.h"

#include <jansson.h>
#include <stdio.h>

static json_t *
of(const struct json *o)
{
	return (json_t *)(uintptr_t)o;
}

static struct text
text_of(const json_t *s)
{
	if (!json_is_string(s))
		return (struct text){NULL, 0};
	return (struct text){json_string_value(s), (uint32_t)json_string_length(s)};
}

struct json *
json_in(const char *text, size_t len)
{
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (o && !json_is_object(o)) {
		json_decref(o);
		return NULL;
	}
	return (struct json *)o;
}

struct json *
json_in_any(const char *text, size_t len, struct json_in_error *e)
{
	json_error_t error;
	json_t *o = json_loadb(text, len, 0, &error);

	if (o)
		return (struct json *)o;
	*e = (struct json_in_error){error.line > 0 ? (unsigned)error.line : 0,
				    error.column > 0 ? (unsigned)error.column : 0, ""};
	snprintf(e->what, sizeof(e->what), "%s", error.text);
	for (char *p = e->what; *p; p++)
		*p = *p >= 0x20 && *p < 0x7f ? *p : '?';
	return NULL;
}

bool
json_in_is_object(const struct json *o)
{
	return json_is_object(of(o));
}

bool
json_in_is_array(const struct json *o)
{
	return json_is_array(of(o));
}

void
json_in_free(struct json *o)
{
	json_decref(of(o));
}

const struct json *
json_in_at(const struct json *o, const char *key)
{
	return (const struct json *)json_object_get(of(o), key);
}

struct text
json_in_text(const struct json *o, const char *key)
{
	return text_of(json_object_get(of(o), key));
}

int64_t
json_in_number(const struct json *o, const char *key)
{
	const json_t *n = json_object_get(of(o), key);

	return json_is_real(n) ? (int64_t)json_real_value(n) : json_integer_value(n);
}

bool
json_in_yes(const struct json *o, const char *key)
{
	return json_is_true(json_object_get(of(o), key));
}

bool
json_in_no(const struct json *o, const char *key)
{
	return json_is_false(json_object_get(of(o), key));
}

size_t
json_in_count(const struct json *array)
{
	return json_array_size(of(array));
}

const struct json *
json_in_item(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get(of(array), i);
}

struct text
json_in_item_text(const struct json *array, size_t i)
{
	return text_of(json_array_get(of(array), i));
}

int64_t
json_in_item_number(const struct json *array, size_t i)
{
	return json_integer_value(json_array_get(of(array), i));
}

char *
json_in_dump(const struct json *o)
{
	return json_dumps(of(o), JSON_COMPACT | JSON_PRESERVE_ORDER);
}
