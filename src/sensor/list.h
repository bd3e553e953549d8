/*
 * list: one list of indicators from a file, in four formats that are told apart by their content:
 *
 *	plain		one a line, # comments
 *	CSV		a header names the columns: value, type, or the kind itself (ip, domain, ja3, sha256 ...)
 *	STIX 2.1	JSON: indicators by their patterns; bare observables where there is no indicator
 *	MISP		JSON: events with attributes and objects; those with to_ids
 *
 * All or nothing: each bad line is told with where it stands and how to mend it, and a list that has one is not taken.
 */
#ifndef SENSOR_LIST_H
#define SENSOR_LIST_H

#include "detect/indicators.h"
#include "session/site.h"

/* What the values of a plain list are; in the order of the option's words. */
enum list_kind { LIST_AUTO, LIST_ADDRESS, LIST_NAME, LIST_JA3, LIST_JA4, LIST_CERTIFICATE };

enum { LIST_ERRORS = 20, LIST_ERROR_MAX = 640, LIST_ENTRIES_MAX = 1 << 21, LIST_FILE_MAX = 1 << 28 };

struct list {
	const char *file; /* for messages; must outlive the list */
	enum list_kind kind;
	const struct gateway_addr *own; /* addresses that no list may have */
	size_t owns;
	const char *format; /* "plain", "CSV", "STIX", "MISP" */
	struct indicator *entry;
	uint32_t *line; /* of each entry, 0: a JSON file has none */
	char *bytes;
	uint32_t entries, entries_room, bytes_used, bytes_room;
	uint32_t skipped;              /* what no session can be compared with: URLs, files, narrower patterns */
	uint32_t bad;                  /* the first LIST_ERRORS are kept */
	char (*error)[LIST_ERROR_MAX]; /* one line each */
};

/* Reads l->file.  False: l->bad lines, and l->error says what is wrong with them. */
bool list_read(struct list *l);
/* The same for text in memory; it need not end with a NUL. */
bool list_parse(struct list *l, const char *text, size_t n);
void list_free(struct list *l);

/* Internal to the list's files. */

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
