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

/* The same with n taps, each a process of its own that reads all files and works on its share of the frames; c->common
   was opened for them (common.taps). */
int captures_tap(struct captures *c);

/* For both: what comes before the frames; the times of a batch; an input that failed, in one line. */
void captures_begin(struct captures *c);
void captures_note(struct captures *c, struct when first, struct when last);
void captures_fail(struct captures *c, const char *words);
/* "3 frames of an unknown link type"; false: there is none. */
bool captures_unknown(char words[512], const char *path, uint64_t frames);

#endif
