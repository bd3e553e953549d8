/*
 * monitor: who asks the gateway in a strict period whether it is alive.  Internal to src/detect.
 *
 * A program at an address whose probes (a probe: the requests within seconds) come in a period that varies by less than
 * a twentieth, with the same sizes each time, for more than a day or very often.  Detectors of shapes keep quiet about
 * it; a probe whose sizes change is no monitor any more, from that probe on.
 */
#ifndef DETECT_MONITOR_H
#define DETECT_MONITOR_H

#include "detect/frame.h"

/* The frame calls it once a record, before anyone judges. */
bool monitor_note(struct detect *d, const struct view *v);

static inline bool
is_monitor(const struct detect *d, const struct view *v)
{
	(void)d;
	return v->monitor;
}

uint32_t monitor_payload(void);

#endif
