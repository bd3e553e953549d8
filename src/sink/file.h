/*
 * file: lines into a file, a device, a pipe or standard output, through one large buffer.
 *
 * A formatter writes straight into the buffer (file_room, file_wrote).  The first error is kept: from then
 * on everything is thrown away and counted, until file_reopen or file_recover.  But a patient file keeps the lines that a full
 * disk does not take; each file_flush tries again, and goes on at the next byte, or in another file with the whole line.
 */
#ifndef SINK_FILE_H
#define SINK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/out.h"

enum { FILE_BUFFER = 1 << 18, FILE_ROOM = 1 << 19, FILE_HELD = 8 << 20 };

struct file {
	const char *path; /* "-": standard output */
	int fd;
	int error;         /* errno of the first failure, 0: none */
	size_t used, torn; /* bytes in the buffer; of its first line, those that are written */
	uint64_t written;  /* bytes handed to the system */
	uint64_t left_out; /* lines that did not fit */
	uint64_t lost;     /* lines that could not be written */
	bool regular;      /* else a device, a pipe, standard output */
	bool patient;
	char *buffer;
	size_t size; /* of it: FILE_BUFFER + FILE_ROOM, FILE_HELD of a patient one */
};

/* Truncates a regular file.  False: f->error says why. */
bool file_open(struct file *f, const char *path);

/* Goes on behind what a regular file has. */
bool file_open_append(struct file *f, const char *path);
/* The same for lines: one that was torn off there is ended first. */
bool file_open_lines(struct file *f, const char *path);

/* From here on a full disk is no loss as long as the buffer has room.  False: no memory, it is as it was. */
bool file_be_patient(struct file *f);
/* A full disk keeps it from writing what it holds, which is not lost yet. */
bool file_waits(const struct file *f);
/* Takes what is written of a torn line out of the file again: it will be written whole in another one. */
void file_untear(struct file *f);
/* Can so many bytes be written, or kept? */
bool file_takes(struct file *f, size_t n);

/* Whoever rotates logs has renamed the file: writes what is left, then opens the path anew and goes on behind what is
   there.  An earlier error is forgotten.  What is no regular file stays as it is: a pipe without
   a reader would make it wait.  False: f->error says why. */
bool file_reopen(struct file *f);

/* The same of a regular file, but what is left goes into the new one. */
bool file_next(struct file *f);

/* After an error, from time to time: opens a regular file anew behind what is there.  True: it may be written now, and the next
   file_flush says whether; `lost` says how much was not. */
bool file_recover(struct file *f);

/* At least FILE_ROOM bytes to write into; then file_wrote takes over what was written. */
struct out file_room(struct file *f);
void file_wrote(struct file *f, const struct out *o);

void file_bytes(struct file *f, const void *bytes, size_t n);
void file_flush(struct file *f);

/* Flushes and closes.  False: f->error says why. */
bool file_close(struct file *f);

#endif
