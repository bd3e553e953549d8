/*
 * run_monitor: the process that the user started: which roles there are, and what people are told of them.
 */
#include "cmd/run.h"

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

int
run_monitor(struct running *r)
{
	const struct role_spec specs[] = {
		{.is = {.role = ROLE_keeper}, .argc = r->argc, .argv = r->argv},
	};
	char status[128];
	const struct monitor_setup setup = {.spec = specs,
					    .specs = sizeof(specs) / sizeof(specs[0]),
					    .status = status,
					    .arg = r,
					    .started = started,
					    .say = say};

	snprintf(status, sizeof(status), "watching %s", r->iface);
	return monitor_run(&setup);
}
