/*
 * visit: what one client does at the gateway in one stay, over all its connections.  Internal to src/detect.
 *
 *	LANDED -> ASSETS -> CREDENTIALS -> HOLD -> USE, TUNNEL ... minutes later: the stay is told
 *
 * A client is a program at an address (IPv6: a /64); a tunnel's data channel (DTLS, QUIC, ESP in UDP) has no
 * fingerprint of its own worth the name and belongs to the latest visit at that address, and so does the login behind a
 * tunnel that another program opens (a browser logs in, the ICA client connects).  A visit ends after VISIT_IDLE_S
 * without evidence.  Phases are bits that stay set; what is not seen (a capture that began later, losses) is not set.
 *
 * Records come out of order: a kept-alive connection is told a minute after its first news, then every four
 * minutes, or when it closes.  So what rests on an absence is decided when a visit that went on is told, VISIT_SETTLE_S
 * after that was known: code##_stay of a detector.
 */
#ifndef DETECT_VISIT_H
#define DETECT_VISIT_H

#include "detect/frame.h"

enum phase {
	PHASE_LANDED = 1,      /* a request was answered */
	PHASE_ASSETS = 2,      /* pages and objects of different sizes, or known static objects */
	PHASE_CREDENTIALS = 4, /* an exchange like this gateway's logins; until they are learnt: like any login */
	PHASE_HOLD = 8,        /* whose answer waited as for a second factor */
	PHASE_USE = 16,        /* more than a login page gives: many different answers, or megabytes, a minute later */
	PHASE_TUNNEL = 32,     /* a session of many small records both ways */
};

enum { VISIT_IDLE_S = 1800, VISIT_SETTLE_S = 330, VISIT_SHAPE_STEP = 16, VISIT_STEPS = 11 };

/* An exchange of the beginning of a visit, in the order of time over all connections. */
struct step {
	struct when time;            /* of the answer's end */
	uint32_t request, answer;    /* bytes */
	uint32_t server_ms, session; /* session: a few bits of its id */
};

struct visit {
	struct when first, last; /* evidence */
	struct when login, used; /* credentials were answered; use or tunnel began; 0: not yet */
	struct when hidden;      /* from here on exchanges are known by their sizes only; 0: none are */
	uint64_t hidden_in;      /* the connection of which that is; 0: several */
	struct addr client;
	uint64_t program;           /* client key */
	uint64_t session;           /* that of the use or tunnel */
	uint64_t requests, answers; /* sizes: size_bit of VISIT_SHAPE_STEP */
	uint64_t late_answers;      /* a minute after the first evidence and later */
	uint64_t bytes_up, bytes_down, late_bytes;
	uint32_t sessions, resumed, exchanges, late;
	uint32_t request_first, request_max; /* the first request's size; the largest */
	uint32_t hold_us;                    /* server time of the credentials */
	uint32_t answer_login;               /* size of the answer to them */
	uint32_t rtt_us;                     /* to the client: the least of its handshakes; 0: unknown */
	uint32_t as;                         /* its autonomous system; 0: unknown */
	uint16_t country;                    /* two letters */
	uint16_t pages, late_pages;          /* large answers */
	uint16_t port;                       /* of the gateway */
	uint8_t phases, gateway;
	uint8_t steps;   /* fewer than VISIT_STEPS: one place is spare */
	bool returned;   /* its first connection resumed a session of before */
	bool degraded;   /* parts of it were not seen */
	bool suspect;    /* an incident about the client was open */
	bool learning;   /* began while detect.learn was not over */
	bool told;       /* as a stay */
	bool part;       /* a tunnel whose login is another program's at this address */
	bool first_data; /* a data channel was seen */
	bool counted;    /* as one of the day's in familiar.c */
	struct step step[VISIT_STEPS];
	int64_t dullest; /* with all places taken: what the step that tells least is worth */
};

void visit_init(struct detect *d, struct carve *c, size_t bytes);

/* Remembers the record's new exchanges that come before its `until`th, where they tell more than what is remembered. */
void steps_add(struct visit *w, const struct view *v, uint32_t until);

/* The visit of the record's client as it is, NULL: none. */
struct visit *visit_find(const struct detect *d, const struct view *v);

/* Did a client with a fingerprint come from this address before? */
bool visit_came(const struct detect *d, const struct addr *client, uint8_t gateway);

/* Finds or begins the visit of the record's client and adds what is new in it; NULL: no inbound client.  The frame
   calls it once a record, before anyone judges. */
struct visit *visit_note(struct detect *d, const struct view *v);

/* A visit that went on and is due to be told, NULL: none.  And ends what has been idle. */
struct visit *visit_due(struct detect *d);
void visits_pass(struct detect *d);

/* Did any program log in from this address or network within `window_s` before the time? */
bool visit_login_near(const struct detect *d, const struct visit *w, struct when t, int64_t window_s);

/* Has a logged-in visit of this program elsewhere fallen silent shortly before this one began: its client moved? */
bool visit_moved(const struct detect *d, const struct visit *w, int64_t within_s);

/* A finding about a stay that was told, and whom it is about. */
void finding_begin_stay(struct finding *f, const struct detect *d, enum detector_id id, const struct visit *w);
struct actor actor_of_stay(const struct visit *w);

/* May its login be among exchanges that are known by their sizes only? */
bool visit_hides_login(const struct visit *w);

/* More packets than a login needs, both ways, for a while: a tunnel. */
bool session_tunnels(const struct session *s);
/* Ten minutes of small records, whatever large went beside them from the beginning on: a tunnel, or as good as one. */
bool session_lasts(const struct session *s);
bool session_data_channel(const struct session *s);

#endif
