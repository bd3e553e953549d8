/*
 * kept: a file written beside and then named.  Must not look into its bytes.
 */
#include "ledger/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *
kept_read(const char *path, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO by that name must not hold the start up */
	struct stat st;
	char *bytes = NULL;
	ssize_t got = 0;

	*len = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= max)
		bytes = malloc((size_t)st.st_size + 1);
	else
		errno = EFBIG;
	while (bytes && (got = read(fd, bytes + *len, (size_t)st.st_size + 1 - *len)) > 0 && *len < (size_t)st.st_size)
		*len += (size_t)got;
	close(fd);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static bool
write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0;
}

/* The name is as durable as the bytes once its folder is. */
static void
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == folder)
		slash[1] = '\0';
	else if (slash)
		*slash = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* A link is made only where nothing has the name; a rename takes the name away from whatever has it. */
static bool
give_name(const char *beside, const char *path, bool only_new)
{
	if (!only_new)
		return rename(beside, path) == 0;
	if (link(beside, path) < 0)
		return false;
	unlink(beside);
	return true;
}

/* Two sensors may do so at the same moment: what lies beside has a name of its own. */
static bool
put(const char *path, const void *bytes, size_t n, bool only_new)
{
	char beside[PATH_MAX];
	int fd, failed;

	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return false;
	failed = write_all(fd, bytes, n) ? 0 : errno;
	if (close(fd) < 0 && !failed)
		failed = errno;
	if (!failed && !give_name(beside, path, only_new))
		failed = errno;
	if (failed) {
		unlink(beside);
		errno = failed;
		return false;
	}
	sync_folder(path);
	return true;
}

bool
kept_replace(const char *path, const void *bytes, size_t n)
{
	return put(path, bytes, n, false);
}

bool
kept_make(const char *path, const void *bytes, size_t n)
{
	return put(path, bytes, n, true);
}
