/*
 * kept: small files of the sensor's own that outlive it: detect.memory, identity.file, seal.key.
 *
 * Such a file is there as a whole or not at all, whenever the power goes: it is written beside and then named.
 */
#ifndef LEDGER_KEPT_H
#define LEDGER_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* Everything in the file, at most `max` bytes; the caller frees it.  NULL: errno says why (EFBIG: it is larger, or no
   regular file). */
void *kept_read(const char *path, size_t max, size_t *len);

/* In place of what was there, mode 0600.  False: errno says why, and what was there stays. */
bool kept_replace(const char *path, const void *bytes, size_t n);

/* Only where nothing is there yet, mode 0600.  False: errno says why; EEXIST: somebody else was first. */
bool kept_make(const char *path, const void *bytes, size_t n);

#endif
