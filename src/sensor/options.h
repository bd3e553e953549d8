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
	OPTION_NETS,
	OPTION_WHEN,
	OPTION_WEEKLY,
	OPTION_ZONE,
	OPTION_DETECTORS,
	OPTION_WHERE,
	OPTION_WORDS
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

/* Do the section's instances have names of the operator's choice? */
bool option_named(const char *section);

/* "detect.leak_loop.requests", "memory.limit" */
void option_name(struct out *to, const struct option *o);

/* Text to value: *number (numbers, times in ns, sizes in bytes, enum index, bool).  NULL: fine, else what is
   wrong with it, as the end of a sentence ("is not a time such as 90s, 5m or 7d"). */
const char *option_parse(const struct option *o, const char *text, int64_t *number);

/* Days and hours, as "sat 22:00-02:00": bit 0 is Sunday; the end may be on the next day. */
struct option_week {
	uint8_t days;
	int32_t begin_s, length_s;
};
bool option_week(const char *text, struct option_week *w);

/* "any", or names of detectors with commas, as bits by their numbers; 0: any.  False: *wrong is the name that is
   none. */
bool option_detectors(const char *text, uint64_t *bits, char wrong[64]);
/* What the name that is none may have meant, of a text that is no list of detectors; NULL: every name is one. */
const char *option_detector_meant(const char *text);

/* The next item of a comma list, without blanks; NULL: there is none, or it is longer than the room. */
const char *option_item(const char **list, char *item, size_t room);

/* The value as the configuration writes it. */
void option_print(struct out *to, const struct option *o, int64_t number, const char *text);

#endif
