/*
 * run_desk: who answers questions about the running sensor, and what the keeper tells it.
 */
#ifndef CMD_RUN_DESK_H
#define CMD_RUN_DESK_H

#include <limits.h>

#include "cmd/run.h"
#include "sensor/checkup.h"
#include "sensor/desk.h"

/* desk.socket, else control.sock in the ledger's folder; "": nowhere. */
void run_desk_socket(const struct common *c, char path[PATH_MAX]);
bool run_desk_wanted(const struct common *c);

/* The life of the desk; the exit code. */
int run_desk(struct running *r);

/* The keeper's side. */
struct run_health {
	struct health_log log;
	struct health health;
	struct channel *desk; /* NULL: it is not there */
	int64_t commit;       /* of the ledger, when it last moved */
	struct checkup checkup;
	struct heartbeat beat;
	int64_t beat_at;    /* monotonic */
	int64_t clock_lead; /* of the wall clock before the monotonic one; 0: not known yet */
};
/* What it wants to hear of the watch, beside what is heard already; before common_open. */
void run_health_hear(struct run_health *h, struct common *c);
void run_health_link(struct run_health *h, int fd); /* which becomes its own */
/* Each second: the desk, and what the sensor says of itself to its sinks. */
void run_health_tell(struct run_health *h, const struct running *r, const struct ledger *ledger);
void run_health_died(struct run_health *h); /* a part of the sensor */
void run_health_close(struct run_health *h);

#endif
