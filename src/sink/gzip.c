/*
 * gzip: bytes of a file through zlib.  Must not remove what it read: the caller does, once all is written.
 */
#include "sink/gzip.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

enum { GZIP_CHUNK = 1 << 16 };

static bool
copy(FILE *in, gzFile out)
{
	static _Thread_local char chunk[GZIP_CHUNK];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (gzwrite(out, chunk, (unsigned)n) != (int)n)
			return false;
	return !ferror(in);
}

bool
gzip_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "re");
	gzFile out = in ? gzopen(to, "wbe6") : NULL;
	bool fine = out && copy(in, out);
	int why = errno;

	if (out && gzclose(out) != Z_OK) {
		why = fine ? errno : why;
		fine = false;
	}
	if (in)
		fclose(in);
	if (out && !fine)
		unlink(to);
	errno = why;
	return fine;
}
