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

/* A server's name may have any byte in it, and a sum of squares may be beyond 2^63, which jansson takes only as a real
   number: then all numbers of the text are. */
struct json *
json_in(const char *text, size_t len)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_error_t error;
	json_t *o = json_loadb(text, len, flags, &error);

	if (!o && json_error_code(&error) == json_error_numeric_overflow)
		o = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, NULL);
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

static int64_t
number_of(const json_t *n)
{
	const double most = 9223372036854775807.0; /* rounded up: 2^63 */
	double v = json_real_value(n);

	if (!json_is_real(n))
		return json_integer_value(n);
	return v >= most ? INT64_MAX : v < -most ? INT64_MIN : (int64_t)v;
}

int64_t
json_in_number(const struct json *o, const char *key)
{
	return number_of(json_object_get(of(o), key));
}

struct text
json_in_string(const struct json *value)
{
	return text_of(of(value));
}

bool
json_in_u64(const struct json *value, uint64_t *n)
{
	double v = json_real_value(of(value));

	*n = 0;
	if (json_is_integer(of(value))) {
		*n = (uint64_t)json_integer_value(of(value));
		return json_integer_value(of(value)) >= 0;
	}
	if (!json_is_real(of(value)) || v < 0)
		return false;
	*n = UINT64_MAX;
	if (v < 0x1p64)
		*n = (uint64_t)v;
	return true;
}

bool
json_in_us(const struct json *value, int64_t *us)
{
	const double most = 9e15; /* what a double counts one by one */
	double v = json_number_value(of(value)) * 1e6;

	if (!json_is_number(of(value)) || !(v > -most && v < most))
		return false;
	*us = (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
	return true;
}

bool
json_in_is_true(const struct json *value)
{
	return json_is_true(of(value));
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
	return number_of(json_array_get(of(array), i));
}

char *
json_in_dump(const struct json *o)
{
	return json_dumps(of(o), JSON_COMPACT | JSON_PRESERVE_ORDER);
}
