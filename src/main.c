/*
 * gatewitness: its first word names a command.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static void
usage(FILE *to)
{
	fprintf(to, "gatewitness %s: watches the TLS traffic of a remote-access gateway, off the box\n\n",
		PROGRAM_VERSION);
	for (const struct command *const *c = COMMANDS; *c; c++)
		fprintf(to, "  gatewitness %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(to, "\n  gatewitness help COMMAND, gatewitness COMMAND --help: its options and examples\n"
		    "  gatewitness --version\n");
}

static const struct command *
find(const char *name)
{
	for (const struct command *const *c = COMMANDS; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int
unknown(const char *name)
{
	const struct command *nearest = COMMANDS[0];

	for (const struct command *const *c = COMMANDS; *c; c++)
		if (text_distance(name, (*c)->name) < text_distance(name, nearest->name))
			nearest = *c;
	fprintf(stderr, "gatewitness: unknown command \"%.60s\"; the nearest is \"%s\" (see gatewitness --help)\n",
		name, nearest->name);
	return EXIT_USAGE;
}

static int
help(const char *name)
{
	const struct command *c = name ? find(name) : NULL;

	if (name && !c)
		return unknown(name);
	if (c)
		help_print(c);
	else
		usage(stdout);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	const struct command *c;
	int status;

	signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a write error like any other */
	signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow (ulimit -f) */
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
		return help(argc > 2 ? argv[2] : NULL);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("gatewitness %s\n", PROGRAM_VERSION);
		return EXIT_DONE;
	}
	c = find(argv[1]);
	status = c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
	return status == EXIT_HELPED ? EXIT_DONE : status;
}
