/*
 * lock: see lock.h.  Must not trust what the file says: it is for people, the lock itself is the system's.
 */
#include "ledger/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
path_of(char path[PATH_MAX], const char *folder)
{
	return snprintf(path, PATH_MAX, "%s/lock", folder) < PATH_MAX;
}

/* Is it still the file of that name?  Whoever held it takes the name away when it is done. */
static bool
is_named(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

static void
say_holder(int fd, const char *folder, char *error, size_t size)
{
	char text[24] = "";
	int pid = 0;

	if (pread(fd, text, sizeof(text) - 1, 0) > 0)
		sscanf(text, "%d", &pid);
	snprintf(error, size, "%.200s: process %d writes this ledger; stop it first, or name another folder", folder,
		 pid);
}

/* The process's number; a disk that is full does not take it, and the lock holds all the same. */
static void
sign_in(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)n, 0);
}

int
lock_take(const char *folder, char *error, size_t size)
{
	char path[PATH_MAX];
	int fd = -1;

	if (!path_of(path, folder)) {
		snprintf(error, size, "%.200s: the name is too long", folder);
		return -1;
	}
	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			break;
		if (is_named(fd, path)) {
			sign_in(fd);
			return fd;
		}
		close(fd);
	}
	if (fd >= 0 && errno == EWOULDBLOCK)
		say_holder(fd, folder, error, size);
	else
		snprintf(error, size, "%.200s: cannot be locked: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
lock_is_held(const char *folder)
{
	char path[PATH_MAX];
	int fd = path_of(path, folder) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return held;
}

void
lock_give(int lock, const char *folder)
{
	char path[PATH_MAX];

	if (lock < 0)
		return;
	if (path_of(path, folder))
		unlink(path);
	close(lock);
}
