/*
 * sink_file: the kind `file`: lines into a file that is set aside when it is large or old.
 *
 *	PATH		written to
 *	PATH.1		the one before; .1.gz once it is compressed, in a thread of its own
 *	PATH.2 ...	older ones, rotate_keep of them
 *
 * Age is packet time, so that two reads rotate at the same lines.  What is no regular file is never rotated.
 */
#include "sink/sink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/file.h"
#include "sink/gzip.h"

enum { PATH_ROOM = 1200 };

struct sink_file {
	const struct sink_config *cfg;
	struct file file;
	bool regular;
	uint64_t size; /* with what is not written yet */
	struct when begun;
	int failed; /* errno of a rotation that went wrong */
	pthread_t thread;
	bool packing;
	char plain[PATH_ROOM];
	int pack_failed; /* the thread's, until it is joined */
};

static void
measure(struct sink_file *s)
{
	struct stat st;

	s->regular = strcmp(s->cfg->path, "-") != 0 && fstat(s->file.fd, &st) == 0 && S_ISREG(st.st_mode);
	s->size = s->regular ? (uint64_t)st.st_size + s->file.used - s->file.torn : 0;
}

static void *
file_sink_open(const struct sink_config *cfg)
{
	struct sink_file *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = cfg;
	if (!(cfg->anew ? file_open : file_open_lines)(&s->file, cfg->path)) {
		int why = s->file.error;

		free(s);
		errno = why;
		return NULL;
	}
	(void)file_be_patient(&s->file); /* without memory for it, it is not */
	measure(s);
	return s;
}

static void
name_of(char to[PATH_ROOM], const struct sink_file *s, unsigned n, const char *end)
{
	snprintf(to, PATH_ROOM, "%.1024s.%u%s", s->cfg->path, n, end);
}

static void *
pack(void *arg)
{
	struct sink_file *s = arg;
	char part[PATH_ROOM + 16], whole[PATH_ROOM + 8];

	snprintf(part, sizeof(part), "%s.gz.part", s->plain);
	snprintf(whole, sizeof(whole), "%s.gz", s->plain);
	if (!gzip_file(s->plain, part) || rename(part, whole) < 0)
		s->pack_failed = errno;
	else
		unlink(s->plain);
	return NULL;
}

static void
wait_packed(struct sink_file *s)
{
	if (s->packing)
		pthread_join(s->thread, NULL);
	s->packing = false;
	if (s->pack_failed && !s->failed)
		s->failed = s->pack_failed;
	s->pack_failed = 0;
}

/* Signals are for the thread that captures. */
static void
begin_packing(struct sink_file *s)
{
	sigset_t all, before;

	name_of(s->plain, s, 1, "");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->packing = pthread_create(&s->thread, NULL, pack, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!s->packing)
		pack(s);
}

/* PATH.n becomes PATH.n+1, the last one goes. */
static void
shift(const struct sink_file *s)
{
	static const char *const ENDS[] = {"", ".gz"};
	char from[PATH_ROOM], to[PATH_ROOM];

	for (unsigned n = s->cfg->rotate_keep; n > 0; n--)
		for (unsigned i = 0; i < 2; i++) {
			name_of(from, s, n, ENDS[i]);
			name_of(to, s, n + 1, ENDS[i]);
			if (n == s->cfg->rotate_keep)
				unlink(from);
			else
				rename(from, to); /* most are not there */
		}
}

/* On a full disk, too: the oldest file goes, as it would have, and makes room for what waits. */
static void
rotate(struct sink_file *s)
{
	char first[PATH_ROOM];
	bool moved;

	s->failed = 0;
	wait_packed(s);
	file_flush(&s->file);
	if (s->file.error && !file_waits(&s->file))
		return;
	file_untear(&s->file);
	shift(s);
	name_of(first, s, 1, "");
	moved = rename(s->cfg->path, first) == 0;
	if (!moved && errno != ENOENT) /* else somebody removed it */
		s->failed = errno;
	(void)file_next(&s->file);
	s->size =
		s->file.used; /* also where it was not moved: another try for each line would shift all older ones out */
	s->begun.ns = 0;
	if (moved && s->cfg->compress)
		begin_packing(s);
}

/* What waits for a full disk makes no file large: else each line would shift a small file on, and an old one out. */
static bool
is_large(const struct sink_file *s, size_t n)
{
	const uint64_t most = (uint64_t)s->cfg->rotate_size;

	return most && s->size + n > most && (!file_waits(&s->file) || s->size - s->file.used > most / 2);
}

static bool
is_due(const struct sink_file *s, struct when time, size_t n)
{
	if (!s->regular || s->size == 0)
		return false;
	if (is_large(s, n))
		return true;
	return s->cfg->rotate_ns && s->begun.ns && when_since(time, s->begun) >= s->cfg->rotate_ns;
}

static bool
file_sink_send(void *state, struct when time, const char *lines, size_t n)
{
	struct sink_file *s = state;

	if (!file_takes(&s->file, n))
		return false;
	if (is_due(s, time, n))
		rotate(s);
	if (s->begun.ns == 0)
		s->begun = time;
	file_bytes(&s->file, lines, n);
	s->size += n;
	return true;
}

static void
file_sink_flush(void *state)
{
	struct sink_file *s = state;
	bool failed = s->file.error != 0;

	(void)file_recover(&s->file);
	file_flush(&s->file);
	if (failed && s->file.error == 0)
		measure(s);
}

static void
file_sink_reopen(void *state)
{
	struct sink_file *s = state;

	wait_packed(s);
	s->failed = 0;
	if (file_reopen(&s->file))
		measure(s);
}

static int
file_sink_error(void *state)
{
	const struct sink_file *s = state;

	return s->file.error ? s->file.error : s->failed;
}

static int
file_sink_close(void *state)
{
	struct sink_file *s = state;
	int why;

	wait_packed(s);
	file_close(&s->file);
	why = file_sink_error(s);
	free(s);
	return why;
}

const struct sink_calls SINK_FILE = {file_sink_open,   file_sink_send,  file_sink_flush,
				     file_sink_reopen, file_sink_error, file_sink_close};
