/*
 * survivor: from when on nothing older should live at a gateway.  Internal to src/detect.
 */
#ifndef DETECT_SURVIVOR_H
#define DETECT_SURVIVOR_H

#include "detect/frame.h"

/* The gateway restarted, as far as can be seen: whoever detects outages says so.  What the operator says (patched,
   sessions_killed) comes from rules.h by itself. */
void survivor_outage(struct detect *d, uint8_t gateway, struct when t);

#endif
