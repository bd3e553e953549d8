/*
 * rules: the configuration's suppressions, maintenance, facts and networks as the plain values that the core takes.
 */
#ifndef SENSOR_RULES_H
#define SENSOR_RULES_H

#include "detect/rules.h"
#include "sensor/config.h"

/* Names of gateways are those of `gateways`, which may be an older configuration: who is running, not who is written
   down; NULL: they are not looked up.  False: `error` is one line with file and line, and *r is not to be used. */
bool rules_build(struct detect_rules *r, const struct config *c, const struct config *gateways,
		 char error[CONFIG_ERROR_MAX]);

/* Names of suppressions that are over at that time, with commas; how many. */
unsigned rules_expired(const struct detect_rules *r, struct when now, struct out *names);

#endif
