/*
 * dictionary: texts, each once, copied and numbered in the order in which they came; 0 is the absent one.
 */
#ifndef LEDGER_DICTIONARY_H
#define LEDGER_DICTIONARY_H

#include <stddef.h>

#include "base/text.h"

struct dictionary {
	struct text *text; /* 0 .. n - 1, with n > 0 once something was asked for */
	uint32_t n, room;
	uint32_t *slot;
	size_t slots, bytes; /* bytes: of memory, all in all */
	struct dictionary_chunk *chunk;
	size_t left; /* of the first chunk */
};

/* Its number; DICTIONARY_FAILED: no memory. */
#define DICTIONARY_FAILED UINT32_MAX
uint32_t dictionary_know(struct dictionary *d, struct text t);
void dictionary_free(struct dictionary *d); /* empty again */

#endif
