/*
 * run_monitor: the process that the user started: which roles there are, and what people are told of them.
 */
#include "cmd/run_config.h"
#include "cmd/run_couriers.h"
#include "cmd/run_crash.h"
#include "cmd/run_desk.h"
#include "cmd/run_fan.h"

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

struct plan {
	struct role_spec spec[MONITOR_ROLES_MAX];
	size_t n;
	int keepers[RUN_FDS], taps[RUN_FDS], none[RUN_FDS]; /* descriptors that they are given */
	struct sinks_wanted sinks;
};

static void
add(struct plan *p, const struct running *r, enum role role, const int fds[RUN_FDS])
{
	p->spec[p->n++] =
		(struct role_spec){.is = {.role = role}, .argc = r->argc, .argv = r->argv, .fd = fds, .fds = RUN_FDS};
}

/* Each in its turn: what cannot open its interface touches no ledger. */
static void
add_taps(struct plan *p, const struct running *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		add(p, r, ROLE_tap, p->taps);
		snprintf(p->spec[p->n - 1].is.name, ROLE_NAME_MAX, "%u", i);
	}
}

static void
add_couriers(struct plan *p, const struct running *r)
{
	size_t n = run_courier_specs(r, &p->sinks, p->spec + p->n);

	for (size_t i = 0; i < n; i++, p->n++) {
		p->spec[p->n].fd = p->none;
		p->spec[p->n].fds = RUN_FDS;
	}
}

static int
make_plan(struct plan *p, const struct running *r)
{
	unsigned taps = run_taps(r);

	p->n = 0;
	p->keepers[RUN_FD_FAN] = p->taps[RUN_FD_KEY] = p->none[RUN_FD_KEY] = p->none[RUN_FD_FAN] = -1;
	if (!hold_key(r, &p->keepers[RUN_FD_KEY]))
		return EXIT_USAGE;
	p->taps[RUN_FD_FAN] = run_fan_new(taps);
	p->none[RUN_FD_CONFIG] = run_config_new(&r->common->config);
	p->taps[RUN_FD_CONFIG] = p->keepers[RUN_FD_CONFIG] = p->none[RUN_FD_CONFIG];
	if (p->taps[RUN_FD_FAN] < 0 || p->none[RUN_FD_CONFIG] < 0) {
		common_error(r->common, "no memory to share with roles");
		return EXIT_IO;
	}
	if (run_whole(r)) {
		add(p, r, ROLE_whole, p->keepers);
	} else {
		add_taps(p, r, taps);
		add(p, r, ROLE_keeper, p->keepers);
	}
	add_couriers(p, r);
	if (run_desk_wanted(r->common))
		add(p, r, ROLE_desk, p->none);
	return EXIT_DONE;
}

int
run_monitor(struct running *r)
{
	struct plan p;
	char status[128], words[CONFINE_ERROR_MAX];
	struct monitor_setup setup = {.spec = p.spec, .status = status, .arg = r, .started = started, .say = say};
	int exit = run_couriers(r, &p.sinks);

	if (exit == EXIT_DONE)
		exit = make_plan(&p, r);
	if (exit == EXIT_DONE &&
	    !(confine_rights(ROLE_monitor, words) && confine_surface(ROLE_monitor, NULL, 0, words))) {
		common_error(r->common, words);
		exit = EXIT_IO;
	}
	if (exit != EXIT_DONE)
		return exit;
	setup.specs = p.n;
	setup.keeps_batch = run_crash_wanted(r->common);
	snprintf(status, sizeof(status), "watching %s", r->iface);
	return monitor_run(&setup);
}
