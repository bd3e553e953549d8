/*
 * watch_out: what comes out of a watch's pipeline, to whoever shall have it: EVE file, sinks, ledger, evidence, the
 * command.  For src/sensor/watch*.c only.
 */
#ifndef SENSOR_WATCH_OUT_H
#define SENSOR_WATCH_OUT_H

#include "sensor/watch.h"

struct pipeline_sink watch_out_sink(struct watch *w);

/* The counters, as of that time. */
void watch_out_stats(struct watch *w, struct when now);

/* Time passes for the ledger, too, and with it what was seen and lost so far. */
void watch_out_time(struct watch *w, struct when now);

#endif
