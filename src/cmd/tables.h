/*
 * tables: the program's own tables for people (columns) and for programs (JSON).
 */
#ifndef CMD_TABLES_H
#define CMD_TABLES_H

#include "cmd/cmd.h"
#include "cmd/term.h"

/* --json and the like of commands that only print; EXIT_DONE and *chosen, or the exit code. */
int tables_options(const struct command *c, int argc, char **argv, unsigned *chosen);

/* Prints what was built and reports a failing standard output. */
int tables_finish(void);

/* A doc text in the last column, wrapped behind `indent`; the first line goes on where the cursor is. */
void tables_doc(const struct term *t, unsigned indent, const char *text);

enum { TABLES_JSON = 1, TABLES_COUNTERS = 2, TABLES_PULSE = 4 };

#endif
