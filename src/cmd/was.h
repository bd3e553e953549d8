/*
 * was: the settings of then: what a ledger says was in force, followed as a hunt passes by.
 */
#ifndef CMD_WAS_H
#define CMD_WAS_H

#include "ledger/attached.h"
#include "ledger/reading.h"
#include "sensor/lists.h"

struct was_list {
	char name[CONFIG_NAME_MAX], hex[ATTACHED_HEX];
	bool kept;
	struct bytes packed; /* as list_pack made it, once it was asked for */
};

struct was {
	const char *folder;
	char *configuration; /* of the last start */
	char *rules;         /* that was read again since; NULL: none was */
	struct was_list list[INDICATOR_LISTS];
	size_t lists;
	bool failed; /* no memory */
};

/* Setting "started": what the detectors knew; after the second its snapshot follows. */
#define WAS_FRESH   "knows nothing"
#define WAS_RESUMED "goes on from detect.memory"

/* What a setting changes; WAS_SAME: nothing. */
enum was_change { WAS_SAME, WAS_CONFIGURATION, WAS_RULES, WAS_LIST, WAS_START };
enum was_change was_take(struct was *w, const struct reading_setting *s);

/* What was in force at the first record that is left.  False: `error` is one line. */
bool was_begin(struct was *w, const char *folder, char *error, size_t size);
void was_free(struct was *w);

/* A configuration's text into *c.  False: c->error. */
bool was_parse(struct config *c, const char *text);

/* The lists of then in place of their files, but for one that is asked for today (NULL: none).  False: `error` names
   one that was not kept. */
bool was_lists(struct was *w, struct lists_wanted *want, const char *today, char *error, size_t size);

#endif
