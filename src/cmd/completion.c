/*
 * completion: what a shell needs to complete commands, options and the names behind --set, from the tables.
 */
#include "cmd/tables.h"

#include <stdio.h>
#include <string.h>

#include "sensor/options.h"

/* Every option of the configuration, as --set takes it, between `before` and `after`. */
static void
print_settings(const char *before, const char *after)
{
	char room[256];
	struct option o;

	for (unsigned i = 0; option_at(i, &o); i++) {
		struct out name = out_of(room, sizeof(room));

		if (option_named(o.section))
			continue;
		option_name(&name, &o);
		printf("%s%.*s=%s", before, (int)out_len(&name), room, after);
	}
}

static void
bash_options(const struct command *c)
{
	printf("\t\t%s) options='", c->name);
	for (const struct arg_option *o = c->options; o->name; o++)
		printf("--%s ", o->name);
	printf("--help' ;;\n");
}

static void
print_bash(void)
{
	printf("# bash completion of gatewitness\n_gatewitness() {\n"
	       "\tlocal options word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tCOMPREPLY=()\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (const struct command *const *c = COMMANDS; *c; c++)
		printf("%s ", (*c)->name);
	printf("help --help --version' -- \"$word\")\n\t\treturn\n\tfi\n\tif [ \"$before\" = --set ]; then\n"
	       "\t\tcompopt -o nospace\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	print_settings("", " ");
	printf("' -- \"$word\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *c = COMMANDS; *c; c++)
		bash_options(*c);
	printf("\tesac\n\tcase $word in\n\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") "
	       ";;\n\tesac\n}\n"
	       "complete -o default -F _gatewitness gatewitness\n");
}

/* Between single quotes, for zsh's descriptions and fish. */
static void
print_quoted(const char *text, bool brackets)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (brackets && (*text == '[' || *text == ']' || *text == ':' || *text == '\\'))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void
zsh_option(const struct arg_option *o)
{
	printf(" \\\n\t\t\t'*--%s%s[", o->name, o->value ? "=" : "");
	print_quoted(o->doc, true);
	printf("]");
	if (o->value) {
		printf(":");
		print_quoted(o->value, true);
		printf(":%s", strcmp(o->name, "set") == 0 ? "_gatewitness_settings" : "_files");
	}
	printf("'");
}

static void
print_zsh(void)
{
	printf("#compdef gatewitness\n_gatewitness_settings() {\n\tcompadd -S '' --");
	print_settings(" ", "");
	printf("\n}\n_gatewitness() {\n\tlocal -a commands\n\tcommands=(\n");
	for (const struct command *const *c = COMMANDS; *c; c++) {
		printf("\t\t'%s:", (*c)->name);
		print_quoted((*c)->summary, true);
		printf("'\n");
	}
	printf("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	       "\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n");
	for (const struct command *const *c = COMMANDS; *c; c++) {
		printf("\t%s)\n\t\t_arguments '*:file:_files'", (*c)->name);
		for (const struct arg_option *o = (*c)->options; o->name; o++)
			zsh_option(o);
		printf(" \\\n\t\t\t'--help[what the command does]'\n\t\t;;\n");
	}
	printf("\tesac\n}\n_gatewitness \"$@\"\n");
}

static void
fish_option(const struct command *c, const struct arg_option *o)
{
	printf("complete -c gatewitness -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
	if (o->id < 128)
		printf(" -s %c", o->id);
	printf("%s -d '", o->value ? " -r" : "");
	for (const char *p = o->doc; *p; p++)
		printf(*p == '\'' ? "\\'" : "%c", *p);
	printf("'\n");
}

static void
print_fish(void)
{
	for (const struct command *const *c = COMMANDS; *c; c++) {
		printf("complete -c gatewitness -n __fish_use_subcommand -f -a %s -d '%s'\n", (*c)->name,
		       (*c)->summary);
		for (const struct arg_option *o = (*c)->options; o->name; o++)
			fish_option(*c, o);
	}
}

static const struct shell {
	const char *name;
	void (*print)(void);
} SHELLS[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static int
take_option(void *arg, int id, const char *value)
{
	const char **shell = arg;

	(void)id;
	if (*shell)
		return usage_error("completion", "takes one shell: bash, zsh or fish");
	*shell = value;
	return EXIT_DONE;
}

static int
completion_run(int argc, char **argv)
{
	const char *shell = NULL;
	int status = args_take(&CMD_COMPLETION, argc, argv, take_option, &shell);

	if (status != EXIT_DONE)
		return status;
	for (size_t i = 0; shell && i < sizeof(SHELLS) / sizeof(SHELLS[0]); i++)
		if (strcmp(shell, SHELLS[i].name) == 0) {
			SHELLS[i].print();
			return tables_finish();
		}
	return usage_error("completion", "needs a shell: bash, zsh or fish");
}

static const struct arg_option OPTIONS[] = {{0, NULL, NULL, NULL}};

const struct command CMD_COMPLETION = {
	"completion",
	"bash|zsh|fish",
	"what a shell needs to complete commands and options",
	OPTIONS,
	"examples:\n"
	"  gatewitness completion bash > /etc/bash_completion.d/gatewitness\n"
	"  source <(gatewitness completion zsh)\n"
	"\n"
	"exit code: 0 done; 1 standard output failed; 2 wrong usage\n",
	completion_run,
};
