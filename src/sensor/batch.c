/*
 * batch: see batch.h.
 */
#include "sensor/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline.h"
#include "sensor/capture.h"
#include "sensor/record.h"

enum { INDEX = 4096 };
#define COPIES ((size_t)CAPTURE_PORTS * CAPTURE_COPIES)

struct placed {
	int64_t ns;
	uint64_t from; /* in the copies */
	uint32_t len, wire_len, link;
};

struct batch {
	uint32_t n;
	struct placed frame[PIPELINE_BATCH];
};
_Static_assert(sizeof(struct batch) <= INDEX, "the index is one page");

int
batch_new(void)
{
	int fd = memfd_create("batch", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)(INDEX + COPIES)) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -1;
}

struct batch *
batch_map(int fd)
{
	void *m = mmap(NULL, INDEX + COPIES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return m == MAP_FAILED ? NULL : m;
}

void *
batch_copies(struct batch *b)
{
	return (char *)b + INDEX;
}

void
batch_note(struct batch *b, const struct frame *frames, size_t n)
{
	const uint8_t *copies = batch_copies(b);

	b->n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		b->frame[i] = (struct placed){.ns = frames[i].time.ns,
					      .from = (uint64_t)(frames[i].bytes.p - copies),
					      .len = (uint32_t)cur_left(&frames[i].bytes),
					      .wire_len = frames[i].wire_len,
					      .link = frames[i].link};
}

/* What could have been a frame. */
static bool
sane(const struct placed *p, uint32_t link)
{
	return p->ns > 0 && p->len <= CAPTURE_SNAPLEN && p->from <= COPIES - p->len && p->link == link;
}

static int
save_frames(struct file *f, int fd, const struct batch *b, uint8_t *bytes)
{
	int saved = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct placed *p = &b->frame[i];
		struct frame frame = {.wire_len = p->wire_len, .link = p->link, .time = {p->ns}};

		if (!sane(p, b->frame[0].link) || pread(fd, bytes, p->len, (off_t)(INDEX + p->from)) != (ssize_t)p->len)
			continue;
		frame.bytes = cur_of(bytes, p->len);
		record_frame(f, &frame);
		saved++;
	}
	return saved;
}

int
batch_save(int fd, const char *path)
{
	uint8_t *bytes = malloc(CAPTURE_SNAPLEN);
	struct batch b;
	struct file f;
	int saved = -1;

	errno = EEXIST;
	if (bytes && access(path, F_OK) < 0 && pread(fd, &b, sizeof(b), 0) == (ssize_t)sizeof(b)) {
		b.n = b.n > PIPELINE_BATCH ? PIPELINE_BATCH : b.n;
		if (record_open(&f, path, b.n ? b.frame[0].link : 0, CAPTURE_SNAPLEN)) {
			saved = save_frames(&f, fd, &b, bytes);
			saved = file_close(&f) ? saved : -1;
		}
	}
	free(bytes);
	return saved;
}
