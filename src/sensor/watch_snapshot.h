/*
 * watch_snapshot: what the detectors learnt, into the ledger and back.
 */
#ifndef SENSOR_WATCH_SNAPSHOT_H
#define SENSOR_WATCH_SNAPSHOT_H

#include "sensor/watch.h"

/* Behind the records so far. */
void watch_snapshot(struct watch *w);

/* Who can go on from it: the layout of what is learnt, and the program's version. */
enum { WATCH_MADE_BY = 96 };
void watch_made_by(const struct watch *w, char to[WATCH_MADE_BY]);

/* Into a watch that has seen nothing yet.  False: what was learnt is not all taken. */
bool watch_from_snapshot(struct watch *w, const void *bytes, size_t n);

#endif
