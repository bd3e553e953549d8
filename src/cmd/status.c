/*
 * status: how a running sensor is, from its control socket.  Must not read what the sensor keeps: it asks.
 */
#include "cmd/asking.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd/tables.h"
#include "sensor/json_in.h"

enum { OPT_WATCH = 'w', WATCH_S = 2, NAME_WIDTH = 16 };

struct asked {
	struct asking asking;
	bool json, watch;
};

static struct words
ago(int64_t then)
{
	int64_t now = (int64_t)time(NULL);

	return words_span((now > then ? now - then : 0) * NS_PER_S);
}

static uint64_t
count(const struct json *o, const char *key)
{
	int64_t n = json_in_number(o, key);

	return n > 0 ? (uint64_t)n : 0;
}

static void
heading(const struct term *t, const char *words)
{
	fprintf(t->to, "\n%s%s%s\n", term_style(t, STYLE_BOLD), words, term_style(t, STYLE_PLAIN));
}

static void
name(const struct term *t, const char *words)
{
	fprintf(t->to, "  %-*s ", NAME_WIDTH, words);
}

static const char *
text(const struct json *o, const char *key)
{
	const char *p = json_in_text(o, key).p;

	return p ? p : "";
}

static void
traffic(const struct term *t, const struct json *j)
{
	const struct json *r = json_in_at(j, "rates"), *c = json_in_at(j, "counters");
	uint64_t lost = count(r, "lost_ppm");

	heading(t, "Traffic");
	name(t, "now");
	fprintf(t->to, "%s frames/s, %.1f Mbit/s, %s sessions/s", words_number(count(r, "frames")).text,
		(double)count(r, "bits") / 1e6, words_number(count(r, "sessions")).text);
	if (lost)
		fprintf(t->to, ", %s%.2f %% of frames lost%s", term_style(t, STYLE_RED), (double)lost / 1e4,
			term_style(t, STYLE_PLAIN));
	fprintf(t->to, "\n");
	name(t, "capture.buffer");
	fprintf(t->to, "lasts %s at this rate when nobody reads\n",
		words_span((int64_t)count(j, "buffer_ms") * NS_PER_MS).text);
	name(t, "since the start");
	fprintf(t->to, "%s frames, %s sessions, %s findings\n", words_number(count(c, "frames")).text,
		words_number(count(c, "record_close")).text, words_number(count(c, "finding")).text);
	name(t, "packet time");
	if (count(j, "packet"))
		fprintf(t->to, "%s ago\n", ago(json_in_number(j, "packet")).text);
	else
		fprintf(t->to, "nothing was seen yet\n");
}

/* Those that were not zero; a healthy sensor has one line here. */
static void
losses(const struct term *t, const struct json *j)
{
	const struct json *l = json_in_at(j, "losses");
	bool any = false;

	heading(t, "Losses since the start");
#define LOSS(cause, unit, doc)                                                                                         \
	if (count(l, #cause)) {                                                                                        \
		any = true;                                                                                            \
		name(t, #cause);                                                                                       \
		fprintf(t->to, "%s %s: ", words_number(count(l, #cause)).text, unit);                                  \
		tables_doc(t, NAME_WIDTH + 3, doc);                                                                    \
	}
#include "base/loss.def"
#undef LOSS
	if (!any)
		fprintf(t->to, "  none\n");
}

static void
memory(const struct term *t, const struct json *j)
{
	heading(t, "Memory");
	name(t, "budget");
	fprintf(t->to, "%s (memory.limit); the keeper has had %s at most\n", words_bytes(count(j, "memory_limit")).text,
		words_bytes(count(j, "resident")).text);
	name(t, "connections");
	fprintf(t->to, "%s open\n", words_number(count(j, "connections")).text);
	name(t, "ledger");
	if (count(j, "ledger_commit"))
		fprintf(t->to, "commit %s, %s ago, head %.16s\n", words_number(count(j, "ledger_commit")).text,
			ago(json_in_number(j, "ledger_time")).text, text(j, "ledger_head"));
	else
		fprintf(t->to, "none, or nothing in it yet\n");
}

static enum term_style
style_of(const char *severity)
{
	return strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0 ? STYLE_RED :
	       strcmp(severity, "medium") == 0                                    ? STYLE_YELLOW :
										    STYLE_PLAIN;
}

static void
incidents(const struct term *t, const struct json *j)
{
	const struct json *list = json_in_at(j, "incidents");

	heading(t, "Open incidents");
	for (size_t i = 0; i < json_in_count(list); i++) {
		const struct json *n = json_in_item(list, i);

		fprintf(t->to, "  %s%-8s%s  %s  %s findings\n%*s", term_style(t, style_of(text(n, "severity"))),
			text(n, "severity"), term_style(t, STYLE_PLAIN), text(n, "actor"),
			words_number(count(n, "findings")).text, NAME_WIDTH - 4, "");
		tables_doc(t, NAME_WIDTH - 4, text(n, "text"));
	}
	if (json_in_count(list) == 0)
		fprintf(t->to, "  none\n");
}

static void
clients(const struct term *t, const struct json *j)
{
	const struct json *list = json_in_at(j, "clients");

	if (json_in_count(list) == 0)
		return;
	heading(t, "Clients with the most sessions (about)");
	for (size_t i = 0; i < json_in_count(list); i++) {
		const struct json *c = json_in_item(list, i);

		fprintf(t->to, "  %12s  %s\n", words_number(count(c, "sessions")).text, text(c, "address"));
	}
}

static void
sinks(const struct term *t, const struct json *j)
{
	const struct json *list = json_in_at(j, "sinks");

	if (json_in_count(list) == 0)
		return;
	heading(t, "Network sinks");
	for (size_t i = 0; i < json_in_count(list); i++) {
		const struct json *s = json_in_item(list, i);

		name(t, text(s, "name"));
		fprintf(t->to, "%s sent, %s waiting, %s lost", words_number(count(s, "sent")).text,
			words_number(count(s, "waiting")).text, words_number(count(s, "lost")).text);
		if (count(s, "oldest"))
			fprintf(t->to, "; the oldest waits since %s", ago(json_in_number(s, "oldest")).text);
		fprintf(t->to, "\n");
		if (!*text(s, "error"))
			continue;
		fprintf(t->to, "%*s%s", NAME_WIDTH + 3, "", term_style(t, STYLE_YELLOW));
		tables_doc(t, NAME_WIDTH + 3, text(s, "error"));
		fprintf(t->to, "%s", term_style(t, STYLE_PLAIN));
	}
}

/* Only where there was something. */
static void
given_up(const struct term *t, const struct json *j)
{
	const struct json *list = json_in_at(j, "given_up");

	if (json_in_count(list) == 0)
		return;
	heading(t, "Given up");
	for (size_t i = 0; i < json_in_count(list); i++) {
		const struct json *l = json_in_item(list, i);

		name(t, text(l, "sink"));
		fprintf(t->to, "%s event%s, the last %s ago: %s\n", words_number(count(l, "lines")).text,
			count(l, "lines") == 1 ? "" : "s", ago(json_in_number(l, "last")).text, text(l, "cause"));
	}
}

static int
show(const struct asking *a)
{
	struct term t = term_of(stdout);
	struct json *j = json_in(a->text, a->n);

	if (!j || *text(j, "error")) {
		int status = asking_failed(a, j ? text(j, "error") : "what it said is no JSON");

		json_in_free(j);
		return status;
	}
	fprintf(t.to, "%s%s%s on %s, gatewitness %s, at work for %s\n", term_style(&t, STYLE_BOLD), text(j, "sensor"),
		term_style(&t, STYLE_PLAIN), text(j, "interface"), text(j, "version"),
		ago(json_in_number(j, "started")).text);
	traffic(&t, j);
	losses(&t, j);
	memory(&t, j);
	incidents(&t, j);
	clients(&t, j);
	sinks(&t, j);
	given_up(&t, j);
	json_in_free(j);
	return tables_finish();
}

/* The desk is there, and has heard nothing of a keeper. */
static bool
says_error(const struct asking *a)
{
	struct json *j = json_in(a->text, a->n);
	bool error = !j || *text(j, "error");

	json_in_free(j);
	return error;
}

static int
once(struct asked *a)
{
	int status = asking_ask(&a->asking);

	if (status != EXIT_DONE || !a->json)
		return status == EXIT_DONE ? show(&a->asking) : status;
	fwrite(a->asking.text, 1, a->asking.n, stdout);
	status = tables_finish();
	return status == EXIT_DONE && says_error(&a->asking) ? EXIT_IO : status;
}

/* Until Ctrl-C.  A terminal is written over; what is no terminal gets one after the other. */
static int
again_and_again(struct asked *a)
{
	int status = EXIT_DONE;

	while (status == EXIT_DONE) {
		if (isatty(STDOUT_FILENO) && !a->json)
			fputs("\033[H\033[2J", stdout);
		status = once(a);
		fflush(stdout);
		sleep(WATCH_S);
	}
	return status;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct asked *a = arg;

	switch (id) {
	case ASKING_SOCKET:
		a->asking.given = value;
		return EXIT_DONE;
	case OPT_WATCH:
		a->watch = true;
		return EXIT_DONE;
	case OPT_JSON:
		a->json = true;
		return EXIT_DONE;
	case ARGS_FILE:
		return usage_error("status",
				   "takes no files; the sensor is found by -c FILE, --ledger DIR or --socket PATH");
	default:
		return common_option(a->asking.common, id, value);
	}
}

static int
status_run(int argc, char **argv)
{
	struct asked *a = calloc(1, sizeof(*a));
	int status = EXIT_IO;

	if (a && (a->asking.common = common_new(&CMD_STATUS)))
		status = args_take(&CMD_STATUS, argc, argv, take_option, a);
	if (status == EXIT_DONE)
		status = asking_find(&a->asking);
	if (status == EXIT_DONE)
		status = a->watch ? again_and_again(a) : once(a);
	if (a && a->asking.common)
		common_free(a->asking.common);
	free(a);
	return status;
}

static const struct arg_option OPTIONS[] = {
	ASKING_OPTIONS,
	{OPT_WATCH, "watch", NULL, "again every two seconds"},
	{OPT_JSON, "json", NULL, "one JSON object a line, with all counters"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_STATUS = {
	"status",
	"[-c FILE] [--watch] [--json]",
	"how the running sensor is: traffic, losses, incidents, sinks",
	OPTIONS,
	"Asks the sensor's control socket, which is desk.socket, or control.sock in its ledger's folder;\n"
	"where neither is told, that of /etc/gatewitness/gatewitness.conf.\n"
	"Rates are those of the last ten seconds. Clients are counted approximately. The same numbers are\n"
	"at desk.listen for Prometheus.\n"
	"\n"
	"examples:\n"
	"  gatewitness status -c /etc/gatewitness/gatewitness.conf\n"
	"  gatewitness status --ledger /var/lib/gatewitness --watch\n"
	"  gatewitness status -c gatewitness.conf --json | jq '.sinks[] | select(.waiting > 0)'\n"
	"\n"
	"exit code: 0 done; 1 no sensor answers; 2 wrong usage or configuration\n",
	status_run,
};
