/*
 * monitor: one loop over signals, notes of roles, and what is due.
 */
#include "sensor/monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "sensor/batch.h"
#include "sensor/notify.h"
#include "sensor/role_note.h"

static const int64_t MS = NS_PER_S / 1000, WAIT_LEAST = 100 * (NS_PER_S / 1000), WAIT_MOST = 30 * NS_PER_S,
		     WELL = 60 * NS_PER_S, TURN_MOST = NS_PER_S / 2;

enum state { OUT, OPENING, OPEN, AT_WORK, STOPPING };

/* A role that is kept running. */
struct held {
	struct role_spec spec;
	const struct role_rights *rights;
	struct role_process process;
	enum state state;
	int64_t since, alive; /* it was started; its last sign of life */
	int64_t wait, again;  /* to wait after its next death; when it is started again */
	int fatal;            /* the batch that it died of, until it is told; -1: none */
	int link;             /* of a tap: the keeper's end, until it is told; -1: it has it */
	int64_t gone, back;   /* wall clock: it did nothing in between, which the keeper is to be told; 0: nothing */
	bool stuck, follows;  /* it was ended: it gave no sign of life; the keeper that it spoke to died */
	char why[ROLE_WORDS];
};

struct monitor {
	const struct monitor_setup *setup;
	struct held held[MONITOR_ROLES_MAX];
	size_t n;
	struct notify notify;
	int signals;
	int64_t beat; /* the next sign of life for systemd */
	bool stop, reload;
	unsigned restarts;
	int exit;
};

static void
forget(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int64_t
clock_of(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t
now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

static struct held *
keeper(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->held[i].spec.is.role == ROLE_keeper || m->held[i].spec.is.role == ROLE_whole)
			return &m->held[i];
	return NULL;
}

/* "tap 0", "keeper" */
static const char *
name_of(const struct held *h, char to[2 * ROLE_NAME_MAX])
{
	snprintf(to, 2 * ROLE_NAME_MAX, "%s%s%s", h->rights->name, *h->spec.is.name ? " " : "", h->spec.is.name);
	return to;
}

static void
tell_kind(const struct held *h, enum role_note_kind kind)
{
	(void)role_tell(h->process.monitor, &(struct role_note){.kind = kind}, -1);
}

/* One pair of sockets: an end for each.  A tap has had its own from its start, since it takes nothing later. */
static void
join(const struct held *k, struct held *h)
{
	int pair[2];

	if (h->link >= 0) {
		(void)role_tell(k->process.monitor, &(struct role_note){.kind = ROLE_LINK, .who = h->spec.is}, h->link);
		forget(&h->link);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	(void)role_tell(k->process.monitor, &(struct role_note){.kind = ROLE_LINK, .who = h->spec.is}, pair[0]);
	(void)role_tell(h->process.monitor, &(struct role_note){.kind = ROLE_LINK, .who = k->spec.is}, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/* With the keeper, or the keeper with all. */
static void
link_up(struct monitor *m, const struct held *h)
{
	const struct held *k = keeper(m);

	for (size_t i = 0; i < m->n; i++) {
		struct held *other = &m->held[i];

		if (other != k && (other == h || h == k) && other->state >= OPEN && k->state >= OPEN)
			join(k, other);
	}
}

static void
put_to_work(struct held *h)
{
	tell_kind(h, ROLE_START);
	h->state = AT_WORK;
	h->back = clock_of(CLOCK_REALTIME);
}

/* What was not seen is the keeper's to record, as soon as both are there. */
static void
report_gaps(struct monitor *m, bool last)
{
	const struct held *k = keeper(m);

	for (size_t i = 0; i < m->n && k->state == AT_WORK; i++) {
		struct held *h = &m->held[i];
		struct role_note note = {.kind = ROLE_DIED, .who = h->spec.is, .from = h->gone};

		if (!h->gone || (h->state != AT_WORK && !last))
			continue;
		note.until = h->state == AT_WORK ? h->back : clock_of(CLOCK_REALTIME);
		memcpy(note.words, h->why, sizeof(note.words));
		(void)role_tell(k->process.monitor, &note, h->fatal);
		h->gone = 0;
		forget(&h->fatal);
	}
}

static void
tell_status(struct monitor *m)
{
	char lines[512];

	snprintf(lines, sizeof(lines), "READY=1\nSTATUS=%s%s", m->setup->status,
		 m->restarts ? "; a part of it had to be started again, see the log" : "");
	notify_tell(&m->notify, lines);
}

/* What a tap has from its start, for it takes nothing later. */
static bool
equip(const struct monitor *m, struct held *h)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	h->link = pair[0];
	h->spec.keeper = pair[1];
	if (m->setup->keeps_batch)
		h->spec.batch = batch_new();
	return true;
}

static bool
spawn(const struct monitor *m, struct held *h)
{
	bool fine = h->spec.is.role != ROLE_tap || equip(m, h);

	fine = fine && role_spawn(&h->spec, &h->process);
	forget(&h->spec.keeper);
	return fine;
}

static bool
start(struct monitor *m, struct held *h)
{
	char name[2 * ROLE_NAME_MAX], words[256];

	h->since = h->alive = now();
	h->stuck = h->follows = false;
	if (spawn(m, h)) {
		h->state = OPENING;
		return true;
	}
	snprintf(words, sizeof(words), "%s cannot be started: %s", name_of(h, name), strerror(errno));
	m->setup->say(m->setup->arg, words);
	h->again = now() + h->wait;
	return false;
}

static void
say_why(struct held *h, int status)
{
	if (h->follows)
		snprintf(h->why, sizeof(h->why), "lost its keeper");
	else if (h->stuck)
		snprintf(h->why, sizeof(h->why), "gave no sign of life for %u s", h->rights->patience);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(h->why, sizeof(h->why), "made a system call that it may not make (SIGSYS)");
	else if (WIFSIGNALED(status))
		snprintf(h->why, sizeof(h->why), "died of SIG%.20s (%.60s)",
			 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?",
			 sigdescr_np(WTERMSIG(status)) ? sigdescr_np(WTERMSIG(status)) : "unknown");
	else
		snprintf(h->why, sizeof(h->why), "ended by itself, exit code %d", WEXITSTATUS(status));
}

/* What taps told the keeper that died is lost with it, and what they did not tell yet, they tell nobody. */
static void
end_taps(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct held *h = &m->held[i];

		if (h->spec.is.role != ROLE_tap || h->state == OUT || h->link >= 0)
			continue;
		h->follows = true;
		kill(h->process.pid, SIGKILL);
	}
}

/* Back after a while that grows: who dies at once would only heat the board. */
static void
plan(struct monitor *m, struct held *h, enum state was)
{
	char name[2 * ROLE_NAME_MAX], words[512];

	if (!h->gone && was == AT_WORK)
		h->gone = clock_of(CLOCK_REALTIME);
	if (now() - h->since >= WELL || !h->wait)
		h->wait = WAIT_LEAST;
	h->again = now() + h->wait;
	if (h->follows)
		return;
	snprintf(words, sizeof(words), "%s %s; it is started again in %lld ms", name_of(h, name), h->why,
		 (long long)(h->wait / MS));
	m->setup->say(m->setup->arg, words);
	h->wait = 2 * h->wait < WAIT_MOST ? 2 * h->wait : WAIT_MOST;
	m->restarts++;
	tell_status(m);
	if (h == keeper(m))
		end_taps(m);
}

/* A crash is worth looking at; the latest one is, where nobody took the one before. */
static void
keep_batch(struct held *h, int status)
{
	if ((WIFSIGNALED(status) && !h->follows) || h->stuck) {
		forget(&h->fatal);
		h->fatal = h->spec.batch;
		h->spec.batch = -1;
	}
	forget(&h->spec.batch);
}

/* begun: all have been at work. */
static void
ended(struct monitor *m, struct held *h, int status, bool begun)
{
	char name[2 * ROLE_NAME_MAX], words[512];
	enum state was = h->state;
	bool told = WIFEXITED(status) && !h->stuck; /* its own line is on stderr */
	int code = told ? WEXITSTATUS(status) : 1;

	say_why(h, status);
	close(h->process.monitor);
	forget(&h->link);
	keep_batch(h, status);
	h->process = (struct role_process){.monitor = -1};
	h->state = OUT;
	h->spec.is.again = begun;
	if (begun && was != STOPPING && !(told && h->rights->fails == ROLE_ENDS)) {
		plan(m, h, was);
		return;
	}
	if (!told) {
		snprintf(words, sizeof(words), "%s %s", name_of(h, name), h->why);
		m->setup->say(m->setup->arg, words);
	}
	if (!m->exit)
		m->exit = code;
	m->stop = m->stop || was != STOPPING;
}

static void
reap(struct monitor *m, bool begun)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < m->n; i++)
			if (m->held[i].state != OUT && m->held[i].process.pid == pid)
				ended(m, &m->held[i], status, begun);
}

static void
take_signals(struct monitor *m)
{
	struct signalfd_siginfo s;

	while (read(m->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			m->reload = true;
		else if (s.ssi_signo != SIGCHLD)
			m->stop = true;
	}
}

static void
take_note(struct monitor *m, struct held *h, const struct role_note *note)
{
	h->alive = now();
	if (note->kind == ROLE_READY && h->state == OPENING)
		h->state = OPEN;
	if (note->kind == ROLE_RELOADED && h == keeper(m))
		tell_status(m);
}

static void
take_notes(struct monitor *m, struct held *h)
{
	struct role_note note;
	enum role_heard heard;
	int fd;

	while ((heard = role_hear(h->process.monitor, &note, &fd)) == ROLE_HEARD) {
		if (fd >= 0)
			close(fd);
		take_note(m, h, &note);
	}
}

/* One turn: waits for something, no longer than that, and takes what came. */
static void
turn(struct monitor *m, int64_t most, bool begun)
{
	struct pollfd p[MONITOR_ROLES_MAX + 1] = {{.fd = m->signals, .events = POLLIN}};
	int64_t t;

	for (size_t i = 0; i < m->n; i++) {
		p[i + 1] = (struct pollfd){.fd = m->held[i].state == OUT ? -1 : m->held[i].process.monitor,
					   .events = POLLIN};
	}
	poll(p, m->n + 1, (int)(most / MS));
	for (size_t i = 0; i < m->n; i++) {
		if (p[i + 1].revents & POLLIN)
			take_notes(m, &m->held[i]);
		if ((p[i + 1].revents & (POLLIN | POLLHUP)) ==
		    POLLHUP) /* SIGCHLD comes, too: no need to spin until then */
			poll(p, 1, 10);
	}
	take_signals(m);
	reap(m, begun);
	t = now();
	if (m->notify.watchdog_ns && t >= m->beat) {
		m->beat = t + m->notify.watchdog_ns / 3;
		notify_tell(&m->notify, "WATCHDOG=1");
	}
}

static void
impatient(struct held *h, int64_t since)
{
	if (h->state == OUT || !h->rights->patience || now() - since < h->rights->patience * NS_PER_S || h->stuck)
		return;
	h->stuck = true;
	kill(h->process.pid, SIGKILL);
}

static void
each_role(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct held *h = &m->held[i];

		if (h->state == OUT && now() >= h->again)
			start(m, h);
		if (h->state == OPEN) {
			link_up(m, h);
			put_to_work(h);
		}
		if (h->state == AT_WORK)
			impatient(h, h->alive);
	}
	report_gaps(m, false);
}

static void
reload(struct monitor *m)
{
	char lines[96];

	m->reload = false;
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(now() / 1000));
	notify_tell(&m->notify, lines);
	for (size_t i = 0; i < m->n; i++)
		if (m->held[i].state == AT_WORK && m->held[i].spec.is.role != ROLE_tap)
			tell_kind(&m->held[i], ROLE_RELOAD);
}

/* Until the next thing that is due; at least now and then. */
static int64_t
due_in(const struct monitor *m)
{
	int64_t t = now(), most = TURN_MOST;

	for (size_t i = 0; i < m->n; i++)
		if (m->held[i].state == OUT && m->held[i].again - t < most)
			most = m->held[i].again - t;
	return most > 0 ? most : 0;
}

static void
watch(struct monitor *m)
{
	while (!m->stop) {
		turn(m, due_in(m), true);
		if (m->stop)
			return;
		if (m->reload)
			reload(m);
		each_role(m);
	}
}

/* One after the other, so that what one cannot do is told before the next has touched anything. */
static bool
start_all(struct monitor *m)
{
	for (size_t i = 0; i < m->n && !m->stop; i++) {
		if (!start(m, &m->held[i])) {
			m->exit = 1;
			return false;
		}
		while (m->held[i].state == OPENING && !m->stop)
			turn(m, TURN_MOST, false);
	}
	if (m->stop)
		return false;
	link_up(m, keeper(m));
	for (size_t i = 0; i < m->n; i++)
		put_to_work(&m->held[i]);
	return true;
}

/* Those of one stage: asked, and waited for. */
static void
stop_stage(struct monitor *m, enum role first, enum role last)
{
	int64_t since = now();
	size_t left = 1;

	for (size_t i = 0; i < m->n; i++)
		if (m->held[i].state != OUT && m->held[i].spec.is.role >= first && m->held[i].spec.is.role <= last) {
			tell_kind(&m->held[i], ROLE_STOP);
			m->held[i].state = STOPPING;
		}
	while (left) {
		left = 0;
		for (size_t i = 0; i < m->n; i++)
			if (m->held[i].state == STOPPING) {
				impatient(&m->held[i], since);
				left++;
			}
		if (left)
			turn(m, TURN_MOST, true);
	}
}

static void
stop_all(struct monitor *m)
{
	notify_tell(&m->notify, "STOPPING=1");
	stop_stage(m, ROLE_tap, ROLE_tap);
	report_gaps(m, true);
	stop_stage(m, ROLE_keeper, ROLE_whole);
	stop_stage(m, ROLE_courier, ROLES);
}

static bool
open_signals(struct monitor *m)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGCHLD);
	m->signals = sigprocmask(SIG_BLOCK, &s, NULL) < 0 ? -1 : signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
	return m->signals >= 0;
}

int
monitor_run(const struct monitor_setup *setup)
{
	struct monitor m = {.setup = setup, .n = setup->specs};

	for (size_t i = 0; i < m.n; i++) {
		m.held[i] = (struct held){.spec = setup->spec[i],
					  .rights = &ROLE_RIGHTS[setup->spec[i].is.role],
					  .process = {.monitor = -1},
					  .fatal = -1,
					  .link = -1};
		m.held[i].spec.keeper = m.held[i].spec.batch = -1;
	}
	if (!open_signals(&m)) {
		setup->say(setup->arg, strerror(errno));
		return 1;
	}
	notify_open(&m.notify);
	if (start_all(&m)) {
		setup->started(setup->arg);
		tell_status(&m);
		watch(&m);
	}
	stop_all(&m);
	notify_close(&m.notify);
	close(m.signals);
	return m.exit;
}
