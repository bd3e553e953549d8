/*
 * hunt_print: the command hunt: what it was asked beside the window, and how it prints the answer.
 */
#ifndef CMD_HUNT_PRINT_H
#define CMD_HUNT_PRINT_H

#include "cmd/hunt.h"
#include "session/where.h"

struct hunting {
	struct hunt hunt;
	const char *expression; /* NULL: none */
	struct where where;
	bool json;
	uint64_t matches;
	struct term out;
};

void hunt_match(struct hunting *h, const struct session *s);
void hunt_print(const struct hunting *h);

#endif
