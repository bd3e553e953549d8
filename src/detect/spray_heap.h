/*
 * spray_heap: attempts that are alike, and the networks, programs and TCP stacks that they came from.  Internal to
 * spray.c: a window of time has a few such heaps.
 */
#ifndef DETECT_SPRAY_HEAP_H
#define DETECT_SPRAY_HEAP_H

#include "detect/attempt.h"

enum { HEAPS = 8, NETS_BITS = 8 };

struct spray_heap {
	struct heap heap;
	uint64_t session[SPRAY_SESSIONS];
	uint64_t program, signature;
	uint32_t program_votes, signature_votes;
	uint8_t nets[1 << NETS_BITS];
};

/* All zero at first. */
struct spray_heaps {
	struct spray_heap one[HEAPS];
	uint32_t spare; /* place, plus 1, of one that is worth no more than any; 0: to be looked for */
};

/* An attempt, and where it came from. */
struct guess {
	const struct turn *turn;
	uint64_t net, program, signature, session;
};

/* Puts it on the heap that it fits, else on a new one in the place of what is worth least. */
struct spray_heap *heaps_add(struct spray_heaps *all, const struct guess *g);

/* The heap that most networks but those of `used` guess in, and how many; NULL: nobody guesses, or in no heap of
   at least so many attempts.  Tools that ask all the same are not it. */
const struct spray_heap *
heaps_largest(const struct spray_heaps *all, const uint8_t used[1 << NETS_BITS], uint32_t attempts, uint32_t *networks);

/* More than six in ten of the heap: two votes in ten are left. */
static inline bool
is_most(uint32_t votes, const struct heap *h)
{
	return votes * UINT64_C(5) >= h->count;
}

#endif
