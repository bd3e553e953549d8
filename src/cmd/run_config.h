/*
 * run_config: the configuration that the sensor was started with, for roles that are started again: what is in its file by
 * then may have a mistake, or wait for the next start.
 */
#ifndef CMD_RUN_CONFIG_H
#define CMD_RUN_CONFIG_H

#include "cmd/run.h"

/* For the monitor: as text, in memory behind a descriptor; -1: errno. */
int run_config_new(const struct config *c);

/* For a role: in place of what the command line names.  False: told. */
bool run_config_take(struct common *c);

#endif
