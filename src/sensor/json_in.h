/*
 * json_in: JSON that comes in: our own EVE lines, lists of indicators.  A thin face over jansson.
 *
 * What is missing, or of another type, is empty (text without pointer, 0, false, NULL): whoever needs it checks.
 */
#ifndef SENSOR_JSON_IN_H
#define SENSOR_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct json; /* one value */

/* An object; NULL: the text is none.  json_in_free, also of NULL. */
struct json *json_in(const char *text, size_t len);
void json_in_free(struct json *o);

/* Any value; NULL: *e says where it is none. */
struct json_in_error {
	unsigned line, column;
	char what[160]; /* printable ASCII */
};
struct json *json_in_any(const char *text, size_t len, struct json_in_error *e);

bool json_in_is_object(const struct json *o);
bool json_in_is_array(const struct json *o);

/* Members of an object; o may be NULL. */
const struct json *json_in_at(const struct json *o, const char *key);
struct text json_in_text(const struct json *o, const char *key); /* NUL-terminated, too; may have a NUL in it */
int64_t json_in_number(const struct json *o, const char *key);   /* a real number: its whole part */
bool json_in_yes(const struct json *o, const char *key);
bool json_in_no(const struct json *o, const char *key); /* false is there; missing is not no */

/* A value itself.  False: not a whole number from 0 on; one beyond 2^63 has 53 bits that count, beyond 2^64 is the
   most. */
struct text json_in_string(const struct json *value);
bool json_in_is_true(const struct json *value);
bool json_in_u64(const struct json *value, uint64_t *n);

/* Seconds as whole microseconds, rounded.  False: no number, or none that fits. */
bool json_in_us(const struct json *value, int64_t *us);

/* Elements of an array. */
size_t json_in_count(const struct json *array);
const struct json *json_in_item(const struct json *array, size_t i);
struct text json_in_item_text(const struct json *array, size_t i);
int64_t json_in_item_number(const struct json *array, size_t i);

/* The value as it was, on one line; the caller frees it. */
char *json_in_dump(const struct json *o);

#endif
