/*
 * bech32: see bech32.h.  Pure.  Must not take what has other bits where there are none.
 */
#include "sensor/bech32.h"

#include <string.h>

static const char LETTERS[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum { GROUPS = (BECH32_BYTES * 8 + 4) / 5, CHECKS = 6, DIGITS = GROUPS + CHECKS };

/* The generator of the code over GF(32). */
static uint32_t
step(uint32_t sum, uint8_t group)
{
	static const uint32_t GENERATOR[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ group;
	for (unsigned i = 0; i < 5; i++)
		sum ^= top >> i & 1 ? GENERATOR[i] : 0;
	return sum;
}

/* Over the word's upper halves, a zero, its lower ones, and the groups. */
static uint32_t
sum_of(const char *word, const uint8_t *group, size_t n)
{
	uint32_t sum = 1;

	for (const char *p = word; *p; p++)
		sum = step(sum, (uint8_t)*p >> 5);
	sum = step(sum, 0);
	for (const char *p = word; *p; p++)
		sum = step(sum, (uint8_t)*p & 31);
	for (size_t i = 0; i < n; i++)
		sum = step(sum, group[i]);
	return sum;
}

void
bech32_put(char to[BECH32_TEXT], const char *word, const uint8_t bytes[BECH32_BYTES])
{
	uint8_t group[DIGITS] = {0};
	size_t n = strlen(word);
	uint32_t sum;

	for (unsigned bit = 0; bit < BECH32_BYTES * 8; bit++)
		group[bit / 5] |= (uint8_t)((bytes[bit / 8] >> (7 - bit % 8) & 1) << (4 - bit % 5));
	sum = sum_of(word, group, DIGITS) ^ 1;
	for (unsigned i = 0; i < CHECKS; i++)
		group[GROUPS + i] = sum >> 5 * (CHECKS - 1 - i) & 31;
	memcpy(to, word, n);
	to[n++] = '1';
	for (unsigned i = 0; i < DIGITS; i++)
		to[n++] = LETTERS[group[i]];
	to[n] = '\0';
}

/* In lower case; false: both cases are mixed. */
static bool
lower(char *to, const char *text, size_t n)
{
	bool small = false, large = false;

	for (size_t i = 0; i < n; i++) {
		bool is_large = text[i] >= 'A' && text[i] <= 'Z';

		small |= text[i] >= 'a' && text[i] <= 'z';
		large |= is_large;
		to[i] = is_large ? (char)(text[i] | 0x20) : text[i];
	}
	return !(small && large);
}

bool
bech32_get(uint8_t bytes[BECH32_BYTES], const char *word, const char *text, size_t n)
{
	char letters[BECH32_TEXT];
	uint8_t group[DIGITS];
	size_t head = strlen(word) + 1;

	if (n != head + DIGITS || n > sizeof(letters) || !lower(letters, text, n) ||
	    memcmp(letters, word, head - 1) != 0 || letters[head - 1] != '1')
		return false;
	for (unsigned i = 0; i < DIGITS; i++) {
		const char *at = memchr(LETTERS, letters[head + i], sizeof(LETTERS) - 1);

		if (!at)
			return false;
		group[i] = (uint8_t)(at - LETTERS);
	}
	if (sum_of(word, group, DIGITS) != 1 || group[GROUPS - 1] & ((1 << (GROUPS * 5 - BECH32_BYTES * 8)) - 1))
		return false;
	memset(bytes, 0, BECH32_BYTES);
	for (unsigned bit = 0; bit < BECH32_BYTES * 8; bit++)
		bytes[bit / 8] |= (uint8_t)((group[bit / 5] >> (4 - bit % 5) & 1) << (7 - bit % 8));
	return true;
}
