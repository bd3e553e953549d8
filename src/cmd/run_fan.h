/*
 * run_fan: how many taps there are, and what they have to agree on: the group that shares the interfaces' traffic.
 */
#ifndef CMD_RUN_FAN_H
#define CMD_RUN_FAN_H

#include "cmd/run.h"
#include "sensor/capture.h"

/* How many the configuration wants; 1 where frames are recorded, for a recording has one writer. */
unsigned run_taps(const struct running *r);

/* Does one process have to see frames and findings?  A list or a place is asked before a client's address becomes a
   pseudonym. */
bool run_whole(const struct running *r);

/* For the monitor: chosen by chance, in memory behind a descriptor that taps are given; -1: errno. */
int run_fan_new(unsigned members);
/* For a tap.  False: none was given. */
bool run_fan_get(const struct role_self *self, struct capture_fan *fan);

#endif
