/*
 * survivor: from when on nothing older should live at a gateway.  Internal to src/detect.
 */
#ifndef DETECT_SURVIVOR_H
#define DETECT_SURVIVOR_H

#include "detect/frame.h"

/* Who says so; the later one wins, and an operator's word is not overwritten by an outage that follows it. */
enum cut {
	CUT_NONE,
	CUT_OUTAGE,  /* it restarted, as far as can be seen */
	CUT_PATCHED, /* the operator: patched, and restarted */
	CUT_KILLED,  /* the operator: all sessions were ended */
};
void survivor_cut(struct detect *d, uint8_t gateway, enum cut by, struct when t);

#endif
