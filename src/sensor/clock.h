/*
 * clock: what time it is for the program itself.
 */
#ifndef SENSOR_CLOCK_H
#define SENSOR_CLOCK_H

#include <stdbool.h>

#include "base/when.h"

int64_t clock_now_ns(void);     /* monotonic */
struct when clock_wall(void);   /* as the kernel stamps frames */
bool clock_is_kept_right(void); /* the kernel was told so, by NTP or the like (adjtimex(2)) */

#endif
