/*
 * verify_evidence: captures of incidents against what the ledger was told of them: settings named evidence.INCIDENT with
 * "SHA256 BYTES FRAMES open|closed" or "removed WHY", with EVIDENCE_SEALED behind it where the file is for certain
 * readers; and evidence.folder, where they lie.
 *
 * A file that goes on may have grown behind what was told; one that was closed may not.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/evidence_name.h"
#include "ledger/judged.h"
#include "ledger/verify_parts.h"

enum { ID = 16, VALUE = 128 };
static const char PREFIX[] = "evidence.";
enum { PREFIX_LEN = sizeof(PREFIX) - 1 };

/* The last that was told of an incident. */
struct told {
	char id[ID + 1], value[VALUE];
};

struct evidence_rows {
	struct told *told;
	size_t n;
	char folder[PATH_MAX];
	bool failed;
};

static void
take_row(struct evidence_rows *e, const char *id, const char *value)
{
	struct told *more;
	bool sealed = evidence_is_sealed(value);
	size_t i = 0;

	if (strcmp(id, "folder") == 0) {
		snprintf(e->folder, sizeof(e->folder), "%s", value);
		return;
	}
	if (strspn(id, "0123456789abcdef") != ID || id[ID])
		return;
	while (i < e->n && (strcmp(e->told[i].id, id) != 0 || evidence_is_sealed(e->told[i].value) != sealed))
		i++;
	if (i == e->n) {
		more = realloc(e->told, (e->n + 1) * sizeof(*more));
		e->failed |= !more;
		if (!more)
			return;
		e->told = more;
		e->n++;
	}
	memcpy(e->told[i].id, id, ID + 1);
	snprintf(e->told[i].value, sizeof(e->told[i].value), "%s", value);
}

static void
on_setting(void *arg, struct when at, const char *name, const char *value)
{
	(void)at;
	take_row(arg, name + PREFIX_LEN, value);
}

/* A file's size, and the digest of its first bytes.  False: errno. */
static bool
measure(const char *path, uint64_t bytes, uint64_t *size, struct digest *digest)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		if (bytes <= *size && bytes)
			p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	if (p == MAP_FAILED)
		return bytes > *size;
	*digest = digest_of(p, bytes);
	munmap(p, bytes);
	return true;
}

static void
say(struct verify *v, enum verify_kind kind, const char *path, const char *what)
{
	char words[2 * PATH_MAX + 160];

	snprintf(words, sizeof(words), "%s: %s", path, what);
	verify_say(v, kind, words);
}

static void
check_bytes(struct verify *v, const char *path, const struct told *t)
{
	struct digest told, now;
	char hex[65], state[16], words[120];
	uint64_t bytes, frames, size = 0;

	if (sscanf(t->value, "%64[0-9a-f] %" SCNu64 " %" SCNu64 " %15s", hex, &bytes, &frames, state) != 4 ||
	    !sign_unhex(told.b, sizeof(told.b), hex)) {
		say(v, VERIFY_ALTERED, path, "what the ledger was told of it is nothing that a sensor tells");
		return;
	}
	if (!measure(path, bytes, &size, &now)) {
		say(v, errno == ENOENT ? VERIFY_MISSING : VERIFY_ALTERED, path, strerror(errno));
		return;
	}
	snprintf(words, sizeof(words), "%" PRIu64 " bytes are there, the ledger was told of %" PRIu64, size, bytes);
	if (size < bytes || (size > bytes && strcmp(state, "closed") == 0)) {
		say(v, VERIFY_ALTERED, path, words);
		return;
	}
	if (!digest_same(&told, &now)) {
		say(v, VERIFY_ALTERED, path, "is not what the sensor wrote");
		return;
	}
	if (size == bytes)
		snprintf(words, sizeof(words), "%" PRIu64 " frames of an incident", frames);
	say(v, size == bytes ? VERIFY_WHOLE : VERIFY_OPEN, path, words);
}

static void
check_file(struct verify *v, const char *path, const struct told *t)
{
	bool there = access(path, F_OK) == 0;

	if (strncmp(t->value, "removed ", 8) != 0)
		check_bytes(v, path, t);
	else if (there)
		say(v, VERIFY_ALTERED, path, "was removed by the sensor, but is there");
	else
		say(v, VERIFY_EXPIRED, path, t->value);
}

void
verify_evidence(struct verify *v)
{
	struct evidence_rows e = {.folder = "evidence"};
	char path[PATH_MAX], folder[PATH_MAX];
	bool fine;

	judged_read(&(struct judged){.folder = v->folder, .arg = &e, .prefix = PREFIX, .setting = on_setting});
	fine = evidence_place(folder, v->folder, e.folder);
	for (size_t i = 0; i < e.n; i++) {
		if (fine &&
		    evidence_path(path, folder, strtoull(e.told[i].id, NULL, 16), evidence_is_sealed(e.told[i].value)))
			check_file(v, path, &e.told[i]);
		else
			say(v, VERIFY_MISSING, e.told[i].id, "the name of its capture is too long");
	}
	if (e.failed)
		say(v, VERIFY_MISSING, v->folder, "no memory for what it tells of evidence");
	free(e.told);
}
