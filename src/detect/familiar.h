/*
 * familiar: which clients (network and client program) have used a gateway before, and how.  Internal to src/detect.
 */
#ifndef DETECT_FAMILIAR_H
#define DETECT_FAMILIAR_H

#include "detect/visit.h"

/* What is known of a client, and of its program anywhere. */
struct acquaintance {
	uint32_t days, logins, tunnels; /* of this program from this network; saturating */
	bool network;                   /* some program used the gateway from this network in the ordinary way */
	bool program;                   /* this one did from several networks */
	bool passes;                    /* this one goes on without logins here: machine certificates */
};
struct acquaintance familiar_with(const struct detect *d, const struct visit *w);

/* Does its program go on with what another program's login began?  That may be at another address: neighbours share a
   pool (CGNAT), or one program took IPv6 and the other IPv4. */
bool familiar_follows(const struct detect *d, const struct visit *w);

#endif
