/*
 * site: which addresses belong to gateways, and what that makes of a connection.
 */
#ifndef SESSION_SITE_H
#define SESSION_SITE_H

#include "session/session.h"

/* An address of a gateway; gateways have numbers from 1. */
struct gateway_addr {
	struct addr addr;
	uint8_t gateway;
	bool listens, calls; /* clients connect to it; it opens connections */
};

struct site {
	struct gateway_addr addr[GATEWAY_ADDRS_MAX];
	size_t count; /* 0: nobody is known yet */
};

void site_set(struct site *s, const struct gateway_addr *addrs, size_t n);

/* Number of the gateway that has this address, 0: none. */
uint8_t site_gateway(const struct site *s, const struct addr *a);

/* Fills gateway and role of a record. */
void site_role(const struct site *s, struct session *record);

/* Did the gateway open this connection, for certain?  A connection caught in its middle may be an answer to a client,
   and so may UDP to a high port (IPsec and DTLS tunnels after a silence). */
bool site_called(const struct session *record);

#endif
