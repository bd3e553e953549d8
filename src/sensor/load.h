/*
 * load: do we keep up?  From how far the reader is behind the wire, to what is left out (pipeline_shed).
 *
 *	behind by more than half of what the buffer bridges, or frames lost	one level more, each second
 *	behind by less than an eighth, and nothing lost, for ten seconds	one level less
 *
 * Pure: who asks has the clocks.
 */
#ifndef SENSOR_LOAD_H
#define SENSOR_LOAD_H

#include "pipeline.h"

struct load {
	enum shed_level level;
	uint64_t lost;   /* at the last look */
	unsigned easy_s; /* looks in a row without need */
};

struct load_seen {
	uint64_t behind_ms;  /* age of the last frame that was worked in; 0: there are no more */
	uint64_t bridges_ms; /* capture_bridges_ms */
	uint64_t lost;       /* frames, in the ring, so far */
};

/* Once a second.  True: l->level has changed. */
bool load_look(struct load *l, const struct load_seen *seen);

/* What is left out at that level, for people. */
const char *load_words(enum shed_level level);

#endif
