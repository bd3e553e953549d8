/*
 * metrics: the sensor's health in the text format of Prometheus (exposition format 0.0.4).  Pure.
 */
#ifndef SENSOR_METRICS_H
#define SENSOR_METRICS_H

#include "sensor/health.h"

enum { METRICS_MAX = 1 << 16 };

void metrics_write(struct out *o, const struct health *h);

#endif
