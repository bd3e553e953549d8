/*
 * read: capture files to sessions, flags and alerts.
 *
 *	files --captures--> watch --> EVE lines, summary
 */
#include "cmd/captures.h"
#include "cmd/keep.h"

#include <stdlib.h>

#include "sensor/keeper.h"

enum { OPT_TAPS = 't' };

static void
summarise(struct captures *r)
{
	struct summary s = {.files = r->file,
			    .file_count = r->files,
			    .bytes = r->state.done,
			    .first = r->first,
			    .last = r->last,
			    .took_ns = clock_now_ns() - r->began};

	if (!r->common->quiet)
		summary_print(r->common, &s);
}

static int
read_all(struct captures *r)
{
	struct keep keep = {.ledger = NULL};
	int status = keep_import(&keep, r->common, r->file, r->files);

	if (status == EXIT_DONE)
		status = keep_evidence(&keep, r->common);
	if (status != EXIT_DONE)
		return common_close(r->common, status);
	status = keep_close(&keep, r->common, r->common->taps ? captures_tap(r) : captures_read(r));
	status = common_close(r->common, status);

	summarise(r);
	return status;
}

static int
take_file(struct captures *r, const char *path)
{
	if (r->files == CAPTURES_MAX)
		return usage_error("read", "too many files");
	r->file[r->files++] = path;
	return EXIT_DONE;
}

static int
take_taps(struct captures *r, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*end || end == value || n < 1 || n > KEEPER_TAPS_MAX)
		return usage_error("read", "--taps takes a number from 1 to 64");
	r->common->taps = (unsigned)n;
	return EXIT_DONE;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct captures *r = arg;

	if (id == OPT_TAPS)
		return take_taps(r, value);
	return id == ARGS_FILE ? take_file(r, value) : common_option(r->common, id, value);
}

/* Each tap reads all captures; evidence needs the frames where the findings are. */
static int
check_taps(const struct captures *r)
{
	for (size_t i = 0; i < r->files; i++)
		if (strcmp(r->file[i], "-") == 0)
			return usage_error("read", "--taps reads each capture several times, which standard input "
						   "cannot; name files");
	if (config_number(&r->common->config, OPT_evidence_ring))
		return usage_error("read", "--taps and evidence.ring: the taps have the frames, and keep none; leave "
					   "one of them out");
	return EXIT_DONE;
}

static int
take_arguments(struct captures *r, int argc, char **argv)
{
	int status = args_take(&CMD_READ, argc, argv, take_option, r);

	if (status == EXIT_DONE && r->files == 0)
		return usage_error("read", "no capture named; - is standard input");
	return status == EXIT_DONE && r->common->taps ? check_taps(r) : status;
}

static int
read_run(int argc, char **argv)
{
	const char **file = calloc(CAPTURES_MAX, sizeof(*file));
	struct captures r = {.common = common_new(&CMD_READ), .file = file};
	int status = r.common && file ? take_arguments(&r, argc, argv) : EXIT_IO;

	if (r.common)
		r.common->feeds = true;
	if (status == EXIT_DONE && (status = common_open(r.common, NULL)) == EXIT_DONE)
		status = read_all(&r);
	if (r.common)
		common_free(r.common);
	free(file);
	return status;
}

static const struct arg_option OPTIONS[] = {
	COMMON_OPTIONS,
	LEDGER_OPTION,
	PRIVACY_OPTION,
	{OPT_TAPS, "taps", "N", "so many processes share the work, by address pairs; the output is the same"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_READ = {
	"read",
	"[OPTION]... CAPTURE...",
	"capture files to sessions, flags and alerts",
	OPTIONS,
	"Reads pcap and pcapng files in the order given; - is standard input. Without -g it looks\n"
	"for the likely gateways first and says which it took. A summary goes to standard error,\n"
	"EVE lines only where --eve (or eve.file) says.\n"
	"\n"
	"examples:\n"
	"  gatewitness read -g 192.0.2.10 --eve eve.json friday.pcap saturday.pcap\n"
	"  zcat big.pcap.gz | gatewitness read --eve - - | jq 'select(.event_type==\"alert\")'\n"
	"  gatewitness read --set detect.learn=0s --set memory.limit=1GiB month.pcapng\n"
	"\n"
	"exit code: 0 done (alerts do not change it); 1 an input or output failed or was cut, what\n"
	"was read before is kept; 2 wrong usage or configuration\n",
	read_run,
};
