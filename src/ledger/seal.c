/*
 * seal: the lines of FOLDER/seals.
 *
 *	gatewitness-seal 1 DATE commits=N rows=N before=HEX link=HEX head=HEX sessions=SIZE:HEX summary=SIZE:HEX key=HEX sig=HEX
 *
 * The signature is over the line up to " sig=".  Must not stop at a line that is none: the others still tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/chain.h"

enum { LINE_MAX_BYTES = 1024, LINE_BYTES_SIGNED = LINE_MAX_BYTES + 2 * SIGN_BYTES + 8, HEX = 65 };

static bool
path_of(char path[PATH_MAX], const char *folder)
{
	return snprintf(path, PATH_MAX, "%s/seals", folder) < PATH_MAX;
}

bool
seal_measure(struct seal_file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || st.st_size <= 0) {
		close(fd);
		errno = 0;
		return false;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	f->size = (uint64_t)st.st_size;
	f->digest = digest_of(p, (size_t)st.st_size);
	munmap(p, (size_t)st.st_size);
	return true;
}

/* The line without its signature; how long. */
static int
print(char line[LINE_MAX_BYTES], const struct seal *s)
{
	char date[CHAIN_DATE], before[HEX], link[HEX], head[HEX], sessions[HEX], summary[HEX], key[HEX];

	chain_date(date, s->day);
	sign_hex(before, s->before.b, sizeof(s->before.b));
	sign_hex(link, s->link.b, sizeof(s->link.b));
	sign_hex(head, s->head.b, sizeof(s->head.b));
	sign_hex(sessions, s->sessions.digest.b, sizeof(s->sessions.digest.b));
	sign_hex(summary, s->summary.digest.b, sizeof(s->summary.digest.b));
	sign_hex(key, s->public, sizeof(s->public));
	return snprintf(line, LINE_MAX_BYTES,
			"gatewitness-seal 1 %s commits=%" PRId64 " rows=%" PRId64
			" before=%s link=%s head=%s sessions=%" PRIu64 ":%s summary=%" PRIu64 ":%s key=%s",
			date, s->commits, s->rows, before, link, head, s->sessions.size, sessions, s->summary.size,
			summary, key);
}

static bool
parse(struct seal *s, const char *bytes, size_t n)
{
	char line[LINE_BYTES_SIGNED], date[CHAIN_DATE], before[HEX], link[HEX], head[HEX], sessions[HEX], summary[HEX],
		key[HEX];
	char sig[2 * SIGN_BYTES + 1], again[LINE_MAX_BYTES];
	const char *signature;

	if (n >= sizeof(line) || memchr(bytes, '\0', n))
		return false;
	memcpy(line, bytes, n);
	line[n] = '\0';
	signature = strstr(line, " sig=");
	if (!signature)
		return false;
	if (sscanf(line,
		   "gatewitness-seal 1 %10[0-9-] commits=%" SCNd64 " rows=%" SCNd64
		   " before=%64[0-9a-f] link=%64[0-9a-f] head=%64[0-9a-f] sessions=%" SCNu64
		   ":%64[0-9a-f] summary=%" SCNu64 ":%64[0-9a-f] key=%64[0-9a-f] sig=%128[0-9a-f]",
		   date, &s->commits, &s->rows, before, link, head, &s->sessions.size, sessions, &s->summary.size,
		   summary, key, sig) != 12)
		return false;
	if (!chain_parse_date(&s->day, date) || !sign_unhex(s->before.b, 32, before) ||
	    !sign_unhex(s->link.b, 32, link) || !sign_unhex(s->head.b, 32, head) ||
	    !sign_unhex(s->sessions.digest.b, 32, sessions) || !sign_unhex(s->summary.digest.b, 32, summary) ||
	    !sign_unhex(s->public, SIGN_KEY, key) || !sign_unhex(s->signature, SIGN_BYTES, sig))
		return false;
	if (print(again, s) != signature - line || memcmp(again, line, (size_t)(signature - line)) != 0)
		return false;
	s->line = digest_of(line, n);
	s->holds = n == (size_t)(signature - line) + 5 + 2 * SIGN_BYTES &&
		   sign_holds(s->public, line, (size_t)(signature - line), s->signature);
	return true;
}

bool
seals_line(struct seals *s, const char *line, size_t n)
{
	struct seal one = {.day = 0}, *more;

	s->lines++;
	if (n == 0 || line[n - 1] != '\n') {
		s->cut = true;
		return true;
	}
	s->whole += n;
	if (!parse(&one, line, n - 1)) {
		if (!s->torn)
			s->torn = s->lines;
		return true;
	}
	more = realloc(s->seal, (s->n + 1) * sizeof(*more));
	if (!more)
		return false;
	s->seal = more;
	s->seal[s->n++] = one;
	return true;
}

bool
seals_read(struct seals *s, const char *folder)
{
	char path[PATH_MAX], *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool fine = true;
	FILE *f;

	*s = (struct seals){.n = 0};
	if (!path_of(path, folder))
		return false;
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT;
	while (fine && (n = getline(&line, &room, f)) > 0)
		fine = seals_line(s, line, (size_t)n);
	fine = fine && !ferror(f);
	free(line);
	fclose(f);
	return fine;
}

void
seals_free(struct seals *s)
{
	free(s->seal);
	*s = (struct seals){.n = 0};
}

/* All of it, or nothing: what a full disk cut is taken back.  So is a line that a power failure cut. */
static bool
append(const struct seals *s, const char *path, const char *line, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), why;
	bool fine;

	if (fd < 0)
		return false;
	errno = ENOSPC; /* what a write that is cut short does not say */
	fine = (!s->cut || ftruncate(fd, (off_t)s->whole) == 0) && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0;
	why = errno;
	if (!fine && ftruncate(fd, (off_t)s->whole) < 0)
		why = errno;
	fine = close(fd) == 0 && fine;
	errno = why;
	return fine;
}

bool
seal_append(struct seals *s, struct seal *seal, const char *folder, const struct sign_key *key)
{
	char path[PATH_MAX], line[LINE_BYTES_SIGNED];
	int n;

	if (s->n)
		seal->before = s->seal[s->n - 1].line;
	memcpy(seal->public, key->public, SIGN_KEY);
	n = print(line, seal);
	if (!path_of(path, folder) || !sign_make(key, line, (size_t)n, seal->signature))
		return false;
	memcpy(line + n, " sig=", 5);
	sign_hex(line + n + 5, seal->signature, SIGN_BYTES);
	n += 5 + 2 * SIGN_BYTES;
	seal->line = digest_of(line, (size_t)n);
	line[n++] = '\n';
	if (!append(s, path, line, (size_t)n))
		return false;
	s->cut = false;
	s->whole += (size_t)n;
	return true;
}
