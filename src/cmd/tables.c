/*
 * tables: what schema and detectors share.
 */
#include "cmd/tables.h"

#include <errno.h>
#include <string.h>

int
tables_options(const struct command *c, int argc, char **argv, unsigned *chosen)
{
	struct args a = args_of(c, argc, argv);
	const char *value;
	int id;

	*chosen = 0;
	while ((id = args_next(&a, &value)) != ARGS_END) {
		if (id == ARGS_BAD)
			return EXIT_USAGE;
		if (id == ARGS_FILE)
			return usage_error(c->name, "takes no files");
		if (id == ARGS_HELP) {
			help_print(c);
			return -1;
		}
		*chosen |= (unsigned)id >> 8;
	}
	return EXIT_DONE;
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
