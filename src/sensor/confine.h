/*
 * confine: holds this process to its row of role.def, for good.
 *
 *	confine_rights		user, capabilities, limits, no core dumps, no new privileges, death with the monitor
 *	confine_surface		Landlock: which files; seccomp: which system calls
 *
 * Between the two a role opens what it needs, with the rights that it will have when it opens it again.  Both before
 * its first byte of input.
 */
#ifndef SENSOR_CONFINE_H
#define SENSOR_CONFINE_H

#include "sensor/role.h"

enum { CONFINE_ERROR_MAX = 256 };

/* What Landlock leaves a role: a folder with all that is and will be in it, or a file.  One that is not there: nothing. */
struct confine_path {
	const char *path;
	bool writes;
};

/* False: error is one line. */
bool confine_rights(enum role role, char error[CONFINE_ERROR_MAX]);
bool confine_surface(enum role role, const struct confine_path *paths, size_t n, char error[CONFINE_ERROR_MAX]);

/* The version of Landlock that the kernel has; 0: none, so files are a matter of user and system calls only. */
int confine_landlock(void);

/* The parts of confine_surface.  False: errno. */
bool confine_paths(enum role role, const struct confine_path *paths, size_t n);
bool confine_calls(enum role role);
/* Does this name, as in role.def, mean a system call (or a part of one)? */
bool confine_knows(const char *call);

/* Sanitizers look into their own process and its files, start threads and map what they like: a build with them gives up
   its rights, but not its surface, and may be traced. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_LOOSE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CONFINE_LOOSE 1
#endif
#endif
#ifndef CONFINE_LOOSE
#define CONFINE_LOOSE 0
#endif

#endif
