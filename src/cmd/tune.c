/*
 * tune: what other settings of the detectors would have said of the same traffic.
 *
 *	captures --watch--\
 *	                   store --replay, one parameter at a time over a range--> alerts of each detector --> table
 *	EVE lines --------/
 *
 * Must not write anything that a sensor owns: neither its EVE file nor what it has learnt.
 */
#include "cmd/tune.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/captures.h"
#include "cmd/eve_in.h"
#include "cmd/tables.h"

enum { ID_DETECTOR = 300, ID_PARAMETER, ID_CAPTURE };

struct tune {
	struct common *common;
	struct store *store;
	const char **file;
	size_t files;
	bool eve, captures, json, no_memory;
	struct tune_wanted wanted;
	struct progress progress;
	uint64_t done, todo;  /* bytes of EVE lines */
	uint64_t privacy_key; /* of pseudonyms in them */
	struct tune_result result;
	int exit;
};

static int
fail(struct tune *t, const char *words)
{
	progress_clear(&t->progress);
	common_error(t->common, words);
	return t->exit = EXIT_IO;
}

static void
hear_session(void *arg, const struct session *s)
{
	struct tune *t = arg;

	t->no_memory |= !store_session(t->store, s);
}

static void
hear_pulse(void *arg, const struct pulse *p)
{
	struct tune *t = arg;

	t->no_memory |= !store_pulse(t->store, p);
}

static void
from_captures(struct tune *t)
{
	struct captures c = {.common = t->common, .file = t->file, .files = t->files};

	t->result.pulses = true;
	t->exit = captures_read(&c);
	if (t->no_memory)
		fail(t, "no memory for more records");
}

static void
eve_progress(void *arg, const char *file, uint64_t bytes)
{
	struct tune *t = arg;

	t->done += bytes;
	progress_share(&t->progress, file, t->done, t->todo);
}

/* A file that is none of ours is an error, a bad line in one of ours is counted. */
static void
eve_file(struct tune *t, struct eve_in *e, const char *path)
{
	uint64_t lines = e->lines, eve = e->eve, own = e->own, records = e->records;
	char words[EVE_IN_ERROR_MAX];

	if (!eve_in_file(e, path)) {
		fail(t, e->error);
		return;
	}
	if (e->records > records)
		return;
	snprintf(words, sizeof(words), "%.300s: %s", path,
		 e->lines == lines ? "empty" :
		 e->eve == eve     ? "is no file of EVE JSON lines" :
		 e->own == own     ? "no session records: eve.mode=strict leaves them out; use extended, or captures" :
				     "no session records in it");
	fail(t, words);
}

static void
tell_bad(struct tune *t, const struct eve_in *e)
{
	char words[EVE_IN_ERROR_MAX + 80];

	if (!e->bad || t->exit != EXIT_DONE)
		return;
	snprintf(words, sizeof(words), "%s line%s left out; the first: %s", words_number(e->bad).text,
		 e->bad == 1 ? "" : "s", e->first_bad);
	common_error(t->common, words);
}

static void
from_eve(struct tune *t)
{
	struct eve_in *e = calloc(1, sizeof(*e));
	struct gateway_addr own[GATEWAY_ADDRS_MAX];
	struct site site = {.count = 0};
	struct stat st;

	if (!e) {
		fail(t, "no memory");
		return;
	}
	site_set(&site, own, config_gateways(&t->common->config, own, GATEWAY_ADDRS_MAX));
	*e = (struct eve_in){.store = t->store, .site = &site, .progress = eve_progress, .arg = t};
	for (size_t i = 0; i < t->files; i++)
		t->todo += stat(t->file[i], &st) == 0 ? (uint64_t)st.st_size : 0;
	for (size_t i = 0; i < t->files && t->exit == EXIT_DONE; i++)
		eve_file(t, e, t->file[i]);
	progress_clear(&t->progress);
	tell_bad(t, e);
	t->result.pulses = e->pulses != 0;
	t->privacy_key = e->privacy_key;
	store_merge(t->store);
	free(e);
}

/* A detector of pulses was asked for, and there are none. */
static bool
is_blind(const struct tune *t)
{
	const struct detector_info *d = t->wanted.detector ? detector_by_name(t->wanted.detector) : NULL;

	return d && detector_pulses(d) && !t->result.pulses;
}

static int
tell_blind(struct tune *t)
{
	char words[256];

	snprintf(words, sizeof(words),
		 "%s looks at pulses, which these EVE lines do not have: write them with eve.replay=yes, or name "
		 "captures",
		 t->wanted.detector);
	fail(t, words);
	return EXIT_USAGE;
}

/* Addresses of the configuration against pseudonyms whose key is not there. */
static void
tell_pseudonyms(const struct tune *t)
{
	const struct common *c = t->common;
	bool known = c->privacy.key && c->privacy.key->id == t->privacy_key;

	if (!t->privacy_key || known || c->quiet ||
	    !(rules_ask_addresses(&c->rules[c->now]) || enrich_with_addresses(c->enrich)))
		return;
	fprintf(stderr, "clients are pseudonyms in these EVE lines, and their key is not here: suppressions, networks "
			"and lists by address apply to nobody; give it with --privacy-key FILE\n");
}

/* What EVE lines cannot tell, once. */
static void
tell_limits(const struct tune *t)
{
	unsigned n = 0;

	if (t->result.pulses || t->common->quiet)
		return;
	fprintf(stderr, "these EVE lines have no pulses, nor sessions that only began: not replayed are ");
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		if (detector_pulses(&DETECTORS[d]))
			fprintf(stderr, "%s%s", n++ ? ", " : "", DETECTORS[d].name);
	fprintf(stderr, "; captures have both, and so have EVE lines written with eve.replay=yes\n");
}

static int
tune(struct tune *t)
{
	struct term out = term_of(stdout);
	int written;

	progress_begin(&t->progress, &t->common->err, !t->common->quiet);
	if (t->eve)
		from_eve(t);
	else
		from_captures(t);
	t->result.facts = store_facts(t->store);
	t->result.learn_ns = config_number(&t->common->config, OPT_detect_learn);
	if (t->result.facts.sessions + t->result.facts.pulses == 0)
		return t->exit != EXIT_DONE ? t->exit : fail(t, "no record of a gateway: name it with -g");
	if (is_blind(t))
		return tell_blind(t);
	if (t->eve)
		common_say_expired(t->common, t->result.facts.first);
	tell_limits(t);
	tell_pseudonyms(t);
	t->wanted.common = t->common;
	t->wanted.store = t->store;
	if (!tune_replay(&t->result, &t->wanted))
		return fail(t, "no memory for a replay");
	(t->json ? tune_json : tune_print)(&out, &t->result);
	written = tables_finish();
	return written != EXIT_DONE ? written : t->exit;
}

static int
unknown(const char *what, const char *name, const char *nearest)
{
	char words[256];

	snprintf(words, sizeof(words), "no %s \"%.60s\"; the nearest is \"%.60s\"", what, name, nearest);
	return usage_error("tune", words);
}

static int
check_detector(const struct tune *t)
{
	const char *name = t->wanted.detector;

	return !name || detector_by_name(name) ? EXIT_DONE : unknown("detector", name, detector_nearest(name)->name);
}

static int
check_parameter(const struct tune *t)
{
	const char *nearest = NULL;

	for (unsigned i = 0; t->wanted.parameter && i < DETECT_PARAM_COUNT; i++) {
		const char *name = DETECT_PARAMS[i].name;

		if (t->wanted.detector && strcmp(t->wanted.detector, DETECT_PARAMS[i].detector) != 0)
			continue;
		if (strcmp(t->wanted.parameter, name) == 0)
			return EXIT_DONE;
		if (!nearest || text_distance(t->wanted.parameter, name) < text_distance(t->wanted.parameter, nearest))
			nearest = name;
	}
	if (!t->wanted.parameter)
		return EXIT_DONE;
	return nearest ? unknown("parameter", t->wanted.parameter, nearest) :
			 usage_error("tune", "this detector has no parameters");
}

static int
take_file(struct tune *t, const char *path)
{
	if (t->files == CAPTURES_MAX)
		return usage_error("tune", "too many files");
	t->file[t->files++] = path;
	return EXIT_DONE;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct tune *t = arg;

	switch (id) {
	case OPT_EVE:
		t->eve = true;
		return take_file(t, value);
	case ID_CAPTURE:
		t->captures = true;
		return take_file(t, value);
	case ARGS_FILE:
		return take_file(t, value);
	case ID_DETECTOR:
		t->wanted.detector = value;
		return EXIT_DONE;
	case ID_PARAMETER:
		t->wanted.parameter = value;
		return EXIT_DONE;
	case OPT_JSON:
		t->json = true;
		return EXIT_DONE;
	default:
		return common_option(t->common, id, value);
	}
}

static int
take_arguments(struct tune *t, int argc, char **argv)
{
	int status = args_take(&CMD_TUNE, argc, argv, take_option, t);

	if (status != EXIT_DONE)
		return status;
	if (t->files == 0)
		return usage_error("tune", "no traffic named: captures, or --eve FILE");
	if (t->eve && t->captures)
		return usage_error("tune", "captures or EVE lines, not both: a connection would count twice");
	status = check_detector(t);
	return status == EXIT_DONE ? check_parameter(t) : status;
}

static int
tune_run(int argc, char **argv)
{
	struct tune *t = calloc(1, sizeof(*t));
	int status = EXIT_IO;

	if (!t)
		return EXIT_IO;
	t->file = calloc(CAPTURES_MAX, sizeof(*t->file));
	t->common = common_new(&CMD_TUNE);
	t->store = store_new();
	if (t->file && t->common && t->store && (status = take_arguments(t, argc, argv)) == EXIT_DONE) {
		t->common->hears = (struct watch_tell){.arg = t, .session = hear_session, .pulse = hear_pulse};
		*t->common->config.text[OPT_eve_file] = *t->common->config.text[OPT_detect_memory] = '\0';
		t->common->asks = t->eve;
		if ((status = common_open(t->common, NULL)) == EXIT_DONE)
			status = tune(t);
	}
	if (t->common)
		common_free(t->common);
	store_free(t->store);
	free(t->file);
	free(t);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'g', "gateway", "ADDR[,ADDR]", "addresses of the gateway; EVE lines say who it is"},
	{OPT_EVE, "eve", "FILE", "the sensor's EVE lines; further files are such, too, in any order"},
	{ID_CAPTURE, "capture", "FILE", "a capture; the same as without the option"},
	{'c', "config", "FILE", "read the configuration from there: settings, suppressions, facts, lists"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{ID_DETECTOR, "detector", "NAME", "this detector only"},
	{ID_PARAMETER, "parameter", "NAME", "parameters of this name only"},
	{OPT_JSON, "json", NULL, "one JSON object a line: the traffic, then each parameter"},
	PRIVACY_OPTION,
	{OPT_QUIET, "quiet", NULL, "no progress, no notes; errors only"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_TUNE = {
	"tune",
	"[OPTION]... (CAPTURE... | --eve FILE...)",
	"what other settings would have alerted",
	OPTIONS,
	"Replays the records of past traffic with each parameter of each detector at a quarter, half,\n"
	"twice and four times its configured value, one at a time, and prints the alerts a day of\n"
	"severity medium and above. Suppressions, maintenance, facts and lists of the configuration\n"
	"apply. It learns from nothing, as a new sensor does: give it more than detect.learn (7 days),\n"
	"or set that to less. detect.memory is not used: it knows what came after.\n"
	"\n"
	"Captures hold everything, and so do EVE lines of a sensor with eve.replay=yes. Other EVE lines\n"
	"need eve.mode=extended, and have neither pulses nor sessions that only began (and those that go\n"
	"on only with eve.updates): what needs them is told later, or not replayed, and named.\n"
	"\n"
	"examples:\n"
	"  gatewitness tune -c gatewitness.conf --eve /var/log/gatewitness/eve.json*\n"
	"  gatewitness tune -g 192.0.2.10 --detector leak_loop june-*.pcap\n"
	"  gatewitness tune --set detect.learn=2d --parameter window --json week.pcapng\n"
	"\n"
	"exit code: 0 done; 1 an input failed or was cut, or has no records, what was read before\n"
	"counts; 2 wrong usage or configuration\n",
	tune_run,
};
