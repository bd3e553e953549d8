/*
 * bundle_check: is a bundle what was packed?  It may come from anybody: what it says is compared, never followed.
 */
#include "cmd/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/tables.h"
#include "ledger/chain.h"
#include "sink/tar.h"

struct contents {
	struct tar_entry entry[BUNDLE_FILES];
	bool listed[BUNDLE_FILES];
	unsigned n;
};

static void
say(struct bundle_check *b, bool wrong, const char *name, const char *what)
{
	char words[256];

	b->wrong += wrong;
	snprintf(words, sizeof(words), "%s: %s", name, what);
	if (b->say)
		b->say(b->arg, wrong, words);
}

/* As it is printed and compared: without the folder, and without what a terminal would obey. */
static void
clean_name(char *name)
{
	char *slash = strchr(name, '/');

	if (slash)
		memmove(name, slash + 1, strlen(slash));
	for (char *p = name; *p; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
}

/* What can be read of one that was cut is held against its manifest all the same. */
static bool
load(struct bundle_check *b, struct contents *c, struct cur bytes)
{
	enum tar_verdict v = TAR_FILE;
	const char *why = "";

	while (v == TAR_FILE) {
		if (c->n == BUNDLE_FILES) {
			say(b, true, "archive", "holds more files than a bundle has");
			return false;
		}
		v = tar_next(&bytes, &c->entry[c->n], &why);
		if (v == TAR_FILE)
			clean_name(c->entry[c->n++].name);
	}
	if (v == TAR_BAD)
		say(b, true, "archive", why);
	return c->n > 0 || v == TAR_END;
}

static struct tar_entry *
find(struct contents *c, const char *name)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->entry[i].name, name) == 0) {
			c->listed[i] = true;
			return &c->entry[i];
		}
	return NULL;
}

static void
check_line(struct bundle_check *b, struct contents *c, const char *line)
{
	char hex[65], name[TAR_NAME_MAX];
	const struct tar_entry *e;
	struct digest told, now;
	uint64_t size;

	if (sscanf(line, "%64[0-9a-f] %" SCNu64 " %99s", hex, &size, name) != 3 || !sign_unhex(told.b, 32, hex)) {
		say(b, true, "MANIFEST", "has a line that names no file");
		return;
	}
	e = find(c, name);
	if (!e) {
		say(b, true, name, "is named in MANIFEST, but is not there");
		return;
	}
	b->files++;
	now = digest_of(e->bytes.p, cur_left(&e->bytes));
	if (cur_left(&e->bytes) != size || !digest_same(&told, &now))
		say(b, true, name, "is not what was packed");
	else
		say(b, false, name, "whole");
}

static void
check_files(struct bundle_check *b, struct contents *c, struct cur manifest)
{
	bool first = true;

	while (cur_left(&manifest)) {
		const uint8_t *end = memchr(manifest.p, '\n', cur_left(&manifest));
		size_t n = end ? (size_t)(end - manifest.p) : cur_left(&manifest);
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1),
			 (const char *)manifest.p);
		cur_skip(&manifest, n + (end != NULL));
		if (!first)
			check_line(b, c, line);
		else if (strncmp(line, BUNDLE_FIRST, sizeof(BUNDLE_FIRST) - 1) != 0)
			say(b, true, "MANIFEST", "is none of a bundle");
		first = false;
	}
	for (unsigned i = 0; i < c->n; i++)
		if (!c->listed[i])
			say(b, true, c->entry[i].name, "is not named in MANIFEST");
}

/* "WORD HEX" */
static bool
read_hex(struct cur c, const char *word, uint8_t *to, size_t n)
{
	char hex[2 * SIGN_BYTES + 1] = "";

	if (!cur_starts(&c, word, strlen(word)) || !cur_skip(&c, strlen(word)) || cur_left(&c) < 2 * n)
		return false;
	memcpy(hex, c.p, 2 * n);
	return sign_unhex(to, n, hex);
}

static void
check_signature(struct bundle_check *b, struct contents *c, struct cur manifest)
{
	const struct tar_entry *sig = find(c, "MANIFEST.sig"), *key = find(c, "seal.pub");
	uint8_t signature[SIGN_BYTES], own[SIGN_KEY];
	const uint8_t *public = b->public;

	if (!sig) {
		say(b, b->public != NULL, "MANIFEST", "is not signed");
		return;
	}
	if (!public && key && read_hex(key->bytes, BUNDLE_PUBLIC, own, sizeof(own)))
	public = own;
	b->is_signed = public && read_hex(sig->bytes, BUNDLE_SIGNATURE, signature, sizeof(signature)) &&
		       sign_holds(public, manifest.p, cur_left(&manifest), signature);
	if (!b->is_signed)
		say(b, true, "MANIFEST.sig", b->public ? "is no signature by that key" : "is no signature of MANIFEST");
}

void
bundle_check(struct bundle_check *b, struct cur bytes)
{
	struct contents c = {.n = 0};
	const struct tar_entry *manifest;

	if (!load(b, &c, bytes))
		return;
	manifest = find(&c, "MANIFEST");
	if (!manifest) {
		say(b, true, "archive", "holds no MANIFEST: it is no bundle");
		return;
	}
	check_signature(b, &c, manifest->bytes);
	check_files(b, &c, manifest->bytes);
}

struct told {
	const struct verdict *how;
	const char *path;
};

static void
on_said(void *arg, bool wrong, const char *words)
{
	const struct told *t = arg;

	verdict_line(t->how, wrong ? "altered" : "whole", !wrong, t->path, words);
}

static int
fail(const char *path, const char *what)
{
	fprintf(stderr, "gatewitness: %s: %s\n", path, what);
	return EXIT_IO;
}

static void
tell_people(const struct bundle_check *b)
{
	printf("%s: %u files, %u wrong; %s\n", b->wrong ? "NOT WHOLE" : "whole", b->files, b->wrong,
	       b->is_signed && b->public ? "signed by that key" :
	       b->is_signed ? "signed by the key in it; no --key: that it is the sensor's own is not shown" :
			      "no signature holds: that it is the sensor's is not shown");
}

static int
tell(const struct bundle_check *b, const struct told *t)
{
	const struct verdict_count counts[] = {{"files", b->files}, {"altered", b->wrong}};

	if (t->how->json)
		verdict_sum(!b->wrong, t->path, counts, 2, !b->is_signed ? "none" : b->public ? "key" : "own");
	else
		tell_people(b);
	return tables_finish() == EXIT_DONE && !b->wrong ? EXIT_DONE : EXIT_IO;
}

static bool
is_archive(struct cur c)
{
	struct tar_entry e;
	const char *why;

	return tar_next(&c, &e, &why) == TAR_FILE && strncmp(e.name, BUNDLE_FOLDER, sizeof(BUNDLE_FOLDER) - 1) == 0;
}

int
bundle_verify(const char *path, const char *key, const struct verdict *how)
{
	struct told told = {how, path};
	struct bundle_check b = {.arg = &told, .say = on_said};
	uint8_t public[SIGN_KEY];
	char error[512];
	struct stat st = {0};
	bool is;
	int fd;
	void *p;

	if (key && !sign_public(public, key, error, sizeof(error))) {
		fprintf(stderr, "gatewitness: %s\n", error);
		return EXIT_USAGE;
	}
	b.public = key ? public : NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(path, strerror(errno));
	p = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (p == MAP_FAILED)
		return fail(path, st.st_size > 0 ? strerror(errno) : "empty: no bundle");
	is = is_archive(cur_of(p, (size_t)st.st_size));
	if (is)
		bundle_check(&b, cur_of(p, (size_t)st.st_size));
	munmap(p, (size_t)st.st_size);
	return is ? tell(&b, &told) : fail(path, "is no bundle; gatewitness bundle makes them");
}
