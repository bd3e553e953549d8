/*
 * bech32: 32 bytes as a text that people copy by hand: a word, a 1, letters and digits, six of which find what was
 * mistyped (BIP 173).
 */
#ifndef SENSOR_BECH32_H
#define SENSOR_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BECH32_BYTES = 32, BECH32_TEXT = 96 };

/* The word is in lower case, of at most 16 letters. */
void bech32_put(char to[BECH32_TEXT], const char *word, const uint8_t bytes[BECH32_BYTES]);

/* False: no such text, of another word, or mistyped.  All of it in lower case or all in upper case. */
bool bech32_get(uint8_t bytes[BECH32_BYTES], const char *word, const char *text, size_t n);

#endif
