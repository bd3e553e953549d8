/*
 * cmd: the subcommands, one file each, and what they share: arguments and help from tables.
 *
 * Exit codes: 0 done (alerts do not change it), 1 input or output failed or was cut, 2 usage or configuration.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "sensor/config.h"

/* EXIT_HELPED: help was printed, and nothing is left to do; done, to whoever started the program. */
enum { EXIT_DONE, EXIT_IO, EXIT_USAGE, EXIT_HELPED };

struct arg_option {
	int id;            /* > 0; the letter where there is one */
	const char *name;  /* without --; NULL: end of the table */
	const char *value; /* what it takes, NULL: nothing */
	const char *doc;
};

struct command {
	const char *name, *synopsis, *summary;
	const struct arg_option *options;
	const char *about; /* paragraphs, examples */
	int (*run)(int argc, char **argv);
};

#define COMMAND(name) extern const struct command CMD_##name;
#include "cmd/command.def"
#undef COMMAND

/* All of them, in the order of help; NULL: the end. */
extern const struct command *const COMMANDS[];

/*
 * Options and files in any order; what follows `--` is a file.  Each is handed to `take`: an option's id and its value
 * (NULL where it has none), or ARGS_FILE.  Until it returns something else than EXIT_DONE, which is returned; mistakes
 * were told on stderr.
 */
enum { ARGS_FILE = -2 };
int args_take(const struct command *command, int argc, char **argv, int (*take)(void *arg, int id, const char *value),
	      void *arg);

void help_print(const struct command *c);

/* "gatewitness read: WORDS" and where help is, on stderr; returns EXIT_USAGE. */
int usage_error(const char *command, const char *words);

extern const char PROGRAM_VERSION[];

#endif
