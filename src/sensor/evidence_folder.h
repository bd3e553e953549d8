/*
 * evidence_folder: the files of incidents in one folder, within a quota.
 */
#ifndef SENSOR_EVIDENCE_FOLDER_H
#define SENSOR_EVIDENCE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that nobody writes to. */
struct evidence_old {
	uint64_t incident, bytes;
};

struct evidence_folder {
	char path[PATH_MAX];
	uint64_t quota, used; /* bytes of all files */
	struct evidence_old *old;
	size_t olds, room; /* the oldest first */
	char error[400];   /* of the first failure, "": none */
};

struct evidence_file {
	uint64_t incident;
	int fd;
	uint64_t bytes;
};

/* Makes it (mode 0700) or reads what lies there; empty: something there is a mistake.  False: d->error. */
bool folder_open(struct evidence_folder *d, const char *path, uint64_t quota, bool empty);
void folder_free(struct evidence_folder *d);

/* Opens FOLDER/INCIDENT.pcapng for appending (mode 0600), new or behind its whole blocks.  False: d->error. */
bool folder_file(struct evidence_folder *d, struct evidence_file *f, uint64_t incident);
/* All of it or, after a failure, nothing.  False: d->error. */
bool folder_append(struct evidence_folder *d, struct evidence_file *f, const void *bytes, size_t n);
bool folder_sync(struct evidence_folder *d, const struct evidence_file *f);
void folder_close(struct evidence_folder *d, struct evidence_file *f);

/* Removes the oldest that nobody writes to, when n bytes more are too many: its incident.  0: nothing has to go, or
   nothing can. */
uint64_t folder_make_room(struct evidence_folder *d, uint64_t n);
bool folder_has_room(const struct evidence_folder *d, uint64_t n);

/* Its path.  False: the name is too long. */
bool folder_path(const struct evidence_folder *d, uint64_t incident, char path[PATH_MAX]);

#endif
