/*
 * test-sink: one marked alert to one sink of the configuration, so that it can be looked for at the other end.
 * The clock is asked: this event is of no packet.
 */
#include "cmd/common.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "sensor/secret.h"
#include "sensor/sinks_config.h"
#include "sink/format.h"

struct testing {
	struct common *common;
	const char *name;
	char sensor[256];
	struct sinks_wanted want;
};

static int
take_option(void *arg, int id, const char *value)
{
	struct testing *t = arg;

	if (id != ARGS_FILE)
		return common_option(t->common, id, value);
	if (t->name)
		return usage_error("test-sink", "takes one sink at a time");
	t->name = value;
	return EXIT_DONE;
}

static int
unknown(struct testing *t)
{
	char words[512], names[256];
	const char *nearest = "";
	struct out o = out_of(names, sizeof(names) - 1);

	for (unsigned i = 0; i < t->want.count; i++) {
		const char *have = t->want.sink[i].name;

		if (i)
			OUT_LIT(&o, ", ");
		out_text(&o, have);
		if (!*nearest || text_distance(t->name, have) < text_distance(t->name, nearest))
			nearest = have;
	}
	*o.p = '\0';
	if (t->want.count)
		snprintf(words, sizeof(words), "no sink \"%.60s\"; the nearest is \"%s\" of: %s", t->name, nearest,
			 names);
	else
		snprintf(words, sizeof(words),
			 "no sink \"%.60s\": the configuration has no [sink NAME]; name it with -c", t->name);
	common_error(t->common, words);
	return EXIT_USAGE;
}

static const struct sink_config *
find(const struct testing *t)
{
	for (unsigned i = 0; i < t->want.count; i++)
		if (strcmp(t->want.sink[i].name, t->name) == 0)
			return &t->want.sink[i];
	return NULL;
}

/* Addresses are those of documentation (RFC 5737). */
static struct finding
test_finding(const struct sink_config *cfg)
{
	struct finding f = {.severity = SEVERITY_LOW,
			    .confidence = 100,
			    .coverage = 10000,
			    .opens = true,
			    .actor = addr_v4((const uint8_t[]){192, 0, 2, 1}),
			    .target = addr_v4((const uint8_t[]){192, 0, 2, 2}),
			    .target_port = 443,
			    .proto = PROTO_TCP};

	f.time = clock_wall();
	f.id = (uint64_t)f.time.ns;
	snprintf(f.text, sizeof(f.text), "TEST of sink %s by gatewitness test-sink: nothing happened", cfg->name);
	return f;
}

static bool
to_file(const struct sink_config *cfg, const struct event *e, char words[SINK_ERROR_MAX])
{
	struct sinks *s = sinks_new(cfg, 1, words);

	if (!s)
		return false;
	sinks_tell(s, e);
	if (!sinks_close(s, words))
		return false;
	snprintf(words, SINK_ERROR_MAX, "written to %.300s",
		 strcmp(cfg->path, "-") == 0 ? "standard output" : cfg->path);
	return true;
}

/* Past the outbox, straight to the receiver: what is asked is whether the link is well. */
static bool
to_receiver(const struct sink_config *cfg, const struct event *e, char words[SINK_ERROR_MAX])
{
	static char line[EVE_LINE_MAX], secret[SECRET_MAX];
	const struct sender_calls *calls = SINK_KIND[cfg->kind].sender;
	struct sender_config sc = cfg->sender;
	struct sender_result r = {.outcome = SENDER_AGAIN};
	struct out o = out_of(line, sizeof(line));
	unsigned cut = 0;
	void *state = NULL;

	sc.secret = secret;
	if (secret_read(secret, cfg, r.words))
		state = calls->open(&sc, r.words);
	if (state) {
		FORMAT_LIST[cfg->format].write(&o, e, &cut);
		calls->send(state,
			    &(struct sender_event){.id = e->finding->id,
						   .kind = e->kind,
						   .severity = e->finding->severity,
						   .time = e->time,
						   .gateway = "",
						   .line = line,
						   .n = out_len(&o) - 1},
			    1, &r);
		calls->close(state);
	}
	crypt_forget(secret, sizeof(secret));
	if (r.outcome == SENDER_DONE)
		snprintf(words, SINK_ERROR_MAX, "sent to %.150s, which said: %.300s", cfg->path, r.words);
	else
		snprintf(words, SINK_ERROR_MAX, "sink %.63s: %.430s", cfg->name, r.words);
	return r.outcome == SENDER_DONE;
}

static int
send_test(struct testing *t, const struct sink_config *cfg)
{
	char words[SINK_ERROR_MAX] = "no memory";
	struct eve_config eve = {.sensor = t->sensor,
				 .version = PROGRAM_VERSION,
				 .strict = config_number(&t->common->config, OPT_eve_mode) == 1};
	struct eve_context *x = malloc(sizeof(*x));
	const struct finding f = test_finding(cfg);
	const struct event e = {.kind = EVENT_ALERT, .test = true, .time = f.time, .finding = &f, .eve = x};
	bool sent = false;

	watch_labels(&eve, &t->common->config);
	if (x) {
		eve_context_init(x, &eve, NULL, 0);
		sent = (SINK_KIND[cfg->kind].sender ? to_receiver : to_file)(cfg, &e, words);
	}
	free(x);
	if (!sent) {
		common_error(t->common, words);
		return EXIT_IO;
	}
	fprintf(stderr, "sink %s: a test alert of %016llx, as %s, was %s\n", cfg->name, (unsigned long long)f.id,
		FORMAT_LIST[cfg->format].name, words);
	return EXIT_DONE;
}

static int
test(struct testing *t)
{
	const struct sinks_about about = {.sensor = t->sensor};
	const struct sink_config *cfg;

	watch_sensor(t->sensor, &t->common->config);
	if (!sinks_configured(&t->want, &t->common->config, &about, t->common->config.error)) {
		common_error(t->common, t->common->config.error);
		return EXIT_USAGE;
	}
	cfg = find(t);
	return cfg ? send_test(t, cfg) : unknown(t);
}

static int
test_sink_run(int argc, char **argv)
{
	struct testing *t = calloc(1, sizeof(*t));
	int status = EXIT_IO;

	if (t && (t->common = common_new(&CMD_TEST_SINK)))
		status = args_take(&CMD_TEST_SINK, argc, argv, take_option, t);
	if (status == EXIT_DONE)
		status = t->name ? test(t) :
				   usage_error("test-sink",
					       "no sink named; they are the [sink NAME] of the configuration");
	if (t && t->common)
		common_free(t->common);
	free(t);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{'c', "config", "FILE", "read the configuration from there"},
	{OPT_SET, "set", "SECTION.OPTION=VALUE", "set one option; the later wins"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_TEST_SINK = {
	"test-sink",
	"NAME -c FILE",
	"send a marked test alert to one sink",
	OPTIONS,
	"The alert is of severity low, between addresses of documentation, and says in every format\n"
	"that it is a test. The sink's filters are not asked. A file is written behind its end; a network\n"
	"sink's receiver is asked at once, past the outbox, and what it answered is said. The id that is\n"
	"told on standard error stands in the alert.\n"
	"\n"
	"examples:\n"
	"  gatewitness test-sink siem -c /etc/gatewitness/gatewitness.conf\n"
	"  gatewitness test-sink t --set sink.t.path=- --set sink.t.format=ecs | jq .\n"
	"\n"
	"exit code: 0 written or acknowledged; 1 it was not; 2 wrong usage or configuration, or no such sink\n",
	test_sink_run,
};
