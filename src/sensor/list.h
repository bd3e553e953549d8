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
#include "ledger/bytes.h"
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

/* To bytes and back, whatever format it had (list_pack.c).  False: l->bad, as of list_read. */
/* How many entries it has, less pseudonyms of them. */
uint32_t list_entries(const struct list *l);
void list_pack(struct bytes *to, const struct list *l);
bool list_unpack(struct list *l, struct cur c);

#endif
