/*
 * asking: see asking.h.  Must not read what the sensor keeps.
 */
#include "cmd/asking.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/run_desk.h"

enum { ANSWER_S = 5 };

int
asking_failed(const struct asking *a, const char *why)
{
	char words[PATH_MAX + 256];

	snprintf(words, sizeof(words), "%s: %s", a->path, why);
	common_error(a->common, words);
	return EXIT_IO;
}

static const char *
no_answer(int error)
{
	if (error == ENOENT)
		return "no such socket; is `gatewitness run` at work, with this configuration (-c) or --ledger?";
	if (error == ECONNREFUSED)
		return "nobody answers there; the sensor does not run";
	return strerror(error);
}

/* -1: why not was told. */
static int
connected(const struct asking *a)
{
	const struct timeval patience = {.tv_sec = ANSWER_S};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error = errno;

	if (fd >= 0 && strlen(a->path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, a->path, strlen(a->path));
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
			return fd;
		error = errno;
	} else if (fd >= 0) {
		error = ENAMETOOLONG;
	}
	if (fd >= 0)
		close(fd);
	asking_failed(a, no_answer(error));
	return -1;
}

/* Reads to the end what the desk says to whoever connects. */
int
asking_ask(struct asking *a)
{
	int fd = connected(a);
	ssize_t got = 1;

	if (fd < 0)
		return EXIT_IO;
	for (a->n = 0; a->n < sizeof(a->text) && got > 0; a->n += got > 0 ? (size_t)got : 0)
		got = read(fd, a->text + a->n, sizeof(a->text) - a->n);
	close(fd);
	return got == 0 && a->n ? EXIT_DONE : asking_failed(a, "it was asked and did not answer");
}

pid_t
asking_desk(const struct asking *a)
{
	struct ucred who = {.pid = 0};
	socklen_t n = sizeof(who);
	int fd = connected(a);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || who.pid <= 0) {
		asking_failed(a, "it cannot be told who answers there");
		who.pid = 0;
	}
	close(fd);
	return who.pid;
}

int
asking_find(struct asking *a)
{
	static const char INSTALLED[] = "/etc/gatewitness/gatewitness.conf";

	if (a->given)
		snprintf(a->path, sizeof(a->path), "%s", a->given);
	else
		run_desk_socket(a->common, a->path);
	if (!*a->path && access(INSTALLED, R_OK) == 0 && common_option(a->common, 'c', INSTALLED) == EXIT_DONE)
		run_desk_socket(a->common, a->path);
	return *a->path ? EXIT_DONE :
			  usage_error(a->common->command->name,
				      "which sensor? Its configuration (-c FILE), its ledger (--ledger DIR), or its "
				      "socket (--socket PATH)");
}
