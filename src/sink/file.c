/*
 * file: the descriptor behind the EVE lines and the recorded frames.
 * Must not lose bytes silently: a short write is continued, a failed one is kept for the command to report.
 */
#include "sink/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
file_open(struct file *f, const char *path)
{
	*f = (struct file){.path = path, .fd = STDOUT_FILENO};
	f->buffer = malloc(FILE_BUFFER + FILE_ROOM);
	if (!f->buffer) {
		f->error = ENOMEM;
		return false;
	}
	if (strcmp(path, "-") != 0)
		f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);
	if (f->fd < 0) {
		f->error = errno;
		free(f->buffer);
		f->buffer = NULL;
		return false;
	}
	return true;
}

void
file_flush(struct file *f)
{
	const char *p = f->buffer, *end = p + f->used;

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
	f->used = 0;
}

struct out
file_room(struct file *f)
{
	if (f->used >= FILE_BUFFER)
		file_flush(f);
	return out_of(f->buffer + f->used, FILE_ROOM);
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
