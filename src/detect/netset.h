/*
 * netset: a set of networks that forgets by halves: one that was added is known for one to two spans.  Internal to
 * src/detect.  Says yes without cause (a Bloom filter) for one in eight at most: it takes no more when half of its bits
 * are set, because a set that says yes to everybody says nothing.
 */
#ifndef DETECT_NETSET_H
#define DETECT_NETSET_H

#include "detect/frame.h"

struct netset {
	uint64_t *set[2]; /* this span's and the one's before */
	uint32_t bits;    /* of each, a power of two */
	int64_t span;     /* days */
	struct netset_age {
		int64_t day;
		uint32_t set;
		uint32_t taken; /* bits of this span's */
	} * age;
};

/* Each half takes `words` of 64 bits, a power of two. */
void netset_init(struct detect *d, struct carve *c, struct netset *n, size_t words, int64_t span);
bool netset_has(const struct netset *n, uint64_t key);
void netset_add(struct netset *n, uint64_t key, int64_t day);

#endif
