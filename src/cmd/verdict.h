/*
 * verdict: how verify says what it found: lines for people, or one JSON object a line for programs; the last is the sum.
 */
#ifndef CMD_VERDICT_H
#define CMD_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verdict {
	bool json, quiet; /* quiet: what is fine is not said */
};

/* One thing of `of` (a folder or bundle): kind "whole", "altered" ...; fine: it is as it should be. */
void verdict_line(const struct verdict *v, const char *kind, bool fine, const char *of, const char *words);

struct verdict_count {
	const char *name; /* "altered" */
	uint64_t n;
};

/* The sum in JSON; seal: whose signature it rests on, "key", "own" or "none".  People are told by who sums up. */
void verdict_sum(bool fine, const char *of, const struct verdict_count *counts, size_t n, const char *seal);

#endif
