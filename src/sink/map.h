/*
 * map: what stands where in a format: rows from ecs.def, ocsf.def, cef.def, leef.def, zeek.def, fleet.def and text.def.
 *
 *	MAP(events, name, source)
 *
 * events: A alerts, I incidents, S sessions, T stats, H heartbeats, L Zeek's TLS lines; any of them, or-ed.
 * source: FROM(attribute); SAY("text") or NUM(number), the same each time; SAY_IF(attribute, "text") and
 * NUM_IF(attribute, number), where the attribute is there.
 * name: nested formats a path: "a.b", an array's one object "a[].b", an array of values "a[]" (rows that follow each
 * other with one such name are its members).  Rows that share the beginning of a path stand together.  Flat formats: the
 * key.
 */
#ifndef SINK_MAP_H
#define SINK_MAP_H

#include "sink/attribute.h"

enum map_source { MAP_FROM, MAP_SAY, MAP_NUM, MAP_SAY_IF, MAP_NUM_IF };

enum { MAP_KEY_ROOM = 32 };
#define MAP_KEY(name) "\"" name "\":                                "

struct map_row {
	uint8_t events; /* enum event_kind, or-ed */
	const char *name;
	const char *key; /* "name": and blanks, so that MAP_KEY_ROOM bytes of it can be read */
	uint16_t len;    /* of the name */
	uint8_t source;  /* enum map_source */
	uint16_t attribute;
	uint32_t number;
	const char *say;
};

struct map_table {
	const struct map_row *row;
	unsigned count;
};

/* The row's value for this event; VALUE_NONE: there is none. */
void map_get(struct value *v, const struct map_row *m, const struct subject *of);

/* A text from anywhere is bounded, so that a line is: what is longer ends in "...", at a character's end, and counts.
   With all of 512 bytes in JSON's longest escapes an alert stays below 64 KiB. */
enum { MAP_TEXT_MAX = 512, MAP_LIST_MAX = 16 };
struct text map_bounded(struct text t, char room[MAP_TEXT_MAX + 4], unsigned *cut);

/* JSON: nested, or flat with the names as they are; each time as the format has it. */
enum map_time { MAP_ISO, MAP_MS, MAP_SECONDS, MAP_FLAT_US };
void map_json(struct out *o, const struct map_table *table, const struct event *e, enum map_time times, unsigned *cut);

#endif
