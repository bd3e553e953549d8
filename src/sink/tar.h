/*
 * tar: the few of POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format") that a bundle and sealed evidence need: regular
 * files, the same bytes for the same content.
 *
 * An own writer and reader, because a header of 512 bytes is all of it; a library that reads every archive there is would
 * bring five others along.
 */
#ifndef SINK_TAR_H
#define SINK_TAR_H

#include "base/cur.h"
#include "base/when.h"
#include "sink/file.h"

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 100 };
static const uint64_t TAR_NUMBER_MAX = UINT64_C(077777777777);

/* The block before a file of that many bytes, and how many zeros stand behind them.  The name is shorter than TAR_NAME_MAX. */
void tar_head(char head[TAR_BLOCK], const char *name, uint64_t seconds, uint64_t size);
size_t tar_padding(uint64_t size);

/* A file of mode 0644, owner and group 0.  False: the name or the size is too large, nothing is written. */
bool tar_file(struct file *to, const char *name, struct when changed, struct cur bytes);
void tar_end(struct file *to);

struct tar_entry {
	char name[TAR_NAME_MAX];
	struct cur bytes; /* a view */
};
enum tar_verdict { TAR_FILE, TAR_END, TAR_BAD };
/* The next file.  Strict: what tar_file and tar_end would not write just so is bad, and `why` says what; so every byte of
   an archive is a file's, or known. */
enum tar_verdict tar_next(struct cur *c, struct tar_entry *e, const char **why);

/* Bytes of whole files from the beginning on, and how many: what a power failure left of an archive that grows. */
size_t tar_whole(const void *bytes, size_t n, unsigned *files);

#endif
