/*
 * input: reads captures with read(2) into a buffer that holds the largest block, and never grows.
 * Must not print: what is wrong is one line in `error`.
 */
#include "sensor/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
fail(struct input *in, const char *why)
{
	snprintf(in->error, sizeof(in->error), "%.300s: %.200s", in->path, why);
	in->failed = true;
	return false;
}

static bool
fail_errno(struct input *in, int error)
{
	if (error == ENOENT)
		return fail(in, "no such file");
	if (error == EISDIR)
		return fail(in, "is a directory; name the captures in it");
	return fail(in, strerror(error));
}

static bool
inspect(struct input *in)
{
	struct stat st;

	if (fstat(in->fd, &st) < 0)
		return fail_errno(in, errno);
	if (S_ISDIR(st.st_mode))
		return fail_errno(in, EISDIR);
	in->seekable = S_ISREG(st.st_mode);
	in->size = in->seekable ? (uint64_t)st.st_size : 0;
	if (in->seekable)
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

bool
input_open(struct input *in, const char *path)
{
	*in = (struct input){.path = path, .fd = STDIN_FILENO};
	if (strcmp(path, "-") == 0)
		in->path = "standard input";
	else
		in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0)
		return fail_errno(in, errno);
	if (!inspect(in)) {
		input_close(in);
		return false;
	}
	in->buffer = malloc(INPUT_BUFFER);
	if (!in->buffer) {
		input_close(in);
		return fail_errno(in, ENOMEM);
	}
	in->left = cur_of(in->buffer, 0);
	return true;
}

/* Moves what is left to the front and reads behind it. */
static bool
refill(struct input *in)
{
	size_t have = cur_left(&in->left), room = INPUT_BUFFER - have;
	ssize_t n;

	if (have)
		memmove(in->buffer, in->left.p, have);
	if (room > INPUT_READ)
		room = INPUT_READ;
	do
		n = read(in->fd, in->buffer + have, room);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		in->left = cur_of(in->buffer, have);
		return fail_errno(in, errno);
	}
	in->ended = n == 0;
	in->read += (uint64_t)n;
	in->left = cur_of(in->buffer, have + (size_t)n);
	return true;
}

/* What else a file may be that somebody takes for a capture. */
static const struct {
	const char *magic;
	size_t len;
	const char *words;
} OTHERS[] = {
	{"\x1f\x8b", 2, "compressed with gzip: unpack it first (gzip -dc FILE | gatewitness read -)"},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd: unpack it first (zstd -dc FILE | gatewitness read -)"},
	{"\xfd\x37zXZ", 5, "compressed with xz: unpack it first (xz -dc FILE | gatewitness read -)"},
	{"BZh", 3, "compressed with bzip2: unpack it first (bzip2 -dc FILE | gatewitness read -)"},
	{"PK\x03\x04", 4, "a zip archive: unpack it first"},
};

static void
fail_bad(struct input *in, const char *why)
{
	char words[200];

	for (size_t i = 0; !in->file.started && i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
		if (cur_starts(&in->left, OTHERS[i].magic, OTHERS[i].len)) {
			fail(in, OTHERS[i].words);
			return;
		}
	if (!in->file.started) {
		fail(in, "not a capture: neither pcap nor pcapng");
		return;
	}
	snprintf(words, sizeof(words), "damaged after frame %llu (byte %llu): %s; what was read before is kept",
		 (unsigned long long)in->frames, (unsigned long long)(in->read - cur_left(&in->left)), why ? why : "");
	fail(in, words);
}

/* The input is over; was it whole? */
static void
fail_if_cut(struct input *in)
{
	char words[200];

	if (in->read == 0) {
		fail(in, "empty: not a capture");
	} else if (!in->file.started) {
		fail(in, "not a capture: too short to be pcap or pcapng");
	} else if (cur_left(&in->left) || savefile_owed(&in->file)) {
		snprintf(words, sizeof(words),
			 "cut in the middle: it ends inside the block after frame %llu; "
			 "what was read before is kept",
			 (unsigned long long)in->frames);
		fail(in, words);
	}
}

/* One frame, or the reason why not: SAVEFILE_MORE wants a refill. */
static enum savefile_verdict
next_frame(struct input *in, struct frame *f, const char **why)
{
	enum savefile_verdict v;

	do
		v = savefile_next(&in->file, &in->left, f, why);
	while (v == SAVEFILE_OTHER);
	return v;
}

size_t
input_frames(struct input *in, struct frame *frames, size_t max)
{
	const char *why = NULL;
	size_t n = savefile_frames(&in->file, &in->left, frames, max);

	while (n < max && !in->failed) {
		enum savefile_verdict v = next_frame(in, &frames[n], &why);

		if (v == SAVEFILE_FRAME) {
			n++;
			continue;
		}
		if (n > 0) /* a refill would pull the bytes from under the frames */
			break;
		if (v == SAVEFILE_BAD)
			fail_bad(in, why);
		else if (in->ended)
			fail_if_cut(in);
		if (in->ended || v == SAVEFILE_BAD || !refill(in))
			break;
	}
	in->frames += n;
	return n;
}

void
input_close(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
	free(in->buffer);
	in->buffer = NULL;
}
