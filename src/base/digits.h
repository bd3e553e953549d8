/*
 * digits: the decimal digits of numbers below 1,000, spelt out: a number is a few of these one after the other.
 *
 * Four bytes are written for the three at most that count: what comes next is written over the fourth.
 */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

/* Of each number three digits, and how many of them are zeros that nobody writes in front; behind the last one four
   bytes more may be read. */
extern const char THOUSAND_DIGITS[4 * 1000 + 4];

/* v < 1000; returns where it ended. */
static inline char *
digits_first(char *p, uint32_t v)
{
	const char *of = THOUSAND_DIGITS + (size_t)4 * v;
	size_t zeros = (uint8_t)of[3];

	memcpy(p, of + zeros, 4);
	return p + 3 - zeros;
}

/* The same with its zeros: what stands behind the first ones. */
static inline char *
digits_next(char *p, uint32_t v)
{
	memcpy(p, THOUSAND_DIGITS + (size_t)4 * v, 4);
	return p + 3;
}

#endif
