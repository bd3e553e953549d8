/*
 * hunt: was there something, in the time that the ledger remembers?
 *
 *	ledger --records, pulses--> pipeline (today's detectors, or those settings of then) --> findings of the window
 *	      \--records--> --where --> sessions that match
 *	      \--coverage, verification--> what the answer rests on: always said
 *
 * Detectors learn from the first record that the ledger has, so that the window is judged as it was live.  Must not
 * write into the ledger.
 */
#include "cmd/hunt.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/ledgers.h"
#include "cmd/tables.h"

enum { ID_SINCE = 300, ID_UNTIL, ID_INDICATORS, ID_WHERE, ID_DETECTOR, ID_AS_WAS };

static int
fail(const struct hunt *h, const char *words)
{
	common_error(h->common, words);
	return EXIT_IO;
}

static bool
in_window(const struct hunt *h, struct when t)
{
	return !when_before(t, h->since) && !when_before(h->until, t);
}

/* EVE lines tell of the window only. */
static void
set_time(struct hunt *h, struct when t)
{
	h->common->watch.writes = h->common->watch.eve.path && in_window(h, t);
}

static bool
on_session(void *arg, const struct session *s)
{
	struct hunt *h = arg;
	const struct where_subject about = {.session = s};

	h->sessions += in_window(h, s->time);
	if (h->expression && s->kind == SESSION_CLOSE && in_window(h, s->time) && where_holds(&h->where, &about))
		hunt_match(h, s);
	if (h->replays) {
		set_time(h, s->time);
		pipeline_record(h->common->watch.pipeline, s);
	}
	return !h->no_memory;
}

static bool
on_pulse(void *arg, const struct pulse *p)
{
	struct hunt *h = arg;

	h->pulses += in_window(h, p->time);
	if (h->replays) {
		set_time(h, p->time);
		pipeline_pulse(h->common->watch.pipeline, p);
	}
	return !h->no_memory;
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct hunt *h = arg;
	struct finding *more;

	if (!in_window(h, f->time) || (h->common->only && f->detector != h->common->only))
		return;
	if (h->findings == h->room) {
		h->room = h->room ? h->room * 2 : 64;
		more = realloc(h->finding, h->room * sizeof(*more));
		if (!more) {
			h->no_memory = true;
			return;
		}
		h->finding = more;
	}
	h->finding[h->findings++] = *f;
}

static void
on_said(void *arg, enum verify_kind kind, const char *words)
{
	struct hunt *h = arg;

	if (kind > VERIFY_EXPIRED && h->bads < HUNT_BAD)
		snprintf(h->bad[h->bads++], HUNT_WORDS, "%.*s", HUNT_WORDS - 1, words);
}

static int
run(struct hunt *h)
{
	struct reading r = {.folder = h->folder,
			    .since = h->since,
			    .until = h->until,
			    .arg = h,
			    .session = on_session,
			    .pulse = on_pulse};
	bool whole;

	if (h->replays)
		r.since.ns = INT64_MIN;
	whole = reading_run(&r);
	if (h->replays)
		pipeline_end(h->common->watch.pipeline);
	if (h->no_memory)
		return fail(h, "no memory for more findings");
	if (!whole)
		snprintf(h->damaged, sizeof(h->damaged), "%s", r.error);
	h->common->watch.writes = h->common->watch.eve.path != NULL;
	h->verify = (struct verify){.folder = h->folder, .arg = h, .say = on_said};
	verify_folder(&h->verify);
	hunt_cover(h);
	hunt_print(h);
	return whole && verify_fine(&h->verify) ? EXIT_DONE : EXIT_IO;
}

/* "2025-05-01", RFC 3339, or so long before the ledger's last minute. */
static int
take_time(const struct hunt *h, const char *option, const char *text, struct when *t)
{
	static const struct option SPAN = {.type = OPTION_TIME, .range = "1s..100000d"};
	int64_t ns;
	char words[256];

	if (!text || when_parse(t, text, strlen(text)))
		return EXIT_DONE;
	if (!option_parse(&SPAN, text, &ns)) {
		*t = when_add(h->coverage.last, -ns);
		return EXIT_DONE;
	}
	snprintf(words, sizeof(words), "%s \"%.60s\" is no time such as 2025-05-01, 2025-05-01T22:00+02:00 or 90d",
		 option, text);
	return usage_error("hunt", words);
}

static int
take_window(struct hunt *h)
{
	char words[400];
	int status;

	/* one day that cannot be read does not silence the others: the verification says that it is there */
	if (!hunt_coverage(h) && !h->coverage.known) {
		snprintf(words, sizeof(words), "%.300s: its coverage cannot be read; gatewitness verify says where",
			 h->folder);
		return fail(h, words);
	}
	h->since = h->coverage.first;
	h->until = when_add(h->coverage.last, 60 * NS_PER_S);
	status = take_time(h, "--since", h->since_text, &h->since);
	if (status == EXIT_DONE)
		status = take_time(h, "--until", h->until_text, &h->until);
	if (status == EXIT_DONE && when_before(h->until, h->since))
		return usage_error("hunt", "--until is before --since");
	return status;
}

static int
find_ledger(struct hunt *h)
{
	struct ledgers all;
	char error[512];

	if (!ledgers_find(&all, h->dir, error, sizeof(error)))
		return fail(h, error);
	if (all.n > 1)
		snprintf(error, sizeof(error), "%.200s: holds %zu ledgers; name one, such as %.200s", h->dir, all.n,
			 all.folder[all.n - 1]);
	else
		h->folder = strdup(all.folder[0]);
	if (all.n > 1)
		fail(h, error);
	ledgers_free(&all);
	return h->folder ? EXIT_DONE : EXIT_USAGE;
}

/* Settings of then in place of today's; what the command line sets comes after. */
static int
load_was(struct hunt *h)
{
	char *text = h->as_was ? reading_setting(h->folder, "configuration", (struct when){INT64_MAX}) : NULL, *line,
	     *next;

	if (!h->as_was)
		return EXIT_DONE;
	if (!text)
		return fail(h, "the ledger holds no configuration: --as-was cannot repeat it");
	h->was = text;
	config_init(&h->common->config);
	config_begin(&h->common->config);
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (config_line(&h->common->config, line, next ? (size_t)(next - line) : strlen(line)) == CONFIG_ERROR)
			return fail(h, h->common->config.error);
		next = next ? next + 1 : NULL;
	}
	return EXIT_DONE;
}

static int
add_indicators(struct hunt *h)
{
	char words[OPTION_TEXT_MAX];

	if (!h->indicators)
		return EXIT_DONE;
	snprintf(words, sizeof(words), "list.hunt.file=%.900s", h->indicators);
	if (!h->detector)
		h->detector = "indicator";
	return config_set(&h->common->config, words) == CONFIG_FINE ? EXIT_DONE :
								      usage_error("hunt", h->common->config.error);
}

/* Its number; 0: of all. */
static uint16_t
detector_wanted(const struct hunt *h)
{
	for (unsigned d = 0; h->detector && d < DETECTOR_COUNT; d++)
		if (strcmp(DETECTORS[d].name, h->detector) == 0)
			return DETECTORS[d].id;
	return 0;
}

static int
hunt(struct hunt *h)
{
	char error[WHERE_ERROR_MAX];
	int status = find_ledger(h);

	if (status == EXIT_DONE)
		status = take_window(h);
	if (status == EXIT_DONE)
		status = load_was(h);
	if (status == EXIT_DONE)
		status = add_indicators(h);
	if (status != EXIT_DONE)
		return status;
	if (h->expression && !where_compile(&h->where, h->expression, NULL, error))
		return usage_error("hunt", error);
	h->replays = !h->expression || h->detector;
	*h->common->config.text[OPT_eve_file] = *h->common->config.text[OPT_detect_memory] = '\0';
	h->common->hears = (struct watch_tell){.arg = h, .finding = on_finding};
	h->common->only = detector_wanted(h);
	status = common_open(h->common, NULL);
	return status == EXIT_DONE ? common_close(h->common, run(h)) : status;
}

static int
check_detector(const struct hunt *h)
{
	const char *nearest = DETECTORS[0].name;
	char words[192];

	for (unsigned d = 0; h->detector && d < DETECTOR_COUNT; d++) {
		if (strcmp(DETECTORS[d].name, h->detector) == 0)
			return EXIT_DONE;
		if (text_distance(h->detector, DETECTORS[d].name) < text_distance(h->detector, nearest))
			nearest = DETECTORS[d].name;
	}
	if (!h->detector)
		return EXIT_DONE;
	snprintf(words, sizeof(words), "no detector \"%.60s\"; the nearest is \"%s\"", h->detector, nearest);
	return usage_error("hunt", words);
}

static int
take_option(void *arg, int id, const char *value)
{
	struct hunt *h = arg;

	switch (id) {
	case ARGS_FILE:
		if (h->dir)
			return usage_error("hunt", "one ledger at a time");
		h->dir = value;
		return EXIT_DONE;
	case ID_SINCE:
		h->since_text = value;
		return EXIT_DONE;
	case ID_UNTIL:
		h->until_text = value;
		return EXIT_DONE;
	case ID_INDICATORS:
		h->indicators = value;
		return EXIT_DONE;
	case ID_WHERE:
		h->expression = value;
		return EXIT_DONE;
	case ID_DETECTOR:
		h->detector = value;
		return EXIT_DONE;
	case ID_AS_WAS:
		h->as_was = true;
		return EXIT_DONE;
	case OPT_JSON:
		h->json = true;
		return EXIT_DONE;
	default:
		return common_option(h->common, id, value);
	}
}

static int
take_arguments(struct hunt *h, int argc, char **argv)
{
	int status = args_take(&CMD_HUNT, argc, argv, take_option, h);

	if (status == EXIT_DONE && !h->dir)
		return usage_error("hunt", "no ledger named: the folder of --ledger");
	return status == EXIT_DONE ? check_detector(h) : status;
}

static int
hunt_run(int argc, char **argv)
{
	struct hunt *h = calloc(1, sizeof(*h));
	int status = EXIT_IO, written;

	if (!h)
		return EXIT_IO;
	h->out = term_of(stdout);
	h->common = common_new(&CMD_HUNT);
	if (h->common && (status = take_arguments(h, argc, argv)) == EXIT_DONE) {
		status = hunt(h);
		written = tables_finish();
		status = written != EXIT_DONE ? written : status;
	}
	if (h->common)
		common_free(h->common);
	free(h->coverage.minute);
	free(h->finding);
	free(h->was);
	free((char *)(uintptr_t)h->folder);
	free(h);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{ID_SINCE, "since", "TIME", "from then on: 2025-05-01, RFC 3339, or 90d before the ledger's end"},
	{ID_UNTIL, "until", "TIME", "until then"},
	{ID_INDICATORS, "indicators", "FILE", "who is on this list: plain, CSV, STIX 2.1 or MISP"},
	{ID_WHERE, "where", "EXPR", "sessions for which this holds, as src in 203.0.113.0/24 and bytes_in > 1000000"},
	{ID_DETECTOR, "detector", "NAME", "findings of this detector only"},
	{ID_AS_WAS, "as-was", NULL, "with the settings of then in place of today's"},
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
	"\n"
	"exit code: 0 done (findings do not change it); 1 the ledger is not whole or cannot be read;\n"
	"2 wrong usage or configuration\n",
	hunt_run,
};
