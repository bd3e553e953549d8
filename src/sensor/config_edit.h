/*
 * config_edit: a section added to or taken out of a configuration file, everything else in it left as it is.
 *
 *	old text -> new text -> FILE.new -> read as a configuration -> renamed to FILE
 *
 * So FILE is always whole, and never one that does not read.  FILE.new is also the lock: two changes at once, and the
 * second is refused.
 */
#ifndef SENSOR_CONFIG_EDIT_H
#define SENSOR_CONFIG_EDIT_H

#include "sensor/config.h"

struct edit {
	char *text; /* what FILE holds, or shall hold; malloc */
	size_t len;
	bool refused; /* by the check */
	char error[CONFIG_ERROR_MAX];
};

/* A file that does not exist is an empty one.  False: e->error. */
bool edit_read(struct edit *e, const char *path);
void edit_free(struct edit *e);

/* Appends a section, an empty line before it. */
bool edit_append(struct edit *e, const char *section, size_t len);
/* Takes "[SECTION NAME]" out, to the next section, less the comments that stand right above that.  False: is not
   there. */
bool edit_remove(struct edit *e, const char *section, const char *name);

/* Writes FILE.new; `check` says whether it reads (false: a line in error); then it becomes FILE. */
struct edit_check {
	bool (*reads)(void *arg, const char *path, char error[CONFIG_ERROR_MAX]);
	void *arg;
};
bool edit_write(struct edit *e, const char *path, const struct edit_check *check);

#endif
