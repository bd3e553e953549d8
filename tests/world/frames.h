/*
 * frames: a world as Ethernet frames.
 */
#ifndef TESTS_WORLD_FRAMES_H
#define TESTS_WORLD_FRAMES_H

#include "world.h"

void frames_begin(struct world *w);

#endif
