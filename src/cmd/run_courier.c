/*
 * run_courier: the process of one network sink of run.  It reads its certificates and its secret, and sends what the keeper
 * hands it; it writes no file.
 */
#include "cmd/run_couriers.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/courier.h"
#include "sensor/courier_message.h"
#include "sensor/duty.h"

struct couriering {
	struct running *run;
	struct sinks_wanted want;
	const struct sink_config *sink;
	struct delivery *delivery;
	struct duty duty;
	int link; /* a connection to the keeper that nobody uses yet, -1: none */
};

/* What the resolver, TLS and its authorities read. */
static const char *const SYSTEM[] = {"/etc/resolv.conf",
				     "/run/systemd/resolve",
				     "/etc/hosts",
				     "/etc/host.conf",
				     "/etc/nsswitch.conf",
				     "/etc/gai.conf",
				     "/etc/services",
				     "/etc/protocols",
				     "/etc/ssl",
				     "/etc/ld.so.cache",
				     "/etc/localtime",
				     "/usr/share/ca-certificates",
				     "/usr/local/share/ca-certificates",
				     "/lib",
				     "/usr/lib",
				     "/dev/urandom"};
enum { SYSTEM_COUNT = sizeof(SYSTEM) / sizeof(SYSTEM[0]), OWN_MAX = 4 };

/* "/a/b" of "/a/b/c". */
static void
folder_of(char to[PATH_MAX], const char *path)
{
	char *slash;

	snprintf(to, PATH_MAX, "%s", path);
	slash = strrchr(to, '/');
	if (slash)
		slash[slash == to] = '\0';
	else
		memcpy(to, ".", sizeof("."));
}

/* Folders of its own files: who renews a certificate puts another file there. */
static size_t
own_paths(const struct sink_config *s, struct confine_path to[OWN_MAX], char folder[OWN_MAX][PATH_MAX])
{
	const char *const files[OWN_MAX] = {s->sender.tls_ca, s->sender.tls_certificate, s->sender.tls_key,
					    s->secret_file};
	size_t n = 0;

	for (unsigned i = 0; i < OWN_MAX; i++)
		if (*files[i]) {
			folder_of(folder[n], files[i]);
			to[n] = (struct confine_path){folder[n], false};
			n++;
		}
	return n;
}

static bool
confine(struct couriering *c, char words[CONFINE_ERROR_MAX])
{
	struct confine_path paths[SYSTEM_COUNT + OWN_MAX];
	char folder[OWN_MAX][PATH_MAX];
	size_t n = own_paths(c->sink, paths, folder);

	for (unsigned i = 0; i < SYSTEM_COUNT; i++)
		paths[n++] = (struct confine_path){SYSTEM[i], false};
	return confine_rights(c->run->self.role, words) && confine_surface(c->run->self.role, paths, n, words);
}

static void
on_link(void *arg, const struct role_self *to, int fd)
{
	struct couriering *c = arg;

	(void)to;
	if (c->link >= 0)
		close(c->link);
	c->link = fd;
}

/* A new link means a new keeper: the old one's lines will come again. */
static bool
goes_on(void *arg)
{
	struct couriering *c = arg;

	duty_poll(&c->duty, clock_now_ns());
	if (c->duty.reload) {
		delivery_renew(c->delivery);
		duty_reloaded(&c->duty, true);
	}
	return !c->duty.stop && c->link < 0;
}

static void
wait_for_link(struct couriering *c)
{
	struct pollfd p = {.fd = ROLE_FD_MONITOR, .events = POLLIN};

	while (goes_on(c))
		(void)poll(&p, 1, 1000);
}

static void
work(struct couriering *c)
{
	const struct courier_duty duty = {c, goes_on, ROLE_FD_MONITOR};

	while (!c->duty.stop) {
		struct channel *keeper = c->link >= 0 ? channel_new(c->link, &COURIER_KINDS, COURIER_HARD) : NULL;

		c->link = -1;
		if (keeper)
			(void)courier_work(keeper, c->delivery, &duty);
		channel_free(keeper);
		wait_for_link(c);
	}
}

static const struct sink_config *
find(const struct sinks_wanted *w, const char *name)
{
	for (unsigned i = 0; i < w->count; i++)
		if (strcmp(w->sink[i].name, name) == 0 && SINK_KIND[w->sink[i].kind].sender)
			return &w->sink[i];
	return NULL;
}

int
run_courier(struct running *run)
{
	struct couriering c = {.run = run, .link = -1, .duty = {.link = on_link}};
	char words[CONFINE_ERROR_MAX] = "it has no memory";

	c.duty.arg = &c;
	duty_take_over();
	if (run_couriers(run, &c.want) != EXIT_DONE)
		return EXIT_USAGE;
	c.sink = find(&c.want, run->self.name);
	c.delivery = c.sink ? delivery_new(c.sink) : NULL;
	if (!c.delivery || !confine(&c, words)) {
		common_error(run->common, words);
		return EXIT_IO;
	}
	if (duty_begin(&c.duty))
		work(&c);
	delivery_free(c.delivery);
	return EXIT_DONE;
}
