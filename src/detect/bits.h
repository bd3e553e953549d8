/*
 * bits: surprise, counted in bits or tenths of one by how often the like happened: integers only.  Internal to src/detect.
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

/* In whole bits, rounded down: log2(all / alike), at most `cap`. */
static inline uint8_t
bits_surprise(uint64_t all, uint64_t alike, unsigned cap)
{
	unsigned bits;

	if (alike >= all)
		return 0;
	bits = (unsigned)(__builtin_clzll(alike | 1) - __builtin_clzll(all));
	bits -= alike << bits > all;
	return (uint8_t)(bits < cap ? bits : cap);
}

#endif
