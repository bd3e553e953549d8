/*
 * evidence_folder: see evidence_folder.h.  Must not touch a file whose name is no incident's.
 */
#include "sensor/evidence_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/out.h"
#include "sensor/pcapng.h"

static const char END[] = ".pcapng";
enum { ID = 16 };

static bool
fail(struct evidence_folder *d, const char *what, const char *why)
{
	if (!*d->error)
		snprintf(d->error, sizeof(d->error), "%.240s%s: %s", d->path, what, why);
	return false;
}

bool
folder_path(const struct evidence_folder *d, uint64_t incident, char path[PATH_MAX])
{
	char id[ID + 1];

	*put_hex_u64(id, incident) = '\0';
	return snprintf(path, PATH_MAX, "%s/%s%s", d->path, id, END) < PATH_MAX;
}

/* The incident in a file's name; 0: it is no evidence. */
static uint64_t
incident_of(const char *name)
{
	if (strspn(name, "0123456789abcdef") != ID || strcmp(name + ID, END) != 0)
		return 0;
	return strtoull(name, NULL, 16);
}

static bool
add_old(struct evidence_folder *d, uint64_t incident, uint64_t bytes)
{
	struct evidence_old *more;

	if (d->olds == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		more = realloc(d->old, d->room * sizeof(*more));
		if (!more)
			return fail(d, "", "no memory");
		d->old = more;
	}
	d->old[d->olds++] = (struct evidence_old){incident, bytes};
	return true;
}

static void
forget_old(struct evidence_folder *d, size_t i)
{
	d->olds--;
	memmove(d->old + i, d->old + i + 1, (d->olds - i) * sizeof(*d->old));
}

/* What an earlier run left, the oldest first. */
struct found {
	struct timespec changed;
	uint64_t incident, bytes;
};

static int
by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
	if (x->changed.tv_nsec != y->changed.tv_nsec)
		return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : 1;
	return x->incident < y->incident ? -1 : x->incident > y->incident;
}

static bool
look(struct evidence_folder *d, DIR *dir)
{
	struct found *found = NULL, *more;
	struct dirent *entry;
	struct stat st;
	size_t n = 0;
	bool fine = true;

	while (fine && (entry = readdir(dir))) {
		uint64_t incident = incident_of(entry->d_name);

		if (!incident || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		more = realloc(found, (n + 1) * sizeof(*found));
		fine = more != NULL;
		if (!fine)
			break;
		found = more;
		found[n++] = (struct found){st.st_mtim, incident, (uint64_t)st.st_size};
	}
	if (n)
		qsort(found, n, sizeof(*found), by_age);
	for (size_t i = 0; fine && i < n; i++) {
		fine = add_old(d, found[i].incident, found[i].bytes);
		d->used += found[i].bytes;
	}
	free(found);
	return fine || fail(d, "", "no memory");
}

bool
folder_open(struct evidence_folder *d, const char *path, uint64_t quota, bool empty)
{
	DIR *dir;
	bool fine;

	*d = (struct evidence_folder){.quota = quota};
	if (snprintf(d->path, sizeof(d->path), "%s", path) >= (int)sizeof(d->path))
		return fail(d, "", "the name is too long");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(d, "", strerror(errno));
	dir = opendir(path);
	if (!dir)
		return fail(d, "", strerror(errno));
	fine = look(d, dir);
	closedir(dir);
	if (fine && empty && d->olds)
		return fail(d, "", "holds evidence already; name a folder that is empty or not there yet");
	return fine;
}

void
folder_free(struct evidence_folder *d)
{
	free(d->old);
	*d = (struct evidence_folder){.quota = 0};
}

/* Bytes of whole blocks; what a power failure cut in the middle is taken back. */
static bool
take_back(struct evidence_folder *d, struct evidence_file *f)
{
	struct stat st;
	size_t size, whole = 0;
	void *bytes;

	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(d, "", "holds something else by an incident's name");
	size = (size_t)st.st_size;
	bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, f->fd, 0) : MAP_FAILED;
	if (bytes != MAP_FAILED) {
		whole = pcapng_whole(bytes, size);
		munmap(bytes, size);
	}
	if (whole != size && ftruncate(f->fd, (off_t)whole) < 0)
		return fail(d, "", strerror(errno));
	d->used -= size - whole;
	f->bytes = whole;
	return true;
}

bool
folder_file(struct evidence_folder *d, struct evidence_file *f, uint64_t incident)
{
	char path[PATH_MAX];

	*f = (struct evidence_file){.incident = incident, .fd = -1};
	if (*d->error || !folder_path(d, incident, path))
		return fail(d, "", "the name is too long");
	f->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (f->fd < 0)
		return fail(d, path + strlen(d->path), strerror(errno));
	for (size_t i = 0; i < d->olds; i++)
		if (d->old[i].incident == incident)
			forget_old(d, i--);
	if (take_back(d, f))
		return true;
	close(f->fd);
	f->fd = -1;
	return false;
}

bool
folder_append(struct evidence_folder *d, struct evidence_file *f, const void *bytes, size_t n)
{
	const char *p = bytes;
	size_t left = n;
	int why = 0;

	while (left && !why) {
		ssize_t done = write(f->fd, p, left);

		if (done < 0 && errno != EINTR)
			why = errno;
		p += done > 0 ? done : 0;
		left -= done > 0 ? (size_t)done : 0;
	}
	if (why && ftruncate(f->fd, (off_t)f->bytes) < 0)
		why = errno;
	if (why)
		return fail(d, "", strerror(why));
	f->bytes += n;
	d->used += n;
	return true;
}

bool
folder_sync(struct evidence_folder *d, const struct evidence_file *f)
{
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fsync(f->fd) == 0;

	if (fd >= 0) {
		fsync(fd); /* its name, too */
		close(fd);
	}
	return fine || fail(d, "", strerror(errno));
}

void
folder_close(struct evidence_folder *d, struct evidence_file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	add_old(d, f->incident, f->bytes);
}

bool
folder_has_room(const struct evidence_folder *d, uint64_t n)
{
	return d->used + n <= d->quota;
}

uint64_t
folder_make_room(struct evidence_folder *d, uint64_t n)
{
	char path[PATH_MAX];
	struct evidence_old old;

	if (folder_has_room(d, n) || !d->olds)
		return 0;
	old = d->old[0];
	forget_old(d, 0);
	d->used -= old.bytes;
	if (folder_path(d, old.incident, path))
		unlink(path);
	return old.incident;
}
