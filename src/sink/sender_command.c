/*
 * sender_command: one run of a program for each event, the line on its standard input.
 *
 *	exit status 0	acknowledged
 *	75		try again later (EX_TEMPFAIL of sysexits.h), for as long as it says so
 *	anything else	the same, but RUNS times at most, then the event is refused: a program that cannot digest one event
 *			must not keep the rest
 *
 * No shell, no arguments, no environment but the few names below, no descriptor beyond the first three, / as working
 * folder.  It is killed, with all that it has started, after the sink's timeout; what it leaves running when it exits is
 * ended, too, so that two copies never run at once.  Must not interpret what it prints: the first line of its standard
 * error is for people.
 */
#include "sink/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "sink/deadline.h"

enum { RUNS = 5, SAID = 200, VARIABLES = 8, VARIABLE = 400, ABOVE = 10 };

struct command {
	struct sender_config cfg;
	uint64_t failing; /* event that has failed `runs` times */
	unsigned runs;
};

/* What a child begins with, and our ends of it. */
enum { END_IN, END_OUT, END_ERR, END_EXEC, ENDS };

struct child {
	pid_t pid;
	int its[ENDS];             /* become 0, 1, 2, and 3 until exec */
	int in, err, exec, exited; /* ours, -1: closed */
	size_t written;
	char said[SAID]; /* the first of its standard error */
	size_t said_count;
};

struct environment {
	char text[VARIABLES][VARIABLE];
	char *list[VARIABLES + 1];
};

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
environment_of(struct environment *v, const struct command *c, const struct sender_event *e)
{
	unsigned n = 0;

	snprintf(v->text[n++], VARIABLE, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	snprintf(v->text[n++], VARIABLE, "LANG=C.UTF-8");
	snprintf(v->text[n++], VARIABLE, "GATEWITNESS_SENSOR=%.300s", c->cfg.sensor);
	snprintf(v->text[n++], VARIABLE, "GATEWITNESS_SINK=%.300s", c->cfg.name);
	snprintf(v->text[n++], VARIABLE, "GATEWITNESS_GATEWAY=%.300s", e->gateway);
	snprintf(v->text[n++], VARIABLE, "GATEWITNESS_KIND=%s", event_words(e->kind).one);
	snprintf(v->text[n++], VARIABLE, "GATEWITNESS_EVENT_ID=%llu", (unsigned long long)e->id);
	for (unsigned i = 0; i < n; i++)
		v->list[i] = v->text[i];
	v->list[n] = NULL;
}

/* A pipe whose ends are out of the way of 0 to 3; ours does not block. */
static bool
pipe_above(int *reads, int *writes, bool we_write)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return false;
	*reads = fcntl(fd[0], F_DUPFD_CLOEXEC, ABOVE);
	*writes = fcntl(fd[1], F_DUPFD_CLOEXEC, ABOVE);
	close(fd[0]);
	close(fd[1]);
	return *reads >= 0 && *writes >= 0 && fcntl(we_write ? *writes : *reads, F_SETFL, O_NONBLOCK) == 0;
}

static bool
ends_open(struct child *p)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	p->its[END_OUT] = fcntl(null, F_DUPFD_CLOEXEC, ABOVE);
	close_one(&null);
	return p->its[END_OUT] >= 0 && pipe_above(&p->its[END_IN], &p->in, true) &&
	       pipe_above(&p->err, &p->its[END_ERR], false) && pipe_above(&p->exec, &p->its[END_EXEC], false);
}

static void
ends_close(struct child *p)
{
	for (unsigned i = 0; i < ENDS; i++)
		close_one(&p->its[i]);
	close_one(&p->in);
	close_one(&p->err);
	close_one(&p->exec);
	close_one(&p->exited);
}

/* In the child, between fork and exec.  What it tells through END_EXEC is closed by an exec that works. */
static void
become(const struct command *c, const struct environment *v, const struct child *p, pid_t parent)
{
	char *argv[] = {(char *)(uintptr_t)c->cfg.program, NULL};
	bool fine = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && setpgid(0, 0) == 0;
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < ENDS; i++)
		fine = fine && dup2(p->its[i], i) == i;
	if (fine && fcntl(END_EXEC, F_SETFD, FD_CLOEXEC) == 0 && close_range(ENDS, ~0U, 0) == 0 && chdir("/") == 0)
		execve(c->cfg.program, argv, v->list);
	error = errno;
	(void)!write(END_EXEC, &error, sizeof(error));
	_exit(EX_UNAVAILABLE);
}

/* errno, 0: it runs. */
static int
start(struct child *p, const struct command *c, const struct sender_event *e)
{
	struct environment v = {.list = {NULL}};
	pid_t parent = getpid();
	int error = 0;

	environment_of(&v, c, e);
	p->pid = ends_open(p) ? fork() : -1;
	if (p->pid == 0)
		become(c, &v, p, parent);
	if (p->pid < 0)
		return errno;
	(void)setpgid(p->pid, p->pid); /* whoever of both is first: it can be killed from now on */
	for (unsigned i = 0; i < ENDS; i++)
		close_one(&p->its[i]);
	(void)fcntl(p->exec, F_SETFL, 0);
	if (read(p->exec, &error, sizeof(error)) != sizeof(error))
		error = 0;
	close_one(&p->exec);
	p->exited = pidfd_open(p->pid, 0);
	return error ? error : p->exited < 0 ? errno : 0;
}

/* The line and its '\n', as far as the program takes them now. */
static void
feed(struct child *p, const struct sender_event *e)
{
	ssize_t n = p->written < e->n ? write(p->in, e->line + p->written, e->n - p->written) : write(p->in, "\n", 1);

	if (n > 0)
		p->written += (size_t)n;
	else if (errno == EAGAIN || errno == EINTR)
		return;
	if (n <= 0 || p->written > e->n)
		close_one(&p->in); /* it may leave without having read: its exit status counts */
}

static void
listen_to(struct child *p)
{
	char buffer[512];
	ssize_t n = read(p->err, buffer, sizeof(buffer));
	size_t room = sizeof(p->said) - 1 - p->said_count;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_one(&p->err);
		return;
	}
	memcpy(p->said + p->said_count, buffer, (size_t)n < room ? (size_t)n : room);
	p->said_count += (size_t)n < room ? (size_t)n : room;
}

/* False: it did not end in time. */
static bool
attend(struct child *p, const struct sender_event *e, const struct timespec *until)
{
	for (;;) {
		struct pollfd fd[] = {{p->in, POLLOUT, 0}, {p->err, POLLIN, 0}, {p->exited, POLLIN, 0}};
		int n = poll(fd, 3, deadline_ms(until));

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0 && fd[0].revents)
			feed(p, e);
		if (n > 0 && fd[1].revents)
			listen_to(p);
		if (n > 0 && fd[2].revents)
			return true;
	}
}

/* The first line of what it said, without what a terminal would obey. */
static void
tidy(struct child *p)
{
	p->said[p->said_count] = '\0';
	p->said[strcspn(p->said, "\r\n")] = '\0';
	for (char *s = p->said; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

/* Exit status, or -1; words say how it ended. */
static int
run(const struct command *c, const struct sender_event *e, char words[SENDER_WORDS])
{
	struct child p = {.its = {-1, -1, -1, -1}, .in = -1, .err = -1, .exec = -1, .exited = -1};
	const struct timespec until = deadline_after(c->cfg.timeout_ns);
	int error = start(&p, c, e), status = 0;
	bool ended = error == 0 && attend(&p, e, &until);

	if (p.pid > 0) {
		kill(-p.pid, SIGKILL);
		while (waitpid(p.pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (p.err >= 0 && ended)
		listen_to(&p);
	ends_close(&p);
	tidy(&p);
	if (error)
		snprintf(words, SENDER_WORDS, "%.150s cannot be run: %s", c->cfg.program, strerror(error));
	else if (!ended)
		snprintf(words, SENDER_WORDS, "%.150s was killed: it had not ended after %lld ms", c->cfg.program,
			 (long long)(c->cfg.timeout_ns / NS_PER_MS));
	else if (WIFSIGNALED(status))
		snprintf(words, SENDER_WORDS, "%.150s was ended by signal %d (%s)", c->cfg.program, WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(words, SENDER_WORDS, "%.150s ended with %d%s%s", c->cfg.program, WEXITSTATUS(status),
			 *p.said ? ": " : "", p.said);
	return error ? EX_TEMPFAIL : ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A program that is not there is no fault of the event: only what has run counts. */
static enum sender_outcome
outcome_of(struct command *c, const struct sender_event *e, int status)
{
	if (status == EX_OK)
		return SENDER_DONE;
	if (status == EX_TEMPFAIL)
		return SENDER_AGAIN;
	if (c->failing != e->id)
		c->runs = 0;
	c->failing = e->id;
	return ++c->runs < RUNS ? SENDER_AGAIN : SENDER_REFUSED;
}

/* No run begins after the time of one run: a batch of slow ones is handed back in parts. */
static void
command_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct command *c = state;
	const struct timespec until = deadline_after(c->cfg.timeout_ns);

	*r = (struct sender_result){.outcome = SENDER_DONE};
	for (size_t i = 0; i < n && r->outcome == SENDER_DONE; i++) {
		if (i && deadline_passed(&until)) {
			r->outcome = SENDER_AGAIN;
			snprintf(r->words, sizeof(r->words), "%.150s is slow: %zu events in the time of one",
				 c->cfg.program, i);
			return;
		}
		r->outcome = outcome_of(c, &e[i], run(c, &e[i], r->words));
		r->acknowledged += r->outcome == SENDER_DONE;
	}
}

static void *
command_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct command *c;
	struct stat st;

	if (*cfg->program != '/')
		snprintf(words, SENDER_WORDS, "program %.150s: write its whole path, beginning with /", cfg->program);
	else if (stat(cfg->program, &st) != 0)
		snprintf(words, SENDER_WORDS, "program %.150s: %s", cfg->program, strerror(errno));
	else if (!S_ISREG(st.st_mode) || access(cfg->program, X_OK) != 0)
		snprintf(words, SENDER_WORDS, "program %.150s cannot be executed; chmod +x it", cfg->program);
	else if (st.st_mode & S_IWOTH)
		snprintf(words, SENDER_WORDS, "program %.150s can be written by everybody; chmod o-w it", cfg->program);
	else if (!(c = calloc(1, sizeof(*c))))
		snprintf(words, SENDER_WORDS, "no memory");
	else {
		c->cfg = *cfg;
		return c;
	}
	return NULL;
}

const struct sender_calls SENDER_COMMAND = {command_open, command_send, free};
