/*
 * reload: the configuration read again while the watch goes on (SIGHUP of run).
 *
 * What the operator tells the detectors is replaced as a whole, between two packets; what is taken at start (memory,
 * capture, gateways, parameters, which lists there are) waits for the next start.  A mistake changes nothing.
 */
#include "cmd/keep.h"

#include <stdlib.h>

void
common_say_expired(struct common *c, struct when now)
{
	char names[512];
	struct out o = out_of(names, sizeof(names) - 1);
	unsigned n = rules_expired(&c->rules[c->now], now, &o);

	*o.p = '\0';
	if (n && !c->quiet)
		fprintf(stderr, "%s%u suppression%s expired and no longer appl%s: %s%s\n", c->err.tty ? "\r\x1b[K" : "",
			n, n == 1 ? "" : "s", n == 1 ? "ies" : "y", names, o.full ? " ..." : "");
}

static bool
read_again(struct common *c, struct config *config)
{
	bool gateway_given = false;

	config_init(config);
	for (unsigned i = 0; i < c->givens; i++)
		if (!common_configure(config, &gateway_given, &c->given[i]))
			return false;
	return common_rules(c, !c->now, config, config->error);
}

static void
say_reloaded(struct common *c)
{
	const struct detect_rules *r = &c->rules[c->now];

	snprintf(c->reloaded.words, sizeof(c->reloaded.words),
		 "configuration read again: %u suppressions, %u maintenance windows, %u facts in force",
		 r->suppressions, r->maintenances, r->facts);
	if (!c->quiet)
		fprintf(stderr, "%s\n", c->reloaded.words);
	if (c->watch.began)
		common_say_expired(c, pipeline_now(c->watch.pipeline));
}

bool
common_reload(struct common *c)
{
	struct config *config = malloc(sizeof(*config));
	struct reloaded *r = &c->reloaded;
	bool fine = config && read_again(c, config);

	enrich_reload(c->enrich);
	if (fine) {
		c->now = !c->now;
		watch_rules(&c->watch, &c->rules[c->now]);
		free(c->reread);
		c->reread = config;
		if (c->keep && c->watch.began) /* else there is no time to put it down at: keep_settings will */
			keep_rules(c->keep, config);
		say_reloaded(c);
	} else {
		snprintf(r->words, sizeof(r->words), "%s; what was in force stays",
			 config ? config->error : "no memory");
		common_error(c, r->words);
		free(config);
	}
	r->fine = fine;
	r->times++;
	return fine;
}
