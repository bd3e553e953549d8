/*
 * commands: the table of command.def.
 */
#include "cmd/cmd.h"

#include <stddef.h>

const struct command *const COMMANDS[] = {
#define COMMAND(name) &CMD_##name,
#include "cmd/command.def"
#undef COMMAND
	NULL};
