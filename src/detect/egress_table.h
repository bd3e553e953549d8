/*
 * egress_table: the body of the egress table, for egress.c and new_egress.c only.
 */
#ifndef DETECT_EGRESS_TABLE_H
#define DETECT_EGRESS_TABLE_H

#include "detect/egress.h"

enum novelty {
	NOVEL_NOT,       /* known, or no call */
	NOVEL_SHARED,    /* from an address that users share */
	NOVEL_ADDRESS,   /* a name that was called in the same network */
	NOVEL_NETWORK,   /* a name that moved: the same programs at both ends */
	NOVEL_STACK,     /* a known name, the same program here, another server stack there */
	NOVEL_SERVER,    /* one more server of a service whose servers change (NTP pools, resolvers) */
	NOVEL_NEIGHBOUR, /* inside, amidst others that offer the same */
	NOVEL_INSIDE,    /* a protocol and port that it never called in the networks it proxies to */
	NOVEL_SIBLING,   /* a name of a domain that was called before, by the same program */
	NOVEL_UNSEEN,    /* by TLS, but the capture lost the hello and the name in it; the next call tells */
	NOVEL_AGAIN,     /* a name that was new itself not long ago, in the same network */
	NOVEL_ROAMING,   /* a service over TCP in clear whose servers change (OCSP, CRLs) */
	NOVEL
};

/* A server name, by network or anywhere. */
struct name {
	uint64_t client_key, server_key;
	uint32_t calls, learnt; /* learnt: 1 when called while learning */
};

/* New places of a gateway within an hour. */
struct burst {
	struct when since;
	uint32_t places;
	uint32_t reserved;
};

struct egress {
	struct memory places;
	struct memory names;
	struct memory services; /* struct service: ports called, own addresses, networks, ports that clients call */
	struct memory shared;   /* addresses that it shares with users: how diverse their calls are */
	struct memory inside;   /* ports called and addresses that answered in the networks it proxies to */
	struct burst *burst;    /* by gateway */
	const struct view *fresh;
};

/* Notes the record; says how new its place is: for usual ports inside, not at all. */
enum novelty egress_note(struct detect *d, const struct view *v);

uint32_t egress_inside_payload(void);
void egress_inside_note(struct detect *d, const struct view *v);

#endif
