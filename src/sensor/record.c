/*
 * record: the writer of --record.  In the machine's byte order, as a reader expects to find either.
 */
#include "sensor/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_NS = 0xa1b23c4d, HEAD = 24, FRAME_HEAD = 16, WALK_MAX = 1 << 30 /* half a minute of a slow card */ };

static void
put_head(uint8_t to[HEAD], uint32_t link, uint32_t snaplen)
{
	const uint32_t head[6] = {MAGIC_NS, 0, 0, 0, snaplen, link};
	const uint16_t version[2] = {2, 4};

	memcpy(to, head, HEAD);
	memcpy(to + 4, version, sizeof(version));
}

/* With its head, so that a tap that dies now leaves a file that the next one can go on with. */
static bool
begin(struct file *f, uint32_t link, uint32_t snaplen)
{
	uint8_t head[HEAD];

	put_head(head, link, snaplen);
	file_bytes(f, head, HEAD);
	file_flush(f);
	if (f->error)
		(void)file_close(f);
	return f->error == 0;
}

bool
record_open(struct file *f, const char *path, uint32_t link, uint32_t snaplen)
{
	return file_open(f, path) && begin(f, link, snaplen);
}

/* Behind the last whole frame of the file, whose head is right. */
static off_t
whole_until(int fd, off_t size)
{
	uint32_t head[FRAME_HEAD / sizeof(uint32_t)];
	off_t at = HEAD;

	while (size - at >= FRAME_HEAD && pread(fd, head, FRAME_HEAD, at) == FRAME_HEAD &&
	       size - at - FRAME_HEAD >= (off_t)head[2])
		at += FRAME_HEAD + (off_t)head[2];
	return at;
}

/* How long the file is then; -1: errno.  A pipe or a device has nothing to cut. */
static off_t
cut_behind_frames(int fd, uint32_t link, uint32_t snaplen)
{
	uint8_t want[HEAD], head[HEAD];
	off_t size, whole = 0;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return HEAD;
	size = st.st_size;
	errno = EFBIG;
	if (size > WALK_MAX)
		return -1;
	put_head(want, link, snaplen);
	if (size >= HEAD && pread(fd, head, HEAD, 0) == HEAD) {
		if (memcmp(head, want, HEAD) != 0) {
			errno = EEXIST;
			return -1;
		}
		whole = whole_until(fd, size);
	}
	return whole == size || ftruncate(fd, whole) == 0 ? whole : -1;
}

bool
record_append(struct file *f, const char *path, uint32_t link, uint32_t snaplen)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY), why = errno;
	off_t whole = fd < 0 && why == ENOENT ? 0 : -1;

	if (fd >= 0) {
		whole = cut_behind_frames(fd, link, snaplen);
		why = errno;
		close(fd);
	}
	if (whole < 0) {
		*f = (struct file){.path = path, .fd = -1, .error = why};
		return false;
	}
	return file_open_append(f, path) && (whole > 0 || begin(f, link, snaplen));
}

void
record_frame(struct file *f, const struct frame *frame)
{
	uint32_t len = (uint32_t)cur_left(&frame->bytes);
	const uint32_t head[4] = {(uint32_t)(frame->time.ns / NS_PER_S), (uint32_t)(frame->time.ns % NS_PER_S), len,
				  frame->wire_len};

	file_bytes(f, head, sizeof(head));
	file_bytes(f, frame->bytes.p, len);
}
