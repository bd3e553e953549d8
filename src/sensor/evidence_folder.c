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
#include "ledger/evidence_name.h"
#include "sensor/pcapng.h"
#include "sink/tar.h"

enum { PIECE = 1 << 16, PIECE_ADDED = 2 * TAR_BLOCK + AGE_ADDED + 4 * AGE_ADDED_A_CHUNK };

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
	return evidence_path(path, d->path, incident, folder_is_sealed(d));
}

bool
folder_is_sealed(const struct evidence_folder *d)
{
	return d->readers.n > 0;
}

bool
evidence_readers_parse(struct evidence_readers *r, const char *text, char *words, size_t size)
{
	static const char BLANKS[] = ", \t";

	*r = (struct evidence_readers){.n = 0};
	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t n = strcspn(text, BLANKS);

		if (r->n == AGE_RECIPIENTS) {
			snprintf(words, size, "evidence.recipient: %d at most", AGE_RECIPIENTS);
			return false;
		}
		if (!age_recipient(&r->key[r->n], text, n)) {
			snprintf(words, size,
				 "evidence.recipient: %.*s is no public key such as age1zvkyg2lqz..., or mistyped; "
				 "gatewitness unseal --make-key FILE makes a pair",
				 (int)(n < 80 ? n : 80), text);
			return false;
		}
		r->n++;
		text += n;
	}
	return true;
}

static bool
add_old(struct evidence_folder *d, struct evidence_old old)
{
	struct evidence_old *more;

	if (d->olds == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		more = realloc(d->old, d->room * sizeof(*more));
		if (!more)
			return fail(d, "", "no memory");
		d->old = more;
	}
	d->old[d->olds++] = old;
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
	struct evidence_old old;
};

static int
by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
	if (x->changed.tv_nsec != y->changed.tv_nsec)
		return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : 1;
	return x->old.incident < y->old.incident ? -1 : x->old.incident > y->old.incident;
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
		bool sealed;
		uint64_t incident = evidence_incident(entry->d_name, &sealed);

		if (!incident || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		more = realloc(found, (n + 1) * sizeof(*found));
		fine = more != NULL;
		if (!fine)
			break;
		found = more;
		found[n++] = (struct found){st.st_mtim, {incident, (uint64_t)st.st_size, sealed}};
	}
	if (n)
		qsort(found, n, sizeof(*found), by_age);
	for (size_t i = 0; fine && i < n; i++) {
		fine = add_old(d, found[i].old);
		d->used += found[i].old.bytes;
	}
	free(found);
	return fine || fail(d, "", "no memory");
}

bool
folder_open(struct evidence_folder *d, const char *path, uint64_t quota, const struct evidence_readers *readers,
	    bool empty)
{
	DIR *dir;
	bool fine;

	*d = (struct evidence_folder){.quota = quota, .readers = *readers};
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

/* Bytes of whole blocks or pieces; what a power failure cut in the middle is taken back. */
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
		whole = folder_is_sealed(d) ? tar_whole(bytes, size, &f->pieces) : pcapng_whole(bytes, size);
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
	if (!folder_path(d, incident, path))
		return fail(d, "", "the name is too long");
	f->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (f->fd < 0)
		return fail(d, path + strlen(d->path), strerror(errno));
	for (size_t i = 0; i < d->olds; i++)
		if (d->old[i].incident == incident && d->old[i].sealed == folder_is_sealed(d))
			forget_old(d, i--);
	if (take_back(d, f))
		return true;
	close(f->fd);
	f->fd = -1;
	return false;
}

static bool
write_all(struct evidence_folder *d, struct evidence_file *f, const void *bytes, size_t n)
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
	*d->error = '\0';
	return true;
}

bool
folder_append(struct evidence_folder *d, struct evidence_file *f, const void *bytes, size_t n)
{
	if (!folder_is_sealed(d))
		return write_all(d, f, bytes, n);
	bytes_add(&f->waits, bytes, n);
	d->used += n;
	return !f->waits.failed || fail(d, "", "no memory");
}

bool
folder_is_full(const struct evidence_folder *d, const struct evidence_file *f)
{
	return folder_is_sealed(d) && f->waits.n >= PIECE;
}

uint64_t
folder_weight(const struct evidence_file *f, uint64_t n)
{
	return f->bytes + n + (f->waits.n ? f->waits.n + PIECE_ADDED : 0);
}

/* A file of the archive: its head goes before what was sealed behind it. */
static bool
seal_piece(struct evidence_folder *d, struct evidence_file *f, struct when time, struct bytes *piece)
{
	static const char ZEROS[TAR_BLOCK];
	char name[32], head[TAR_BLOCK];

	bytes_add(piece, ZEROS, TAR_BLOCK);
	if (!age_seal(piece, d->readers.key, d->readers.n, f->waits.p, f->waits.n))
		return false;
	snprintf(name, sizeof(name), "%06u.pcapng.age", ++f->pieces);
	tar_head(head, name, time.ns > 0 ? (uint64_t)(time.ns / NS_PER_S) : 0, piece->n - TAR_BLOCK);
	memcpy(piece->p, head, TAR_BLOCK);
	bytes_add(piece, ZEROS, tar_padding(piece->n - TAR_BLOCK));
	return !piece->failed;
}

bool
folder_flush(struct evidence_folder *d, struct evidence_file *f, struct when time)
{
	struct bytes piece = {.p = NULL};
	unsigned pieces = f->pieces;
	size_t waited = f->waits.n;
	bool fine = true;

	if (!waited)
		return true;
	if (!seal_piece(d, f, time, &piece))
		fine = fail(d, "", "no memory, or the crypto library fails");
	fine = fine && write_all(d, f, piece.p, piece.n);
	bytes_free(&piece);
	if (!fine) {
		f->pieces = pieces;
		return false;
	}
	d->used -= waited;
	f->waits.n = 0;
	f->begun = false;
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

static void
remove_file(const struct evidence_folder *d, uint64_t incident, bool sealed)
{
	char path[PATH_MAX];

	if (evidence_path(path, d->path, incident, sealed))
		unlink(path);
}

void
folder_close(struct evidence_folder *d, struct evidence_file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	d->used -= f->waits.n;
	bytes_free(&f->waits);
	if (!f->bytes) /* nothing reached the disk */
		remove_file(d, f->incident, folder_is_sealed(d));
	else
		add_old(d, (struct evidence_old){f->incident, f->bytes, folder_is_sealed(d)});
}

bool
folder_has_room(const struct evidence_folder *d, uint64_t n)
{
	return d->used + n <= d->quota;
}

struct evidence_old
folder_make_room(struct evidence_folder *d, uint64_t n)
{
	struct evidence_old old = {0};

	if (folder_has_room(d, n) || !d->olds)
		return old;
	old = d->old[0];
	forget_old(d, 0);
	d->used -= old.bytes;
	remove_file(d, old.incident, old.sealed);
	return old;
}
