/*
 * format: an event as lines of one of the formats.  Pure: bytes into struct out, no allocation, no clock.
 */
#ifndef SINK_FORMAT_H
#define SINK_FORMAT_H

#include "sink/map.h"

#define FORMAT_WORDS "eve|ecs|ocsf|cef|leef|zeek|fleet|text"

enum { FORMATS = 8 };

struct format {
	const char *name, *title;
	/* appends lines with their '\n'; one that does not fit is left out and o->full is set; *cut: values shortened */
	void (*write)(struct out *o, const struct event *e, unsigned *cut);
	uint8_t events;         /* what it has words for */
	struct map_table table; /* what stands where; eve: none */
};
extern const struct format FORMAT_LIST[FORMATS];

/* Is each of its lines a JSON object? */
bool format_is_json(unsigned format);

#endif
