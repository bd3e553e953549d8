/*
 * run: the same as read, live from an interface, until SIGINT or SIGTERM.
 *
 *	monitor -> tap(s) -> keeper -> courier for each network sink
 *				     \-> desk: status, metrics
 *
 * One program, each part a process of its own that may do what it needs and no more (sensor/role.def).
 */
#include "cmd/run_config.h"
#include "cmd/run_couriers.h"
#include "cmd/run_desk.h"

enum { OPT_FILTER = 'f', OPT_IFACE = 'i' };

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
take_arguments(struct running *r)
{
	int status;

	r->common->handed = r->self.again;
	status = args_take(&CMD_RUN, r->argc, r->argv, take_option, r);
	if (status == EXIT_DONE && r->common->handed && !run_config_take(r->common))
		return EXIT_IO;

	if (status == EXIT_DONE && !r->iface)
		r->iface = config_text(&r->common->config, OPT_capture_interface);
	if (status == EXIT_DONE && !*r->iface)
		return usage_error("run", "no interface named; -i IFACE, or capture.interface in the configuration");
	if (status == EXIT_DONE && r->record_path && config_number(&r->common->config, OPT_privacy_pseudonymize))
		return usage_error("run", "--record keeps frames with their addresses, which privacy.pseudonymize "
					  "forbids; leave one of them out");
	return status;
}

/* A role reads the key from whoever took it. */
static void
take_given(struct running *r)
{
	if (r->self.role == ROLE_monitor || !r->common->privacy_file)
		return;
	snprintf(r->key_path, sizeof(r->key_path), "/dev/fd/%d", ROLE_FD_FIRST + RUN_FD_KEY);
	r->common->privacy_file = r->key_path;
}

static int
be(struct running *r)
{
	switch (r->self.role) {
	case ROLE_monitor:
		return run_monitor(r);
	case ROLE_keeper:
		return run_keeper(r);
	case ROLE_courier:
	case ROLE_hook:
		return run_courier(r);
	case ROLE_desk:
		return run_desk(r);
	case ROLE_tap:
		return run_tap(r);
	case ROLE_whole:
		return run_frames(r);
	case ROLES:
	default:
		return EXIT_USAGE;
	}
}

static int
run_run(int argc, char **argv)
{
	struct running r = {.argc = argc, .argv = argv};
	int status;

	if (!role_take(&r.self, &r.argc, r.argv))
		return usage_error("run", "roles are started by the monitor alone");
	r.common = common_new(&CMD_RUN);
	status = r.common ? take_arguments(&r) : EXIT_IO;
	if (status == EXIT_DONE) {
		take_given(&r);
		status = be(&r);
	}
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
	"It is several processes (gatewitness roles): taps parse frames and may do nothing else, the\n"
	"keeper writes. One that dies or hangs is started again within a second; what was not seen\n"
	"meanwhile is in the ledger's coverage with its cause, and the frames that a tap died of are in\n"
	"crashes beside the days (capture.crashes). With evidence.ring each tap keeps frames of its own\n"
	"connections and sends those of incidents to the keeper; privacy.pseudonymize with lists or\n"
	"places needs clear addresses and files together: then one process parses and writes. A port that\n"
	"is down is waited for, and one that is not there where it was before or a configuration names it.\n"
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
