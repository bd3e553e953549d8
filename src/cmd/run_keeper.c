/*
 * run_keeper: the keeper of run: from records to everything that is written.
 *
 * The wall clock has one use: when no frames come, the time of the packets is taken to pass with it, a
 * second late, so that no frame still in the ring is overtaken.
 */
#include "cmd/run.h"
#include "cmd/run_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sensor/capture.h"
#include "sensor/capture_port.h"
#include "sensor/duty.h"
#include "sensor/record.h"

struct keeping {
	const struct running *run;
	struct common *common;
	struct duty duty;
	struct keep keep;
	struct capture *capture;
	bool records;
	struct file record;
	struct when first, last;
	int64_t began, flush_at;
	int exit;
};

static void
update_drops(struct keeping *r)
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
each_second(struct keeping *r)
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
tell_ports(const struct keeping *r)
{
	char name[CAPTURE_NAME], line[PORT_WORDS];
	struct port_state s;

	for (const char *names = r->run->iface; (names = capture_name(names, name));)
		for (unsigned i = 0; port_state(name, &s) && port_warning(name, &s, &i, line);)
			fprintf(stderr, "%s\n", line);
}

/* An interface that went away, or came back. */
static void
tell_news(struct keeping *r)
{
	char line[CAPTURE_ERROR_MAX];

	if (capture_news(r->capture, line))
		common_error(r->common, line);
}

static void
pass_time(struct keeping *r)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	watch_tick(&r->common->watch, (struct when){((int64_t)t.tv_sec - 1) * NS_PER_S + t.tv_nsec});
}

static void
take(struct keeping *r, const struct frame *frames, size_t n)
{
	if (r->first.ns == 0)
		r->first = frames[0].time;
	r->last = frames[n - 1].time;
	for (size_t i = 0; r->records && i < n; i++)
		record_frame(&r->record, &frames[i]);
	watch_frames(&r->common->watch, frames, n);
}

static bool
going(const struct keeping *r)
{
	return !r->duty.stop && !watch_failed(&r->common->watch) && !(r->records && r->record.error);
}

/* What can change while the watch goes on is read again. */
static void
reload(struct keeping *r)
{
	watch_reopen(&r->common->watch);
	duty_reloaded(&r->duty, common_reload(r->common));
}

static void
watch_live(struct keeping *r)
{
	struct frame frames[PIPELINE_BATCH];
	size_t n;

	while (going(r)) {
		duty_poll(&r->duty, clock_now_ns());
		if (r->duty.reload)
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
close_record(struct keeping *r)
{
	char words[512];

	if (!r->records || file_close(&r->record))
		return;
	snprintf(words, sizeof(words), "%.300s: cannot be written: %s; what was written before is kept",
		 r->run->record_path, strerror(r->record.error));
	common_error(r->common, words);
	r->exit = EXIT_IO;
}

static int
finish(struct keeping *r)
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
open_capture(struct keeping *r)
{
	const struct capture_config cfg = {
		.iface = r->run->iface,
		.filter = r->run->filter,
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
open_record(struct keeping *r)
{
	const char *path = r->run->record_path;
	char words[512];

	if (!path)
		return EXIT_DONE;
	r->records = r->run->self.again ? file_open_append(&r->record, path) :
					  record_open(&r->record, path, capture_link(r->capture), CAPTURE_SNAPLEN);
	if (r->records)
		return EXIT_DONE;
	snprintf(words, sizeof(words), "%.300s: cannot be written: %s", path, strerror(r->record.error));
	common_error(r->common, words);
	return EXIT_IO;
}

static int
confine_failed(const struct keeping *r, const char *words)
{
	common_error(r->common, words);
	return EXIT_IO;
}

/* With what is left from here on it opens its files now, and later. */
static int
give_up_rights(const struct keeping *r)
{
	char words[CONFINE_ERROR_MAX];

	return confine_rights(ROLE_keeper, words) ? EXIT_DONE : confine_failed(r, words);
}

static int
give_up_surface(const struct keeping *r)
{
	struct run_paths *paths = malloc(sizeof(*paths));
	char words[CONFINE_ERROR_MAX] = "no memory";
	bool fine = paths != NULL;

	if (fine) {
		run_paths_data(paths, r->common);
		fine = confine_surface(ROLE_keeper, paths->path, paths->n, words);
	}
	free(paths);
	return fine ? EXIT_DONE : confine_failed(r, words);
}

static int
start(struct keeping *r)
{
	int status = open_capture(r);

	if (status == EXIT_DONE && !r->common->quiet && !r->run->self.again)
		tell_ports(r);
	if (status == EXIT_DONE)
		status = open_record(r);
	if (status == EXIT_DONE)
		status = give_up_rights(r);
	if (status == EXIT_DONE)
		status = common_open(r->common, r->run->iface);
	if (status == EXIT_DONE)
		status = keep_open(&r->keep, r->common);
	if (status == EXIT_DONE)
		status = keep_evidence(&r->keep, r->common);
	if (status == EXIT_DONE && !r->common->quiet && r->common->watch.identity.run_only)
		fprintf(stderr, "identity.key is of this run: resumption identities do not compare with those of "
				"another; identity.file or detect.memory keeps it\n");
	return status == EXIT_DONE ? give_up_surface(r) : status;
}

/* Nobody is told how long nothing was seen but whoever asks the ledger. */
static void
on_died(void *arg, const struct role_note *note)
{
	struct keeping *r = arg;
	char cause[2 * ROLE_WORDS];

	snprintf(cause, sizeof(cause), "%s%s%s %s", ROLE_RIGHTS[note->who.role].name, *note->who.name ? " " : "",
		 note->who.name, note->words);
	if (r->keep.ledger)
		ledger_gap(r->keep.ledger, (struct when){note->from}, (struct when){note->until}, cause);
}

/* A courier is there, or there again. */
static void
on_link(void *arg, const struct role_self *to, int fd)
{
	struct keeping *r = arg;

	watch_post_link(&r->common->watch, to->name, fd);
}

int
run_keeper(struct running *run)
{
	struct keeping r = {.run = run, .common = run->common, .duty = {.link = on_link, .died = on_died}};
	int status;

	r.duty.arg = &r;
	duty_take_over();
	r.common->feeds = true;
	r.common->again = run->self.again;
	status = start(&r);
	if (status == EXIT_DONE && duty_begin(&r.duty)) {
		r.began = clock_now_ns();
		watch_live(&r);
		status = finish(&r);
	}
	return status; /* the capture ends with its process: closing it takes calls that are given away */
}
