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
#include <sys/wait.h>
#include <unistd.h>

#include "base/when.h"
#include "sensor/clock.h"
#include "sensor/notify.h"
#include "sensor/ward.h"

static const int64_t MS = NS_PER_S / 1000, WAIT_LEAST = 100 * (NS_PER_S / 1000), WAIT_MOST = 10 * NS_PER_S,
		     WELL = 60 * NS_PER_S, TURN_MOST = NS_PER_S / 2;

struct monitor {
	const struct monitor_setup *setup;
	struct ward ward[MONITOR_ROLES_MAX];
	size_t n;
	struct notify notify;
	int signals;
	int64_t beat; /* the next sign of life for systemd */
	bool stop, reload;
	unsigned restarts;
	int exit;
};

static struct ward *
keeper(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->ward[i].spec.is.role == ROLE_keeper || m->ward[i].spec.is.role == ROLE_whole)
			return &m->ward[i];
	return NULL;
}

/* Whoever is open, with the keeper. */
static void
link_up(struct monitor *m)
{
	const struct ward *k = keeper(m);

	for (size_t i = 0; i < m->n; i++) {
		struct ward *w = &m->ward[i];

		if (w != k && !w->joined && w->state >= WARD_OPEN && k->state >= WARD_OPEN)
			ward_join(w, k);
	}
}

/* What was not seen is the keeper's to record, as soon as both are there. */
static void
report_gaps(struct monitor *m, bool last)
{
	const struct ward *k = keeper(m);

	for (size_t i = 0; i < m->n && k->state == WARD_AT_WORK; i++) {
		struct ward *w = &m->ward[i];

		if (w->gone && (w->state == WARD_AT_WORK || last))
			ward_report(w, k);
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

static bool
start(struct monitor *m, struct ward *w)
{
	char name[WARD_NAME], words[256];

	if (ward_start(w, m->setup->keeps_batch))
		return true;
	snprintf(words, sizeof(words), "%s cannot be started: %s", ward_name(w, name), strerror(errno));
	m->setup->say(m->setup->arg, words);
	w->again = clock_now_ns() + w->wait;
	return false;
}

/* What taps told the keeper that died is lost with it, and what they did not tell yet, they tell nobody.  The others wait
   for the next. */
static void
end_taps(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct ward *w = &m->ward[i];

		if (w->spec.is.role == ROLE_tap && w->joined) {
			w->follows = true;
			kill(w->process.pid, SIGKILL);
		}
		w->joined = false;
	}
}

/* Back after a while that grows: who dies at once would only heat the board. */
static void
plan(struct monitor *m, struct ward *w, enum ward_state was)
{
	char name[WARD_NAME], words[512];

	if (was == WARD_AT_WORK)
		ward_idle(w);
	if (clock_now_ns() - w->since >= WELL || !w->wait)
		w->wait = WAIT_LEAST;
	w->again = clock_now_ns() + (w->follows ? WAIT_LEAST : w->wait);
	if (w->follows)
		return;
	snprintf(words, sizeof(words), "%s %s; it is started again in %lld ms", ward_name(w, name), w->why,
		 (long long)(w->wait / MS));
	m->setup->say(m->setup->arg, words);
	w->wait = 2 * w->wait < WAIT_MOST ? 2 * w->wait : WAIT_MOST;
	m->restarts++;
	tell_status(m);
	if (w == keeper(m))
		end_taps(m);
}

/* begun: all have been at work. */
static void
ended(struct monitor *m, struct ward *w, int status, bool begun)
{
	char name[WARD_NAME], words[512];
	enum ward_state was = w->state;
	bool told = WIFEXITED(status) && !w->stuck; /* its own line is on stderr */
	int code = told ? WEXITSTATUS(status) : 1;

	ward_ended(w, status);
	w->spec.is.again = begun;
	/* Before all have begun, whoever started us is told why not.  Later, one that fails while it comes back is tried again
	   (a full disk may get room); one that fails at work ends the sensor where its row says so. */
	if (begun && was != WARD_STOPPING && !(told && was == WARD_AT_WORK && w->rights->fails == ROLE_ENDS)) {
		plan(m, w, was);
		return;
	}
	if (!told) {
		snprintf(words, sizeof(words), "%s %s", ward_name(w, name), w->why);
		m->setup->say(m->setup->arg, words);
	}
	if (!m->exit)
		m->exit = code;
	m->stop = m->stop || was != WARD_STOPPING;
}

static void
reap(struct monitor *m, bool begun)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < m->n; i++)
			if (m->ward[i].state != WARD_OUT && m->ward[i].process.pid == pid)
				ended(m, &m->ward[i], status, begun);
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
take_note(struct monitor *m, struct ward *w, const struct role_note *note)
{
	w->alive = clock_now_ns();
	w->lively |= note->kind == ROLE_ALIVE;
	if (note->kind == ROLE_WAITS && w->state == WARD_OPENING)
		ward_wait(w);
	if (note->kind == ROLE_READY && w->state == WARD_OPENING)
		ward_open(w);
	if (note->kind == ROLE_COUNTS && w->spec.is.role == ROLE_tap) {
		w->came = note->came;
		w->told = note->told;
	}
	if (note->kind == ROLE_RELOADED && w == keeper(m))
		tell_status(m);
}

static void
take_notes(struct monitor *m, struct ward *w)
{
	struct role_note note = {.kind = ROLE_NOTES};
	enum role_heard heard;
	int fd;

	while ((heard = role_hear(w->process.monitor, &note, &fd)) == ROLE_HEARD) {
		if (fd >= 0 && note.kind == ROLE_HOLD)
			ward_hold(w, fd);
		else if (fd >= 0)
			close(fd);
		take_note(m, w, &note);
	}
}

/* One turn: waits for something, no longer than that, and takes what came. */
static void
turn(struct monitor *m, int64_t most, bool begun)
{
	struct pollfd p[MONITOR_ROLES_MAX + 1] = {{.fd = m->signals, .events = POLLIN}};
	int64_t t;

	for (size_t i = 0; i < m->n; i++) {
		p[i + 1] = (struct pollfd){.fd = m->ward[i].state == WARD_OUT ? -1 : m->ward[i].process.monitor,
					   .events = POLLIN};
	}
	poll(p, m->n + 1, (int)(most / MS));
	for (size_t i = 0; i < m->n; i++) {
		if (p[i + 1].revents & POLLIN)
			take_notes(m, &m->ward[i]);
		if ((p[i + 1].revents & (POLLIN | POLLHUP)) ==
		    POLLHUP) /* SIGCHLD comes, too: no need to spin until then */
			poll(p, 1, 10);
	}
	take_signals(m);
	reap(m, begun);
	t = clock_now_ns();
	if (m->notify.watchdog_ns && t >= m->beat) {
		m->beat = t + m->notify.watchdog_ns / 3;
		notify_tell(&m->notify, "WATCHDOG=1");
	}
}

/* Whoever is open and has a keeper. */
static void
begin_work(struct monitor *m)
{
	link_up(m);
	for (size_t i = 0; i < m->n; i++) {
		struct ward *w = &m->ward[i];

		if (w->state == WARD_OPEN && (w->joined || w == keeper(m)))
			ward_work(w);
	}
}

static void
each_role(struct monitor *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct ward *w = &m->ward[i];

		if (w->state == WARD_OUT && clock_now_ns() >= w->again)
			start(m, w);
		if (w->state == WARD_AT_WORK)
			ward_impatient(w, w->alive);
	}
	begin_work(m);
	report_gaps(m, false);
}

static void
reload(struct monitor *m)
{
	char lines[96];

	m->reload = false;
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_now_ns() / 1000));
	notify_tell(&m->notify, lines);
	for (size_t i = 0; i < m->n; i++)
		if (m->ward[i].state == WARD_AT_WORK && m->ward[i].spec.is.role != ROLE_tap)
			ward_tell(&m->ward[i], ROLE_RELOAD);
}

/* Until the next thing that is due; at least now and then. */
static int64_t
due_in(const struct monitor *m)
{
	int64_t t = clock_now_ns(), most = TURN_MOST;

	for (size_t i = 0; i < m->n; i++)
		if (m->ward[i].state == WARD_OUT && m->ward[i].again - t < most)
			most = m->ward[i].again - t;
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
		if (!start(m, &m->ward[i])) {
			m->exit = 1;
			return false;
		}
		while (m->ward[i].state == WARD_OPENING && !m->ward[i].waits && !m->stop)
			turn(m, TURN_MOST, false);
	}
	if (m->stop)
		return false;
	begin_work(m);
	return true;
}

/* Those of one stage: asked, and waited for. */
static void
stop_stage(struct monitor *m, enum role first, enum role last)
{
	int64_t since = clock_now_ns();
	size_t left = 1;

	for (size_t i = 0; i < m->n; i++)
		if (m->ward[i].state != WARD_OUT && m->ward[i].spec.is.role >= first &&
		    m->ward[i].spec.is.role <= last) {
			ward_tell(&m->ward[i], ROLE_STOP);
			m->ward[i].state = WARD_STOPPING;
		}
	while (left) {
		left = 0;
		for (size_t i = 0; i < m->n; i++)
			if (m->ward[i].state == WARD_STOPPING) {
				ward_impatient(&m->ward[i], since);
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

	for (size_t i = 0; i < m.n; i++)
		ward_init(&m.ward[i], &setup->spec[i]);
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
