/*
 * desk_page: how the sensor is, as a page for people: what `status` says, and what the machine around it has to say.
 */
#ifndef SENSOR_DESK_PAGE_H
#define SENSOR_DESK_PAGE_H

#include "sensor/health.h"

/* h: NULL where the keeper says nothing.  notice: of desk.notice, `n` bytes that may be anything; 0: none.  No links, no
   forms, nothing from elsewhere; it asks for itself again after some seconds. */
void desk_page(struct out *o, const struct health *h, const struct health_rates *r, const char *notice, size_t n);

#endif
