/*
 * leak_run: a run of equal requests, and what the sizes and times of its answers say.  Internal to leak_loop.
 *
 *		request		answer		period
 *	leak	constant	jitters		any
 *	spray	varies		constant
 *	probe	constant	constant	short
 *	monitor	constant	constant, or some bytes of jitter, strict
 *	browser	varies		varies, pages
 *
 * Integers only: ranges and counts, no moments to drift.
 */
#ifndef DETECT_LEAK_RUN_H
#define DETECT_LEAK_RUN_H

#include "detect/frame.h"

enum { RUN_SESSIONS = 4, RUNS = 2 };

struct leak_run {
	struct when first, last;
	uint64_t answers; /* size_bit, step 1 */
	uint64_t bytes;   /* of answers */
	uint64_t session[RUN_SESSIONS];
	uint32_t count, told; /* told: the count when it was last reported */
	uint32_t request_min, request_max, answer_min, answer_max;
	uint32_t gap_min_ms, gap_max_ms; /* between probes: requests within two seconds are one */
	uint32_t gaps;
	uint32_t noted; /* as a check, or as a probe in vain: bits */
};

/* The run that this exchange continues, NULL: none. */
struct leak_run *run_of(const struct detect *d, struct leak_run run[RUNS], const struct turn *t);
/* A new one, in place of the older. */
struct leak_run *run_begin(struct leak_run run[RUNS], const struct turn *t);
void run_add(struct leak_run *r, const struct turn *t, uint64_t session);

/* Several requests sent at once (pipelining, HTTP/2) look like one of as many times the sizes: how many of a request
   and answer of the sizes of `one`.  1: no more than one. */
uint32_t run_folds_of(const struct detect *d, const struct turn *t, const struct turn *one);

static inline uint32_t
run_folds(const struct detect *d, const struct turn *t, const struct turn *one)
{
	/* most are less than twice as large: no division then */
	bool may = one->request && t->request >= one->request + one->request / 2;

	return may ? run_folds_of(d, t, one) : 1;
}

uint32_t run_range(const struct leak_run *r); /* of its answers */

/* Does the answer vary where the request does not? */
bool run_leaks(const struct leak_run *r);
/* Somebody who asks in a period; `began`: first packet of the gateway. */
bool run_is_monitor(const struct leak_run *r, struct when began);
/* Enough requests within a time, and enough sizes of answers. */
bool run_is_fast(const struct detect *d, const struct leak_run *r, int64_t factor);
bool run_is_slow(const struct detect *d, const struct leak_run *r, int64_t factor);

#endif
