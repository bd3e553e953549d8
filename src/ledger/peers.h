/*
 * peers: who talked with the gateways in a day: one row a peer, role and gateway.  What is left of a day when its
 * sessions have expired.
 *
 * Bounded: a peer has a row of its own once one of its connections was established, or the gateway called it.  Strangers
 * whose connections never are (scans, floods of spoofed addresses) are summed by network, /24 or /48, and what finds no
 * room, in one row a role and gateway.
 */
#ifndef LEDGER_PEERS_H
#define LEDGER_PEERS_H

#include "session/session.h"

/* Rows in all; those that networks of strangers may take of them. */
enum { PEERS_MAX = 1 << 16, PEERS_NETS = 1 << 12 };

struct peer {
	struct addr addr;
	uint8_t bits;          /* 128: the address; 120, 48: its network (of IPv4 the last 32 of 128); 0: all others */
	uint8_t role, gateway; /* enum session_role */
	struct when first, last;
	uint64_t sessions, established;
	uint64_t to_gateway, from_gateway; /* bytes */
	uint64_t programs;                 /* a bit for each client key, by its hash */
	uint32_t ja4_votes; /* for this one over all others (Boyer and Moore 1981): the commonest, if more
					      than half of the sessions have it */
	char ja4[37];       /* "": none */
};

struct peers;

/* secret: for the table, which nobody who picks addresses may know.  NULL: no memory. */
struct peers *peers_new(const struct hash_key *secret);
void peers_free(struct peers *p);
void peers_clear(struct peers *p);

/* Sessions count when they end. */
void peers_session(struct peers *p, const struct session *s);

uint32_t peers_count(const struct peers *p);
const struct peer *peers_at(const struct peers *p, uint32_t i); /* in the order in which they came */

/* "203.0.113.7", "203.0.113.0/24", "others". */
enum { PEER_TEXT_MAX = ADDR_TEXT_MAX + 4 };
void peer_print(const struct peer *p, char to[PEER_TEXT_MAX]);
/* How many programs there were at least. */
unsigned peer_programs(const struct peer *p);

#endif
