/*
 * import_files: lines of many logs in the order of their time: a rotated conn.log beside its ssl.log, or EVE files.
 */
#ifndef CMD_IMPORT_FILES_H
#define CMD_IMPORT_FILES_H

#include "sensor/foreign.h"

enum { IMPORT_FILES = 65536, IMPORT_OPEN = 64, IMPORT_LINE = 1 << 20, IMPORT_ERROR = 640 };

struct import_files {
	const char *const *path;
	size_t n;
	/* found */
	uint64_t lines, other, bad; /* other: about something else */
	char first_bad[IMPORT_ERROR];
	uint64_t done, size; /* bytes */
	char error[IMPORT_ERROR];
	/* its own */
	struct import_file *file, *told;
	unsigned open;
};

/* Looks at the beginning of each.  False: error. */
bool import_files_open(struct import_files *f);
/* The next line that is a part of a connection, until the next call; NULL: there are no more, or error. */
const struct foreign *import_files_next(struct import_files *f);
void import_files_close(struct import_files *f);

#endif
