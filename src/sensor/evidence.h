/*
 * evidence: for each incident the frames of its sessions, from before the alert on, as one pcapng file.
 *
 *	told frame --> ring --finding--> FOLDER/INCIDENT.pcapng	what the ring has of the sessions and of the peer
 *	          \--------------------> the same file		what comes later of them, as it comes
 *	file --fsync, SHA-256--> ledger: evidence.INCIDENT	so that verify can tell
 *
 * With readers the file is pieces that only they can open (sensor/evidence_folder.h).
 *
 * The ring is taken at start, beside memory.limit.  A finding costs one pass over the table of sessions (65536 for a ring
 * of 64 MiB), and where that finds any that are not in the file yet, one over the frames since the first of them.
 * Frames stand in the order in which they became evidence: a session that only a later finding names comes behind what
 * was written before, for a file that grows is never rewritten under its digest; Wireshark's reordercap sorts it.
 * What cannot be written (a full disk) is lost to its incident, which is told, and is tried again a minute later.
 */
#ifndef SENSOR_EVIDENCE_H
#define SENSOR_EVIDENCE_H

#include "ledger/ledger.h"
#include "pipeline.h"
#include "sensor/evidence_folder.h"

struct evidence_config {
	const char *folder, *application;
	uint64_t ring, incident, quota; /* bytes: of frames kept, of a file at most, of all files */
	bool payload;                   /* keep it after handshakes, too */
	bool live;                      /* goes on with what lies in the folder; else the folder has to be empty */
	struct evidence_readers readers;
	/* How records name an address; NULL: as it is. */
	struct addr (*named)(void *arg, const struct addr *a);
	void *arg;
	uint64_t sensor;       /* as in session_id */
	struct ledger *ledger; /* NULL: none */
};

enum { EVIDENCE_ERROR_MAX = 400, EVIDENCE_PEERS = 16, EVIDENCE_OPEN = 64 };

struct evidence;

/* NULL: `error` is one line. */
struct evidence *evidence_open(const struct evidence_config *cfg, char error[EVIDENCE_ERROR_MAX]);
void evidence_free(struct evidence *e); /* NULL is fine */

void evidence_frame(struct evidence *e, const struct told_frame *t);
/* peer: whose other connections are evidence, too; NULL: nobody's.  now: the time of the frame that is worked on. */
void evidence_finding(struct evidence *e, const struct finding *f, const struct addr *peer, struct when now);
void evidence_closed(struct evidence *e, uint64_t incident);
/* What grew is made durable and told to the ledger: soon after it began, then every minute. */
void evidence_time(struct evidence *e, struct when now);
/* The same for all, whatever the time. */
void evidence_end(struct evidence *e);

const char *evidence_error(const struct evidence *e); /* "": what was to be written last was */
const char *evidence_folder(const struct evidence *e);

struct evidence_facts {
	uint64_t incidents, frames, bytes;
	uint64_t removed; /* files, for evidence.quota */
	uint64_t missed;  /* frames that could not be written */
	uint64_t full;    /* incidents that were cut short: evidence.incident, or a quota that nothing older fills */
};
struct evidence_facts evidence_facts(const struct evidence *e);

#endif
