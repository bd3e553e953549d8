/*
 * run: what its processes share: the arguments as the monitor got them, and who this one is.
 */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "cmd/keep.h"
#include "sensor/capture.h"
#include "sensor/role.h"

struct running {
	struct common *common;
	struct role_self self;
	const char *iface, *filter, *record_path;
	char ifaces[CAPTURE_PORTS * CAPTURE_NAME]; /* of several -i */
	int argc;                                  /* without the hidden word */
	char **argv;
	char key_path[32]; /* of a role: where --privacy-key is to be read */
};

/* What the monitor gives each role, from ROLE_FD_FIRST on. */
enum run_fd {
	RUN_FD_CONFIG /* run_config.h */,
	RUN_FD_KEY /* of --privacy-key */,
	RUN_FD_FAN /* for taps: run_fan.h */,
	RUN_FDS
};

/* Each is the whole life of its process; the exit code. */
int run_monitor(struct running *r);
int run_tap(struct running *r);
int run_keeper(struct running *r);
int run_frames(struct running *r); /* tap and keeper in one */

#endif
