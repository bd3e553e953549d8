/*
 * trouble: what can be wrong with the sensor itself, as alerts have it: in the place of a detector.
 */
#ifndef SINK_TROUBLE_H
#define SINK_TROUBLE_H

#include "detect/detect.h"

enum trouble {
#define TROUBLE(name, id, severity, after_s, until_s, title, doc) TROUBLE_##name,
#include "sink/trouble.def"
#undef TROUBLE
	TROUBLES
};

extern const struct detector_info TROUBLE_INFO[TROUBLES];

/* A trouble's row; a detector's or a trouble's.  NULL: none. */
const struct detector_info *trouble_by_id(uint16_t id);
const struct detector_info *trouble_or_detector(uint16_t id);

#endif
