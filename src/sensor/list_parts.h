/*
 * list_parts: what the readers of the formats share.  Internal to list*.c and their tests.
 *
 *	list_parse -> list_lines | list_json -> list_add -> list_value -> entry
 *	                              \-> list_stix -/   \-> list_bad
 */
#ifndef SENSOR_LIST_PARTS_H
#define SENSOR_LIST_PARTS_H

#include "sensor/list.h"

/* Where something stands: a line, or a JSON path. */
struct list_where {
	uint32_t line;
	const char *path;
};

/* One value that was read. */
struct list_value {
	uint8_t kind, len, bits;
	char key[INDICATOR_NAME_MAX];
};

/* NULL: fine; else the end of a sentence that begins with the value.  own: the gateway's addresses. */
const char *list_value(const struct list *l, struct text t, enum list_kind kind, struct list_value *v);

/* Adds a value, or tells what is wrong with it.  until: 0, or seconds since 1970. */
void list_add(struct list *l, struct text value, enum list_kind kind, uint32_t until, const struct list_where *where);

/* "FILE:LINE: "value" why" */
void list_bad(struct list *l, const struct list_where *where, struct text value, const char *why);

/* Seconds of a date, at most what 32 bits hold. */
uint32_t list_until(struct when t);

/* Words for kinds: of CSV types and MISP attributes.  LIST_TYPE_OTHER: known, but nothing that a session shows. */
enum { LIST_TYPE_OTHER = -1, LIST_TYPE_UNKNOWN = -2 };
struct list_type {
	int kind;         /* enum list_kind, or one of the above */
	bool first;       /* only the part before | or : counts, as in ip-dst|port */
	bool second_addr; /* domain|ip */
};
struct list_type list_type(struct text word);
/* Adds "name|address", "address|port" and plain values by their type. */
void list_add_typed(struct list *l, struct text value, const struct list_type *type, uint32_t until,
		    const struct list_where *where);

/* The parsers. */
void list_lines(struct list *l, struct text text);
void list_json(struct list *l, struct text text);

/* A STIX pattern: NULL when it was read, else what is wrong.  Values are added; *other counts what was skipped. */
const char *list_stix(struct list *l, struct text pattern, uint32_t until, const struct list_where *where);

#endif
