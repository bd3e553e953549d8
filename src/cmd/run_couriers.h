/*
 * run_couriers: the network sinks of run as processes.
 */
#ifndef CMD_RUN_COURIERS_H
#define CMD_RUN_COURIERS_H

#include "cmd/run.h"
#include "sensor/sinks_config.h"

/* The sinks of the configuration.  EXIT_DONE, or the mistake was told and its exit code is returned. */
int run_couriers(struct running *r, struct sinks_wanted *want);

/* One for each network sink, into specs; how many.  What runs a program is a hook, the others are couriers. */
size_t run_courier_specs(const struct running *r, const struct sinks_wanted *want, struct role_spec specs[SINKS_MAX]);

/* The life of such a process; the exit code. */
int run_courier(struct running *r);

#endif
