/*
 * import_files: a file is opened when its time has come, so that months of hourly logs need few descriptors.
 * Must not stop at a bad line: it is counted, and the first one told.
 */
#include "cmd/import_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_LINES = 1000 };

struct import_file {
	const char *path;
	struct when first;
	FILE *f; /* NULL: not open yet, or over */
	bool over, useful;
	char *line;
	size_t room;
	uint64_t number;
	struct foreign *now; /* its next line */
};

static bool
fail(struct import_files *f, const char *path, const char *what)
{
	snprintf(f->error, sizeof(f->error), "%.300s: %s", path, what);
	return false;
}

static void
bad(struct import_files *f, const struct import_file *x, const char *why)
{
	if (f->bad++ == 0)
		snprintf(f->first_bad, sizeof(f->first_bad), "%.300s:%" PRIu64 ": %s", x->path, x->number, why);
}

/* What is no log of lines at all, by its first bytes. */
static const char *
foreign_file(const unsigned char *b, size_t n)
{
	if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b)
		return "is compressed; gunzip it first";
	if (n >= 4 && memcmp(b, "\x28\xb5\x2f\xfd", 4) == 0)
		return "is compressed; unzstd it first";
	if (n >= 10 && memcmp(b, "#separator", 10) == 0)
		return "is one of Zeek's tab-separated logs; import reads JSON (redef LogAscii::use_json = T)";
	return NULL;
}

/* Its next line about a connection.  False: it is over. */
static bool
advance(struct import_files *f, struct import_file *x, uint64_t most)
{
	char why[FOREIGN_WHY];
	ssize_t n = 0;

	while (most-- && (n = getline(&x->line, &x->room, x->f)) > 0) {
		x->number++;
		f->done += (uint64_t)n;
		while (n && (x->line[n - 1] == '\n' || x->line[n - 1] == '\r' || x->line[n - 1] == ' '))
			n--;
		if (n == 0)
			continue;
		f->lines++;
		foreign_free(x->now);
		if (n > IMPORT_LINE)
			bad(f, x, "is longer than 1 MiB");
		else if (!foreign_line(x->now, x->line, (size_t)n, why))
			bad(f, x, why);
		else if (x->now->part != FOREIGN_OTHER)
			return x->useful = true;
		else
			f->other++;
	}
	return false;
}

static void
close_file(struct import_file *x)
{
	if (x->f)
		fclose(x->f);
	x->f = NULL;
	if (x->now)
		foreign_free(x->now);
	free(x->now);
	free(x->line);
	x->now = NULL;
	x->line = NULL;
	x->room = 0;
}

static bool
open_file(struct import_files *f, struct import_file *x)
{
	x->number = 0;
	x->now = calloc(1, sizeof(*x->now));
	x->f = fopen(x->path, "re");
	if (x->now && x->f)
		return true;
	fail(f, x->path, strerror(x->now ? errno : ENOMEM));
	close_file(x);
	return false;
}

/* When it begins; a file that says nothing at its beginning is read first. */
static bool
look(struct import_files *f, struct import_file *x)
{
	struct import_files nothing = *f;
	unsigned char head[16];
	const char *wrong;
	struct stat st;
	size_t n;

	if (!open_file(f, x))
		return false;
	if (fstat(fileno(x->f), &st) < 0 || !S_ISREG(st.st_mode)) {
		close_file(x);
		return fail(f, x->path, "is no file; an import is named by the bytes of its files");
	}
	f->size += (uint64_t)st.st_size;
	n = fread(head, 1, sizeof(head), x->f);
	wrong = foreign_file(head, n);
	rewind(x->f);
	x->first = !wrong && advance(&nothing, x, LOOK_LINES) ? x->now->written : (struct when){INT64_MIN};
	close_file(x);
	x->useful = false;
	return !wrong || fail(f, x->path, wrong);
}

static int
by_first(const void *a, const void *b)
{
	const struct import_file *x = a, *y = b;

	return x->first.ns != y->first.ns ? (x->first.ns > y->first.ns) - (x->first.ns < y->first.ns) :
					    strcmp(x->path, y->path);
}

bool
import_files_open(struct import_files *f)
{
	f->file = calloc(f->n, sizeof(*f->file));
	if (!f->file)
		return fail(f, "import", "no memory");
	for (size_t i = 0; i < f->n; i++) {
		f->file[i].path = f->path[i];
		if (!look(f, &f->file[i]))
			return false;
	}
	qsort(f->file, f->n, sizeof(*f->file), by_first);
	return true;
}

static bool
end_file(struct import_files *f, struct import_file *x)
{
	bool failed = ferror(x->f) != 0;

	close_file(x);
	x->over = true;
	f->open--;
	if (failed)
		return fail(f, x->path, "cannot be read to its end");
	return x->useful || fail(f, x->path,
				 "has no line of Zeek's conn.log or ssl.log, nor of Suricata's flow, tls "
				 "or quic");
}

/* Opens those whose first line is not after `t`. */
static bool
open_due(struct import_files *f, struct when t)
{
	for (size_t i = 0; i < f->n; i++) {
		struct import_file *x = &f->file[i];

		if (x->f || x->over)
			continue;
		if (when_before(t, x->first))
			return true;
		if (f->open == IMPORT_OPEN)
			return fail(f, x->path, "more than 64 files are of one time; import them in parts");
		if (!open_file(f, x))
			return false;
		f->open++;
		if (!advance(f, x, UINT64_MAX) && !end_file(f, x))
			return false;
	}
	return true;
}

static struct import_file *
earliest(const struct import_files *f)
{
	struct import_file *best = NULL;

	for (size_t i = 0; i < f->n; i++) {
		struct import_file *x = &f->file[i];

		if (x->f && (!best || when_before(x->now->written, best->now->written)))
			best = x;
		else if (!x->f && !x->over)
			break;
	}
	return best;
}

/* The first that is not open, when nothing else is. */
static struct when
next_due(const struct import_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->file[i].f && !f->file[i].over)
			return f->file[i].first;
	return (struct when){INT64_MAX};
}

const struct foreign *
import_files_next(struct import_files *f)
{
	struct import_file *x = f->told;

	if (x && !advance(f, x, UINT64_MAX) && !end_file(f, x))
		return NULL;
	for (x = earliest(f); !*f->error; x = earliest(f)) {
		struct when due = next_due(f);

		if (x && when_before(x->now->written, due))
			break;
		if (!x && due.ns == INT64_MAX)
			break;
		if (!open_due(f, x ? x->now->written : due))
			return NULL;
	}
	f->told = x;
	return x ? x->now : NULL;
}

void
import_files_close(struct import_files *f)
{
	for (size_t i = 0; f->file && i < f->n; i++)
		close_file(&f->file[i]);
	free(f->file);
	f->file = NULL;
}
