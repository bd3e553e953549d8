/*
 * desk: see desk.h.  Must not ask the keeper: it is told.
 */
#include "sensor/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sensor/desk_http.h"
#include "sensor/desk_key.h"
#include "sensor/desk_page.h"
#include "sensor/metrics.h"
#include "sink/endpoint.h"

enum { WAITING_MAX = 16, AT_ONCE = 16, NOTICE_MAX = 4 << 10 };

struct desk {
	int control, notice; /* -1: none */
	struct desk_http *http;
	unsigned told; /* snapshots that came; the last is at (told - 1) % of the ring */
	struct health health[DESK_RATES_S + 1];
	char text[METRICS_MAX];
};

static const struct channel_kind KINDS[DESK_MESSAGES] = {
	[DESK_HEALTH] = {"health", sizeof(struct health), sizeof(struct health)},
};
const struct channel_kinds DESK_KINDS = {KINDS, DESK_MESSAGES};

static const struct health *
latest(const struct desk *d)
{
	return d->told ? &d->health[(d->told - 1) % (DESK_RATES_S + 1)] : NULL;
}

static struct health_rates
rates(const struct desk *d)
{
	unsigned oldest = d->told > DESK_RATES_S ? d->told % (DESK_RATES_S + 1) : 0;

	return health_rates(latest(d), &d->health[oldest]);
}

void
desk_tell(struct desk *d, const struct health *h)
{
	d->health[d->told++ % (DESK_RATES_S + 1)] = *h;
}

/* Of a keeper that is stuck, or gone, no number is true. */
static bool
is_fresh(const struct desk *d)
{
	const struct health *h = latest(d);

	return h && (uint64_t)time(NULL) < h->told + DESK_STALE_S;
}

static struct desk_answer
text_page(char *text, unsigned status, const char *words)
{
	size_t n = strlen(words);

	memcpy(text, words, n);
	return (struct desk_answer){status, "text/plain; charset=utf-8", n};
}

/* The file was opened when there were files to open: who writes it writes into it, and puts no other in its place. */
static struct desk_answer
people(const struct desk *d, char *text, size_t room)
{
	const struct health *h = is_fresh(d) ? latest(d) : NULL;
	struct health_rates r = h ? rates(d) : (struct health_rates){0};
	char notice[NOTICE_MAX];
	ssize_t n = d->notice < 0 ? 0 : pread(d->notice, notice, sizeof(notice), 0);
	struct out o = out_of(text, room);

	desk_page(&o, h, &r, notice, n > 0 ? (size_t)n : 0);
	return (struct desk_answer){200, "text/html; charset=utf-8", out_len(&o)};
}

static struct desk_answer
page(void *arg, const char *path, char *text, size_t room)
{
	const struct desk *d = arg;
	struct out o = out_of(text, room);

	if (strcmp(path, "/") == 0)
		return people(d, text, room);
	if (strcmp(path, "/healthy") == 0)
		return is_fresh(d) ? text_page(text, 200, "ok\n") : text_page(text, 503, "the keeper says nothing\n");
	if (strcmp(path, "/metrics") != 0)
		return text_page(text, 404, "not here\n");
	if (!latest(d))
		return text_page(text, 503, "the keeper has said nothing yet\n");
	metrics_write(&o, latest(d));
	return (struct desk_answer){200, "text/plain; version=0.0.4; charset=utf-8", out_len(&o)};
}

static int
listen_at(const struct sockaddr *a, socklen_t n)
{
	int one = 1, fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (a->sa_family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, a, n) == 0 && listen(fd, WAITING_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
open_http(struct desk *d, const char *listen, const char *pem, char words[DESK_WORDS])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list = NULL;
	const char *rest = listen;
	struct endpoint e;
	int fd = -1, wrong = 0;

	if (!endpoint_next(&e, &rest)) {
		snprintf(words, DESK_WORDS, "desk.listen is not HOST:PORT or [IPV6]:PORT; there are no metrics");
		return false;
	}
	wrong = getaddrinfo(e.host, e.port, &hints, &list);
	errno = 0;
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = listen_at(a->ai_addr, a->ai_addrlen);
	if (list)
		freeaddrinfo(list);
	if (fd >= 0 && (d->http = desk_http_new(fd, pem, page, d)))
		return true;
	snprintf(words, DESK_WORDS, "desk.listen %.100s: %.80s; there are no metrics until it is mended", listen,
		 wrong ? gai_strerror(wrong) : strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

/* What one that died has left is in the way. */
static bool
open_control(struct desk *d, const char *path, char words[DESK_WORDS])
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t mask;

	if (strlen(path) >= sizeof(a.sun_path)) {
		snprintf(words, DESK_WORDS,
			 "desk.socket %.100s is longer than the %zu bytes that a socket's name may have", path,
			 sizeof(a.sun_path) - 1);
		return false;
	}
	memcpy(a.sun_path, path, strlen(path));
	(void)unlink(path);
	mask = umask(0177);
	d->control = listen_at((const struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (d->control >= 0)
		return true;
	snprintf(words, DESK_WORDS, "desk.socket %.100s: %.80s; `gatewitness status` finds nobody", path,
		 strerror(errno));
	return false;
}

/* Without its key there is no page: not one in the clear in its stead. */
static void
open_pages(struct desk *d, const struct desk_places *at, char words[DESK_WORDS])
{
	char *pem = NULL;

	if (*at->key && !(pem = desk_key_take(at->key, at->sensor, words, DESK_WORDS)))
		return;
	(void)open_http(d, at->listen, pem, words);
	free(pem);
	if (*at->notice && (d->notice = open(at->notice, O_RDONLY | O_CLOEXEC)) < 0 && !*words)
		snprintf(words, DESK_WORDS, "desk.notice %.100s: %.80s; the page goes without", at->notice,
			 strerror(errno));
}

struct desk *
desk_open(const struct desk_places *at, char words[DESK_WORDS])
{
	struct desk *d = calloc(1, sizeof(*d));

	words[0] = '\0';
	if (!d)
		return NULL;
	d->control = d->notice = -1;
	if (*at->listen)
		open_pages(d, at, words);
	if (*at->socket)
		(void)open_control(d, at->socket, words);
	return d;
}

void
desk_free(struct desk *d)
{
	if (!d)
		return;
	desk_http_free(d->http);
	if (d->control >= 0)
		close(d->control);
	if (d->notice >= 0)
		close(d->notice);
	free(d);
}

unsigned
desk_fds(const struct desk *d, struct pollfd to[DESK_FDS])
{
	unsigned n = 0;

	if (d->control >= 0)
		to[n++] = (struct pollfd){.fd = d->control, .events = POLLIN};
	if (d->http)
		to[n++] = (struct pollfd){.fd = desk_http_fd(d->http), .events = POLLIN};
	return n;
}

/* The line fits what a socket holds unread: whoever does not read it keeps nobody waiting. */
static void
answer(struct desk *d, int fd)
{
	struct out o = out_of(d->text, sizeof(d->text));
	struct health_rates r;

	if (is_fresh(d)) {
		r = rates(d);
		health_json(&o, latest(d), &r);
	} else {
		OUT_LIT(&o, "{\"error\":\"the keeper says nothing\"}\n");
	}
	(void)send(fd, d->text, out_len(&o), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
desk_work(struct desk *d)
{
	int fd;

	for (unsigned i = 0; d->control >= 0 && i < AT_ONCE; i++) {
		fd = accept4(d->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			break;
		answer(d, fd);
		close(fd);
	}
	if (d->http)
		desk_http_work(d->http);
}
