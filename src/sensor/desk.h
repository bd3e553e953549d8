/*
 * desk: who answers questions about the running sensor, from the last health that the keeper told.
 *
 *	control socket (Unix)	whoever connects gets one line of JSON (health_json), and is closed; nothing is read
 *	HTTP (desk.listen)	/ a page for people; /metrics as Prometheus has it; /healthy: 200 while the keeper tells,
 *				else 503.  Over TLS where desk.key names a file
 *
 * Both may fail to open without the sensor: what is watched matters more than who watches the watcher.
 */
#ifndef SENSOR_DESK_H
#define SENSOR_DESK_H

#include <poll.h>

#include "sensor/channel.h"
#include "sensor/health.h"

enum desk_message { DESK_HEALTH, DESK_MESSAGES };
extern const struct channel_kinds
	DESK_KINDS; /* keeper -> desk: a struct health, as it is: one program on one machine */

enum { DESK_WORDS = 256, DESK_FDS = 2, DESK_STALE_S = 10, DESK_RATES_S = 10 };

struct desk;

struct desk_places {
	const char *listen; /* HOST:PORT */
	const char *key;    /* PEM file for HTTPS, made where it is missing */
	const char *notice; /* file whose text stands on the page, read anew for each */
	const char *socket; /* path */
	const char *sensor; /* its name */
};

/* "": none of that.  NULL: no memory.  `words`, one line: what could not be opened, "": all. */
struct desk *desk_open(const struct desk_places *at, char words[DESK_WORDS]);
void desk_free(struct desk *d);

void desk_tell(struct desk *d, const struct health *h);

/* What to wait for, and what to do then, or at least each second. */
unsigned desk_fds(const struct desk *d, struct pollfd to[DESK_FDS]);
void desk_work(struct desk *d);

#endif
