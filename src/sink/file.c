/*
 * file: the descriptor behind the EVE lines and the recorded frames.
 * Must not lose bytes silently: a short write is continued, a failed one is kept for the command to report.
 */
#include "sink/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_path(const char *path, int how)
{
	return open(path, how | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static bool
is_regular(int fd, off_t *size)
{
	struct stat st;
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	*size = regular ? st.st_size : 0;
	return regular;
}

/* What a crash or a full disk tore off ends in no line end.  False: errno. */
static bool
end_torn_line(int fd, const char *path)
{
	char last = '\n';
	off_t size;
	bool fine = true;
	int in;

	if (!is_regular(fd, &size) || size == 0)
		return true;
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in >= 0 && pread(in, &last, 1, size - 1) == 1 && last != '\n')
		fine = write(fd, "\n", 1) == 1;
	if (in >= 0)
		close(in);
	return fine;
}

static int
open_behind(const char *path)
{
	int fd = open_path(path, O_WRONLY | O_APPEND);
	int why;

	if (fd < 0 || end_torn_line(fd, path))
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* It is as well again once somebody makes room. */
static bool
is_full_disk(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static bool
is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool
begin(struct file *f, const char *path, bool append)
{
	off_t size;

	*f = (struct file){.path = path, .fd = STDOUT_FILENO};
	f->size = FILE_BUFFER + FILE_ROOM;
	f->buffer = malloc(f->size);
	if (!f->buffer) {
		f->error = ENOMEM;
		return false;
	}
	if (!is_stdout(path))
		f->fd = append ? open_behind(path) : open_path(path, O_WRONLY | O_TRUNC);
	if (f->fd < 0) {
		f->error = errno;
		free(f->buffer);
		f->buffer = NULL;
		return false;
	}
	f->regular = is_regular(f->fd, &size);
	return true;
}

bool
file_open(struct file *f, const char *path)
{
	return begin(f, path, false);
}

bool
file_open_append(struct file *f, const char *path)
{
	return begin(f, path, true);
}

bool
file_reopen(struct file *f)
{
	off_t size;

	if (is_stdout(f->path) || (f->fd >= 0 && !is_regular(f->fd, &size)))
		return f->error == 0;
	file_flush(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = open_behind(f->path);
	f->error = f->fd < 0 ? errno : 0;
	return f->error == 0;
}

bool
file_be_patient(struct file *f)
{
	char *larger = realloc(f->buffer, FILE_HELD);

	if (!larger)
		return false;
	f->buffer = larger;
	f->size = FILE_HELD;
	f->patient = true;
	return true;
}

bool
file_takes(struct file *f, size_t n)
{
	if (f->used >= FILE_BUFFER)
		file_flush(f);
	return f->patient && is_full_disk(f->error) ? f->size - f->used >= n : f->error == 0;
}

/* What was written is written: who goes on at the next byte leaves no torn line. */
static void
keep_behind(struct file *f, const char *from)
{
	size_t left = (size_t)(f->buffer + f->used - from);

	if (from > f->buffer) /* nothing was written: each line of a storm would move all that waits */
		memmove(f->buffer, from, left);
	f->used = left;
}

void
file_flush(struct file *f)
{
	const char *p = f->buffer, *end = p + f->used;

	if (f->patient && is_full_disk(f->error))
		f->error = 0;
	while (p < end && !f->error) {
		ssize_t n = write(f->fd, p, (size_t)(end - p));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f->error = errno;
			break;
		}
		p += n;
		f->written += (uint64_t)n;
	}
	if (f->patient && is_full_disk(f->error)) {
		keep_behind(f, p);
		return;
	}
	while ((p = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL)) {
		f->lost++;
		p++;
	}
	f->used = 0;
}

bool
file_recover(struct file *f)
{
	if (f->patient && is_full_disk(f->error)) {
		file_flush(f);
		return f->error == 0;
	}
	return f->error == 0 || (f->regular && file_reopen(f));
}

struct out
file_room(struct file *f)
{
	if (f->used >= FILE_BUFFER)
		file_flush(f);
	return out_of(f->buffer + f->used, f->size - f->used < FILE_ROOM ? f->size - f->used : FILE_ROOM);
}

void
file_wrote(struct file *f, const struct out *o)
{
	f->used += out_len(o);
	if (o->full)
		f->left_out++;
}

void
file_bytes(struct file *f, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		struct out o = file_room(f);
		size_t part = n < FILE_ROOM ? n : FILE_ROOM;

		out_bytes(&o, p, part);
		file_wrote(f, &o);
		p += part;
		n -= part;
	}
}

bool
file_close(struct file *f)
{
	if (f->buffer)
		file_flush(f);
	if (f->fd > STDOUT_FILENO && close(f->fd) < 0 && !f->error)
		f->error = errno;
	free(f->buffer);
	f->buffer = NULL;
	f->fd = -1;
	return f->error == 0;
}
