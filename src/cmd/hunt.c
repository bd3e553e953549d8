/*
 * hunt: was there something, in the time that the ledger remembers?  The command; hunt_search.c looks.
 */
#include "cmd/hunt_print.h"

#include <stdlib.h>

#include "cmd/tables.h"

enum { ID_WHERE = HUNT_OPTIONS_END, ID_DETECTOR };

static void
on_session(void *arg, const struct session *s, bool within)
{
	struct hunting *h = arg;
	const struct where_subject about = {.session = s};

	if (within && s->kind == SESSION_CLOSE && where_holds(&h->where, &about))
		hunt_match(h, s);
}

static int
check_detector(const struct hunt *h)
{
	char words[192];

	if (!h->detector || detector_by_name(h->detector))
		return EXIT_DONE;
	snprintf(words, sizeof(words), "no detector \"%.60s\"; the nearest is \"%s\"", h->detector,
		 detector_nearest(h->detector)->name);
	return usage_error("hunt", words);
}

static int
take_option(void *arg, int id, const char *value)
{
	struct hunting *h = arg;

	switch (id) {
	case ID_WHERE:
		h->expression = value;
		return EXIT_DONE;
	case ID_DETECTOR:
		h->hunt.detector = value;
		return EXIT_DONE;
	case OPT_JSON:
		h->json = true;
		return EXIT_DONE;
	default:
		return hunt_option(&h->hunt, id, value);
	}
}

static int
take_arguments(struct hunting *h, int argc, char **argv)
{
	char error[WHERE_ERROR_MAX];
	int status = args_take(&CMD_HUNT, argc, argv, take_option, h);

	if (status == EXIT_DONE && !h->hunt.dir)
		return usage_error("hunt", "no ledger named: the folder of --ledger");
	if (status == EXIT_DONE && h->expression && !where_compile(&h->where, h->expression, NULL, error))
		return usage_error("hunt", error);
	if (h->hunt.indicators && !h->hunt.detector)
		h->hunt.detector = "indicator";
	h->hunt.replays = !h->expression || h->hunt.detector;
	h->hunt.session = h->expression ? on_session : NULL;
	h->hunt.question = h->expression ? &h->where : NULL;
	return status == EXIT_DONE ? check_detector(&h->hunt) : status;
}

static int
hunt_run(int argc, char **argv)
{
	struct hunting *h = calloc(1, sizeof(*h));
	int status = EXIT_IO, written;

	if (!h)
		return EXIT_IO;
	h->out = term_of(stdout);
	h->hunt.arg = h;
	h->hunt.common = common_new(&CMD_HUNT);
	if (h->hunt.common && (status = take_arguments(h, argc, argv)) == EXIT_DONE) {
		status = hunt_search(&h->hunt);
		if (h->hunt.answered)
			hunt_print(h);
		written = tables_finish();
		status = written != EXIT_DONE ? written : status;
	}
	hunt_free(&h->hunt);
	free(h);
	return status;
}

static const struct arg_option OPTIONS[] = {
	HUNT_OPTIONS,
	{ID_WHERE, "where", "EXPR", "sessions for which this holds, as src in 203.0.113.0/24 and bytes_in > 1000000"},
	{ID_DETECTOR, "detector", "NAME", "findings of this detector only"},
	{OPT_JSON, "json", NULL, "one JSON object a line: findings or sessions, then coverage and verification"},
	{OPT_EVE, "eve", "FILE", "write the findings that are shown as EVE JSON lines there, too"},
	{'c', "config", "FILE", "read today's configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{OPT_QUIET, "quiet", NULL, "errors and the result only"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_HUNT = {
	"hunt",
	"[OPTION]... DIR",
	"was there something, in the time the ledger has",
	OPTIONS,
	"Judges the sessions of a ledger (read --ledger, run --ledger) again: by today's detectors and\n"
	"configuration, or as they were. Detectors learn from the first record on; findings of the\n"
	"window are shown by incident. With --where alone it lists sessions and runs no detector.\n"
	"\n"
	"It always ends with what the answer rests on: how much of the window was watched, where not\n"
	"and why, what was lost, and whether the ledger is what the sensor wrote.\n"
	"\n"
	"examples:\n"
	"  gatewitness hunt --since 90d /var/lib/gatewitness\n"
	"  gatewitness hunt --indicators cert-list.csv --json /var/lib/gatewitness\n"
	"  gatewitness hunt --since 2025-05-01 --where 'role = outbound and bytes_out > 10000000' DIR\n"
	"  gatewitness hunt --where 'src = 203.0.113.7' --privacy-key key DIR   # clients are pseudonyms there\n"
	"\n"
	"exit code: 0 done (findings do not change it); 1 the ledger is not whole or cannot be read;\n"
	"2 wrong usage or configuration\n",
	hunt_run,
};
