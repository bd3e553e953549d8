/*
 * explain: the story of one incident for a person, from the EVE lines that told of it, or from a ledger.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"
#include "cmd/ledgers.h"
#include "cmd/retell.h"
#include "cmd/tables.h"

struct explain {
	struct config config;
	struct story story;
	const char *ledger; /* NULL: EVE files */
	struct retold retold;
	bool json;
	struct term out;
};

static int
tell(struct explain *x)
{
	if (x->ledger && !retell_story(&x->retold, &x->story, x->ledger)) {
		fprintf(stderr, "gatewitness: %s\n", x->story.error);
		return EXIT_IO;
	}
	if (!story_find(&x->story)) {
		fprintf(stderr, "gatewitness: %s\n", x->story.error);
		return EXIT_IO;
	}
	if (x->json)
		story_json(&x->out, &x->story);
	else
		story_print(&x->out, &x->story);
	return tables_finish();
}

static int
take_option(void *arg, int id, const char *value)
{
	struct explain *x = arg;
	struct story *s = &x->story;

	switch (id) {
	case OPT_EVE:
		if (s->files == STORY_FILES)
			return usage_error("explain", "too many files at once");
		s->file[s->files++] = value;
		return EXIT_DONE;
	case OPT_LEDGER:
		x->ledger = value;
		return EXIT_DONE;
	case 'c':
		if (config_file(&x->config, value))
			return EXIT_DONE;
		fprintf(stderr, "gatewitness: %s\n", x->config.error);
		return EXIT_USAGE;
	case OPT_JSON:
		x->json = true;
		return EXIT_DONE;
	default:
		if (*s->id || !story_is_id(value))
			return usage_error("explain",
					   "takes one id: the 16 hex digits of a finding, incident or session");
		memcpy(s->id, value, STORY_ID);
		return EXIT_DONE;
	}
}

static int
take_arguments(struct explain *x, int argc, char **argv)
{
	struct story *s = &x->story;
	int status = args_take(&CMD_EXPLAIN, argc, argv, take_option, x);

	if (status != EXIT_DONE)
		return status;
	if (!*s->id)
		return usage_error("explain", "which alert? its id, 16 hex digits");
	if (x->ledger && s->files)
		return usage_error("explain", "--eve or --ledger, not both");
	if (x->ledger)
		return EXIT_DONE;
	if (!s->files && *config_text(&x->config, OPT_eve_file))
		s->file[s->files++] = config_text(&x->config, OPT_eve_file);
	return s->files ? EXIT_DONE :
			  usage_error("explain",
				      "where are the alerts? --eve FILE, --ledger DIR, or -c CONFIG with eve.file");
}

static int
explain_run(int argc, char **argv)
{
	struct explain *x = calloc(1, sizeof(*x));
	int status = EXIT_IO;

	if (!x)
		return EXIT_IO;
	config_init(&x->config);
	x->out = term_of(stdout);
	status = take_arguments(x, argc, argv);
	if (status == EXIT_DONE)
		status = tell(x);
	story_free(&x->story);
	retell_free(&x->retold);
	free(x);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_EVE, "eve", "FILE", "the sensor's EVE lines; repeatable, rotated files in any order"},
	{OPT_LEDGER, "ledger", "DIR", "the sensor's ledger instead; its rows hold less than the lines"},
	{'c', "config", "FILE", "read eve.file from this configuration"},
	{OPT_JSON, "json", NULL, "the lines of the story as one JSON object"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_EXPLAIN = {
	"explain",
	"ID [--eve FILE]... [--ledger DIR] [-c CONFIG] [--json]",
	"the story of one alert, for a person",
	OPTIONS,
	"ID is the 16 hex digits of a finding, an incident, or a session that an alert names. Prints\n"
	"what happened in order, what speaks for it and what else it could be, the sessions with\n"
	"their exchanges, and what cannot be seen without decrypting.\n"
	"\n"
	"examples:\n"
	"  gatewitness explain 4dc29561e06b9456 --eve eve.json\n"
	"  gatewitness explain 4dc29561e06b9456 --ledger /var/lib/gatewitness\n"
	"\n"
	"exit code: 0 told; 1 no such id, or a file cannot be read; 2 wrong usage\n",
	explain_run,
};
