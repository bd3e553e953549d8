/*
 * learned: reads and writes the file of detect.memory.  Must not look into its bytes: detect/snapshot.h does.
 */
#include "sensor/learned.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/kept.h"

enum { BYTES_MAX = 1 << 30 };

static enum learned
set_aside(const char *path, char *words, size_t size)
{
	char aside[PATH_MAX];

	if (snprintf(aside, sizeof(aside), "%s.damaged", path) >= (int)sizeof(aside) || rename(path, aside) < 0) {
		snprintf(words, size, "%s: is damaged and cannot be set aside: %s", path, strerror(errno));
		return LEARNED_FAILED;
	}
	snprintf(words, size, "%s: is damaged; kept as %.200s, learning begins anew", path, aside);
	return LEARNED_SET_ASIDE;
}

static void
say_taken(const struct snapshot_report *r, const char *path, char *words, size_t size)
{
	uint64_t lost = r->no_room + r->unsound;
	char when[64], rest[160] = "";
	struct out o = out_of(when, sizeof(when) - 1);

	out_time_s(&o, r->time);
	*o.p = '\0';
	if (r->left_out || lost)
		snprintf(rest, sizeof(rest),
			 "; %u parts of another version and %" PRIu64 " things without room are not", r->left_out,
			 lost);
	snprintf(words, size, "%s: %" PRIu64 " things learnt until %s are known%s", path, r->items, when, rest);
}

static enum learned
take(struct pipeline *p, const char *path, struct cur bytes, char *words, size_t size)
{
	struct snapshot_report r;

	switch (pipeline_load(p, bytes, &r)) {
	case SNAPSHOT_TAKEN:
		say_taken(&r, path, words, size);
		return LEARNED_TAKEN;
	case SNAPSHOT_NEWER:
		snprintf(words, size, "%s: was written by a newer gatewitness; run that one, or name another file",
			 path);
		return LEARNED_FAILED;
	case SNAPSHOT_DAMAGED:
		return set_aside(path, words, size);
	case SNAPSHOT_FOREIGN:
		break;
	}
	snprintf(words, size,
		 "%s: is no memory of gatewitness; detect.memory must name one, or a file that is not there", path);
	return LEARNED_FAILED;
}

enum learned
learned_load(struct pipeline *p, const char *path, char *words, size_t size)
{
	size_t len;
	void *bytes = kept_read(path, BYTES_MAX, &len);
	enum learned result;

	if (!bytes && errno == ENOENT)
		return LEARNED_NONE;
	if (!bytes) {
		snprintf(words, size, "%s: cannot be read: %s", path, strerror(errno));
		return LEARNED_FAILED;
	}
	result = take(p, path, cur_of(bytes, len), words, size);
	free(bytes);
	return result;
}

bool
learned_save(const struct pipeline *p, const char *path, char *words, size_t size)
{
	size_t room = pipeline_saved_size(p);
	char *bytes = malloc(room);
	struct out o = out_of(bytes, bytes ? room : 0);
	bool fine = bytes != NULL;

	if (fine) {
		pipeline_save(p, &o);
		fine = kept_replace(path, bytes, out_len(&o));
	}
	if (!fine)
		snprintf(words, size, "%s: what was learnt cannot be written: %s", path, strerror(errno));
	free(bytes);
	return fine;
}
