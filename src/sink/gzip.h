/*
 * gzip: a file as FILE.gz (RFC 1952): the one file that knows zlib.
 *
 * Not zstd, which the ledger has: what picks up rotated logs (logrotate's zcat and zgrep, Filebeat, Vector, Splunk's
 * monitor) reads gzip.  The same bytes give the same file: the header names no time.
 */
#ifndef SINK_GZIP_H
#define SINK_GZIP_H

#include <stdbool.h>

/* False: errno says why, `to` is not there and `from` is as it was. */
bool gzip_file(const char *from, const char *to);

#endif
