/*
 * args: arguments by a table; help from the same table.
 */
#include "cmd/cmd.h"

#include <stdio.h>

const char PROGRAM_VERSION[] = GATEWITNESS_VERSION;

struct args {
	int argc, at;
	char **argv;
	const struct command *command;
	const char *cluster; /* further letters of "-qc" */
	bool files_only;
};

enum { ARGS_END = -1, ARGS_BAD = -3, ARGS_HELP = 'h' };

int
usage_error(const char *command, const char *words)
{
	fprintf(stderr, "gatewitness %s: %s (see gatewitness %s --help)\n", command, words, command);
	return EXIT_USAGE;
}

static int
bad(const struct args *a, const char *words, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), words, what);
	usage_error(a->command->name, text);
	return ARGS_BAD;
}

static int
unknown(const struct args *a, const char *name, size_t len)
{
	char wanted[64], text[192];
	const char *nearest = "help";
	unsigned best;

	snprintf(wanted, sizeof(wanted), "%.*s", (int)len, name);
	best = text_distance(wanted, nearest);
	for (const struct arg_option *o = a->command->options; o->name; o++) {
		unsigned d = text_distance(wanted, o->name);

		if (d < best) {
			best = d;
			nearest = o->name;
		}
	}
	snprintf(text, sizeof(text), "unknown option --%s; the nearest is --%s", wanted, nearest);
	return bad(a, "%s", text);
}

/* The option's value: what follows in the same argument, or the next one. */
static int
with_value(struct args *a, const struct arg_option *o, const char *attached, const char **value)
{
	*value = attached;
	if (!o->value && attached)
		return bad(a, "--%s takes no value", o->name);
	if (!o->value || attached)
		return o->id;
	if (a->at >= a->argc) {
		char text[128];

		snprintf(text, sizeof(text), "--%s needs %s behind it", o->name, o->value);
		return bad(a, "%s", text);
	}
	*value = a->argv[a->at++];
	return o->id;
}

static int
long_option(struct args *a, const char *name, const char **value)
{
	size_t len = strcspn(name, "=");
	const char *attached = name[len] ? name + len + 1 : NULL;

	if (len == 4 && memcmp(name, "help", 4) == 0)
		return ARGS_HELP;
	for (const struct arg_option *o = a->command->options; o->name; o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return with_value(a, o, attached, value);
	return unknown(a, name, len);
}

static int
short_option(struct args *a, const char *letters, const char **value)
{
	const char *rest = letters[1] ? letters + 1 : NULL;
	char letter[2] = {letters[0], '\0'};

	if (letters[0] == 'h')
		return ARGS_HELP;
	for (const struct arg_option *o = a->command->options; o->name; o++) {
		if (o->id != letters[0])
			continue;
		if (o->value)
			return with_value(a, o, rest, value);
		a->cluster = rest;
		return o->id;
	}
	return bad(a, "unknown option -%s", letter);
}

static int
args_next(struct args *a, const char **value)
{
	const char *cluster = a->cluster, *arg;

	*value = NULL;
	a->cluster = NULL;
	if (cluster)
		return short_option(a, cluster, value);
	if (a->at >= a->argc)
		return ARGS_END;
	arg = a->argv[a->at++];
	if (!a->files_only && strcmp(arg, "--") == 0) {
		a->files_only = true;
		return args_next(a, value);
	}
	if (a->files_only || arg[0] != '-' || arg[1] == '\0') {
		*value = arg;
		return ARGS_FILE;
	}
	return arg[1] == '-' ? long_option(a, arg + 2, value) : short_option(a, arg + 1, value);
}

void
help_print(const struct command *c)
{
	printf("gatewitness %s: %s\n\nusage: gatewitness %s %s\n", c->name, c->summary, c->name, c->synopsis);
	if (c->options->name)
		printf("\n");
	for (const struct arg_option *o = c->options; o->name; o++) {
		char head[64];
		bool letter = o->id < 128;

		snprintf(head, sizeof(head), "%s%c%s--%s%s%s", letter ? "-" : " ", letter ? o->id : ' ',
			 letter ? ", " : "  ", o->name, o->value ? " " : "", o->value ? o->value : "");
		printf("  %-32s %s\n", head, o->doc);
	}
	printf("  %-32s %s\n", "-h, --help", "this text");
	printf("\n%s", c->about);
}

int
args_take(const struct command *command, int argc, char **argv, int (*take)(void *arg, int id, const char *value),
	  void *arg)
{
	struct args a = {.argc = argc, .at = 1, .argv = argv, .command = command};
	int id, status = EXIT_DONE;
	const char *value;

	while (status == EXIT_DONE && (id = args_next(&a, &value)) != ARGS_END) {
		if (id == ARGS_HELP) {
			help_print(command);
			return EXIT_HELPED;
		}
		status = id == ARGS_BAD ? EXIT_USAGE : take(arg, id, value);
	}
	return status;
}
