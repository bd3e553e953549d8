/*
 * term: text for people: colour only on a terminal (and never with NO_COLOR), numbers with separators.
 */
#ifndef CMD_TERM_H
#define CMD_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/when.h"

struct term {
	FILE *to;
	bool tty, colour;
	unsigned width; /* columns, 100 where unknown */
};

struct term term_of(FILE *to);

enum term_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_CYAN };

/* The escape sequence, "" without colour. */
const char *term_style(const struct term *t, enum term_style style);

/* Small texts, by value. */
struct words {
	char text[48];
};
struct words words_number(uint64_t n);  /* 22,898 */
struct words words_bytes(uint64_t n);   /* 19.5 MiB */
struct words words_span(int64_t ns);    /* 3 h 12 min, 61 s, 1.2 s */
struct words words_time(struct when t); /* 2025-05-01 12:00:00 */

/* Wraps text at the terminal's width, each line behind `indent` blanks. */
void term_wrap(const struct term *t, unsigned indent, const char *text);

#endif
