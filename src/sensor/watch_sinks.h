/*
 * watch_sinks: what the pipeline delivers, told to the sinks of the configuration.
 */
#ifndef SENSOR_WATCH_SINKS_H
#define SENSOR_WATCH_SINKS_H

#include "sensor/checkup.h"
#include "sensor/watch.h"
#include "sink/sink.h"

/* Each does nothing where there are no sinks; x: the line's context. */
void watch_sinks_session(struct watch *w, struct eve_context *x, const struct session *s);
void watch_sinks_finding(struct watch *w, struct eve_context *x, const struct finding *f, const struct session *s);
void watch_sinks_closed(struct watch *w, const struct incident *i);
void watch_sinks_stats(struct watch *w, const struct counts *c);

/* Of the sensor itself: a trouble that begins is an alert, one that ends an incident that closes (checkup_fn; arg: the watch);
   a sign of life. */
void watch_sinks_trouble(void *arg, const struct checkup_news *n);
void watch_sinks_heartbeat(struct watch *w, const struct heartbeat *h, struct when wall);

/* False: w->error. */
bool watch_sinks_finish(struct watch *w);

#endif
