/*
 * egress: where the gateway calls by itself: places, the names they go by, the services they offer.  Internal to
 * src/detect; the memory belongs to new_egress, which notes each call before other detectors ask.
 *
 *	record -> is it a call of the gateway's own? -> place: learnt, explained by what is known, or new
 *
 * What is seen while detect.learn runs is learnt, even while other packets are lost: that a call was made needs no
 * completeness.  Learnt places are kept whatever the gateway calls afterwards, a scan included.
 */
#ifndef DETECT_EGRESS_H
#define DETECT_EGRESS_H

#include "detect/frame.h"

enum standing {
	PLACE_NEW,
	PLACE_EXPLAINED, /* not learnt, but of a name or service that is */
	PLACE_LEARNT,
	PLACE_UNSEEN /* called once, and the capture lost by what name */
};

/* An address, port and protocol that a gateway calls. */
struct callee {
	struct when first, last;      /* starts of calls */
	uint64_t bytes_out, bytes_in; /* of calls that are over */
	uint32_t calls;
	uint8_t standing; /* enum standing */
	uint8_t reserved[3];
};

enum { HABITS_KNOWN = 4 };

/* How the gateway calls a service again and again: deciseconds between calls, bytes each way. */
struct habit {
	uint32_t period_ds;
	uint32_t out, in;
};

/* A protocol and port; also, with other keys, an own address or a network: how many places it was seen with. */
struct service {
	uint32_t places, late; /* late: places that were new in the second half of detect.learn */
	struct habit habit[HABITS_KNOWN];
	uint8_t habits, reserved[3];
};

/* Is it a call of the gateway's own, and not an answer or the middle of something? */
bool egress_called(const struct detect *d, const struct view *v);

/* Did it begin while learning?  UDP without TLS is told when it is over, three silent minutes later: v->learning is
   late. */
bool egress_learning(const struct detect *d, const struct view *v);

/* The place that an outbound record is about; NULL: none is remembered. */
const struct callee *egress_callee(const struct detect *d, const struct view *v);

/* The first record of a call to a place that was not known before it. */
bool egress_fresh(const struct detect *d, const struct view *v);

/* Is the own address one that users' traffic leaves from, too?  Then nothing can be told of the gateway's own. */
bool egress_blind(const struct detect *d, const struct view *v);

/* What is known of the record's protocol and port; NULL: never called. */
struct service *egress_service(const struct detect *d, const struct session *s);

/* Was this server name, anywhere, or one under it that ends alike, called while learning? */
bool egress_name_known(const struct detect *d, const struct session *s);

/* Was there an answer, other than a refusal? */
bool egress_was_answered(const struct session *s);

/* Of a call to a network that the gateway proxies to: is its port usual there?  Is the call what users' work never
   leads to: a port that is not, or an address that answers nobody? */
bool egress_inside_usual(const struct detect *d, const struct view *v);
bool egress_inside_odd(const struct detect *d, const struct view *v);

/* An address inside: RFC 1918, RFC 4193, RFC 6598, link-local. */
bool egress_is_private(const struct addr *a);

#endif
