/*
 * confine_paths: Landlock (kernel 5.13 and later), by its system calls.  What a kernel's version does not know yet is
 * left out (landlock(7), "Compatibility").
 *
 *	1 files  2 move between folders  3 truncate  4 TCP ports  6 signals, abstract sockets
 */
#include "sensor/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct landlock_ruleset_attr as of version 6; the headers of Debian 12 end at 2. */
struct ruleset {
	uint64_t files, ports, scopes;
};

static const uint64_t TRUNCATE = 1u << 14, BIND_PORT = 1u << 0, CONNECT_PORT = 1u << 1, SCOPES = 3;
static const uint64_t VERSION_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
static const uint64_t READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t NEVER = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

int
confine_landlock(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

static struct ruleset
ruleset_of(const struct role_rights *r, int version)
{
	struct ruleset s = {.files = VERSION_1};

	if (version >= 2)
		s.files |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		s.files |= TRUNCATE;
	if (version >= 4)
		s.ports = BIND_PORT | (r->sets & 1u << ROLE_SET_NETWORK ? 0 : CONNECT_PORT);
	if (version >= 6)
		s.scopes = SCOPES;
	return s;
}

/* Modules of the resolver are mapped to be executed, which takes the right to read only. */
static bool
allow(int set, const struct ruleset *s, const struct confine_path *p)
{
	struct landlock_path_beneath_attr beneath = {.parent_fd = open(p->path, O_PATH | O_CLOEXEC)};
	struct stat st;
	bool fine;

	if (beneath.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	beneath.allowed_access = p->writes ? s->files & ~NEVER : READS;
	fine = fstat(beneath.parent_fd, &st) == 0;
	if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &=
			LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (s->files & TRUNCATE);
	fine = fine && syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
	close(beneath.parent_fd);
	return fine;
}

bool
confine_paths(enum role role, const struct confine_path *paths, size_t n)
{
	const struct role_rights *r = &ROLE_RIGHTS[role];
	int version = confine_landlock(), set;
	const struct ruleset s = ruleset_of(r, version);
	/* an older kernel refuses a longer struct, unless what is more is zero */
	bool fine = r->paths != ROLE_PATHS_ALL;

	if (!fine)
		return true;
	set = (int)syscall(SYS_landlock_create_ruleset, &s, sizeof(s), 0);
	if (set < 0)
		return false;
	for (size_t i = 0; fine && i < n; i++)
		fine = allow(set, &s, &paths[i]);
	fine = fine && syscall(SYS_landlock_restrict_self, set, 0) == 0;
	close(set);
	return fine;
}
