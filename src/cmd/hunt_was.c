/*
 * hunt_was: history repeated: settings change between the same two records between which they changed then.
 *
 * A start of then begins with what the detectors knew then: nothing, or what detect.memory held (its snapshot follows);
 * where that cannot be taken, or a ledger of before does not tell, nobody forgets.
 */
#include <stdlib.h>

#include "cmd/hunt.h"

static const char TODAY[] = "hunt"; /* the list of --indicators */

static bool
fail(struct hunt *h, const char *words)
{
	common_error(h->common, words);
	h->refused = true;
	return false;
}

static bool
lists_of_then(void *arg, struct lists_wanted *want)
{
	struct hunt *h = arg;
	char error[640];

	return was_lists(&h->was, want, h->indicators ? TODAY : NULL, error, sizeof(error)) || fail(h, error);
}

/* In place of today's; what the command line sets comes after. */
int
hunt_was_begin(struct hunt *h)
{
	struct common *c = h->common;
	char error[640];

	if (!h->as_was)
		return EXIT_DONE;
	if (!was_begin(&h->was, h->folder, error, sizeof(error)) || !was_parse(&c->config, h->was.configuration)) {
		fail(h, h->was.configuration ? c->config.error : error);
		return EXIT_IO;
	}
	c->lists = lists_of_then;
	c->lists_arg = h;
	return EXIT_DONE;
}

static bool
take_rules(struct hunt *h, const struct config *config)
{
	struct common *c = h->common;
	char error[CONFIG_ERROR_MAX];

	if (!common_rules(c, !c->now, config, error))
		return fail(h, error);
	c->now = !c->now;
	watch_rules(&c->watch, &c->rules[c->now]);
	return true;
}

/* A start with other options. */
static bool
take_configuration(struct hunt *h, const struct config *new)
{
	struct common *c = h->common;
	struct pipeline_config p;

	c->config = *new;
	hunt_own_options(&c->config);
	if (h->indicators && config_set(&c->config, h->indicators_set) != CONFIG_FINE)
		return fail(h, c->config.error);
	if (!watch_pipeline(&c->watch, &p))
		return fail(h, c->watch.error);
	pipeline_params(c->watch.pipeline, &p.detect);
	h->lists_changed = true;
	return take_rules(h, &c->config);
}

/* Text that the sensor had in force. */
static bool
take_text(struct hunt *h, const char *text, bool start)
{
	struct config *config = malloc(sizeof(*config));
	bool fine = config && text && was_parse(config, text);

	if (!fine)
		fail(h, config && text ? config->error : "no memory for the settings of then");
	fine = fine && (start ? take_configuration(h, config) : take_rules(h, config));
	free(config);
	return fine;
}

/* What was due by then was judged by what was in force before. */
static void
pass_until(struct hunt *h, struct when t)
{
	pipeline_passes(h->common->watch.pipeline, (struct when){t.ns / NS_PER_S * NS_PER_S});
}

/* What was open is closed as it was when the sensor stopped. */
static void
take_start(struct hunt *h, const struct reading_setting *s)
{
	h->resumes = strcmp(s->value, WAS_RESUMED) == 0;
	if (h->resumes)
		return;
	pipeline_end(h->common->watch.pipeline);
	pipeline_forget(h->common->watch.pipeline);
}

/* The detectors are other ones: lists and rules have to be given to them. */
static bool
take_again(struct hunt *h)
{
	return take_text(h, h->was.configuration, true) && (!h->was.rules || take_text(h, h->was.rules, false));
}

bool
hunt_was_setting(void *arg, const struct reading_setting *s)
{
	struct hunt *h = arg;
	bool was = h->as_was && h->replays;
	enum was_change change = was ? was_take(&h->was, s) : WAS_SAME;

	if (was && h->resumes && strcmp(s->name, "snapshot") == 0) {
		h->resumes = false;
		return hunt_resume(h, s) && take_again(h);
	}
	if (change == WAS_SAME)
		return true;
	pass_until(h, s->time);
	if (change == WAS_START) {
		take_start(h, s);
		return take_again(h);
	}
	if (change != WAS_LIST)
		return take_text(h, change == WAS_RULES ? h->was.rules : h->was.configuration,
				 change == WAS_CONFIGURATION);
	h->lists_changed = true;
	return true;
}

struct until {
	struct hunt *hunt;
	int64_t day, row;
	bool changed;
};

static bool
before_row(void *arg, const struct reading_setting *s)
{
	struct until *u = arg;

	if (s->day > u->day || (s->day == u->day && s->row > u->row))
		return false;
	u->changed |= was_take(&u->hunt->was, s) != WAS_SAME;
	return true;
}

bool
hunt_was_until(struct hunt *h, int64_t day, int64_t row)
{
	struct until u = {.hunt = h, .day = day, .row = row};

	if (!h->as_was)
		return true;
	reading_history(h->folder, &u, before_row);
	return !u.changed || take_again(h);
}

bool
hunt_was_lists(struct hunt *h)
{
	if (!h->lists_changed)
		return true;
	h->lists_changed = false;
	if (common_enrich(h->common) == EXIT_DONE)
		return true;
	h->refused = true;
	return false;
}
