/*
 * link: sockets and deadlines.  Must not know what is sent.
 */
#include "sink/link_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sink/endpoint.h"

struct link {
	int fd;
	struct link_session *tls; /* NULL: none */
	bool ended;
};

int64_t
link_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* False: the deadline has passed. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = deadline - link_clock_ns();

	while (left > 0) {
		int got = poll(&p, 1, (int)(left / NS_PER_MS + 1));

		if (got > 0 || (got < 0 && errno != EINTR))
			return true;
		left = deadline - link_clock_ns();
	}
	return false;
}

/* EINPROGRESS and then as poll and SO_ERROR say; the reason is in errno. */
static bool
connect_one(int fd, const struct addrinfo *a, int64_t deadline)
{
	int why = 0;
	socklen_t size = sizeof(why);

	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return false;
	if (!wait_for(fd, POLLOUT, deadline)) {
		errno = ETIMEDOUT;
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
		return false;
	errno = why;
	return why == 0;
}

/* The first of its addresses that answers. */
static int
connect_any(const struct endpoint *e, int64_t deadline, char words[SENDER_WORDS])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	int why = getaddrinfo(e->host, e->port, &hints, &all), fd = -1, on = 1;

	if (why) {
		snprintf(words, SENDER_WORDS, "%.200s: no address: %s", e->host, gai_strerror(why));
		return -1;
	}
	errno = EADDRNOTAVAIL;
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && !connect_one(fd, a, deadline)) {
			why = errno;
			close(fd);
			errno = why;
			fd = -1;
		}
	}
	if (fd < 0)
		snprintf(words, SENDER_WORDS, "%.200s port %s: no connection: %s", e->host, e->port, strerror(errno));
	else
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	freeaddrinfo(all);
	return fd;
}

static bool
timed_out(const char *what, char words[SENDER_WORDS])
{
	snprintf(words, SENDER_WORDS, "the receiver does not %s in time (sink.timeout)", what);
	return false;
}

/* Waits as the step wants it.  False: it failed, or it is too late. */
static bool
wait_step(struct link *l, enum link_step step, const char *what, int64_t deadline, char words[SENDER_WORDS])
{
	if (step == LINK_STEP_FAILED)
		return false;
	return step == LINK_STEP_DONE || wait_for(l->fd, step == LINK_STEP_READ ? POLLIN : POLLOUT, deadline) ||
	       timed_out(what, words);
}

static bool
shake_hands(struct link *l, int64_t deadline, char words[SENDER_WORDS])
{
	enum link_step step;

	do {
		step = session_handshake(l->tls, words);
		if (!wait_step(l, step, "end the TLS handshake", deadline, words))
			return false;
	} while (step != LINK_STEP_DONE);
	return true;
}

struct link *
link_connect(const struct sender_config *cfg, struct link_tls *tls, int64_t deadline, char words[SENDER_WORDS])
{
	struct link *l = calloc(1, sizeof(*l));
	const char *list = cfg->address;
	struct endpoint e;

	if (!l || !endpoint_next(&e, &list)) {
		snprintf(words, SENDER_WORDS, l ? "address is not HOST:PORT" : "no memory");
		free(l);
		return NULL;
	}
	l->fd = connect_any(&e, deadline, words);
	if (l->fd >= 0 && (!tls || ((l->tls = link_session_new(tls, l->fd, e.host, words)) != NULL &&
				    shake_hands(l, deadline, words))))
		return l;
	link_free(l);
	return NULL;
}

static enum link_step
write_some(struct link *l, const void *bytes, size_t room, size_t *n, char words[SENDER_WORDS])
{
	ssize_t done;

	if (l->tls)
		return session_write(l->tls, bytes, room, n, words);
	done = send(l->fd, bytes, room, MSG_NOSIGNAL);
	if (done >= 0) {
		*n = (size_t)done;
		return LINK_STEP_DONE;
	}
	if (errno == EAGAIN || errno == EINTR)
		return LINK_STEP_WRITE;
	snprintf(words, SENDER_WORDS, "the connection broke: %s", strerror(errno));
	return LINK_STEP_FAILED;
}

bool
link_write(struct link *l, const void *bytes, size_t n, int64_t deadline, char words[SENDER_WORDS])
{
	const char *p = bytes;

	while (n) {
		size_t done = 0;
		enum link_step step = write_some(l, p, n, &done, words);

		if (!wait_step(l, step, "take what it is sent", deadline, words))
			return false;
		p += done;
		n -= done;
	}
	return true;
}

static enum link_step
close_ours(struct link *l, char words[SENDER_WORDS])
{
	enum link_step step = l->tls ? session_close(l->tls, words) : LINK_STEP_DONE;

	if (step == LINK_STEP_DONE && !l->tls)
		(void)shutdown(l->fd, SHUT_WR);
	return step;
}

static enum link_step
read_end(struct link *l, bool *bare, char words[SENDER_WORDS])
{
	char bytes[4096];
	ssize_t n;

	if (l->tls)
		return session_read_end(l->tls, bare, words);
	while ((n = recv(l->fd, bytes, sizeof(bytes), 0)) > 0)
		; /* syslog receivers have nothing to say */
	if (n == 0)
		return LINK_STEP_DONE;
	if (errno == EAGAIN || errno == EINTR)
		return LINK_STEP_READ;
	snprintf(words, SENDER_WORDS, "the connection broke: %s", strerror(errno));
	return LINK_STEP_FAILED;
}

/* Our FIN among it.  After a reset, too: SO_ERROR has that. */
static bool
all_acknowledged(const struct link *l)
{
	struct tcp_info t = {0};
	socklen_t size = sizeof(t);

	return getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &t, &size) == 0 && t.tcpi_unacked == 0 &&
	       t.tcpi_notsent_bytes == 0;
}

/* One step of waiting for the receiver's system: it has acknowledged all, and sent no reset.  A receiver that dies with
   nothing unread closes with a FIN, too; what comes to it then is answered with a reset, which recv(2) hides behind the FIN. */
static enum link_step
settle(struct link *l, char words[SENDER_WORDS])
{
	bool all = all_acknowledged(l);
	int why = 0;
	socklen_t size = sizeof(why);
	char byte;
	ssize_t n;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
		why = errno;
	n = why ? -1 : recv(l->fd, &byte, 1, 0);
	if (!why && n < 0 && errno != EAGAIN && errno != EINTR)
		why = errno;
	if (why) {
		snprintf(words, SENDER_WORDS, "the connection broke: %s", strerror(why));
		return LINK_STEP_FAILED;
	}
	return n == 0 && all ? LINK_STEP_DONE : LINK_STEP_READ;
}

/* Nothing tells when the last byte is acknowledged: it is asked for. */
static bool
has_settled(struct link *l, int64_t deadline, char words[SENDER_WORDS])
{
	const struct timespec moment = {0, NS_PER_MS};
	enum link_step step;

	(void)shutdown(l->fd, SHUT_WR);
	while ((step = settle(l, words)) == LINK_STEP_READ && link_clock_ns() < deadline)
		nanosleep(&moment, NULL);
	return step == LINK_STEP_DONE || (step == LINK_STEP_READ && timed_out("close its side", words));
}

/* Both sides, ours first.  False: `words`. */
static bool
close_both(struct link *l, bool *bare, int64_t deadline, char words[SENDER_WORDS])
{
	enum link_step step;

	do {
		step = close_ours(l, words);
		if (!wait_step(l, step, "take the end of what it is sent", deadline, words))
			return false;
	} while (step != LINK_STEP_DONE);
	do {
		step = read_end(l, bare, words);
		if (!wait_step(l, step, "read to the end and close its side", deadline, words))
			return false;
	} while (step != LINK_STEP_DONE);
	return true;
}

enum link_end
link_end(struct link *l, int64_t deadline, char words[SENDER_WORDS])
{
	bool bare = false, early;
	enum link_step step = read_end(l, &bare, words);

	early = step == LINK_STEP_DONE;
	if (step == LINK_STEP_FAILED || (!early && !close_both(l, &bare, deadline, words)) ||
	    !has_settled(l, deadline, words))
		return LINK_BROKEN;
	l->ended = true;
	return bare ? LINK_BARE : early ? LINK_EARLY : LINK_READ;
}

void
link_free(struct link *l)
{
	const struct linger reset = {1, 0};

	if (!l)
		return;
	link_session_free(l->tls);
	if (l->fd >= 0 && !l->ended)
		(void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}
