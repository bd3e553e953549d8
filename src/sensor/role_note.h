/*
 * role_note: what the monitor and a role tell each other: notes of one fixed size over SOCK_SEQPACKET, some with a
 * descriptor.
 *
 *	monitor <- role		HOLD a descriptor as long as it or nobody in its place lives; WAITS for a port that is not there, which keeps nobody else waiting; READY when all is open, ALIVE each second, COUNTS of a tap, RELOADED with how it went
 *	monitor -> role		LINK with a new connection to the keeper (or, to the keeper: to that role), then START;
 *				RELOAD, STOP; to the keeper: DIED
 *
 * A note of another size, or a kind that is none, is our own mistake or somebody who took a role over: it is passed over.
 */
#ifndef SENSOR_ROLE_NOTE_H
#define SENSOR_ROLE_NOTE_H

#include "sensor/role.h"

enum role_note_kind {
	ROLE_HOLD,
	ROLE_WAITS,
	ROLE_READY,
	ROLE_ALIVE,
	ROLE_COUNTS,
	ROLE_RELOADED,
	ROLE_LINK,
	ROLE_START,
	ROLE_RELOAD,
	ROLE_STOP,
	ROLE_DIED,
	ROLE_NOTES
};

enum { ROLE_WORDS = 160 };

struct role_note {
	enum role_note_kind kind;
	bool fine;            /* of RELOADED */
	struct role_self who; /* of LINK and DIED */
	int64_t from, until;  /* of DIED: nothing was done between these, wall clock, ns; as frames are stamped */
	uint64_t came;        /* of COUNTS: frames so far; of DIED: those of which the keeper has to say what became */
	uint64_t told;        /* of COUNTS: what the keeper was told of them */
	char words[ROLE_WORDS]; /* of DIED: why */
};

/* fd: goes with it, -1: none.  It is copied, ours stays.  False: the other side is gone, or does not read. */
bool role_tell(int to, const struct role_note *note, int fd);

enum role_heard { ROLE_HEARD, ROLE_SILENT, ROLE_GONE };
/* Does not wait.  *fd: what came with it, -1: nothing; the caller closes it. */
enum role_heard role_hear(int from, struct role_note *note, int *fd);

#endif
