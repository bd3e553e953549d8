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

/* What a crash or a full disk tore off ends in no line end. */
static bool
ends_torn(int fd, const char *path)
{
	char last = '\n';
	off_t size;
	int in;

	if (!is_regular(fd, &size) || size == 0)
		return false;
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return false;
	if (pread(in, &last, 1, size - 1) != 1)
		last = '\n';
	close(in);
	return last != '\n';
}

/* It is as well again once somebody makes room. */
static bool
is_full_disk(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

bool
file_waits(const struct file *f)
{
	return f->patient && is_full_disk(f->error);
}

static bool
is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool
begin(struct file *f, const char *path, int how)
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
		f->fd = open_path(path, O_WRONLY | how);
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
	return begin(f, path, O_TRUNC);
}

bool
file_open_append(struct file *f, const char *path)
{
	return begin(f, path, O_APPEND);
}

/* The line end is the first that the disk has to take, when there is room for it: a full one is no reason not to begin. */
bool
file_open_lines(struct file *f, const char *path)
{
	if (!file_open_append(f, path))
		return false;
	if (ends_torn(f->fd, path))
		f->buffer[f->used++] = '\n';
	return true;
}

/* A line that was torn off is written whole here: its head may be in a file that has another name by now. */
static bool
open_again(struct file *f)
{
	f->fd = open_path(f->path, O_WRONLY | O_APPEND);
	f->torn = 0;
	if (f->fd >= 0 && (!ends_torn(f->fd, f->path) || write(f->fd, "\n", 1) == 1)) {
		f->error = 0;
		return true;
	}
	f->error = errno;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	return false;
}

bool
file_next(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	return open_again(f);
}

bool
file_reopen(struct file *f)
{
	off_t size;

	if (is_stdout(f->path) || (f->fd >= 0 && !is_regular(f->fd, &size)))
		return f->error == 0;
	file_flush(f);
	return file_next(f);
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
	return file_waits(f) ? f->size - f->used >= n : f->error == 0;
}

/* Where it stopped; not at the end: f->error says why. */
static const char *
write_out(struct file *f, const char *p, const char *end)
{
	while (p < end && !f->error) {
		ssize_t n = write(f->fd, p, (size_t)(end - p));

		if (n >= 0) {
			p += n;
			f->written += (uint64_t)n;
		} else if (errno != EINTR) {
			f->error = errno;
		}
	}
	return p;
}

/* From the line on that was not written whole. */
static void
keep_from(struct file *f, const char *unwritten)
{
	const char *line = unwritten;

	while (line > f->buffer && line[-1] != '\n')
		line--;
	f->torn = (size_t)(unwritten - line);
	f->used -= (size_t)(line - f->buffer);
	if (line > f->buffer) /* nothing was written: each line of a storm would move all that waits */
		memmove(f->buffer, line, f->used);
}

static void
lose_from(struct file *f, const char *p)
{
	const char *end = f->buffer + f->used;

	while ((p = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL)) {
		f->lost++;
		p++;
	}
	f->used = f->torn = 0;
}

void
file_flush(struct file *f)
{
	const char *p;

	if (file_waits(f) && f->fd >= 0)
		f->error = 0;
	else if (file_waits(f))
		(void)open_again(f);
	p = write_out(f, f->buffer + f->torn, f->buffer + f->used);
	if (file_waits(f))
		keep_from(f, p);
	else
		lose_from(f, p);
}

bool
file_recover(struct file *f)
{
	return f->error == 0 || file_waits(f) || (f->regular && file_reopen(f));
}

void
file_untear(struct file *f)
{
	off_t size;

	if (f->torn && is_regular(f->fd, &size) && ftruncate(f->fd, size - (off_t)f->torn) == 0)
		f->torn = 0;
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
	if (f->buffer) {
		file_flush(f);
		lose_from(f, f->buffer + f->torn);
	}
	if (f->fd > STDOUT_FILENO && close(f->fd) < 0 && !f->error)
		f->error = errno;
	free(f->buffer);
	f->buffer = NULL;
	f->fd = -1;
	return f->error == 0;
}
