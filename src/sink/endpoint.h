/*
 * endpoint: HOST:PORT, [IPV6]:PORT.  Pure.
 */
#ifndef SINK_ENDPOINT_H
#define SINK_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

enum { ENDPOINT_HOST = 256, ENDPOINT_PORT = 6 };

struct endpoint {
	char host[ENDPOINT_HOST]; /* a name or an address, without brackets */
	char port[ENDPOINT_PORT]; /* "1" to "65535" */
};

/* The next of a list with commas, blanks around each allowed; *list moves behind it.  False: it is none. */
bool endpoint_next(struct endpoint *e, const char **list);

#endif
