/*
 * learned: reads and writes the file of detect.memory.  Must not look into its bytes: detect/snapshot.h does.
 */
#include "sensor/learned.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t BYTES_MAX = (size_t)1 << 30;

/* Everything in the file, NULL: errno says why.  The caller frees it. */
static void *
read_all(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes = NULL;
	ssize_t got = 0;

	*len = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size < BYTES_MAX)
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

static enum learned
set_aside(const char *path, char *words, size_t size)
{
	char aside[PATH_MAX];

	if (snprintf(aside, sizeof(aside), "%s.damaged", path) >= (int)sizeof(aside) || rename(path, aside) < 0) {
		snprintf(words, size, "%s: is damaged and cannot be set aside: %s", path, strerror(errno));
		return LEARNED_FAILED;
	}
	snprintf(words, size, "%s: is damaged; kept as %.200s, learning begins anew", path, aside);
	return LEARNED_SET_ASIDE;
}

static void
say_taken(const struct snapshot_report *r, const char *path, char *words, size_t size)
{
	uint64_t lost = r->no_room + r->unsound;
	char when[64], rest[160] = "";
	struct out o = out_of(when, sizeof(when) - 1);

	out_time_s(&o, r->time);
	*o.p = '\0';
	if (r->left_out || lost)
		snprintf(rest, sizeof(rest),
			 "; %u parts of another version and %" PRIu64 " things without room are not", r->left_out,
			 lost);
	snprintf(words, size, "%s: %" PRIu64 " things learnt until %s are known%s", path, r->items, when, rest);
}

static enum learned
take(struct pipeline *p, const char *path, struct cur bytes, char *words, size_t size)
{
	struct snapshot_report r;

	switch (pipeline_load(p, bytes, &r)) {
	case SNAPSHOT_TAKEN:
		say_taken(&r, path, words, size);
		return LEARNED_TAKEN;
	case SNAPSHOT_NEWER:
		snprintf(words, size, "%s: was written by a newer gatewitness; run that one, or name another file",
			 path);
		return LEARNED_FAILED;
	case SNAPSHOT_DAMAGED:
		return set_aside(path, words, size);
	case SNAPSHOT_FOREIGN:
		break;
	}
	snprintf(words, size,
		 "%s: is no memory of gatewitness; detect.memory must name one, or a file that is not there", path);
	return LEARNED_FAILED;
}

enum learned
learned_load(struct pipeline *p, const char *path, char *words, size_t size)
{
	size_t len;
	void *bytes = read_all(path, &len);
	enum learned result;

	if (!bytes && errno == ENOENT)
		return LEARNED_NONE;
	if (!bytes) {
		snprintf(words, size, "%s: cannot be read: %s", path, strerror(errno));
		return LEARNED_FAILED;
	}
	result = take(p, path, cur_of(bytes, len), words, size);
	free(bytes);
	return result;
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

static bool
replace(const char *path, const char *bytes, size_t n)
{
	char beside[PATH_MAX];
	int fd, failed;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	failed = write_all(fd, bytes, n) ? 0 : errno;
	if (close(fd) < 0 && !failed)
		failed = errno;
	if (!failed && rename(beside, path) < 0)
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
learned_save(const struct pipeline *p, const char *path, char *words, size_t size)
{
	size_t room = pipeline_saved_size(p);
	char *bytes = malloc(room);
	struct out o = out_of(bytes, bytes ? room : 0);
	bool fine = bytes != NULL;

	if (fine) {
		pipeline_save(p, &o);
		fine = replace(path, bytes, out_len(&o));
	}
	if (!fine)
		snprintf(words, size, "%s: what was learnt cannot be written: %s", path, strerror(errno));
	free(bytes);
	return fine;
}
