/*
 * cloud: names behind which anybody can hide (cloud.def).  Internal to src/detect.
 */
#ifndef DETECT_CLOUD_H
#define DETECT_CLOUD_H

#include "base/text.h"

#include <stdbool.h>

/* Is it a name that anybody can have at a cloud? */
bool cloud_is_relay(struct text name);

#endif
