/*
 * ward: see ward.h.
 */
#include "sensor/ward.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/when.h"
#include "sensor/batch.h"
#include "sensor/capture_port.h"
#include "sensor/clock.h"

void
ward_init(struct ward *w, const struct role_spec *spec)
{
	*w = (struct ward){.spec = *spec,
			   .rights = &ROLE_RIGHTS[spec->is.role],
			   .process = {.monitor = -1},
			   .fatal = -1,
			   .link = -1};
	w->spec.keeper = w->spec.batch = -1;
}

static void
forget(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What came to sockets that nobody reads any more, since whoever read was told. */
static void
count_left(struct ward *w, const int *fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		w->left += port_came(fd[i]);
}

static void
let_go(struct ward *w, int *fd, unsigned *n)
{
	count_left(w, fd, *n);
	while (*n > 0)
		forget(&fd[--*n]);
}

const char *
ward_name(const struct ward *w, char to[WARD_NAME])
{
	snprintf(to, WARD_NAME, "%s%s%s", w->rights->name, *w->spec.is.name ? " " : "", w->spec.is.name);
	return to;
}

void
ward_tell(const struct ward *w, enum role_note_kind kind)
{
	(void)role_tell(w->process.monitor, &(struct role_note){.kind = kind}, -1);
}

/* A tap has had its end from its start, since it takes nothing later. */
void
ward_join(struct ward *w, const struct ward *keeper)
{
	int pair[2];

	if (w->link < 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return;
		w->link = pair[0];
		(void)role_tell(w->process.monitor, &(struct role_note){.kind = ROLE_LINK, .who = keeper->spec.is},
				pair[1]);
		close(pair[1]);
	}
	(void)role_tell(keeper->process.monitor, &(struct role_note){.kind = ROLE_LINK, .who = w->spec.is}, w->link);
	forget(&w->link);
	w->joined = true;
}

void
ward_hold(struct ward *w, int fd)
{
	if (w->nexts < WARD_HELD)
		w->next[w->nexts++] = fd;
	else
		close(fd);
}

void
ward_idle(struct ward *w)
{
	if (w->gone)
		return;
	w->gone = clock_wall().ns;
	memcpy(w->cause, w->why, sizeof(w->cause));
}

void
ward_wait(struct ward *w)
{
	w->waits = true;
	if (w->gone)
		return;
	snprintf(w->why, sizeof(w->why), "waited for its port");
	ward_idle(w);
}

void
ward_open(struct ward *w)
{
	w->waits = false;
	w->state = WARD_OPEN;
	let_go(w, w->held, &w->helds);
	memcpy(w->held, w->next, w->nexts * sizeof(w->next[0]));
	w->helds = w->nexts;
	w->nexts = 0;
}

void
ward_work(struct ward *w)
{
	ward_tell(w, ROLE_START);
	w->state = WARD_AT_WORK;
	w->back = clock_wall().ns;
}

/* What a tap has from its start. */
static bool
equip(struct ward *w, bool batch)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	w->link = pair[0];
	w->spec.keeper = pair[1];
	if (batch)
		w->spec.batch = batch_new();
	return true;
}

bool
ward_start(struct ward *w, bool batch)
{
	bool fine;

	w->since = w->alive = clock_now_ns();
	w->stuck = w->follows = w->lively = w->waits = false;
	fine = (w->spec.is.role != ROLE_tap || equip(w, batch)) && role_spawn(&w->spec, &w->process);
	forget(&w->spec.keeper);
	if (fine)
		w->state = WARD_OPENING;
	else
		forget(&w->link);
	return fine;
}

static void
say_why(struct ward *w, int status)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (w->follows)
		snprintf(w->why, sizeof(w->why), "lost its keeper");
	else if (w->stuck)
		snprintf(w->why, sizeof(w->why), "gave no sign of life for %lld s",
			 (long long)((clock_now_ns() - w->alive) / NS_PER_S));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(w->why, sizeof(w->why), "made a system call that it may not make (SIGSYS)");
	else if (name)
		snprintf(w->why, sizeof(w->why), "died of SIG%s (%s)", name, sigdescr_np(WTERMSIG(status)));
	else if (WIFSIGNALED(status))
		snprintf(w->why, sizeof(w->why), "died of signal %d", WTERMSIG(status));
	else
		snprintf(w->why, sizeof(w->why), "ended by itself, exit code %d", WEXITSTATUS(status));
}

/* A crash is worth looking at; the latest one is, where nobody took the one before. */
static void
keep_batch(struct ward *w, int status)
{
	if (WIFSIGNALED(status) && !w->follows) {
		forget(&w->fatal);
		w->fatal = w->spec.batch;
		w->spec.batch = -1;
	}
	forget(&w->spec.batch);
}

void
ward_ended(struct ward *w, int status)
{
	say_why(w, status);
	keep_batch(w, status);
	forget(&w->link);
	forget(&w->process.monitor);
	/* who lost its keeper told one that no longer says it */
	w->left += w->follows ? w->came - (w->told < w->came ? w->told : w->came) : w->came;
	w->came = w->told = 0;
	let_go(w, w->next, &w->nexts);
	if (WIFEXITED(
		    status)) /* it gave its place up; where its interface is gone, what it held is in the way of the next */
		let_go(w, w->held, &w->helds);
	w->joined = false;
	w->state = WARD_OUT;
}

void
ward_report(struct ward *w, const struct ward *keeper)
{
	struct role_note note = {.kind = ROLE_DIED, .who = w->spec.is, .from = w->gone};

	if (w->state == WARD_OUT)
		count_left(w, w->held, w->helds);
	note.came = w->left;
	w->left = 0;
	note.until = w->state == WARD_AT_WORK ? w->back : clock_wall().ns;
	/* who came back and died again, before it worked, has two: a hang is not told as the unplugged port that followed */
	snprintf(note.words, sizeof(note.words), strcmp(w->cause, w->why) ? "%s, then %s" : "%s", w->cause, w->why);
	(void)role_tell(keeper->process.monitor, &note, w->fatal);
	w->gone = 0;
	forget(&w->fatal);
}

void
ward_impatient(struct ward *w, int64_t since)
{
	enum { FIRST = 6 }; /* a board that starts has other things to do, and memory to clear */
	int64_t patience = w->rights->patience * NS_PER_S * (w->lively ? 1 : FIRST);

	if (w->state == WARD_OUT || !patience || w->stuck || clock_now_ns() - since < patience)
		return;
	w->stuck = true;
	kill(w->process.pid, SIGKILL);
}
