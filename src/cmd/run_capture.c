/*
 * run_capture: see run_capture.h.  Must not work on a frame.
 */
#include "cmd/run_capture.h"
#include "cmd/run_fan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "sensor/capture_port.h"
#include "sensor/record.h"

static bool
fan_first(const struct running *r)
{
	return r->self.role != ROLE_tap || strcmp(r->self.name, "0") == 0;
}

/* What the ports are set to, where that is not as it should be for a port that listens. */
static void
tell_ports(const struct running *r)
{
	char name[CAPTURE_NAME], line[PORT_WORDS];
	struct port_state s;

	for (const char *names = r->iface; (names = capture_name(names, name));)
		for (unsigned i = 0; port_state(name, &s) && port_warning(name, &s, &i, line);)
			fprintf(stderr, "%s\n", line);
}

/* The first that is not there, or down: why, as for people.  False: all are up. */
static bool
lacks_port(const struct running *r, bool *absent, char line[PORT_WORDS])
{
	char name[CAPTURE_NAME];
	struct port_state s;

	for (const char *names = r->iface; (names = capture_name(names, name));) {
		*absent = !port_state(name, &s);
		if (!*absent && s.up)
			continue;
		snprintf(line, PORT_WORDS, "%.64s: %s; waiting for it", name, *absent ? "is not there" : "is down");
		return true;
	}
	return false;
}

/* One that is down will come up.  One that is not there was misspelt, where somebody just typed its name; where a
   configuration has it, or it was there before, it is not plugged in. */
static bool
may_wait(const struct running *r, char line[PORT_WORDS])
{
	bool absent, typed = r->iface == r->ifaces && !r->self.again;

	return lacks_port(r, &absent, line) && !(absent && typed);
}

/* Until all ports are there.  False: it was ended. */
static bool
wait_for_ports(const struct run_capture *c, struct duty *duty)
{
	enum { LOOK_MS = 250 };
	struct pollfd p = {.fd = ROLE_FD_MONITOR, .events = POLLIN};
	char line[PORT_WORDS];
	bool absent;

	(void)role_tell(ROLE_FD_MONITOR, &(struct role_note){.kind = ROLE_WAITS}, -1);
	while (!duty->stop && lacks_port(c->run, &absent, line)) {
		(void)poll(&p, 1, LOOK_MS);
		duty_poll(duty, clock_now_ns());
	}
	return !duty->stop;
}

static int
open_interfaces(struct run_capture *c, struct duty *duty, const struct capture_fan *fan, void *copies)
{
	const struct config *config = &c->run->common->config;
	const struct capture_config cfg = {
		.iface = c->run->iface,
		.filter = c->run->filter,
		.buffer = (size_t)config_number(config, OPT_capture_buffer),
		.promiscuous = config_number(config, OPT_capture_promiscuous) != 0,
		.copies = copies,
		.once = true,
		.beside = !fan_first(c->run),
		.fan = *fan,
	};
	char error[CAPTURE_ERROR_MAX], line[PORT_WORDS];
	bool waited = false;

	while (!(c->capture = capture_open(&cfg, error)) && may_wait(c->run, line)) {
		if (!waited && fan_first(c->run))
			common_error(c->run->common, line);
		waited = true;
		if (!wait_for_ports(c, duty))
			return EXIT_IO;
	}
	if (!c->capture)
		common_error(c->run->common, error);
	return c->capture ? EXIT_DONE : EXIT_IO;
}

/* A tap may write to what lies among those that the monitor gave, and nowhere else. */
static bool
move_up(struct file *f)
{
	int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, ROLE_FD_FIRST + RUN_FDS);

	if (fd < 0)
		return false;
	close(f->fd);
	f->fd = fd;
	return true;
}

static void
tell_record(struct run_capture *c, const char *rest)
{
	char words[512];

	snprintf(words, sizeof(words), "%.300s: cannot be written: %s%s", c->run->record_path,
		 strerror(c->record.error), rest);
	common_error(c->run->common, words);
	c->lost_record = true;
}

/* Who begins must be able to; who goes on for one that died watches without, rather than not. */
static int
open_record(struct run_capture *c)
{
	const char *path = c->run->record_path;

	if (!path)
		return EXIT_DONE;
	c->records = (c->run->self.again ? record_append : record_open)(&c->record, path, capture_link(c->capture),
									CAPTURE_SNAPLEN) &&
		     move_up(&c->record);
	if (c->records)
		return EXIT_DONE;
	tell_record(c, c->run->self.again ? "; the watch goes on without" : "");
	return c->run->self.again ? EXIT_DONE : EXIT_IO;
}

int
run_capture_open(struct run_capture *c, struct duty *duty, const struct capture_fan *fan, void *copies)
{
	const struct running *r = c->run;
	int status = open_interfaces(c, duty, fan, copies);

	/* of several taps the first tells what all see */
	if (status == EXIT_DONE && !r->common->quiet && !r->self.again && fan_first(r))
		tell_ports(r);
	return status == EXIT_DONE ? open_record(c) : status;
}

bool
run_capture_news(struct run_capture *c, char line[CAPTURE_ERROR_MAX])
{
	return capture_news(c->capture, line) && fan_first(c->run);
}

static void
note(struct run_capture *c, const struct frame *frames, size_t n)
{
	c->idle |= n == 0;
	if (n == 0)
		return;
	if (c->first.ns == 0)
		c->first = frames[0].time;
	c->last = frames[n - 1].time;
	c->frames += n;
	for (size_t i = 0; i < n; i++)
		c->bytes += frames[i].wire_len;
	for (size_t i = 0; c->records && i < n; i++)
		record_frame(&c->record, &frames[i]);
}

bool
run_capture_frames(struct run_capture *c, struct frame *frames, size_t *n, int *exit)
{
	struct when asked = clock_wall(); /* not later: we may sleep long between the ring's answer and the clock's */

	if (!capture_frames(c->capture, frames, PIPELINE_BATCH, n)) {
		common_error(c->run->common, capture_error(c->capture));
		*exit = EXIT_IO;
		return false;
	}
	note(c, frames, *n);
	lull_turn(&c->lull, asked, *n > 0);
	if (c->records && c->record.error) {
		tell_record(c, "; what was written before is kept, and the watch goes on without");
		(void)file_close(&c->record);
		c->records = false;
	}
	return true;
}

bool
run_capture_load(struct run_capture *c, const struct capture_drops *drops)
{
	int64_t behind = when_since(clock_wall(), c->last);
	unsigned taps = c->run->self.role == ROLE_tap ? run_taps(c->run) : 1;
	size_t buffer = (size_t)config_number(&c->run->common->config, OPT_capture_buffer) / taps;
	const struct load_seen seen = {
		.behind_ms = c->idle || behind < 0 ? 0 : (uint64_t)(behind / NS_PER_MS),
		.bridges_ms = capture_bridges_ms(buffer, c->frames - c->frames_then, c->bytes - c->bytes_then),
		.lost = drops->ring,
	};

	c->frames_then = c->frames;
	c->bytes_then = c->bytes;
	c->idle = false;
	return load_look(&c->load, &seen);
}

void
run_capture_flush(struct run_capture *c)
{
	if (c->records)
		file_flush(&c->record);
}

int
run_capture_close(struct run_capture *c, int so_far)
{
	if (c->records && !file_close(&c->record))
		tell_record(c, "; what was written before is kept");
	return c->lost_record ? EXIT_IO : so_far;
}
