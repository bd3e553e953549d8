/*
 * captures: capture files through an open watch, from the first frame to the last.
 */
#ifndef CMD_CAPTURES_H
#define CMD_CAPTURES_H

#include "cmd/common.h"

enum { CAPTURES_MAX = 4096 };

struct captures {
	struct common *common; /* after common_open */
	const char **file;     /* in the order given; "-" is standard input */
	size_t files;
	/* what was found */
	struct progress progress;
	struct progress_state state;
	struct when first, last;
	int64_t began;
	int exit; /* EXIT_IO: an input failed, and was told */
};

/* Looks for the gateways first when nobody said who they are.  Returns c->exit. */
int captures_read(struct captures *c);

#endif
