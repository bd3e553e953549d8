/*
 * learned: the file of detect.memory, in which what was learnt of the gateways outlives the sensor.
 *
 * Written beside and renamed, so that a power cut leaves the old one or the new one.  A file that is damaged is set
 * aside, never overwritten; one that is none of ours is an error.
 */
#ifndef SENSOR_LEARNED_H
#define SENSOR_LEARNED_H

#include "pipeline.h"

enum learned { LEARNED_NONE, LEARNED_TAKEN, LEARNED_SET_ASIDE, LEARNED_FAILED };

/* words: one line for people, of what was taken or of the mistake. */
enum learned learned_load(struct pipeline *p, const char *path, char *words, size_t size);
bool learned_save(const struct pipeline *p, const char *path, char *words, size_t size);

#endif
