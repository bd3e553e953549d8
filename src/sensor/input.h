/*
 * input: a capture file or standard input as batches of frames.
 *
 * Frames are views into one buffer and live until the next call: nothing is copied but what the kernel
 * hands over.  What was read before a damage is kept.
 */
#ifndef SENSOR_INPUT_H
#define SENSOR_INPUT_H

#include "packet/savefile.h"

enum { INPUT_BUFFER = 1 << 20, INPUT_READ = 1 << 18, INPUT_ERROR_MAX = 512 };

struct input {
	const char *path;
	int fd;
	bool seekable;
	bool ended;            /* the kernel has no more */
	bool failed;           /* error says why, in one line that begins with the path */
	uint64_t size;         /* of a regular file, else 0 */
	uint64_t read, frames; /* bytes and frames so far */
	struct cur left;       /* of the buffer */
	uint8_t *buffer;
	struct savefile file;
	char error[INPUT_ERROR_MAX];
};

/* "-" is standard input.  False: error says why. */
bool input_open(struct input *in, const char *path);

/* Fills at most max frames; 0: the end, or `failed`. */
size_t input_frames(struct input *in, struct frame *frames, size_t max);

void input_close(struct input *in);

#endif
