/*
 * drive: lines from standard input through one sender until its receiver has them all.
 *
 *	drive KIND [name=value ...] <LINES
 *
 * Each line is an event, its number its id.  Names are those of [sink NAME], and: secret=TEXT, sensor=NAME,
 * event=alert|session, first=ID, pause=MS (the first wait after a failure, doubled up to 32 times), give_up=S.  Says on standard
 * error whenever what the sender says changes; at the end one line of JSON.
 *
 * outbox=FILE: the whole way instead, with an outbox and a courier (keep.h): kills=N, restarts=N, between=MICROSECONDS, full=yes,
 * secret_file=FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../common/no_tls.h"
#include "keep.h"
#include "sink/format.h"

enum { EVENTS_MAX = 1 << 20, REFUSED_MAX = 1000 };

static char *text;
static struct sender_event *events;
static size_t count;
static uint64_t refused[REFUSED_MAX], refusals, sends, first_id = 1;
static unsigned kind_of_event = EVENT_ALERT, pause_ms = 20, give_up_s = 60;
static unsigned kind;
static struct keep_plan plan;
static const char *secret_file = "";

static struct sender_config config = {
	.name = "drive",
	.sensor = "sensor",
	.address = "",
	.url = "",
	NO_TLS,
	.user = "",
	.secret = "",
	.topic = "",
	.content_type = "application/json",
	.body = "",
	.program = "",
	.transport = SENDER_TLS,
	.timeout_ns = 2 * NS_PER_S,
	.batch = 1000,
};

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "drive: %s: %s\n", what, why);
	exit(2);
}

static unsigned
row_of(const char *value, const char *(*name)(unsigned), unsigned n, const char *what)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(name(i), value) == 0)
			return i;
	fail(what, value);
	return 0;
}

static const char *
format_name(unsigned i)
{
	return FORMAT_LIST[i].name;
}

static const char *
kind_name(unsigned i)
{
	return SINK_KIND[i].name;
}

static const char *
sasl_name(unsigned i)
{
	static const char *const NAMES[] = {"scram-sha-512", "scram-sha-256", "plain"};

	return NAMES[i];
}

static void
take(const char *name, const char *value)
{
	static const struct {
		const char *name;
		const char **to;
	} TEXTS[] = {
		{"url", &config.url},         {"sensor", &config.sensor},
		{"address", &config.address}, {"tls_ca", &config.tls_ca},
		{"tls_key", &config.tls_key}, {"tls_certificate", &config.tls_certificate},
		{"tls_pin", &config.tls_pin}, {"tls_name", &config.tls_name},
		{"user", &config.user},       {"secret", &config.secret},
		{"topic", &config.topic},     {"content_type", &config.content_type},
		{"body", &config.body},       {"program", &config.program},
	};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (strcmp(TEXTS[i].name, name) == 0) {
			*TEXTS[i].to = value;
			return;
		}
	if (strcmp(name, "format") == 0)
		config.format = row_of(value, format_name, FORMATS, "no such format");
	else if (strcmp(name, "timeout") == 0)
		config.timeout_ns = atol(value) * NS_PER_MS;
	else if (strcmp(name, "batch") == 0)
		config.batch = (unsigned)atol(value);
	else if (strcmp(name, "tls") == 0)
		config.tls = strcmp(value, "yes") == 0;
	else if (strcmp(name, "pause") == 0)
		pause_ms = (unsigned)atol(value);
	else if (strcmp(name, "give_up") == 0)
		give_up_s = (unsigned)atol(value);
	else if (strcmp(name, "first") == 0)
		first_id = strtoull(value, NULL, 10);
	else if (strcmp(name, "sasl") == 0)
		config.sasl = row_of(value, sasl_name, SENDER_PLAIN + 1, "no such mechanism");
	else if (strcmp(name, "secret_file") == 0)
		secret_file = value;
	else if (strcmp(name, "outbox") == 0)
		plan.outbox = value;
	else if (strcmp(name, "kills") == 0)
		plan.kills = (unsigned)atol(value);
	else if (strcmp(name, "restarts") == 0)
		plan.restarts = (unsigned)atol(value);
	else if (strcmp(name, "between") == 0)
		plan.pause_us = (unsigned)atol(value);
	else if (strcmp(name, "full") == 0)
		plan.full = strcmp(value, "yes") == 0;
	else if (strcmp(name, "event") == 0)
		kind_of_event = strcmp(value, "session") == 0 ? EVENT_SESSION : EVENT_ALERT;
	else
		fail("no such name", name);
}

static void
read_lines(void)
{
	size_t room = 1 << 20, n = 0, got;

	text = malloc(room);
	while (text && (got = fread(text + n, 1, room - n, stdin)) > 0)
		if ((n += got) == room)
			text = realloc(text, room *= 2);
	events = calloc(EVENTS_MAX, sizeof(*events));
	if (!text || !events)
		fail("no memory", "for the lines");
	for (char *p = text, *end; p < text + n && count < EVENTS_MAX; p = end + 1) {
		end = memchr(p, '\n', (size_t)(text + n - p));
		if (!end)
			fail("the last line has no end", "cut?");
		events[count] = (struct sender_event){.id = first_id + count,
						      .kind = kind_of_event,
						      .severity = 3,
						      .time = {(int64_t)(1700000000 + count) * NS_PER_S},
						      .gateway = "vpn",
						      .line = p,
						      .n = (size_t)(end - p)};
		count++;
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
wait_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static size_t
drive(const struct sender_calls *calls, void *state)
{
	struct sender_result r;
	char said[SENDER_WORDS] = "";
	unsigned wait = pause_ms;
	double until = seconds() + give_up_s;
	size_t done = 0, n;

	while (done < count && seconds() < until) {
		n = count - done < config.batch ? count - done : config.batch;
		calls->send(state, events + done, n, &r);
		sends++;
		if (strcmp(r.words, said) != 0)
			fprintf(stderr, "%s\n", r.words);
		memcpy(said, r.words, sizeof(said));
		done += r.acknowledged;
		if (r.outcome == SENDER_REFUSED && refusals < REFUSED_MAX)
			refused[refusals++] = events[done++].id;
		wait = r.acknowledged || r.outcome == SENDER_REFUSED ? pause_ms :
		       wait < 32 * pause_ms                          ? 2 * wait :
								       wait;
		if (r.outcome == SENDER_AGAIN)
			wait_ms(wait);
	}
	return done;
}

static double
cpu_of(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
report(size_t done, double took)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	printf("{\"done\":%zu,\"of\":%zu,\"sends\":%llu,\"seconds\":%.3f,\"cpu\":%.3f,\"memory_kib\":%ld,\"refused\":[",
	       done, count, (unsigned long long)sends, took, cpu_of(RUSAGE_SELF), u.ru_maxrss);
	for (uint64_t i = 0; i < refusals; i++)
		printf("%s%llu", i ? "," : "", (unsigned long long)refused[i]);
	printf("]}\n");
}

/* The secret goes the way that it does in the product. */
static int
through_outbox(void)
{
	struct sink_config sink = {.name = "drive",
				   .kind = (uint8_t)kind,
				   .format = (uint8_t)config.format,
				   .events = (uint8_t)kind_of_event,
				   .sender = config,
				   .secret_file = secret_file,
				   .secret_env = *config.secret ? "DRIVE_SECRET" : ""};
	struct keep_done done;

	setenv("DRIVE_SECRET", config.secret, 1);
	plan.give_up_s = give_up_s;
	done = keep_all(&sink, events, count, &plan);
	printf("{\"sent\":%llu,\"lost\":%llu,\"waiting\":%llu,\"kills\":%u,\"memory_kib\":%lu,\"cpu\":%.3f}\n",
	       (unsigned long long)done.sent, (unsigned long long)done.lost, (unsigned long long)done.waiting,
	       done.kills, done.courier_kib, cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN));
	return done.waiting ? 1 : 0;
}

int
main(int argc, char **argv)
{
	char words[SENDER_WORDS] = "";
	double began;
	void *state;
	size_t done;

	if (argc < 2)
		fail("usage", "drive KIND [name=value ...] <LINES");
	kind = row_of(argv[1], kind_name, SINK_KINDS, "no such kind");
	for (int i = 2; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals)
			fail("not name=value", argv[i]);
		*equals = '\0';
		take(argv[i], equals + 1);
	}
	if (!SINK_KIND[kind].sender)
		fail("not built in, or no network sink", argv[1]);
	read_lines();
	if (plan.outbox)
		return through_outbox();
	state = SINK_KIND[kind].sender->open(&config, words);
	if (!state)
		fail(argv[1], words);
	began = seconds();
	done = drive(SINK_KIND[kind].sender, state);
	report(done, seconds() - began);
	SINK_KIND[kind].sender->close(state);
	free(events);
	free(text);
	return done == count ? 0 : 1;
}
