/*
 * hunt_search: see hunt.h.  Must not say anything of what was found: the commands do.
 */
#include <stdlib.h>

#include "cmd/hunt.h"
#include "cmd/ledgers.h"
#include "ledger/beside.h"

enum { SHOWN_EVERY = 4096 };

static int
fail(const struct hunt *h, const char *words)
{
	common_error(h->common, words);
	return EXIT_IO;
}

static int
misused(const struct hunt *h, const char *words)
{
	return usage_error(h->common->command->name, words);
}

static bool
in_window(const struct hunt *h, struct when t)
{
	return !when_before(t, h->begin) && !when_before(h->end, t);
}

/* EVE lines tell of the window only. */
static void
set_time(struct hunt *h, struct when t)
{
	h->common->watch.writes = h->common->watch.eve.path && in_window(h, t);
}

static void
count_import(struct hunt *h, const struct session *s)
{
	size_t n = strlen(h->sources);

	h->imported++;
	h->lacks |= s->lacks;
	if (s->source.p && s->source.len < 16 && !memmem(h->sources, n, s->source.p, s->source.len) &&
	    n + s->source.len + 3 < sizeof(h->sources))
		snprintf(h->sources + n, sizeof(h->sources) - n, "%s%.*s", n ? ", " : "", (int)s->source.len,
			 s->source.p);
}

/* By the time of the records, for somebody who waits. */
static void
show_progress(struct hunt *h, struct when now)
{
	int64_t done = when_since(now, h->coverage.first), of = when_since(h->coverage.last, h->coverage.first);

	if (++h->read % SHOWN_EVERY == 0 && done > 0 && of > 0)
		progress_share(&h->progress, "records", (uint64_t)(done / NS_PER_S), (uint64_t)(of / NS_PER_S));
}

static bool
on_session(void *arg, const struct session *s)
{
	struct hunt *h = arg;
	bool within = in_window(h, s->time);

	if (!hunt_was_lists(h))
		return false;
	h->sessions += within;
	if (within)
		hunt_count_pseudonyms(h, s);
	if (within && s->lacks)
		count_import(h, s);
	show_progress(h, s->time);
	if (h->session)
		h->session(h->arg, s, within);
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

	if (!hunt_was_lists(h))
		return false;
	h->pulses += in_window(h, p->time);
	if (h->replays) {
		set_time(h, p->time);
		pipeline_pulse(h->common->watch.pipeline, p);
	}
	return !h->no_memory;
}

static bool
all_in_window(const struct hunt *h, const struct scan_about *a)
{
	int64_t begin, end;

	return !__builtin_mul_overflow(a->begin_us, NS_PER_US, &begin) &&
	       !__builtin_mul_overflow(a->end_us, NS_PER_US, &end) && in_window(h, (struct when){begin}) &&
	       in_window(h, (struct when){end});
}

static bool
has_any(const struct scan_about *a, unsigned column)
{
	return beside_number(a, column, 1, UINT64_MAX);
}

/* A block without an answer is not read: its records count, where what is beside it tells all that is told of them. */
static bool
is_wanted(void *arg, const struct scan_about *a)
{
	struct hunt *h = arg;

	if (a->tail || !all_in_window(h, a) || has_any(a, AT_lacks) || has_any(a, AT_pseudonyms) ||
	    beside_where(a, h->question))
		return true;
	h->sessions += a->sessions;
	h->pulses += a->rows - a->sessions;
	return false;
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

bool
hunt_whole(const struct hunt *h)
{
	return verify_fine(&h->verify) && !*h->damaged;
}

/* Fields that are read of a record; false: any may be asked for.  A list or a suppression asks for what it likes. */
static bool
fields_read(const struct hunt *h, bool fields[SESSION_COLUMNS])
{
	const struct common *c = h->common;

	for (unsigned i = 0; i < SESSION_COLUMNS; i++)
		fields[i] = detect_reads(i);
	fields[AT_source] = true; /* count_import */
	return !h->session && !h->as_was && !c->watch.eve.path && c->rules[c->now].suppressions == 0 &&
	       !lists_table(enrich_lists(c->enrich));
}

static int
run(struct hunt *h)
{
	bool fields[SESSION_COLUMNS];
	struct reading r = {.folder = h->folder,
			    .since = h->begin,
			    .until = h->end,
			    .arg = h,
			    .session = on_session,
			    .pulse = on_pulse,
			    .setting = hunt_was_setting};

	if (!hunt_learn(h))
		return EXIT_IO;
	if (h->replays)
		r.since.ns = INT64_MIN;
	else if (h->question)
		r.wants = is_wanted;
	if (h->common->judges)
		r.wants_sessions = hunt_may_touch;
	if (fields_read(h, fields))
		r.fields = fields;
	if (h->learnt.is) {
		r.from_day = h->learnt.day;
		r.from_row = h->learnt.row;
	}
	progress_begin(&h->progress, &h->common->err, !h->common->quiet);
	if (!reading_run(&r))
		snprintf(h->damaged, sizeof(h->damaged), "%s", r.error);
	progress_clear(&h->progress);
	h->blocks = r.blocks;
	h->passed_over = r.passed_over;
	if (h->refused)
		return EXIT_IO;
	if (h->replays)
		pipeline_end(h->common->watch.pipeline);
	h->common->watch.writes = h->common->watch.eve.path != NULL;
	h->verify = (struct verify){.folder = h->folder, .public = h->key ? h->public : NULL, .arg = h, .say = on_said};
	verify_folder(&h->verify);
	hunt_cover(h);
	if (h->no_memory)
		return fail(h, "no memory for more findings");
	h->answered = true;
	return hunt_whole(h) ? EXIT_DONE : EXIT_IO;
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
	return misused(h, words);
}

static int
take_window(struct hunt *h)
{
	char words[READING_ERROR_MAX];
	int status;

	/* one day that cannot be read does not silence the others: the verification says that it is there */
	if (!hunt_coverage(h) && !h->coverage.known) {
		reading_trouble(h->folder, words);
		return fail(h, words);
	}
	h->begin = h->coverage.first;
	h->end = when_add(h->coverage.last, 60 * NS_PER_S);
	status = take_time(h, "--since", h->since, &h->begin);
	if (status == EXIT_DONE)
		status = take_time(h, "--until", h->until, &h->end);
	if (status == EXIT_DONE && when_before(h->end, h->begin))
		return misused(h, "--until is before --since");
	if (status == EXIT_DONE && !when_before(h->begin, h->end))
		return misused(h, "--until is --since: there is no time between them");
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

static int
add_indicators(struct hunt *h)
{
	if (!h->indicators)
		return EXIT_DONE;
	snprintf(h->indicators_set, sizeof(h->indicators_set), "list.hunt.file=%.900s", h->indicators);
	return config_set(&h->common->config, h->indicators_set) == CONFIG_FINE ? EXIT_DONE :
										  misused(h, h->common->config.error);
}

static int
take_key(struct hunt *h)
{
	char error[512];

	return !h->key || sign_public(h->public, h->key, error, sizeof(error)) ? EXIT_DONE : misused(h, error);
}

/* Its number; 0: of all. */
static uint16_t
detector_wanted(const struct hunt *h)
{
	const struct detector_info *d = h->detector ? detector_by_name(h->detector) : NULL;

	return d ? d->id : 0;
}

/* Files of the sensor's that a hunt must not touch, or needs not: records tell places. */
void
hunt_own_options(struct config *c)
{
	static const enum option_key NONE[] = {OPT_eve_file, OPT_detect_memory, OPT_places_country, OPT_places_asn};

	for (unsigned i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++)
		*c->text[NONE[i]] = '\0';
}

int
hunt_search(struct hunt *h)
{
	static int (*const STEPS[])(struct hunt *) = {take_key, find_ledger, take_window, hunt_was_begin,
						      add_indicators};
	int status = EXIT_DONE;

	for (unsigned i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++)
		if ((status = STEPS[i](h)) != EXIT_DONE)
			return status;
	hunt_own_options(&h->common->config);
	h->common->hears = (struct watch_tell){.arg = h, .finding = on_finding};
	h->common->only = detector_wanted(h);
	/* each finding of it stands by itself, whatever else happened: so what touches no list need not be judged */
	if (h->indicators && h->detector && strcmp(h->detector, "indicator") == 0 && !h->as_was && !h->question)
		h->common->judges = h->common->only;
	h->common->asks = true;
	status = common_open(h->common, NULL);
	if (status != EXIT_DONE)
		return status;
	status = hunt_privacy(h);
	return common_close(h->common, status == EXIT_DONE ? run(h) : status);
}

int
hunt_option(struct hunt *h, int id, const char *value)
{
	switch (id) {
	case ARGS_FILE:
		if (h->dir)
			return misused(h, "one ledger at a time");
		h->dir = value;
		return EXIT_DONE;
	case HUNT_SINCE:
		h->since = value;
		return EXIT_DONE;
	case HUNT_UNTIL:
		h->until = value;
		return EXIT_DONE;
	case HUNT_INDICATORS:
		h->indicators = value;
		return EXIT_DONE;
	case HUNT_AS_WAS:
		h->as_was = true;
		return EXIT_DONE;
	default:
		return common_option(h->common, id, value);
	}
}

void
hunt_free(struct hunt *h)
{
	if (h->common)
		common_free(h->common);
	free(h->coverage.minute);
	free(h->coverage.hour);
	free(h->coverage.gap);
	free(h->finding);
	was_free(&h->was);
	free(h->folder);
}
