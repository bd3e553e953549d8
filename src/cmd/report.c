/*
 * report: one file that answers "were we exploited between May and July?" for people who did not run the sensor.
 *
 * The text is a function of what was found: it is written into memory, again with twice the room until it fits, and to
 * the file at last, so that a page is there as a whole or not at all.
 */
#include "cmd/report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/tables.h"

enum { ID_TITLE = HUNT_OPTIONS_END, ID_ORGANISATION, ID_KEY };
static const size_t ROOM_FIRST = 1 << 20, ROOM_MOST = (size_t)1 << 30;

static int
fail(const struct report *r, const char *path, const char *what)
{
	char words[512];

	snprintf(words, sizeof(words), "%.300s: %.180s", path, what);
	common_error(r->hunt.common, words);
	return EXIT_IO;
}

/* NULL: no memory; *n bytes of it are the report. */
static char *
text_of(const struct report *r, size_t *n)
{
	for (size_t room = ROOM_FIRST; room <= ROOM_MOST; room *= 2) {
		char *text = malloc(room);
		struct html page;
		struct out json;

		if (!text)
			return NULL;
		json = out_of(text, room);
		page = html_of(text, room);
		if (r->json)
			report_json(&json, r);
		else
			report_html(&page, r);
		*n = out_len(r->json ? &json : &page.out);
		if (!(r->json ? json.full : page.out.full))
			return text;
		free(text);
	}
	return NULL;
}

static int
write_file(const struct report *r, const char *text, size_t n)
{
	FILE *f = fopen(r->output, "we");
	bool fine;
	int why;

	if (!f)
		return fail(r, r->output, strerror(errno));
	fine = fwrite(text, 1, n, f) == n;
	why = errno;
	if (fclose(f) != 0 && fine) {
		fine = false;
		why = errno;
	}
	if (fine)
		return EXIT_DONE;
	unlink(r->output); /* half a page says something else than all of it */
	return fail(r, r->output, strerror(why));
}

static int
write_report(const struct report *r)
{
	size_t n = 0;
	char *text = text_of(r, &n);
	int status = EXIT_DONE;

	if (!text)
		return fail(r, "report", "no memory for it");
	if (strcmp(r->output, "-") != 0)
		status = write_file(r, text, n);
	else if (fwrite(text, 1, n, stdout) != n)
		status = EXIT_IO;
	free(text);
	return status;
}

static int
report(struct report *r)
{
	int status, written;

	if (!report_begin(r))
		return fail(r, "report", "no memory for its tables");
	r->hunt.arg = r;
	r->hunt.session = report_session;
	r->hunt.replays = true;
	status = hunt_search(&r->hunt);
	if (!r->hunt.answered)
		return status;
	report_expired(r); /* a day that cannot be read is told by the verification */
	report_sort(r);
	if (!report_incidents(r) || !report_ledger(r))
		return fail(r, "report", "no memory for it, or the ledger's seals cannot be read");
	report_judge(r);
	written = write_report(r);
	return written != EXIT_DONE ? written : status;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct report *r = arg;

	switch (id) {
	case 'o':
		r->output = value;
		return EXIT_DONE;
	case ID_TITLE:
		r->title = value;
		return EXIT_DONE;
	case ID_ORGANISATION:
		r->organisation = value;
		return EXIT_DONE;
	case ID_KEY:
		r->hunt.key = value;
		return EXIT_DONE;
	case OPT_JSON:
		r->json = true;
		return EXIT_DONE;
	default:
		return hunt_option(&r->hunt, id, value);
	}
}

static int
take_arguments(struct report *r, int argc, char **argv)
{
	int status = args_take(&CMD_REPORT, argc, argv, take_option, r);

	if (status == EXIT_DONE && !r->hunt.dir)
		return usage_error("report", "no ledger named: the folder of --ledger");
	if (status == EXIT_DONE && !r->output)
		return usage_error("report", "no file named for it: -o report.html, or -o - for standard output");
	return status;
}

static void
report_free(struct report *r)
{
	free(r->calls.peer);
	free(r->calls.slot);
	free(r->clients.peer);
	free(r->clients.slot);
	free(r->evidence);
	free(r->by_incident);
	free(r->incident);
	free(r->then);
	free(r->open_day);
	seals_free(&r->seals);
	hunt_free(&r->hunt);
	free(r);
}

static int
report_run(int argc, char **argv)
{
	struct report *r = calloc(1, sizeof(*r));
	int status = EXIT_IO, written;

	if (!r)
		return EXIT_IO;
	r->hunt.common = common_new(&CMD_REPORT);
	if (r->hunt.common && (status = take_arguments(r, argc, argv)) == EXIT_DONE) {
		status = report(r);
		written = tables_finish();
		status = written != EXIT_DONE ? written : status;
	}
	report_free(r);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'o', "output", "FILE", "write it there; - for standard output"},
	HUNT_OPTIONS,
	{ID_TITLE, "title", "TEXT", "its heading, such as the question that was asked"},
	{ID_ORGANISATION, "organisation", "TEXT", "whose gateway it is"},
	{ID_KEY, "key", "FILE", "the sensor's public key (seal.pub), as it was kept elsewhere"},
	{OPT_JSON, "json", NULL, "the same content as one JSON object"},
	{'c', "config", "FILE", "read today's configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{OPT_QUIET, "quiet", NULL, "errors only"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_REPORT = {
	"report",
	"[OPTION]... -o FILE DIR",
	"the answer of a hunt as a page for others",
	OPTIONS,
	"Judges a ledger as hunt does, and writes one page (HTML, self-contained, prints on A4) to hand\n"
	"to a management, a regulator or a CERT: the question, the answer and what it rests on,\n"
	"incidents, what was watched and what not, whom the gateway called, each detector with what it\n"
	"looks for and cannot see, the limits, and how to check that the ledger is as it was written.\n"
	"\n"
	"The same ledger, lists and options give the same bytes.\n"
	"\n"
	"examples:\n"
	"  gatewitness report --since 2025-05-01 --until 2025-08-01 -o report.html /var/lib/gatewitness\n"
	"  gatewitness report --organisation 'Example Ltd' --key seal.pub --indicators cert.csv -o r.html DIR\n"
	"  gatewitness report --since 90d --json -o - DIR | jq .answer\n"
	"\n"
	"exit code: 0 done (findings do not change it); 1 the ledger is not whole or cannot be read, or\n"
	"the report cannot be written; 2 wrong usage or configuration\n",
	report_run,
};
