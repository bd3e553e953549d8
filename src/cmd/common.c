/*
 * common: from arguments and configuration to an open watch, for read and run alike.
 */
#include "cmd/keep.h"

#include <stdlib.h>

#include "sensor/sinks_config.h"

struct common *
common_new(const struct command *command)
{
	struct common *c = calloc(1, sizeof(*c));

	if (!c) {
		fprintf(stderr, "gatewitness: no memory\n");
		return NULL;
	}
	c->command = command;
	c->err = term_of(stderr);
	config_init(&c->config);
	return c;
}

void
common_free(struct common *c)
{
	watch_close(&c->watch);
	enrich_free(c->enrich);
	privacy_close(&c->privacy);
	free(c->reread);
	free(c);
}

void
common_error(struct common *c, const char *words)
{
	fprintf(stderr, "%sgatewitness: %s%s%s\n", c->err.tty ? "\r\x1b[K" : "", term_style(&c->err, STYLE_RED), words,
		term_style(&c->err, STYLE_PLAIN));
}

static int
config_error(struct common *c)
{
	fprintf(stderr, "gatewitness: %s\n", c->config.error);
	return EXIT_USAGE;
}

static bool
gateway_option(struct config *config, bool *given, const char *list)
{
	if (!*given) {
		*given = true;
		memset(config->gateway, 0, sizeof(config->gateway));
		config->gateways = 1;
		memcpy(config->gateway[0].name, "gateway", sizeof("gateway"));
	}
	return config_gateway_list(config, list);
}

bool
common_configure(struct config *config, bool *gateway_given, const struct given *option)
{
	if (option->id == 'g')
		return gateway_option(config, gateway_given, option->value);
	if (option->id == 'c')
		return config_file(config, option->value);
	return config_set(config, option->value) == CONFIG_FINE;
}

/* Taken now, and kept for a reload. */
static int
configure(struct common *c, int id, const char *value)
{
	struct given *g = &c->given[c->givens];

	if (c->givens == GIVEN_MAX)
		return usage_error(c->command->name, "more than 256 options; write them into a configuration");
	*g = (struct given){id, value};
	c->givens++;
	if (c->handed)
		return EXIT_DONE;
	return common_configure(&c->config, &c->gateway_given, g) ? EXIT_DONE : config_error(c);
}

int
common_option(struct common *c, int id, const char *value)
{
	switch (id) {
	case 'g':
	case 'c':
	case OPT_SET:
		return configure(c, id, value);
	case OPT_EVE:
		c->eve = value;
		return EXIT_DONE;
	case OPT_LEDGER:
		c->ledger = value;
		return EXIT_DONE;
	case OPT_PRIVACY_KEY:
		c->privacy_file = value;
		return EXIT_DONE;
	case OPT_QUIET:
		c->quiet = true;
		return EXIT_DONE;
	default:
		return EXIT_USAGE;
	}
}

static void
on_session(void *arg, const struct session *s)
{
	struct common *c = arg;

	if (!c->quiet)
		tally_session(&c->tally, s);
	if (c->hears.session)
		c->hears.session(c->hears.arg, s);
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct common *c = arg;

	if (!c->quiet)
		tally_finding(&c->tally, f);
	if (c->hears.finding)
		c->hears.finding(c->hears.arg, f);
}

static void
on_closed(void *arg, const struct incident *i)
{
	struct common *c = arg;

	c->hears.closed(c->hears.arg, i);
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	struct common *c = arg;

	c->hears.pulse(c->hears.arg, p);
}

static void
on_frames(void *arg, const struct frame *frames, size_t n)
{
	struct common *c = arg;

	c->hears.frames(c->hears.arg, frames, n);
}

static void
say_guess(const struct common *c, const struct gateway_guess *g)
{
	char addr[ADDR_TEXT_MAX];

	addr_print(&g->addr, addr);
	fprintf(stderr, "%sgateway %s%s%s:%u - %s client%s, %s TLS session%s, %u %% of those looked at%s\n",
		c->err.tty ? "\r\x1b[K" : "", term_style(&c->err, STYLE_BOLD), addr, term_style(&c->err, STYLE_PLAIN),
		g->port, words_number(g->clients).text, g->clients == 1 ? "" : "s", words_number(g->sessions).text,
		g->sessions == 1 ? "" : "s", g->percent, "; name it with -g to be sure");
}

static void
on_gateways(void *arg, const struct gateway_guess *guess, size_t n)
{
	struct common *c = arg;

	c->guesses = n < GATEWAY_GUESSES ? n : GATEWAY_GUESSES;
	if (n)
		memcpy(c->guess, guess, c->guesses * sizeof(guess[0]));
	if (c->quiet)
		return;
	for (size_t i = 0; i < c->guesses; i++)
		say_guess(c, &guess[i]);
	if (n == 0)
		fprintf(stderr, "no gateway: no server that several clients speak TLS to; sessions are recorded, "
				"none is judged; name it with -g\n");
}

static void
on_began(void *arg, struct when first)
{
	struct common *c = arg;

	common_say_expired(c, first);
	if (c->keep)
		keep_settings(c->keep, c);
}

static void
on_list(void *arg, bool bad, const char *line)
{
	struct common *c = arg;

	if (bad)
		common_error(c, line);
	else if (!c->quiet)
		fprintf(stderr, "%s%s\n", c->err.tty ? "\r\x1b[K" : "", line);
}

int
common_enrich(struct common *c)
{
	struct enrich_wanted want = {.country = config_text(&c->config, OPT_places_country),
				     .asn = config_text(&c->config, OPT_places_asn),
				     .tell = {c, on_list}};
	struct enrich *e;

	if (!lists_configured(&want.lists, &c->config, c->config.error))
		return config_error(c);
	want.lists.privacy = c->privacy.key;
	if (c->lists && !c->lists(c->lists_arg, &want.lists))
		return EXIT_IO;
	want.lists.own = c->own;
	want.lists.owns = config_gateways(&c->config, c->own, GATEWAY_ADDRS_MAX);
	e = enrich_new(&want);
	if (!e)
		return EXIT_USAGE;
	if (c->watch.pipeline)
		enrich_use(e, c->watch.pipeline);
	enrich_free(c->enrich);
	c->enrich = e;
	return EXIT_DONE;
}

static int
open_privacy(struct common *c)
{
	char words[PRIVACY_ERROR_MAX] = "";

	if (!(c->asks ? privacy_ask : privacy_open)(&c->privacy, &c->config, c->privacy_file, words)) {
		common_error(c, words);
		return EXIT_USAGE;
	}
	if (*c->privacy.notice && !c->quiet)
		common_error(c, c->privacy.notice);
	return EXIT_DONE;
}

bool
common_rules(struct common *c, unsigned which, const struct config *config, char error[CONFIG_ERROR_MAX])
{
	if (!rules_build(&c->rules[which], config, &c->config, error))
		return false;
	if (c->privacy.key)
		rules_hide(&c->rules[which], c->privacy.key);
	return true;
}

static void
tell_notice(struct common *c)
{
	if (*c->watch.notice)
		common_error(c, c->watch.notice);
	*c->watch.notice = '\0';
}

void
common_poll(struct common *c)
{
	if (enrich_poll(c->enrich, c->watch.pipeline) && c->keep && c->watch.began)
		keep_lists(c->keep, c);
	watch_post(&c->watch, clock_now_ns());
	tell_notice(c);
}

/* Which there are, before anything is opened; none for who does not feed them. */
static bool
want_sinks(struct common *c, const struct watch_setup *setup, struct sinks_wanted *want)
{
	const struct sinks_about about = {.eve = setup->eve,
					  .sensor = c->watch.sensor,
					  .ledger = keep_folder(c),
					  .anew = setup->iface == NULL,
					  .waits = setup->iface != NULL,
					  .privacy = setup->privacy};

	want->count = 0;
	return !c->feeds || sinks_configured(want, &c->config, &about, c->config.error);
}

int
common_open(struct common *c, const char *iface)
{
	const char *configured = config_text(&c->config, OPT_eve_file);
	struct watch_setup setup = {
		.config = &c->config,
		.eve = c->eve      ? c->eve :
		       *configured ? configured :
				     NULL,
		.again = c->again,
		.iface = iface,
		.version = PROGRAM_VERSION,
		.rules = &c->rules[c->now],
		.only = c->only,
		.judges = c->judges,
		.taps = c->taps,
		.tell = {c, c->quiet && !c->hears.session ? NULL : on_session,
			 c->quiet && !c->hears.finding ? NULL : on_finding, on_began, on_gateways,
			 c->hears.pulse ? on_pulse : NULL, c->hears.frames ? on_frames : NULL,
			 c->hears.closed ? on_closed : NULL},
	};
	struct sinks_wanted sinks;
	int status;

	if (open_privacy(c) != EXIT_DONE)
		return EXIT_USAGE;
	if (!common_rules(c, c->now, &c->config, c->config.error))
		return config_error(c);
	status = common_enrich(c);
	if (status != EXIT_DONE)
		return status;
	setup.privacy = c->asks ? NULL : c->privacy.key;
	c->eve = setup.eve;
	if (!want_sinks(c, &setup, &sinks))
		return config_error(c);
	if (watch_open(&c->watch, &setup) && watch_sinks(&c->watch, &sinks)) {
		enrich_use(c->enrich, c->watch.pipeline);
		if (!c->quiet)
			tell_notice(c);
		return EXIT_DONE;
	}
	common_error(c, c->watch.error);
	return EXIT_IO;
}

int
common_close(struct common *c, int so_far)
{
	bool fine = watch_finish(&c->watch);

	if (!c->quiet)
		tell_notice(c);
	if (fine)
		return so_far;
	common_error(c, c->watch.error);
	return EXIT_IO;
}
