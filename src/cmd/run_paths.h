/*
 * run_paths: the files that a role of run is left.
 */
#ifndef CMD_RUN_PATHS_H
#define CMD_RUN_PATHS_H

#include <limits.h>

#include "cmd/common.h"
#include "sensor/confine.h"

enum { RUN_PATHS_MAX = 256 };

/* Large; what does not fit is left out, and so refused. */
struct run_paths {
	size_t n;
	struct confine_path path[RUN_PATHS_MAX];
	char text[RUN_PATHS_MAX][PATH_MAX];
};

/* Of who keeps the data; after the watch was opened. */
void run_paths_data(struct run_paths *p, const struct common *c);

#endif
