/*
 * attached: files beside the days, named by their content: FOLDER/KIND-SHA256.  Settings of the chain name them, so that
 * who alters one is found out; they stay while a day is left whose sessions need them.
 */
#ifndef LEDGER_ATTACHED_H
#define LEDGER_ATTACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ATTACHED_HEX = 65, ATTACHED_MAX = 1 << 28 };

/* The name, which is that of the bytes, and the file unless it is there.  False: errno. */
bool attached_put(const char *folder, const char *kind, const void *bytes, size_t n, char hex[ATTACHED_HEX]);

/* The caller frees it.  NULL: errno; EBADMSG: the file holds something else. */
void *attached_get(const char *folder, const char *kind, const char *hex, size_t *n);

/* A setting that names a file, as it is told: "HEX kept ...".  False: it names none, or one that was not kept. */
bool attached_named(const char *name, const char *value, char kind[16], char hex[ATTACHED_HEX]);

/* Bytes of all of them. */
uint64_t attached_weight(const char *folder);

/* Removes what no day names any more of whose sessions something is left. */
void attached_sweep(const char *folder);

#endif
