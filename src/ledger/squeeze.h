/*
 * squeeze: bytes compressed and back: the one file that knows zstd (RFC 8878).
 */
#ifndef LEDGER_SQUEEZE_H
#define LEDGER_SQUEEZE_H

#include "ledger/bytes.h"

enum { SQUEEZE_FAST = 1, SQUEEZE_SMALL = 12 };

/* Appends the length of the bytes, that of their compressed form, and the latter; where compression does not help, the
   bytes as they are. */
void squeeze(struct bytes *to, const void *bytes, size_t n, int level);

/* Appends what squeeze was given.  False: the bytes are no such thing, would be more than `most`, or memory ran out. */
bool unsqueeze(struct bytes *to, struct cur *from, size_t most);

#endif
