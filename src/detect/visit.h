/*
 * visit: what one client does at the gateway in one stay, over all its connections.  Internal to src/detect.
 *
 *	LANDED -> ASSETS -> CREDENTIALS -> HOLD -> USE, TUNNEL
 *
 * A client is a program at an address (IPv6: a /64); a tunnel's data channel (DTLS, QUIC) has another fingerprint and
 * belongs to the latest visit at that address.  A visit ends after VISIT_IDLE_S without evidence.  Phases are
 * bits that stay set; what is not seen (a capture that began later, losses) is not set.
 */
#ifndef DETECT_VISIT_H
#define DETECT_VISIT_H

#include "detect/frame.h"

enum phase {
	PHASE_LANDED = 1,      /* a request was answered */
	PHASE_ASSETS = 2,      /* pages and objects of different sizes, or known static objects */
	PHASE_CREDENTIALS = 4, /* a request that grew by what a form holds, after landing */
	PHASE_HOLD = 8,        /* whose answer waited as for a second factor */
	PHASE_USE = 16,        /* more than a login page gives: many turns, or one answer of megabytes */
	PHASE_TUNNEL = 32,     /* a session of many small records both ways */
};

enum { VISIT_IDLE_S = 1800, VISIT_SHAPE_STEP = 16 };

struct visit {
	struct when first, last;    /* evidence */
	struct when login, used;    /* credentials were answered; use or tunnel began; 0: not yet */
	uint64_t program;           /* client key */
	uint64_t requests, answers; /* sizes: size_bit of VISIT_SHAPE_STEP */
	uint64_t bytes_up, bytes_down;
	uint32_t sessions, resumed, exchanges;
	uint32_t request_first, request_max; /* the first request's size; the largest */
	uint32_t hold_us;                    /* server time of the credentials */
	uint32_t answer_login;               /* size of the answer to them */
	uint16_t pages;                      /* large answers */
	uint8_t phases, gateway;
};

/* Finds or begins the visit of the record's client and adds what is new in it; NULL: no inbound client.  The frame
   calls it once a record, before anyone judges. */
struct visit *visit_note(struct detect *d, const struct view *v);

/* Could this exchange (its index in the session) have come before a login? */
bool visit_before_login(const struct detect *d, const struct view *v, uint32_t index);

/* Did this program log in from this network, or its TLS identity from anywhere, within `window_s` before? */
bool visit_logged_in(const struct detect *d, const struct view *v, int64_t window_s);

uint32_t visit_payload(void);

#endif
