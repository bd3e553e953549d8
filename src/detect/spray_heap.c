/*
 * spray_heap: which heap an attempt belongs to, and which is the largest.  Must not know what is usual.
 */
#include "detect/spray_heap.h"

#include "detect/sketch.h"

enum { YOUNG = 8 }; /* attempts: too few to tell whether they vary */

/* What a heap is worth keeping for: nothing, when it is clear that its requests are all the same. */
static uint32_t
worth(const struct heap *h)
{
	return h->count < YOUNG || heap_varies(h) ? h->count : 0;
}

/* The first of those that are worth least. */
static unsigned
least_worth(const struct spray_heaps *all, uint32_t *worth_least)
{
	uint32_t smallest = worth(&all->one[0].heap);
	unsigned at = 0;

	for (unsigned i = 1; i < HEAPS && smallest; i++) {
		uint32_t here = worth(&all->one[i].heap);

		if (here < smallest) {
			smallest = here;
			at = i;
		}
	}
	*worth_least = smallest;
	return at;
}

/* A heap of one attempt of the same connection: but for the sizes it is what the new one will be. */
static bool
is_begun(const struct spray_heap *h, const struct guess *g)
{
	return h->session[0] == g->session && h->program == g->program && h->signature == g->signature;
}

/* Where hardly two requests are alike, the one before it is worth least, seen once: then nobody looks (100 instructions
   for each attempt), nor clears its networks (40). */
static struct spray_heap *
heap_begin(struct spray_heaps *all, const struct guess *g)
{
	uint32_t smallest = 1;
	unsigned at = all->spare ? (all->spare - 1) % HEAPS : least_worth(all, &smallest);
	struct spray_heap *h = &all->one[at];
	bool begun = all->spare && is_begun(h, g);

	all->spare = smallest && g->turn->count == 1 ? at + 1 : 0;
	if (begun) {
		h->heap.count = 0;
		heap_add(&h->heap, g->turn);
		return h;
	}
	*h = (struct spray_heap){.session = {g->session},
				 .program = g->program,
				 .program_votes = 1,
				 .signature = g->signature,
				 .signature_votes = 1};
	heap_add(&h->heap, g->turn);
	hll_add(h->nets, NETS_BITS, g->net);
	return h;
}

static void
vote(uint64_t *choice, uint32_t *votes, uint64_t one)
{
	if (*choice == one)
		++*votes;
	else if (*votes)
		--*votes;
	else {
		*choice = one;
		*votes = 1;
	}
}

static void
heap_grow(struct spray_heap *h, const struct guess *g)
{
	uint64_t *session = h->session;

	heap_add(&h->heap, g->turn);
	hll_add(h->nets, NETS_BITS, g->net);
	vote(&h->program, &h->program_votes, g->program);
	vote(&h->signature, &h->signature_votes, g->signature);
	for (unsigned i = 0; i < SPRAY_SESSIONS; i++)
		if (session[i] == g->session || session[i] == 0 || i == SPRAY_SESSIONS - 1) {
			session[i] = g->session;
			break;
		}
}

struct spray_heap *
heaps_add(struct spray_heaps *all, const struct guess *g)
{
	for (unsigned i = 0; i < HEAPS; i++)
		if (heap_fits(&all->one[i].heap, g->turn)) {
			all->spare = 0;
			heap_grow(&all->one[i], g);
			return &all->one[i];
		}
	return heap_begin(all, g);
}

const struct spray_heap *
heaps_largest(const struct spray_heaps *all, const uint8_t used[1 << NETS_BITS], uint32_t attempts, uint32_t *networks)
{
	const struct spray_heap *best = NULL;
	uint32_t known = hll_count(used, NETS_BITS);

	*networks = 0;
	for (unsigned i = 0; i < HEAPS; i++) {
		const struct spray_heap *h = &all->one[i];
		bool counts = h->heap.count >= attempts && heap_varies(&h->heap);
		uint32_t either = counts ? hll_count_either(h->nets, used, NETS_BITS) : 0;

		if (either > known && either - known > *networks) {
			*networks = either - known;
			best = h;
		}
	}
	return best;
}
