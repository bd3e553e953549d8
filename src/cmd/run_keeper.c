/*
 * run_keeper: from records to everything that is written.  Must not know where records come from.
 */
#include "cmd/run_keeper.h"

#include <stdlib.h>
#include <unistd.h>

#include "cmd/run_crash.h"
#include "cmd/run_paths.h"

/* Once a second: what was written must be readable by whoever follows the file. */
static void
each_second(struct keeping *k)
{
	int64_t now = clock_now_ns();

	if (now < k->flush_at)
		return;
	k->flush_at = now + NS_PER_S;
	k->feed->each_second(k);
	keep_poll(&k->keep, k->common);
	keep_requests(&k->keep);
	watch_flush(&k->common->watch);
	run_health_tell(k->health, k->run, k->keep.ledger);
}

/* What can change while the watch goes on is read again. */
static void
reload(struct keeping *k)
{
	watch_reopen(&k->common->watch);
	duty_reloaded(&k->duty, common_reload(k->common));
}

static void
keep_on(struct keeping *k)
{
	while (!k->duty.stop && !watch_failed(&k->common->watch)) {
		duty_poll(&k->duty, clock_now_ns());
		if (k->duty.reload)
			reload(k);
		common_poll(k->common);
		if (!k->feed->work(k))
			return;
		each_second(k);
	}
	k->feed->end(k);
}

static int
finish(struct keeping *k)
{
	watch_end(&k->common->watch);
	k->exit = keep_close(&k->keep, k->common, k->exit);
	k->exit = common_close(k->common, k->exit);
	k->summary.live = &k->common->watch.capture;
	k->summary.took_ns = clock_now_ns() - k->began;
	if (!k->common->quiet)
		summary_print(k->common, &k->summary);
	return k->exit;
}

static int
confine_failed(const struct keeping *k, const char *words)
{
	common_error(k->common, words);
	return EXIT_IO;
}

/* With what is left from here on it opens its files now, and later. */
static int
give_up_rights(const struct keeping *k)
{
	char words[CONFINE_ERROR_MAX];

	return confine_rights(k->run->self.role, words) ? EXIT_DONE : confine_failed(k, words);
}

static int
give_up_surface(const struct keeping *k)
{
	struct run_paths *paths = malloc(sizeof(*paths));
	char words[CONFINE_ERROR_MAX] = "no memory";
	bool fine = paths != NULL;

	if (fine) {
		run_paths_data(paths, k->common);
		fine = confine_surface(k->run->self.role, paths->path, paths->n, words);
	}
	free(paths);
	return fine ? EXIT_DONE : confine_failed(k, words);
}

static int
start(struct keeping *k)
{
	int status = k->feed->open(k);

	if (status == EXIT_DONE)
		status = give_up_rights(k);
	if (status == EXIT_DONE)
		status = common_open(k->common, k->run->iface);
	if (status == EXIT_DONE)
		status = keep_open(&k->keep, k->common);
	if (status == EXIT_DONE)
		status = keep_evidence(&k->keep, k->common);
	if (status == EXIT_DONE && !k->common->quiet && !k->run->self.again && k->common->watch.identity.run_only)
		fprintf(stderr, "identity.key is of this run: resumption identities do not compare with those of "
				"another; identity.file or detect.memory keeps it\n");
	if (status == EXIT_DONE && !k->feed->begin(k))
		status = EXIT_IO;
	return status == EXIT_DONE ? give_up_surface(k) : status;
}

void
run_keep_news(struct keeping *k, const char *words)
{
	common_error(k->common, words);
	if (k->keep.ledger && k->common->watch.began) /* before that there is no time */
		ledger_happened(k->keep.ledger, words);
}

/* Nobody is told how long nothing was seen but whoever asks the ledger. */
static void
on_died(void *arg, const struct role_note *note, int fd)
{
	struct keeping *k = arg;
	char cause[2 * ROLE_WORDS];

	run_health_died(k->health);
	if (note->who.role == ROLE_courier || note->who.role == ROLE_hook || note->who.role == ROLE_desk)
		return; /* the traffic was seen */
	snprintf(cause, sizeof(cause), "%s%s%s %s", ROLE_RIGHTS[note->who.role].name, *note->who.name ? " " : "",
		 note->who.name, note->words);
	if (note->who.role == ROLE_tap)
		k->feed->died(k, (unsigned)strtoul(note->who.name, NULL, 10), note->came);
	if (k->keep.ledger)
		ledger_gap(k->keep.ledger, (struct when){note->from}, (struct when){note->until}, cause);
	run_crash_keep(&k->keep, k->common, fd, (struct when){note->from});
}

/* A tap, a courier or the desk is there, or there again. */
static void
on_link(void *arg, const struct role_self *to, int fd)
{
	struct keeping *k = arg;

	if (to->role == ROLE_tap)
		k->feed->link(k, (unsigned)strtoul(to->name, NULL, 10), fd);
	else if (to->role == ROLE_desk)
		run_health_link(k->health, fd);
	else
		watch_post_link(&k->common->watch, to->name, fd);
}

int
run_keep(struct running *run, const struct feed *feed, void *own)
{
	struct keeping k = {.run = run, .common = run->common, .feed = feed, .own = own};
	int status;

	k.health = calloc(1, sizeof(*k.health));
	if (!k.health)
		return confine_failed(&k, "no memory");
	run_health_hear(k.health, k.common);

	k.duty = (struct duty){.arg = &k, .link = on_link, .died = on_died};
	duty_take_over();
	k.common->feeds = true;
	k.common->again = run->self.again;
	k.common->taps = feed->taps;
	status = start(&k);
	if (status == EXIT_DONE && duty_begin(&k.duty)) {
		k.began = clock_now_ns();
		k.duty.reload =
			run->self.again; /* what was read again since the start, where it still has no mistake */
		keep_on(&k);
		status = finish(&k);
	} else if (k.duty.stop) { /* a port never came */
		status = EXIT_DONE;
	}
	run_health_close(k.health);
	free(k.health);
	return status;
}
