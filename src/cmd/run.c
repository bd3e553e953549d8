/*
 * run: the same as read, live from an interface, until SIGINT or SIGTERM.
 *
 * The wall clock has one use: when no frames come, the time of the packets is taken to pass with it, a
 * second late, so that no frame still in the ring is overtaken.
 */
#include "cmd/keep.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "sensor/capture.h"
#include "sensor/capture_port.h"
#include "sensor/record.h"

enum { OPT_FILTER = 'f', OPT_IFACE = 'i' };

/* All that a signal may touch. */
static volatile sig_atomic_t stop, hangup;

static void
on_signal(int number)
{
	if (number == SIGHUP)
		hangup = 1;
	else
		stop = 1;
}

struct running {
	struct common *common;
	struct keep keep;
	struct capture *capture;
	const char *iface, *filter, *record_path;
	char ifaces[CAPTURE_PORTS * CAPTURE_NAME]; /* of several -i */
	bool records;
	struct file record;
	struct when first, last;
	int64_t began, flush_at;
	int exit;
};

static void
catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

static void
update_drops(struct running *r)
{
	struct capture_drops d = capture_drops(r->capture);
	struct eve_capture *to = &r->common->watch.capture;

	to->kernel_packets = d.packets;
	to->kernel_drops = d.ring;
	to->interface_drops = d.interface;
	to->loss = d.loss;
}

/* Once a second: what was written must be readable by whoever follows the file. */
static void
each_second(struct running *r)
{
	int64_t now = clock_now_ns();

	if (now < r->flush_at)
		return;
	r->flush_at = now + NS_PER_S;
	update_drops(r);
	keep_poll(&r->keep, r->common);
	keep_requests(&r->keep);
	watch_flush(&r->common->watch);
	if (r->records)
		file_flush(&r->record);
}

/* What the ports are set to, where that is not as it should be for a port that listens. */
static void
tell_ports(struct running *r)
{
	char name[CAPTURE_NAME], line[PORT_WORDS];
	struct port_state s;

	for (const char *names = r->iface; (names = capture_name(names, name));)
		for (unsigned i = 0; port_state(name, &s) && port_warning(name, &s, &i, line);)
			fprintf(stderr, "%s\n", line);
}

/* An interface that went away, or came back. */
static void
tell_news(struct running *r)
{
	char line[CAPTURE_ERROR_MAX];

	if (capture_news(r->capture, line))
		common_error(r->common, line);
}

static void
pass_time(struct running *r)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	watch_tick(&r->common->watch, (struct when){((int64_t)t.tv_sec - 1) * NS_PER_S + t.tv_nsec});
}

static void
take(struct running *r, const struct frame *frames, size_t n)
{
	if (r->first.ns == 0)
		r->first = frames[0].time;
	r->last = frames[n - 1].time;
	for (size_t i = 0; r->records && i < n; i++)
		record_frame(&r->record, &frames[i]);
	watch_frames(&r->common->watch, frames, n);
}

static bool
going(const struct running *r)
{
	return !stop && !watch_failed(&r->common->watch) && !(r->records && r->record.error);
}

/* SIGHUP: what can change while the watch goes on is read again. */
static void
reload(struct running *r)
{
	hangup = 0;
	watch_reopen(&r->common->watch);
	common_reload(r->common);
}

static void
watch_live(struct running *r)
{
	struct frame frames[PIPELINE_BATCH];
	size_t n;

	while (going(r)) {
		if (hangup)
			reload(r);
		common_poll(r->common);
		if (!capture_frames(r->capture, frames, PIPELINE_BATCH, &n)) {
			common_error(r->common, capture_error(r->capture));
			r->exit = EXIT_IO;
			return;
		}
		tell_news(r);
		if (n)
			take(r, frames, n);
		else
			pass_time(r);
		each_second(r);
	}
}

static void
close_record(struct running *r)
{
	char words[512];

	if (!r->records || file_close(&r->record))
		return;
	snprintf(words, sizeof(words), "%.300s: cannot be written: %s; what was written before is kept", r->record_path,
		 strerror(r->record.error));
	common_error(r->common, words);
	r->exit = EXIT_IO;
}

static int
finish(struct running *r)
{
	struct summary s = {.first = r->first, .last = r->last, .live = &r->common->watch.capture};

	update_drops(r);
	watch_end(&r->common->watch);
	close_record(r);
	r->exit = keep_close(&r->keep, r->common, r->exit);
	r->exit = common_close(r->common, r->exit);
	s.took_ns = clock_now_ns() - r->began;
	if (!r->common->quiet)
		summary_print(r->common, &s);
	return r->exit;
}

static int
open_capture(struct running *r)
{
	const struct capture_config cfg = {
		.iface = r->iface,
		.filter = r->filter,
		.buffer = (size_t)config_number(&r->common->config, OPT_capture_buffer),
		.promiscuous = config_number(&r->common->config, OPT_capture_promiscuous) != 0,
	};
	char error[CAPTURE_ERROR_MAX];

	r->capture = capture_open(&cfg, error);
	if (r->capture)
		return EXIT_DONE;
	common_error(r->common, error);
	return EXIT_IO;
}

static int
open_record(struct running *r)
{
	char words[512];

	if (!r->record_path)
		return EXIT_DONE;
	if (config_number(&r->common->config, OPT_privacy_pseudonymize))
		return usage_error("run", "--record keeps frames with their addresses, which privacy.pseudonymize "
					  "forbids; leave one of them out");
	r->records = record_open(&r->record, r->record_path, capture_link(r->capture), CAPTURE_SNAPLEN);
	if (r->records)
		return EXIT_DONE;
	snprintf(words, sizeof(words), "%.300s: cannot be written: %s", r->record_path, strerror(r->record.error));
	common_error(r->common, words);
	return EXIT_IO;
}

static int
start(struct running *r)
{
	int status = open_capture(r);

	if (status == EXIT_DONE)
		status = open_record(r);
	if (status == EXIT_DONE)
		status = common_open(r->common, r->iface);
	if (status == EXIT_DONE)
		status = keep_open(&r->keep, r->common);
	if (status == EXIT_DONE)
		status = keep_evidence(&r->keep, r->common);
	if (status == EXIT_DONE && !r->common->quiet) {
		fprintf(stderr, "watching %s; stop with Ctrl-C\n", r->iface);
		tell_ports(r);
		if (r->common->watch.identity.run_only)
			fprintf(stderr, "identity.key is of this run: resumption identities do not compare with "
					"those of another; identity.file or detect.memory keeps it\n");
	}
	return status;
}

static int
run_live(struct running *r)
{
	int status;

	catch_signals();
	status = start(r);
	if (status == EXIT_DONE) {
		r->began = clock_now_ns();
		watch_live(r);
		status = finish(r);
	}
	if (r->capture)
		capture_close(r->capture);
	return status;
}

/* One or several are one capture. */
static int
take_interface(struct running *r, const char *name)
{
	size_t used = strlen(r->ifaces), room = sizeof(r->ifaces) - used;

	r->iface = r->ifaces;
	if ((size_t)snprintf(r->ifaces + used, room, "%s%s", used ? ", " : "", name) < room)
		return EXIT_DONE;
	return usage_error("run", "too many interfaces; at most 8");
}

static int
take_option(void *arg, int id, const char *value)
{
	struct running *r = arg;

	switch (id) {
	case OPT_IFACE:
		return take_interface(r, value);
	case OPT_FILTER:
		r->filter = value;
		return EXIT_DONE;
	case OPT_RECORD:
		r->record_path = value;
		return EXIT_DONE;
	case ARGS_FILE:
		return usage_error("run", "takes no files; the interface is named with -i");
	default:
		return common_option(r->common, id, value);
	}
}

static int
take_arguments(struct running *r, int argc, char **argv)
{
	int status = args_take(&CMD_RUN, argc, argv, take_option, r);

	if (status == EXIT_DONE && !r->iface)
		r->iface = config_text(&r->common->config, OPT_capture_interface);
	if (status == EXIT_DONE && !*r->iface)
		return usage_error("run", "no interface named; -i IFACE, or capture.interface in the configuration");
	return status;
}

static int
run_run(int argc, char **argv)
{
	struct running r = {.common = common_new(&CMD_RUN)};
	int status = r.common ? take_arguments(&r, argc, argv) : EXIT_IO;

	if (r.common)
		r.common->feeds = true;
	if (status == EXIT_DONE)
		status = run_live(&r);
	if (r.common)
		common_free(r.common);
	return status;
}

static const struct arg_option OPTIONS[] = {
	{OPT_IFACE, "interface", "IFACE", "capture there, the span port's end; several times: the legs of a tap"},
	COMMON_OPTIONS,
	LEDGER_OPTION,
	PRIVACY_OPTION,
	{OPT_FILTER, "filter", "BPF", "only frames that match, in tcpdump's language"},
	{OPT_RECORD, "record", "FILE", "also write the frames as seen, as nanosecond pcap"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_RUN = {
	"run",
	"[-i IFACE] [OPTION]...",
	"the same as read, live from an interface",
	OPTIONS,
	"Watches until SIGINT or SIGTERM, then writes everything and a summary. It needs the right\n"
	"to capture: root, or  setcap cap_net_raw+ep gatewitness. Without -g every session is\n"
	"recorded until the gateway is clear, which takes at least a minute; then those of the\n"
	"gateway only (capture.scope).\n"
	"\n"
	"SIGHUP opens the EVE file and those of sinks anew, for whoever rotates logs, and goes on behind\n"
	"what is there. It also reads the configuration again: suppressions, maintenance and facts of it are in force\n"
	"from then on, and so are the lists of indicators and the databases of places that were named\n"
	"at start; the rest waits for the next start. When there is a mistake in one of them, file and\n"
	"line are named and what was in force stays.\n"
	"\n"
	"examples:\n"
	"  gatewitness run -i eth1 -g 192.0.2.10,192.0.2.11 --eve /var/log/gatewitness/eve.json\n"
	"  gatewitness run -i eth1 --record seen.pcap --eve live.json\n"
	"  gatewitness run -i eth1 -f 'tcp port 443 or udp port 443' --eve -\n"
	"\n"
	"exit code: 0 stopped by a signal; 1 capture or output failed; 2 wrong usage or configuration\n",
	run_run,
};
