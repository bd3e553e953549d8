/*
 * run_desk: the process that answers.  It opens its sockets first, and then has no file and starts no connection.
 */
#include "cmd/run_desk.h"

#include <stdio.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/duty.h"

struct desking {
	struct duty duty;
	struct desk *desk;
	struct channel *keeper; /* NULL: it is not there */
};

void
run_desk_socket(const struct common *c, char path[PATH_MAX])
{
	const char *given = config_text(&c->config, OPT_desk_socket), *folder = keep_folder(c);

	if (*given)
		snprintf(path, PATH_MAX, "%s", given);
	else if (folder)
		snprintf(path, PATH_MAX, "%s/control.sock", folder);
	else
		path[0] = '\0';
}

bool
run_desk_wanted(const struct common *c)
{
	char path[PATH_MAX];

	run_desk_socket(c, path);
	return *path || *config_text(&c->config, OPT_desk_listen);
}

static void
on_link(void *arg, const struct role_self *to, int fd)
{
	struct desking *d = arg;

	(void)to;
	channel_free(d->keeper);
	d->keeper = channel_new(fd, &DESK_KINDS, 2 * sizeof(struct health));
}

/* A struct of the same program, but of a process that may be in other hands. */
static void
hear(struct desking *d)
{
	static struct health h;
	struct channel_message m;
	enum channel_result got;

	while ((got = channel_next(d->keeper, &m)) == CHANNEL_MESSAGE) {
		memcpy(&h, m.bytes.p, sizeof(h));
		if (health_sound(&h))
			desk_tell(d->desk, &h);
	}
	if (got == CHANNEL_NOTHING)
		return;
	channel_free(d->keeper);
	d->keeper = NULL;
}

static void
work(struct desking *d)
{
	enum { OURS = 2 };

	while (!d->duty.stop) {
		struct pollfd fd[OURS + DESK_FDS] = {{.fd = ROLE_FD_MONITOR, .events = POLLIN},
						     {.fd = d->keeper ? channel_fd(d->keeper) : -1, .events = POLLIN}};
		unsigned n = OURS + desk_fds(d->desk, fd + OURS);

		(void)poll(fd, n, 1000);
		duty_poll(&d->duty, clock_now_ns());
		if (d->duty.reload)
			duty_reloaded(&d->duty, true);
		if (d->keeper)
			hear(d);
		desk_work(d->desk);
	}
}

int
run_desk(struct running *r)
{
	struct desking d = {.duty = {.link = on_link}};
	char path[PATH_MAX], sensor[256], words[DESK_WORDS], error[CONFINE_ERROR_MAX];
	const struct config *c = &r->common->config;
	const struct desk_places at = {config_text(c, OPT_desk_listen), config_text(c, OPT_desk_key),
				       config_text(c, OPT_desk_notice), path, sensor};

	d.duty.arg = &d;
	duty_take_over();
	run_desk_socket(r->common, path);
	watch_sensor(sensor, c);
	d.desk = desk_open(&at, words);
	if (d.desk && *words)
		common_error(r->common, words);
	if (!d.desk || !confine_rights(ROLE_desk, error) || !confine_surface(ROLE_desk, NULL, 0, error)) {
		common_error(r->common, d.desk ? error : "no memory");
		return EXIT_IO;
	}
	if (duty_begin(&d.duty))
		work(&d);
	channel_free(d.keeper);
	desk_free(d.desk);
	return EXIT_DONE;
}
