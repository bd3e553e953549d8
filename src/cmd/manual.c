/*
 * manual: the manual pages, from the tables that --help and config print from.
 *
 *	gatewitness(1) | gatewitness-COMMAND(1) | gatewitness.conf(5)	in man(7) macros, which groff and mandoc both read
 *
 * Must not say anything that a table does not say: a page that is written by hand is wrong a release later.
 */
#include "cmd/tables.h"

#include <stdio.h>
#include <string.h>

#include "sensor/options.h"

enum { ID_LIST = 300 };

static const char CONF[] = "gatewitness.conf";

/* Text as roff takes it: a backslash is one, a hyphen can be copied into a shell, and no line is a macro. */
static void
put(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((text[i] == '.' || text[i] == '\'') && (i == 0 || text[i - 1] == '\n'))
			fputs("\\&", stdout);
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[i]);
	}
}

static void
put_text(const char *text)
{
	put(text, strlen(text));
}

static void
put_head(const char *name, const char *section, const char *summary)
{
	printf(".TH \"");
	for (const char *p = name; *p; p++)
		putchar(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	printf("\" %s \"\" \"gatewitness %s\" \"gatewitness\"\n.SH NAME\n", section, PROGRAM_VERSION);
	put_text(name);
	printf(" \\- ");
	put_text(summary);
	printf("\n");
}

static void
put_option(const struct arg_option *o)
{
	printf(".TP\n");
	if (o->id < 128)
		printf("\\fB\\-%c\\fR, ", o->id);
	printf("\\fB\\-\\-");
	put_text(o->name);
	printf("\\fR");
	if (o->value) {
		printf(" \\fI");
		put_text(o->value);
		printf("\\fR");
	}
	printf("\n");
	put_text(o->doc);
	printf("\n");
}

static const struct arg_option HELP = {'h', "help", NULL, "print what the command does and exit"};

static void
put_options(const struct command *c)
{
	printf(".SH OPTIONS\n");
	for (const struct arg_option *o = c->options; o->name; o++)
		put_option(o);
	put_option(&HELP);
}

/* The paragraphs of a command's help: what is indented there is kept line by line, and two of them have a heading. */
struct about {
	bool example, ended; /* ended: the paragraph; another may follow */
};

static void
put_line(struct about *a, const char *line, size_t n)
{
	bool example = n > 2 && line[0] == ' ' && line[1] == ' ';

	if (example != a->example)
		printf(example ? ".nf\n" : ".fi\n");
	a->example = example;
	if (n == 9 && memcmp(line, "examples:", 9) == 0)
		printf(".SH EXAMPLES\n");
	else if (n > 10 && memcmp(line, "exit code:", 10) == 0) {
		printf(".SH EXIT STATUS\n");
		put(line + 11, n - 11);
		printf("\n");
	} else if (n) {
		if (a->ended)
			printf(".PP\n");
		put(line, n);
		printf("\n");
	}
	a->ended = n == 0;
}

static void
put_about(const char *text)
{
	struct about a = {false, false};

	printf(".SH DESCRIPTION\n");
	while (*text) {
		size_t n = strcspn(text, "\n");

		put_line(&a, text, n);
		text += n + (text[n] == '\n');
	}
	if (a.example)
		printf(".fi\n");
}

/* "gatewitness(1), gatewitness.conf(5)" */
static void
put_see_also(void)
{
	printf(".SH SEE ALSO\n.BR gatewitness (1),\n.BR gatewitness.conf (5)\n");
}

static void
command_page(const struct command *c)
{
	char name[64];

	snprintf(name, sizeof(name), "gatewitness-%s", c->name);
	put_head(name, "1", c->summary);
	printf(".SH SYNOPSIS\n\\fBgatewitness %s\\fR ", c->name);
	put_text(c->synopsis);
	printf("\n");
	put_about(c->about);
	put_options(c);
	put_see_also();
}

static void
program_page(void)
{
	put_head("gatewitness", "1", "off-box witness for a remote-access gateway");
	printf(".SH SYNOPSIS\n\\fBgatewitness\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIFILE\\fR]...\n"
	       ".SH DESCRIPTION\nWatches the TLS traffic to a remote\\-access gateway from a span port without "
	       "decrypting it, "
	       "flags\nanomalous sessions with numbers, and keeps months of session records that nobody changes "
	       "unseen.\n"
	       ".SH COMMANDS\n");
	for (const struct command *const *c = COMMANDS; *c; c++) {
		printf(".TP\n\\fB%s\\fR\n", (*c)->name);
		put_text((*c)->summary);
		printf("\n");
	}
	printf(".SH EXIT STATUS\n0 done (alerts do not change it); 1 input or output failed or was cut, what was read "
	       "stays\nvalid; 2 usage or configuration.\n.SH SEE ALSO\n");
	for (const struct command *const *c = COMMANDS; *c; c++)
		printf(".BR gatewitness\\-%s (1),\n", (*c)->name);
	printf(".BR gatewitness.conf (5)\n");
}

static void
conf_section(const struct option *o, const struct option *before)
{
	if (before->section && strcmp(o->section, before->section) == 0 &&
	    (!o->instance || (before->instance && strcmp(o->instance, before->instance) == 0)))
		return;
	printf(".SS [%s%s%s]\n", o->section, o->instance || option_named(o->section) ? " " : "",
	       o->instance              ? o->instance :
	       option_named(o->section) ? "NAME" :
					  "");
}

static void
conf_option(const struct option *o)
{
	char room[OPTION_TEXT_MAX + 64];
	struct out value = out_of(room, sizeof(room));
	int64_t number = o->number;

	if (o->value && !option_parse(o, o->value, &number) && *o->value)
		out_text(&value, o->value);
	else if (!o->value)
		option_print(&value, o, o->number, "");
	printf(".TP\n\\fB%s\\fR", o->name);
	if (out_len(&value)) {
		printf(" = ");
		put(value.start, out_len(&value));
	}
	printf("\n");
	put_text(o->doc);
	if (*o->range) {
		printf(" (");
		put_text(o->range);
		printf(")");
	}
	printf("\n");
}

static void
conf_page(void)
{
	struct option o, before = {0};

	put_head(CONF, "5", "configuration of gatewitness");
	printf(".SH DESCRIPTION\nSections in brackets, then \\fIkey\\fR = \\fIvalue\\fR; # begins a comment. Lists "
	       "have commas, "
	       "times are\nwritten 90s, 5m or 7d, sizes 64MiB, switches yes and no; a text with blanks at its ends or "
	       "a # stands "
	       "in\ndouble quotes. \\fBinclude\\fR = \\fIFOLDER\\fR reads every file of that folder whose name ends in "
	       ".conf.\n"
	       "A key that is not known is an error that names the nearest.\n"
	       ".PP\n\\fBgatewitness config\\fR prints every option with the value in force, as such a file.\n"
	       ".SH OPTIONS\n");
	for (unsigned i = 0; option_at(i, &o); i++) {
		conf_section(&o, &before);
		conf_option(&o);
		before = o;
	}
	printf(".SH SEE ALSO\n.BR gatewitness (1),\n.BR gatewitness\\-config (1)\n");
}

/* "gatewitness.1 gatewitness-read.1 ... gatewitness.conf.5" */
static void
list(void)
{
	printf("gatewitness.1\n");
	for (const struct command *const *c = COMMANDS; *c; c++)
		printf("gatewitness-%s.1\n", (*c)->name);
	printf("%s.5\n", CONF);
}

/* Is `page` called that, with or without its section? */
static bool
is_page(const char *page, const char *name, const char *section)
{
	size_t n = strlen(name);

	return strncmp(page, name, n) == 0 && (!page[n] || (page[n] == '.' && strcmp(page + n + 1, section) == 0));
}

static bool
print_page(const char *page)
{
	static const char PROGRAM[] = "gatewitness-";
	const char *name = strncmp(page, PROGRAM, sizeof(PROGRAM) - 1) == 0 ? page + sizeof(PROGRAM) - 1 : page;

	if (is_page(page, CONF, "5"))
		conf_page();
	else if (is_page(page, "gatewitness", "1"))
		program_page();
	else {
		for (const struct command *const *c = COMMANDS; *c; c++)
			if (is_page(name, (*c)->name, "1")) {
				command_page(*c);
				return true;
			}
		return false;
	}
	return true;
}

struct chosen {
	const char *page;
	bool list;
};

static int
take_option(void *arg, int id, const char *value)
{
	struct chosen *c = arg;

	if (id == ID_LIST)
		c->list = true;
	else if (c->page)
		return usage_error("manual", "takes one page");
	else
		c->page = value;
	return EXIT_DONE;
}

static int
manual_run(int argc, char **argv)
{
	struct chosen c = {NULL, false};
	int status = args_take(&CMD_MANUAL, argc, argv, take_option, &c);
	char words[160];

	if (status != EXIT_DONE)
		return status;
	if (c.list) {
		list();
		return tables_finish();
	}
	if (print_page(c.page ? c.page : "gatewitness"))
		return tables_finish();
	snprintf(words, sizeof(words), "there is no page \"%.60s\"; --list names them", c.page);
	return usage_error("manual", words);
}

static const struct arg_option OPTIONS[] = {
	{ID_LIST, "list", NULL, "the pages' names, one a line"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_MANUAL = {
	"manual",
	"[--list | PAGE]",
	"the manual pages, for man",
	OPTIONS,
	"Prints a page as man reads it. make install and the package put them where man finds them.\n"
	"\n"
	"examples:\n"
	"  gatewitness manual hunt | man -l -\n"
	"  gatewitness manual gatewitness.conf.5 | man -l -\n"
	"\n"
	"exit code: 0 done; 1 standard output failed; 2 wrong usage\n",
	manual_run,
};
