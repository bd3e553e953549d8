/*
 * confine_calls: role.def's system calls as a filter (seccomp).  The only file that knows libseccomp.
 *
 * What a role does not list ends its process at once (SIGSYS); a list names calls of several processors, of which a
 * filter has those of this one.
 */
#include "sensor/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME_MAX_CALL = 40 };

/* What stands behind the colon: argument `arg` compared.  The kernel takes 32 bits of what libseccomp sees as 64, so
   numbers are compared under a mask: a filter that does not is walked around by the upper half. */
struct only {
	const char *word;
	struct scmp_arg_cmp so;
};
#define SAME32(arg, value)                                                                                             \
	{                                                                                                              \
		arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, value                                                             \
	}
static const struct only ONLY[] = {
	{"data", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"code", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}},
	{"thread", {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
	{"interface", {1, SCMP_CMP_MASKED_EQ, 0xFFFFFF00, 0x8900}}, /* SIOCGIFFLAGS and its like */
	{"tcgets", SAME32(1, TCGETS)},
	{"winsize", SAME32(1, TIOCGWINSZ)},
	{"getfl", SAME32(1, F_GETFL)},
	{"setfl", SAME32(1, F_SETFL)},
	{"given", {0, SCMP_CMP_GE, ROLE_FD_MONITOR, 0}},
	{"stderr", SAME32(0, STDERR_FILENO)},
	{"self", SAME32(0, 0)}, /* the process's id, known when it is asked */
};

static bool
find_only(const char *word, struct scmp_arg_cmp *so)
{
	for (size_t i = 0; i < sizeof(ONLY) / sizeof(ONLY[0]); i++) {
		if (strcmp(ONLY[i].word, word) != 0)
			continue;
		*so = ONLY[i].so;
		if (strcmp(word, "self") == 0)
			so->datum_b = (scmp_datum_t)getpid();
		return true;
	}
	return false;
}

struct call {
	int number; /* negative: not of this processor */
	bool some;
	struct scmp_arg_cmp so;
};

static bool
read_call(struct call *c, const char *text, size_t n)
{
	char name[NAME_MAX_CALL];
	char *colon;

	if (n >= sizeof(name))
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	colon = strchr(name, ':');
	c->some = colon != NULL;
	if (colon && !find_only(colon + 1, &c->so))
		return false;
	if (colon)
		*colon = '\0';
	c->number = seccomp_syscall_resolve_name(name);
	return c->number != __NR_SCMP_ERROR;
}

bool
confine_knows(const char *call)
{
	struct call c;

	return read_call(&c, call, strlen(call));
}

/* What names a call that this libseccomp does not know is left out: it is newer, and so refused. */
static bool
add_set(scmp_filter_ctx filter, const struct role_calls *set)
{
	uint32_t action = set->refused ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_ALLOW;
	const char *at = set->calls;
	int status = 0;

	while (*at && (status == 0 || status == -EEXIST)) {
		size_t n = strcspn(at, " ");
		struct call c;

		if (n && read_call(&c, at, n))
			status = c.some ? seccomp_rule_add_array(filter, action, c.number, 1, &c.so) :
					  seccomp_rule_add_array(filter, action, c.number, 0, NULL);
		at += n + (at[n] == ' ');
	}
	errno = status < 0 ? -status : 0;
	return status == 0 || status == -EEXIST;
}

/* clone3 has its flags in memory, where a filter does not see them; libc goes on with clone. */
static bool
set_up(scmp_filter_ctx filter)
{
	return seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
	       seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
	       seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
	       seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL) == 0;
}

bool
confine_calls(enum role role)
{
	uint32_t sets = ROLE_RIGHTS[role].sets;
	scmp_filter_ctx filter;
	bool fine;
	int status;

	filter = seccomp_init(role_may_the_rest(&ROLE_RIGHTS[role]) ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
	errno = ENOMEM;
	fine = filter && set_up(filter);
	for (unsigned i = 0; fine && i < ROLE_SETS; i++)
		if (sets & 1u << i)
			fine = add_set(filter, &ROLE_CALLS[i]);
	status = fine ? seccomp_load(filter) : -errno;
	if (filter)
		seccomp_release(filter);
	errno = -status;
	return status == 0;
}
