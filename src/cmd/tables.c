/*
 * tables: what schema and detectors share.
 */
#include "cmd/tables.h"

#include <errno.h>
#include <string.h>

struct choice {
	const struct command *command;
	unsigned chosen;
};

static int
choose(void *arg, int id, const char *value)
{
	struct choice *c = arg;

	(void)value;
	if (id == ARGS_FILE)
		return usage_error(c->command->name, "takes no files");
	c->chosen |= (unsigned)id >> 8;
	return EXIT_DONE;
}

int
tables_options(const struct command *c, int argc, char **argv, unsigned *chosen)
{
	struct choice choice = {c, 0};
	int status = args_take(c, argc, argv, choose, &choice);

	*chosen = choice.chosen;
	return status;
}

int
tables_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_DONE;
	if (errno != EPIPE) /* whoever quits the pager has seen enough */
		perror("gatewitness: standard output");
	return EXIT_IO;
}

void
tables_doc(const struct term *t, unsigned indent, const char *text)
{
	size_t room = t->width > indent + 20 ? t->width - indent : 20;

	for (;;) {
		size_t n = strlen(text), cut = n;

		if (n > room)
			for (cut = room; cut > 1 && text[cut] != ' '; cut--)
				continue;
		fprintf(t->to, "%.*s\n", (int)cut, text);
		text += cut;
		text += strspn(text, " ");
		if (!*text)
			return;
		fprintf(t->to, "%*s", (int)indent, "");
	}
}
