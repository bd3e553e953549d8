/*
 * evidence_folder: the files of incidents in one folder, within a quota.
 *
 * Where captures are for certain readers only (evidence.recipient), what is appended waits in memory and is written in
 * pieces: INCIDENT.age.tar grows by NUMBER.pcapng.age, each a capture of its own that is encrypted for the readers.  No
 * clear byte of it reaches the disk; what waits when the process is killed is lost, a minute at most.
 */
#ifndef SENSOR_EVIDENCE_FOLDER_H
#define SENSOR_EVIDENCE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/when.h"
#include "sensor/age.h"

/* A file that nobody writes to. */
struct evidence_old {
	uint64_t incident, bytes; /* incident 0: none */
	bool sealed;
};

/* Who may read what is kept; n 0: whoever may read the files. */
struct evidence_readers {
	struct age_key key[AGE_RECIPIENTS];
	unsigned n;
};
/* "age1..., age1...".  False: words. */
bool evidence_readers_parse(struct evidence_readers *r, const char *text, char *words, size_t size);

struct evidence_folder {
	char path[PATH_MAX];
	uint64_t quota, used; /* bytes of all files, and of what waits */
	struct evidence_readers readers;
	struct evidence_old *old;
	size_t olds, room; /* the oldest first */
	char error[400];   /* the first failure since the disk took something, "": none */
};

struct evidence_file {
	uint64_t incident;
	int fd;
	uint64_t bytes;
	bool begun;         /* what is appended goes on with a section; else it begins with one */
	unsigned pieces;    /* so many in the file */
	struct bytes waits; /* the next */
};

/* Makes it (mode 0700) or reads what lies there; empty: something there is a mistake.  False: d->error. */
bool folder_open(struct evidence_folder *d, const char *path, uint64_t quota, const struct evidence_readers *readers,
		 bool empty);
void folder_free(struct evidence_folder *d);

/* Opens an incident's file for appending (mode 0600), new or behind what of it is whole.  False: d->error. */
bool folder_file(struct evidence_folder *d, struct evidence_file *f, uint64_t incident);
/* All of it or, after a failure, nothing.  False: d->error. */
bool folder_append(struct evidence_folder *d, struct evidence_file *f, const void *bytes, size_t n);
/* Is it time for another piece? */
bool folder_is_full(const struct evidence_folder *d, const struct evidence_file *f);
/* What waits becomes a piece; time: of it.  False: d->error, and it waits on. */
bool folder_flush(struct evidence_folder *d, struct evidence_file *f, struct when time);
/* Bytes that the file will have with n more. */
uint64_t folder_weight(const struct evidence_file *f, uint64_t n);
bool folder_sync(struct evidence_folder *d, const struct evidence_file *f);
void folder_close(struct evidence_folder *d, struct evidence_file *f);

/* Removes the oldest that nobody writes to, when n bytes more are too many, and says which.  None: nothing has to go, or
   nothing can. */
struct evidence_old folder_make_room(struct evidence_folder *d, uint64_t n);
bool folder_has_room(const struct evidence_folder *d, uint64_t n);

/* Its path.  False: the name is too long. */
bool folder_path(const struct evidence_folder *d, uint64_t incident, char path[PATH_MAX]);
bool folder_is_sealed(const struct evidence_folder *d);

#endif
