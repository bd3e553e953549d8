/*
 * bits: surprise, counted in tenths of a bit by how often the like happened: integers only.  Internal to src/detect.
 */
#ifndef DETECT_BITS_H
#define DETECT_BITS_H

#include <stdint.h>

/* Ten times the binary logarithm of v, rounded down; v at least 1. */
static inline uint32_t
bits_log(uint32_t v)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(v | 1), tenths = 0;
	uint64_t x = ((uint64_t)v << 31) >> whole; /* 1.0 is 1 << 31 */

	for (uint32_t bit = 512; bit; bit /= 2) {
		x = (x * x) >> 31;
		if (x >= UINT64_C(1) << 32) {
			x >>= 1;
			tenths += bit;
		}
	}
	return whole * 10 + tenths * 10 / 1024;
}

/* How much rarer than the usual: tenths of a bit between `usual` times and `times`. */
static inline uint32_t
bits_rarer(uint32_t usual, uint32_t times)
{
	uint32_t a = bits_log(usual + 1), b = bits_log(times + 1);

	return a > b ? a - b : 0;
}

#endif
