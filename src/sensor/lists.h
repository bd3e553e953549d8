/*
 * lists: all lists of the configuration, and the table over them that the detectors look into.
 *
 * A set is immutable once made.  A new one is made beside the one in force and takes over from it the lists that can
 * no longer be read, so that a broken file never leaves the sensor with less than it had.
 */
#ifndef SENSOR_LISTS_H
#define SENSOR_LISTS_H

#include "base/pseudonym.h"
#include "sensor/config.h"
#include "sensor/list.h"

/* One [list NAME] of the configuration; the texts must outlive every set. */
struct list_wanted {
	const char *name, *file;
	enum list_kind kind;
	uint32_t until; /* list.NAME.expires in seconds since 1970, 0: never */
	uint8_t severity, confidence;
	struct cur kept; /* in place of the file, packed (list_pack) */
};

struct lists_wanted {
	struct list_wanted list[INDICATOR_LISTS];
	size_t count;
	const struct gateway_addr *own; /* what no list may have in it */
	size_t owns;
	const struct pseudonym_key *privacy; /* networks are known by their pseudonyms, too; NULL: as they are */
};

/* The [list NAME] sections; texts stay the configuration's.  False: error is one line with file and line. */
bool lists_configured(struct lists_wanted *w, const struct config *c, char error[CONFIG_ERROR_MAX]);

/* What there is to say, a line each: what is wrong (bad), or what was taken. */
struct lists_tell {
	void *arg;
	void (*line)(void *arg, bool bad, const char *line);
};

struct lists;

/*
 * `before`: the set in force, NULL at start.  At start each bad line is told, and one bad list is the end of it: NULL.
 * Later each list that is not taken is told in one line, and stays as it was.  NULL: told.
 */
struct lists *lists_new(const struct lists_wanted *want, const struct lists *before, const struct lists_tell *tell);
void lists_free(struct lists *l);

/* Every list that is in force. */
void lists_each(const struct lists *l, void *arg, void (*tell)(void *arg, const char *name, const struct list *one));
/* The first of them that has addresses; NULL: none has. */
const char *lists_with_addresses(const struct lists *l);

/* Valid while the set is; NULL: there are no lists. */
const struct indicators *lists_table(const struct lists *l);

#endif
