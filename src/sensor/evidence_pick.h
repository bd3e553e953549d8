/*
 * evidence_pick: which frames are evidence of which incident.  It stands where frames are, in a tap or in the only
 * process there is; what it picks is written elsewhere (sensor/evidence.h).
 *
 *	told frame --> ring --wanted--> frames of the sessions named, and of the peer's, as far back as there are any
 *	          \-------------------> what comes later of them, as it comes
 *
 * The ring is taken at start, beside memory.limit.  What is wanted costs one pass over the table of sessions (65536 for a
 * ring of 64 MiB), and where that finds any that were not picked yet, one over the frames since the first of them.
 * Must not touch a file, nor know what a finding is.
 */
#ifndef SENSOR_EVIDENCE_PICK_H
#define SENSOR_EVIDENCE_PICK_H

#include "pipeline.h"

enum { PICK_INCIDENTS = 64, PICK_PEERS = 16, PICK_SESSIONS = FINDING_SESSIONS, PICK_ERROR_MAX = 160 };

/* Whose connections all are evidence of an incident: the first so many. */
struct evidence_peers {
	struct addr of[PICK_PEERS];
	unsigned n;
};
void evidence_peers_add(struct evidence_peers *p, const struct addr *peer);

/* What a finding makes evidence. */
struct evidence_wanted {
	uint64_t incident;
	struct when time; /* of the finding */
	uint64_t most;    /* bytes of frames of the incident, all in all */
	struct addr peer; /* whose other connections are evidence, too */
	bool has_peer;
	bool comes; /* the frame that made it is worked on and not told yet: the words go with what comes next */
	uint32_t sessions;
	uint64_t session[PICK_SESSIONS]; /* named by it */
};

struct evidence_picked {
	uint64_t incident;
	struct frame frame;
	bool tells; /* the words about the finding go with this one, if none had them yet */
};

struct pick_config {
	uint64_t ring;   /* bytes */
	bool payload;    /* keep it after handshakes, too */
	uint64_t sensor; /* as in session_id */
	void *arg;
	struct addr (*named)(void *arg, const struct addr *a); /* how records name an address; NULL: as it is */
	void (*picked)(void *arg, const struct evidence_picked *p);
};

struct pick;

/* NULL: `error` is one line. */
struct pick *pick_new(const struct pick_config *cfg, char error[PICK_ERROR_MAX]);
void pick_free(struct pick *p); /* NULL is fine */

void pick_frame(struct pick *p, const struct told_frame *t);
void pick_want(struct pick *p, const struct evidence_wanted *w);
/* Nothing more of that incident. */
void pick_end(struct pick *p, uint64_t incident);

#endif
