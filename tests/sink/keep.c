/*
 * keep: see keep.h.
 */
#include "keep.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor/courier.h"
#include "sensor/courier_message.h"
#include "sensor/post.h"

enum { FULL_DISK = 1 << 16, BEATS = 40 /* of the courier's life: it dies at another of them each time */ };

struct keeping {
	struct sinks_wanted want;
	struct post *post;
	pid_t courier;
	struct keep_done done;
};

static int64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void
give_up(const char *what)
{
	fprintf(stderr, "keep: %s\n", what);
	exit(2);
}

static bool
goes_on(void *arg)
{
	(void)arg;
	return true;
}

static void
start_courier(struct keeping *k)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || (k->courier = fork()) < 0)
		give_up("no courier");
	if (k->courier == 0) {
		const struct courier_duty duty = {NULL, goes_on, -1};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd = 3; fd < 64; fd++)
			if (fd != pair[1])
				close(fd);
		_exit((int)courier_work(channel_new(pair[1], &COURIER_KINDS, COURIER_HARD),
					delivery_new(&k->want.sink[0]), &duty));
	}
	close(pair[1]);
	post_link(k->post, k->want.sink[0].name, pair[0]);
}

static void
kill_courier(struct keeping *k)
{
	kill(k->courier, SIGKILL);
	waitpid(k->courier, NULL, 0);
}

static void
open_post(struct keeping *k)
{
	char error[OUTBOX_ERROR_MAX] = "";

	k->post = post_open(&k->want, (struct when){clock_ns(CLOCK_REALTIME)}, error);
	if (!k->post)
		give_up(error);
}

static void
turn(struct keeping *k, int wait_ms)
{
	struct pollfd fd[SINKS_MAX];
	char words[OUTBOX_ERROR_MAX];

	post_poll(k->post, clock_ns(CLOCK_MONOTONIC), (struct when){clock_ns(CLOCK_REALTIME)});
	while (post_notice(k->post, words))
		fprintf(stderr, "%s\n", words);
	(void)poll(fd, (nfds_t)post_fds(k->post, fd), wait_ms);
}

/* Is it the turn of the next of `count` things that are spread over n? */
static bool
is_turn(size_t i, size_t n, unsigned count, unsigned done)
{
	return done < count && i >= (done + 1) * n / (count + 1);
}

static void
set_disk(bool full, rlim_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? FULL_DISK : most;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
kill_one(struct keeping *k)
{
	for (unsigned beat = k->done.kills % BEATS; beat > 0; beat--)
		turn(k, 1);
	kill_courier(k);
	turn(k, 0);
	start_courier(k);
	k->done.kills++;
}

static void
restart(struct keeping *k)
{
	char error[OUTBOX_ERROR_MAX];

	kill_courier(k);
	if (!post_close(k->post, error))
		give_up(error);
	open_post(k);
	start_courier(k);
}

static void
feed(struct keeping *k, const struct sender_event *e, size_t n, const struct keep_plan *plan)
{
	struct rlimit before;
	unsigned restarts = 0;

	getrlimit(RLIMIT_FSIZE, &before);
	for (size_t i = 0; i < n; i++) {
		if (plan->full && (i == n / 3 || i == 2 * n / 3))
			set_disk(i == n / 3, before.rlim_cur);
		outbox_add(post_outbox(k->post), &e[i], 1);
		if (plan->pause_us)
			usleep(plan->pause_us);
		turn(k, 0);
		if (is_turn(i, n, plan->kills, k->done.kills))
			kill_one(k);
		if (is_turn(i, n, plan->restarts, restarts)) {
			restart(k);
			restarts++;
		}
	}
}

static unsigned long
own_memory(pid_t pid)
{
	unsigned long kib = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		(void)!sscanf(line, "Private_Dirty: %lu", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* A disk that was full is tried once a second: a receiver that is fast has everything before it is known to be well. */
static bool
is_busy(const struct outbox *o)
{
	return outbox_waiting(o, 0) || outbox_is_failing(o);
}

struct keep_done
keep_all(const struct sink_config *sink, const struct sender_event *e, size_t n, const struct keep_plan *plan)
{
	struct keeping k = {.want = {.count = 1, .network = true, .size = 1 << 30, .age_ns = INT64_MAX}};
	char error[OUTBOX_ERROR_MAX];
	struct outbox_status s;
	int64_t until;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	k.want.sink[0] = *sink;
	snprintf(k.want.outbox, sizeof(k.want.outbox), "%s", plan->outbox);
	open_post(&k);
	start_courier(&k);
	feed(&k, e, n, plan);
	until = clock_ns(CLOCK_MONOTONIC) + plan->give_up_s * NS_PER_S;
	while (clock_ns(CLOCK_MONOTONIC) < until && is_busy(post_outbox(k.post)))
		turn(&k, 20);
	s = outbox_status(post_outbox(k.post), 0);
	k.done.sent = s.sent;
	k.done.lost = s.lost;
	k.done.waiting = s.waiting;
	k.done.courier_kib = own_memory(k.courier);
	(void)post_close(k.post, error);
	waitpid(k.courier, NULL, 0);
	return k.done;
}
