/*
 * notify: tells systemd how the service is (sd_notify(3): one datagram of lines to $NOTIFY_SOCKET), where it asked.
 */
#ifndef SENSOR_NOTIFY_H
#define SENSOR_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;              /* -1: nobody asked */
	int64_t watchdog_ns; /* it wants a sign of life that often; 0: none */
};

/* Takes the variables out of the environment: what is started from here is not the service. */
void notify_open(struct notify *n);
void notify_tell(const struct notify *n, const char *lines);
void notify_close(struct notify *n);

#endif
