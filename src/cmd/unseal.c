/*
 * unseal: evidence that was kept for certain readers, opened with the secret key of one of them; and such a key, made.
 *
 *	INCIDENT.age.tar	pieces, each an age file of a capture  --key-->  one capture
 *	BUNDLE.tar		the same in evidence.age.tar
 *
 * Must not write a byte that was not found authentic, nor a clear capture that others than its owner can read.
 */
#include "cmd/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "cmd/cmd.h"
#include "ledger/kept.h"
#include "sensor/age.h"
#include "sink/tar.h"

enum { OPT_OUT = 'o', OPT_KEY = 256, OPT_MAKE, KEYS = 16, KEY_FILE_MAX = 1 << 16, WORDS = 300 };

struct unsealing {
	const char *path, *key, *make, *out;
	struct age_key identity[KEYS];
	unsigned identities;
	unsigned opened, others, damaged; /* pieces */
	struct bytes clear;
};

static int
fail(const char *path, const char *what, int status)
{
	fprintf(stderr, "gatewitness: %s: %s\n", path, what);
	return status;
}

static int
make_key(const char *path)
{
	struct age_key secret, public;
	char text[AGE_TEXT], hidden[AGE_TEXT], file[2 * AGE_TEXT + 32];
	int n;
	bool fine;

	if (!age_make(&secret, &public))
		return fail(path, "the system gives no random bytes, or the crypto library lacks X25519", EXIT_IO);
	age_recipient_text(text, &public);
	age_identity_text(hidden, &secret);
	n = snprintf(file, sizeof(file), "# public key: %s\n%s\n", text, hidden);
	fine = kept_make(path, file, (size_t)n);
	crypt_forget(&secret, sizeof(secret));
	crypt_forget(hidden, sizeof(hidden));
	crypt_forget(file, sizeof(file));
	if (!fine)
		return fail(path, errno == EEXIST ? "is there already, and a key is not written over" : strerror(errno),
			    EXIT_IO);
	printf("%s\n", text);
	return fflush(stdout) == 0 ? EXIT_DONE : fail("standard output", strerror(errno), EXIT_IO);
}

/* Lines of an identity file: a key, a comment or nothing. */
static bool
take_keys(struct unsealing *u, struct cur c)
{
	while (cur_left(&c)) {
		const uint8_t *end = memchr(c.p, '\n', cur_left(&c));
		size_t n = end ? (size_t)(end - c.p) : cur_left(&c);
		const char *line = (const char *)c.p;

		cur_skip(&c, n + (end != NULL));
		n -= n && line[n - 1] == '\r';
		if (!n || *line == '#')
			continue;
		if (u->identities == KEYS || !age_identity(&u->identity[u->identities], line, n))
			return false;
		u->identities++;
	}
	return u->identities > 0;
}

static int
read_keys(struct unsealing *u)
{
	size_t n;
	void *bytes = kept_read(u->key, KEY_FILE_MAX, &n);
	bool fine;

	if (!bytes)
		return fail(u->key, strerror(errno), EXIT_USAGE);
	fine = take_keys(u, cur_of(bytes, n));
	crypt_forget(bytes, n);
	free(bytes);
	return fine ? EXIT_DONE :
		      fail(u->key, "is no secret key, which is a line that begins with AGE-SECRET-KEY-1", EXIT_USAGE);
}

static void
open_piece(struct unsealing *u, const struct tar_entry *e)
{
	enum age_verdict v = AGE_OTHERS;

	for (unsigned i = 0; i < u->identities && v == AGE_OTHERS; i++)
		v = age_open(&u->clear, &u->identity[i], e->bytes);
	u->opened += v == AGE_OPENED;
	u->others += v == AGE_OTHERS;
	u->damaged += v == AGE_DAMAGED || v == AGE_NONE;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), len = strlen(end);

	return n > len && strcmp(name + n - len, end) == 0;
}

/* Pieces, or the archive of them in a bundle. */
static int
open_archive(struct unsealing *u, struct cur c, bool bundle)
{
	bool found = false, whole = true;
	struct tar_entry e;
	const char *why;

	while (cur_left(&c) && (whole = tar_next(&c, &e, &why) == TAR_FILE)) {
		if (ends_with(e.name, ".pcapng.age")) {
			found = true;
			open_piece(u, &e);
		} else if (bundle && ends_with(e.name, "/evidence.age.tar")) {
			return open_archive(u, e.bytes, false);
		}
	}
	if (!found)
		return fail(u->path, "holds no sealed evidence: that is INCIDENT.age.tar, or a bundle with one in it",
			    EXIT_IO);
	u->damaged += !whole;
	return EXIT_DONE;
}

static int
read_archive(struct unsealing *u)
{
	struct stat st = {0};
	int fd = open(u->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status;
	void *p = MAP_FAILED;

	if (fd < 0 || fstat(fd, &st) < 0)
		status = fail(u->path, strerror(errno), EXIT_IO);
	else if (!S_ISREG(st.st_mode) || !st.st_size)
		status = fail(u->path, "is empty, or no regular file", EXIT_IO);
	else if ((p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		status = fail(u->path, strerror(errno), EXIT_IO);
	else
		status = open_archive(u, cur_of(p, (size_t)st.st_size), true);
	if (p != MAP_FAILED)
		munmap(p, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	return status;
}

static int
write_clear(struct unsealing *u)
{
	struct file f;

	umask(077);
	if (!file_open(&f, u->out))
		return fail(u->out, strerror(f.error), EXIT_IO);
	file_bytes(&f, u->clear.p, u->clear.n);
	return file_close(&f) ? EXIT_DONE : fail(u->out, strerror(f.error), EXIT_IO);
}

static int
tell(const struct unsealing *u)
{
	char words[WORDS];

	if (u->opened)
		fprintf(stderr, "%s: %u piece%s opened\n", u->path, u->opened, u->opened == 1 ? "" : "s");
	if (!u->others && !u->damaged)
		return EXIT_DONE;
	if (u->others) {
		snprintf(words, sizeof(words), "pieces for other readers than %.200s: %u", u->key, u->others);
		fail(u->path, words, EXIT_IO);
	}
	if (u->damaged) {
		snprintf(words, sizeof(words),
			 "pieces that are damaged, cut, or none: %u; gatewitness verify says more", u->damaged);
		fail(u->path, words, EXIT_IO);
	}
	return EXIT_IO;
}

static int
unseal(struct unsealing *u)
{
	int status = read_keys(u);

	if (status == EXIT_DONE)
		status = read_archive(u);
	if (status == EXIT_DONE && u->clear.failed)
		status = fail(u->path, "no memory", EXIT_IO);
	if (status == EXIT_DONE && u->opened)
		status = write_clear(u);
	return status == EXIT_DONE ? tell(u) : status;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct unsealing *u = arg;
	const char **to = id == OPT_OUT ? &u->out : id == OPT_KEY ? &u->key : id == OPT_MAKE ? &u->make : &u->path;

	if (to == &u->path && u->path)
		return usage_error("unseal", "one file at a time");
	*to = value;
	return EXIT_DONE;
}

static int
check(const struct unsealing *u)
{
	if (u->make)
		return u->path || u->key || u->out ? usage_error("unseal", "--make-key goes alone") : EXIT_DONE;
	if (!u->path)
		return usage_error("unseal", "name INCIDENT.age.tar, from the ledger's folder evidence, or a bundle");
	if (!u->key)
		return usage_error("unseal", "no key: --key FILE, as --make-key made it");
	return u->out ? EXIT_DONE : usage_error("unseal", "where to? -o FILE.pcapng");
}

static int
unseal_run(int argc, char **argv)
{
	struct unsealing *u = calloc(1, sizeof(*u));
	int status;

	if (!u || !crypt_init()) {
		free(u);
		return fail("unseal", "no memory, or the crypto library lacks an algorithm", EXIT_IO);
	}
	status = args_take(&CMD_UNSEAL, argc, argv, take_option, u);
	if (status == EXIT_DONE)
		status = check(u);
	if (status == EXIT_DONE)
		status = u->make ? make_key(u->make) : unseal(u);
	crypt_forget(u->identity, sizeof(u->identity));
	bytes_free(&u->clear);
	free(u);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_KEY, "key", "FILE", "the reader's secret key, as --make-key or age-keygen made it"},
	{OPT_OUT, "out", "FILE.pcapng", "write the capture there (mode 600); - for standard output"},
	{OPT_MAKE, "make-key", "FILE", "make a key: the secret one goes there, the public one is printed"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_UNSEAL = {
	"unseal",
	"FILE.tar --key FILE -o FILE.pcapng | --make-key FILE",
	"open evidence that was kept for certain readers",
	OPTIONS,
	"With evidence.recipient the captures of incidents are encrypted on the board for those public\n"
	"keys (age, X25519): neither the board nor whoever takes its card can read them.  FILE.tar is\n"
	"INCIDENT.age.tar from the ledger's folder evidence, or a bundle.  Make the key where it is\n"
	"used, never on the board, and keep the secret one where its loss is no loss of evidence.\n"
	"\n"
	"The pieces in FILE.tar are age files, each a capture; without this program:\n"
	"  tar xf FILE.tar && for p in *.age; do age -d -i KEY \"$p\"; done > all.pcapng\n"
	"\n"
	"examples:\n"
	"  gatewitness unseal --make-key officer.key\n"
	"  gatewitness run -i eth1 --set evidence.ring=64MiB --set evidence.recipient=age1... --ledger DIR\n"
	"  gatewitness unseal --key officer.key -o incident.pcapng 4dc29561e06b9456.age.tar\n"
	"\n"
	"exit code: 0 done; 1 something cannot be read or written, is damaged or for other readers\n"
	"(what could be opened is written); 2 wrong usage or no key\n",
	unseal_run,
};
