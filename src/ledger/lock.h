/*
 * lock: one writer a folder.  The system lets go of it when its process ends, however that ends: a file that was left
 * is in nobody's way.
 */
#ifndef LEDGER_LOCK_H
#define LEDGER_LOCK_H

#include <stdbool.h>
#include <stddef.h>

/* FOLDER/lock, held until lock_give; -1: `error` is one line that names the other's process. */
int lock_take(const char *folder, char *error, size_t size);
/* Does somebody hold it now? */
bool lock_is_held(const char *folder);
void lock_give(int lock, const char *folder);

#endif
