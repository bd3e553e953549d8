/*
 * options: the table of options.def with what a detector can be told (detect.def), and typed values:
 * read from text, checked, and printed back so that the print reads as the same value.
 */
#ifndef SENSOR_OPTIONS_H
#define SENSOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nearest.h"
#include "base/out.h"

enum option_type {
	OPTION_BOOL,
	OPTION_COUNT,
	OPTION_TIME,
	OPTION_SIZE,
	OPTION_ENUM,
	OPTION_TEXT,
	OPTION_ADDRS,
	OPTION_NETS
};

/* Keys of `number` and `text` in struct config: the rows of options.def, in their order. */
enum option_key {
#define OPTION(section, name, type, value, range, doc) OPT_##section##_##name,
#include "sensor/options.def"
#undef OPTION
	OPTIONS_OWN
};

enum { OPTION_TEXT_MAX = 1024 };

/* One row.  For a detector's parameter: section "detect", instance its name, key >= OPTIONS_OWN. */
struct option {
	const char *section, *instance, *name;
	const char *value, *range, *doc; /* value: default in words, NULL for parameters */
	int64_t number;                  /* default of a parameter */
	uint16_t key;
	uint8_t type;
};

/* The i-th option; false: there are no more. */
bool option_at(unsigned i, struct option *o);

/* "detect.leak_loop.requests", "memory.limit" */
void option_name(struct out *to, const struct option *o);

/* Text to value: *number (numbers, times in ns, sizes in bytes, enum index, bool).  NULL: fine, else what is
   wrong with it, as the end of a sentence ("is not a time such as 90s, 5m or 7d"). */
const char *option_parse(const struct option *o, const char *text, int64_t *number);

/* The value as the configuration writes it. */
void option_print(struct out *to, const struct option *o, int64_t number, const char *text);

#endif
