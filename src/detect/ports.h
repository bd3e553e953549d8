/*
 * ports: what the gateway's ports speak; the memory belongs to wrong_protocol.  Internal to src/detect.
 */
#ifndef DETECT_PORTS_H
#define DETECT_PORTS_H

#include "detect/frame.h"

struct port_talk {
	uint32_t tls;         /* handshakes that the port answered as it should */
	uint32_t plain;       /* connections without TLS that it answered with substance, while learning */
	uint64_t plain_sizes; /* size_bit of answers without TLS: error pages */
};

/* The port that an inbound record is about; NULL: never seen. */
const struct port_talk *ports_find(const struct detect *d, const struct session *s);

/* Does it speak TLS, and nothing else? */
bool ports_only_tls(const struct port_talk *p);

#endif
