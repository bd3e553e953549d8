/*
 * role: the processes of `run`.  One binary: the monitor starts the others by executing it again with the same
 * arguments, a hidden word for the role, and descriptors at fixed numbers.
 *
 *	gatewitness run -i eth1			the monitor
 *	gatewitness run role:tap:0 -i eth1	what it starts
 *
 * Must not decide what a role does, nor when it is started again (monitor.h).
 */
#ifndef SENSOR_ROLE_H
#define SENSOR_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum role {
#define ROLE(role, user, caps, sets, paths, files, processes, patience, fails, orphan, doc) ROLE_##role,
#include "sensor/role.def"
#undef ROLE
	ROLES
};

enum role_set {
#define CALLS(set, refused, names) ROLE_SET_##set,
#include "sensor/role.def"
#undef CALLS
	ROLE_SETS
};

enum role_paths { ROLE_PATHS_NONE, ROLE_PATHS_DATA, ROLE_PATHS_SINK, ROLE_PATHS_ALL };
enum role_fails { ROLE_AGAIN, ROLE_ENDS };
enum role_orphan { ROLE_KILLED, ROLE_COMMITS, ROLE_STAYS };
enum { ROLE_SAME = -1 };

struct role_calls {
	const char *name;
	bool refused;
	const char *calls; /* blanks between them */
};
extern const struct role_calls ROLE_CALLS[ROLE_SETS];

struct role_rights {
	const char *name;
	const char *user; /* "": stays */
	uint64_t caps;    /* bits CAP_* */
	uint32_t sets;    /* bit enum role_set */
	enum role_paths paths;
	long files, processes; /* ROLE_SAME: as it was */
	unsigned patience;     /* s, 0: none */
	enum role_fails fails;
	enum role_orphan orphan;
	const char *doc;
};
extern const struct role_rights ROLE_RIGHTS[ROLES];

/* Its sets say only what it may not: all else it may. */
bool role_may_the_rest(const struct role_rights *r);

/* Above what shells and people use, for these stay open: --eve /dev/fd/63. */
enum { ROLE_FD_MONITOR = 200, ROLE_FD_KEEPER, ROLE_FD_BATCH, ROLE_FD_FIRST, ROLE_FDS_MAX = 64, ROLE_NAME_MAX = 64 };

/* Which process this is, and which of several. */
struct role_self {
	enum role role;
	bool again;               /* one before it died: what is there is gone on with */
	char name[ROLE_NAME_MAX]; /* a tap's number, a sink's name; "": there is one only */
};

/* Takes the hidden word out of a command's arguments; without one: the monitor.  False: somebody typed it. */
bool role_take(struct role_self *self, int *argc, char **argv);

struct role_spec {
	struct role_self is;
	int argc; /* of the command, argv[0] its name; without the hidden word */
	char **argv;
	const int *fd; /* become ROLE_FD_FIRST and those behind it; -1: none there */
	size_t fds;
	int keeper; /* becomes ROLE_FD_KEEPER; -1: it takes one later, by a note */
	int batch;  /* becomes ROLE_FD_BATCH: memory with what it works on (batch.h); -1: none */
};
struct role_process {
	pid_t pid;
	int monitor; /* our end of its ROLE_FD_MONITOR: SOCK_SEQPACKET, close-on-exec, does not block */
};

/* What several roles are given to read, in memory that none of them can change: one that was taken over would tell the
   others what to be.  -1: errno. */
int role_hand(const char *name, const void *bytes, size_t n);

/* Every other descriptor of ours must be close-on-exec, but those that the user gave.  False: errno. */
bool role_spawn(const struct role_spec *spec, struct role_process *process);

#endif
