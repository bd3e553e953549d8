/*
 * ledgers: the ledgers in a folder: its own days, and each import below it.
 */
#ifndef CMD_LEDGERS_H
#define CMD_LEDGERS_H

#include <stdbool.h>
#include <stddef.h>

struct ledgers {
	char **folder; /* the folder itself first, then imports by name */
	size_t n;
};

/* False: there is none; `error` is one line. */
bool ledgers_find(struct ledgers *l, const char *folder, char *error, size_t size);
void ledgers_free(struct ledgers *l);

#endif
