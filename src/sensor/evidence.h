/*
 * evidence: for each incident the frames of its sessions, from before the alert on, as one pcapng file.
 *
 *	finding --> what is wanted --> who has the frames (sensor/evidence_pick.h)
 *	frame of an incident <------------------------------------------/
 *	       \--> FOLDER/INCIDENT.pcapng --fsync, SHA-256--> ledger: evidence.INCIDENT, so that verify can tell
 *
 * With readers the file is pieces that only they can open (sensor/evidence_folder.h).
 *
 * Frames stand in the order in which they became evidence: a session that only a later finding names comes behind what
 * was written before, for a file that grows is never rewritten under its digest; Wireshark's reordercap sorts it.
 * What cannot be written (a full disk) is lost to its incident, which is told, and is tried again a minute later.
 */
#ifndef SENSOR_EVIDENCE_H
#define SENSOR_EVIDENCE_H

#include "ledger/ledger.h"
#include "sensor/evidence_folder.h"
#include "sensor/evidence_pick.h"

/* Who has the frames. */
struct evidence_source {
	void *arg;
	void (*want)(void *arg, const struct evidence_wanted *w);
	void (*end)(void *arg, uint64_t incident);
};

struct evidence_config {
	const char *folder, *application;
	uint64_t incident, quota; /* bytes: of a file at most, of all files */
	bool payload;             /* is kept after handshakes, too: the file says so */
	bool live;                /* goes on with what lies in the folder; else the folder has to be empty */
	struct evidence_readers readers;
	struct ledger *ledger; /* NULL: none */
};

enum { EVIDENCE_ERROR_MAX = 400, EVIDENCE_OPEN = PICK_INCIDENTS };

struct evidence;

/* NULL: `error` is one line. */
struct evidence *evidence_open(const struct evidence_config *cfg, char error[EVIDENCE_ERROR_MAX]);
void evidence_free(struct evidence *e); /* NULL is fine */

/* Before the first finding. */
void evidence_from(struct evidence *e, const struct evidence_source *source);
/* One that begins anew and lost what it had: what comes of the incidents that go on is wanted of it. */
void evidence_again(const struct evidence *e, const struct evidence_source *source);

void evidence_frame(struct evidence *e, const struct evidence_picked *p);
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
