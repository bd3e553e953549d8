/*
 * ready: texts made once and copied from then on, for what thousands of sessions say alike.
 *
 *	key -> set of four -> the text
 *	    \- met before? -> only then it is kept
 *
 * Bounded: READY_SETS * 4 texts of at most READY_TEXT bytes; a longer one is never kept.  A text is kept when its key
 * comes for the second time within a while: who never says the same twice takes no place from those who do.  In a full
 * set the one at the hand goes, and the hand moves on from whatever is used.  `said` has to be a keyed hash of all
 * bytes that the text depends on, so that nobody can make two of them meet, and 0 where that is unknown: then nothing
 * is kept.  `rest` are plain numbers beside them, compared as they are.  What is kept decides nothing: a text is the
 * same, made or copied.
 */
#ifndef BASE_READY_H
#define BASE_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { READY_SET_BITS = 5, READY_SETS = 1 << READY_SET_BITS, READY_WAYS = 4, READY_TEXT = 4096 };
enum { READY_MET_BITS = 8, READY_MET_WAYS = 4 };

struct ready_key {
	uint64_t said;
	uint64_t rest[2];
};

/* All zero at first. */
struct ready {
	uint32_t met[1 << READY_MET_BITS][READY_MET_WAYS]; /* of keys not kept a part of their hash, the last ones */
	uint8_t hand[READY_SETS];
	struct ready_key key[READY_SETS][READY_WAYS]; /* said 0: empty */
	uint32_t len[READY_SETS][READY_WAYS];
	char text[READY_SETS][READY_WAYS][READY_TEXT];
};

/* The text, p NULL: none is kept.  It is there until the next ready_keep.  r may be NULL: nothing is kept. */
struct text ready_find(struct ready *r, const struct ready_key *k);
/* After ready_find found none: a copy of the text, if it comes again. */
void ready_keep(struct ready *r, const struct ready_key *k, const char *text, size_t n);

#endif
