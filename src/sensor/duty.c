/*
 * duty: notes taken one by one.  Must not wait but in duty_begin.
 */
#include "sensor/duty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/when.h"

void
duty_take_over(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void
take_link(struct duty *d, const struct role_self *to, int fd)
{
	if (d->link && fd >= 0)
		d->link(d->arg, to, fd);
	else if (fd >= 0)
		close(fd);
}

/* True: it is the start. */
static bool
take(struct duty *d, const struct role_note *note, int fd)
{
	if (note->kind == ROLE_LINK) {
		take_link(d, &note->who, fd);
		return false;
	}
	if (note->kind == ROLE_RELOAD)
		d->reload = true;
	else if (note->kind == ROLE_STOP)
		d->stop = true;
	else if (note->kind == ROLE_DIED && d->died)
		d->died(d->arg, note, fd);
	if (fd >= 0)
		close(fd);
	return note->kind == ROLE_START;
}

/* Until there is no more, or the start came. */
static bool
take_all(struct duty *d)
{
	struct role_note note = {.kind = ROLE_NOTES};
	enum role_heard heard;
	int fd;

	while ((heard = role_hear(ROLE_FD_MONITOR, &note, &fd)) == ROLE_HEARD)
		if (take(d, &note, fd))
			return true;
	d->stop = d->stop || heard == ROLE_GONE;
	return false;
}

bool
duty_begin(struct duty *d)
{
	struct pollfd p = {.fd = ROLE_FD_MONITOR, .events = POLLIN};

	if (!role_tell(ROLE_FD_MONITOR, &(struct role_note){.kind = ROLE_READY}, -1))
		return false;
	while (!take_all(d)) {
		if (d->stop || (poll(&p, 1, -1) < 0 && errno != EINTR))
			return false;
	}
	return true;
}

void
duty_poll(struct duty *d, int64_t now_ns)
{
	(void)take_all(d);
	if (now_ns < d->alive_at)
		return;
	d->alive_at = now_ns + NS_PER_S;
	(void)role_tell(ROLE_FD_MONITOR, &(struct role_note){.kind = ROLE_ALIVE}, -1);
}

void
duty_reloaded(struct duty *d, bool fine)
{
	d->reload = false;
	(void)role_tell(ROLE_FD_MONITOR, &(struct role_note){.kind = ROLE_RELOADED, .fine = fine}, -1);
}
