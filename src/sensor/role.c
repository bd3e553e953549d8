/*
 * role: the table, and starting a process by it.
 */
#include "sensor/role.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const struct role_calls ROLE_CALLS[ROLE_SETS] = {
#define CALLS(set, refused, names) {#set, refused, names},
#include "sensor/role.def"
#undef CALLS
};

/* role.def's words for sets and capabilities. */
enum {
#define CALLS(set, refused, names) set = 1 << ROLE_SET_##set,
#include "sensor/role.def"
#undef CALLS
#define CAPS(name, bits) name = bits,
#include "sensor/role.def"
#undef CAPS
};

const struct role_rights ROLE_RIGHTS[ROLES] = {
#define SAME ROLE_SAME
#define ROLE(role, user, caps, sets, paths, files, processes, patience, fails, orphan, doc)                            \
	{#role, user, caps, sets, ROLE_PATHS_##paths, files, processes, patience, ROLE_##fails, ROLE_##orphan, doc},
#include "sensor/role.def"
#undef ROLE
#undef SAME
};

bool
role_may_the_rest(const struct role_rights *r)
{
	for (unsigned i = 0; i < ROLE_SETS; i++)
		if (r->sets & 1u << i && !ROLE_CALLS[i].refused)
			return false;
	return true;
}

static const char WORD[] = "role:", AGAIN[] = "again:";

/* "role:tap:0".  False: no such role. */
static bool
read_word(struct role_self *self, const char *word)
{
	size_t n = strcspn(word, ":");

	for (unsigned i = 0; i < ROLES; i++) {
		if (strlen(ROLE_RIGHTS[i].name) != n || memcmp(ROLE_RIGHTS[i].name, word, n) != 0)
			continue;
		self->role = (enum role)i;
		snprintf(self->name, sizeof(self->name), "%s", word[n] ? word + n + 1 : "");
		return true;
	}
	return false;
}

static bool
started_by_monitor(void)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(ROLE_FD_MONITOR, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* What ps and top call it; the kernel keeps 15 letters. */
static void
name_process(const struct role_self *self)
{
	char name[16 + ROLE_NAME_MAX];

	snprintf(name, sizeof(name), "gw-%.10s%s%s", ROLE_RIGHTS[self->role].name, *self->name ? "-" : "", self->name);
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

bool
role_take(struct role_self *self, int *argc, char **argv)
{
	size_t n = sizeof(WORD) - 1, more = sizeof(AGAIN) - 1;

	*self = (struct role_self){.role = ROLE_monitor};
	if (*argc < 2)
		return true;
	self->again = strncmp(argv[1], AGAIN, more) == 0;
	if (!self->again && strncmp(argv[1], WORD, n) != 0)
		return true;
	if (!started_by_monitor() || !read_word(self, argv[1] + (self->again ? more : n)))
		return false;
	name_process(self);
	memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof(*argv)); /* with the NULL at its end */
	--*argc;
	return true;
}

enum { OWN = ROLE_FD_FIRST - ROLE_FD_MONITOR };

/* What a child is to have at ROLE_FD_MONITOR + i. */
static int
wanted(const struct role_spec *spec, int monitor, size_t i)
{
	const int own[] = {monitor, spec->keeper, spec->batch};

	return i < OWN ? own[i] : spec->fd[i - OWN];
}

/* To fixed numbers, by way of numbers above them, so that none is overwritten before it was moved. */
static bool
place(const struct role_spec *spec, int monitor)
{
	enum { ABOVE = ROLE_FD_FIRST + ROLE_FDS_MAX };
	int above[OWN + ROLE_FDS_MAX];
	size_t n = OWN + spec->fds;

	for (size_t i = 0; i < n; i++) {
		int from = wanted(spec, monitor, i);

		above[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, ABOVE);
		if (from >= 0 && above[i] < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (above[i] >= 0 && dup2(above[i], ROLE_FD_MONITOR + (int)i) < 0)
			return false;
	return true;
}

/* In the child: becomes the program once more. */
static void
become(const struct role_spec *spec, int monitor, char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	if (place(spec, monitor) && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execv("/proc/self/exe", argv);
	fprintf(stderr, "gatewitness: %s cannot be started: %s\n", ROLE_RIGHTS[spec->is.role].name, strerror(errno));
	_exit(1);
}

int
role_hand(const char *name, const void *bytes, size_t n)
{
	enum { FOR_GOOD = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), why;

	if (fd < 0 || (write(fd, bytes, n) == (ssize_t)n && fcntl(fd, F_ADD_SEALS, FOR_GOOD) == 0))
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

bool
role_spawn(const struct role_spec *spec, struct role_process *process)
{
	char program[] = "gatewitness", word[sizeof(AGAIN) + 2 * ROLE_NAME_MAX];
	char **argv = calloc((size_t)spec->argc + 3, sizeof(*argv));
	int pair[2] = {-1, -1}, why;

	if (!argv || spec->fds > ROLE_FDS_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
		free(argv);
		return false;
	}
	snprintf(word, sizeof(word), "%s%s%s%s", spec->is.again ? AGAIN : WORD, ROLE_RIGHTS[spec->is.role].name,
		 *spec->is.name ? ":" : "", spec->is.name);
	argv[0] = program;
	argv[1] = spec->argv[0];
	argv[2] = word;
	memcpy(&argv[3], &spec->argv[1], (size_t)(spec->argc - 1) * sizeof(*argv));
	*process = (struct role_process){fork(), pair[0]};
	if (process->pid == 0)
		become(spec, pair[1], argv);
	why = errno;
	close(pair[1]);
	if (process->pid < 0)
		close(pair[0]);
	free(argv);
	errno = why;
	return process->pid > 0;
}
