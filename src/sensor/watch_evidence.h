/*
 * watch_evidence: between watch.c and the evidence that it keeps.
 */
#ifndef SENSOR_WATCH_EVIDENCE_H
#define SENSOR_WATCH_EVIDENCE_H

#include "sensor/watch.h"

void watch_evidence_finding(struct watch *w, const struct finding *f);

/* Time passes; the first failure becomes w->notice. */
void watch_evidence_time(struct watch *w, struct when now);

/* False: evidence could not be written, and w->error says why. */
bool watch_evidence_fine(struct watch *w);

#endif
