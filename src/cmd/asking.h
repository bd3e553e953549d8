/*
 * asking: the control socket of a running sensor, from outside: where it is, and what it says.
 */
#ifndef CMD_ASKING_H
#define CMD_ASKING_H

#include <limits.h>
#include <sys/types.h>

#include "cmd/common.h"

enum { ASKING_SOCKET = 400, ASKING_MAX = 1 << 16 };

struct asking {
	struct common *common;
	const char *given; /* --socket; NULL: not given */
	char path[PATH_MAX];
	char text[ASKING_MAX]; /* what it said */
	size_t n;
};

#define ASKING_OPTIONS                                                                                                 \
	{'c', "config", "FILE", "the configuration that the sensor runs with"},                                        \
		{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},                            \
		{OPT_LEDGER, "ledger", "DIR", "its ledger, where control.sock is"},                                    \
	{                                                                                                              \
		ASKING_SOCKET, "socket", "PATH", "the socket itself"                                                   \
	}

/* Which one is meant, from these options.  EXIT_DONE, or the mistake was told. */
int asking_find(struct asking *a);

/* Fills text.  EXIT_DONE, or why not was told. */
int asking_ask(struct asking *a);

/* The process that opened the socket, as the kernel knows it; 0: nobody answers, which was told. */
pid_t asking_desk(const struct asking *a);

/* "PATH: WHY"; EXIT_IO. */
int asking_failed(const struct asking *a, const char *why);

#endif
