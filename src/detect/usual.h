/*
 * usual: how large something is at a gateway when many do it: sizes in half octaves, and the networks of each.
 * Internal to src/detect.
 *
 * The usual size is the largest that enough networks reach.  One outlier, or one network many times, moves nothing.
 */
#ifndef DETECT_USUAL_H
#define DETECT_USUAL_H

#include "detect/statics.h"

enum { USUAL_CLASSES = 20, USUAL_LOWEST = 13 }; /* from 8 KiB to 8 MiB */

struct usual {
	uint64_t nets[2][USUAL_CLASSES]; /* of this epoch (30 days) and of the one before */
	uint64_t all[2];
	uint64_t epoch;
};

/* The epochs change with the records' time. */
void usual_add(struct usual *u, const struct view *v, uint32_t bytes);
/* The upper end of the largest class that enough networks reached; 0: none. */
uint32_t usual_most(const struct usual *u);
/* Have enough networks come to say so? */
bool usual_known(const struct usual *u);

#endif
