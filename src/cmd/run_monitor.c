/*
 * run_monitor: the process that the user started: which roles there are, and what people are told of them.
 */
#include "cmd/run_couriers.h"

#include "sensor/confine.h"
#include "sensor/monitor.h"

static void
say(void *arg, const char *words)
{
	const struct running *r = arg;

	common_error(r->common, words);
}

static void
started(void *arg)
{
	const struct running *r = arg;

	if (r->common->quiet)
		return;
	fprintf(stderr, "watching %s; stop with Ctrl-C\n", r->iface);
	if (!confine_landlock())
		fprintf(stderr,
			"this kernel has no Landlock (5.13 and later): which files a role may open is left to its "
			"user and its system calls\n");
}

/* What is given once each role gets from here, as often as it is started. */
static bool
hold_key(const struct running *r, int *fd)
{
	char words[PRIVACY_ERROR_MAX];

	*fd = privacy_hold(&r->common->config, r->common->privacy_file, words);
	if (*fd == PRIVACY_FAILED)
		common_error(r->common, words);
	return *fd != PRIVACY_FAILED;
}

int
run_monitor(struct running *r)
{
	int fds[RUN_FDS];
	struct role_spec specs[1 + SINKS_MAX] = {
		{.is = {.role = ROLE_keeper}, .argc = r->argc, .argv = r->argv, .fd = fds, .fds = RUN_FDS}};
	struct sinks_wanted sinks;
	char status[128];
	struct monitor_setup setup = {
		.spec = specs, .specs = 1, .status = status, .arg = r, .started = started, .say = say};

	if (run_couriers(r, &sinks) != EXIT_DONE)
		return EXIT_USAGE;
	setup.specs += run_courier_specs(r, &sinks, specs + 1);
	if (!hold_key(r, &fds[RUN_FD_KEY]))
		return EXIT_USAGE;
	snprintf(status, sizeof(status), "watching %s", r->iface);
	return monitor_run(&setup);
}
