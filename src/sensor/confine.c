/*
 * confine: the order in which a process gives its rights away.  Must not give any back.
 */
#include "sensor/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ORPHAN_S = 30 };

static bool
limit(int what, long to)
{
	const struct rlimit l = {(rlim_t)to, (rlim_t)to};
	struct rlimit now;

	if (to == ROLE_SAME || getrlimit((__rlimit_resource_t)what, &now) < 0 || now.rlim_max < l.rlim_max)
		return true; /* what is there is less already */
	return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

/* Root's capture is open, and root is not needed any more. */
static bool
leave_root(const char *user)
{
	const struct passwd *to;

	if (geteuid() != 0 || !*user)
		return true;
	errno = ENOENT;
	to = getpwnam(user);
	return to && setgroups(0, NULL) == 0 && setresgid(to->pw_gid, to->pw_gid, to->pw_gid) == 0 &&
	       setresuid(to->pw_uid, to->pw_uid, to->pw_uid) == 0;
}

/* It is only root's to lower; without new privileges nobody reaches it either. */
static void
lower_bounding_set(uint64_t keep)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(keep >> i & 1))
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

/* Of what it has, what it keeps; ambient, where it is handed on to roles by a program file that has none of its own. */
static bool
keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t bits = data[i].permitted & (uint32_t)(keep >> (32 * i));

		data[i] = (struct __user_cap_data_struct){bits, bits, data[i].inheritable & bits};
	}
	if (!keep)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, data) == 0;
}

static void
on_orphan(int number)
{
	(void)number;
	alarm(ORPHAN_S);
}

/* Who commits first sees the end of its socket to the monitor, and gets a bound. */
static bool
dies_with_monitor(const struct role_rights *r)
{
	const struct sigaction act = {.sa_handler = on_orphan};

	if (r->orphan == ROLE_STAYS)
		return true;
	if (r->orphan == ROLE_KILLED)
		return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
	return sigaction(SIGUSR1, &act, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0) == 0;
}

bool
confine_rights(enum role role, char error[CONFINE_ERROR_MAX])
{
	const struct role_rights *r = &ROLE_RIGHTS[role];
	const char *step = "limits";
	bool fine = limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, r->files) &&
		    (CONFINE_LOOSE || limit(RLIMIT_NPROC, r->processes));

	if (fine) {
		lower_bounding_set(r->caps);
		step = "user";
		fine = leave_root(r->user);
	}
	if (fine) {
		step = "capabilities";
		fine = keep_capabilities(r->caps);
	}
	if (fine) { /* behind the user: a change of it undoes both */
		step = "privileges";
		fine = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && dies_with_monitor(r) &&
		       prctl(PR_SET_DUMPABLE, CONFINE_LOOSE, 0, 0, 0) == 0;
	}
	if (!fine)
		snprintf(error, CONFINE_ERROR_MAX, "%s cannot be confined (%s): %s", r->name, step, strerror(errno));
	return fine;
}

bool
confine_surface(enum role role, const struct confine_path *paths, size_t n, char error[CONFINE_ERROR_MAX])
{
	const char *step = NULL;

	if (CONFINE_LOOSE)
		return true;
	if (confine_landlock() && !confine_paths(role, paths, n))
		step = "Landlock";
	else if (!confine_calls(role))
		step = "seccomp";
	if (step)
		snprintf(error, CONFINE_ERROR_MAX, "%s cannot be confined (%s): %s", ROLE_RIGHTS[role].name, step,
			 strerror(errno));
	return step == NULL;
}
