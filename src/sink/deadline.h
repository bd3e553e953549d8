/*
 * deadline: until when a sender may wait, on the monotonic clock.  Must not be asked by whatever reaches a record.
 */
#ifndef SINK_DEADLINE_H
#define SINK_DEADLINE_H

#include <time.h>

#include "base/when.h"

static inline struct timespec
deadline_after(int64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
	return (struct timespec){ns / NS_PER_S, ns % NS_PER_S};
}

/* Whole milliseconds that are left, rounded up, 0 when it has passed: for poll. */
static inline int
deadline_ms(const struct timespec *until)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (int64_t)(until->tv_sec - now.tv_sec) * NS_PER_S + until->tv_nsec - now.tv_nsec;
	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

static inline bool
deadline_passed(const struct timespec *until)
{
	return deadline_ms(until) == 0;
}

#endif
