/*
 * sender_help: what tests of senders share: events with all that can go wrong in a line, a courier that tries until
 * everything has gone, receivers as processes of their own, and the rule: everything there, in order, the same id the
 * same event.
 */
#ifndef TESTS_SENDER_HELP_H
#define TESTS_SENDER_HELP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../common/no_tls.h"
#include "sink/deadline.h"
#include "sink/eve.h"
#include "sink/sender.h"

enum { TRIES_MAX = 2000, PAUSE_MS = 20 };

/* The n-th event's line; every 50th is as large as a line can be. */
static inline char *
line_of(size_t i, size_t *n)
{
	static const char *const ODD[] = {"plain",         "a \\\"quote\\\" and a back\\\\slash",
					  "two\\nlines",   "K\xc3\xb6ln \xe2\x98\x83",
					  "a=b|c=d\\ttab", "{}%s%n$(id)`id`"};
	size_t room = i % 50 == 49 ? EVE_LINE_MAX - 1 : 512;
	char *line = malloc(room + 1);

	assert_non_null(line);
	*n = (size_t)snprintf(line, room + 1, "{\"id\":%zu,\"text\":\"%s\",\"more\":\"", i + 1, ODD[i % 6]);
	memset(line + *n, 'x', room - *n - 2);
	memcpy(line + room - 2, "\"}", 3);
	*n = room;
	return line;
}

static inline struct sender_event *
events_new(size_t n)
{
	struct sender_event *e = calloc(n, sizeof(*e));

	assert_non_null(e);
	for (size_t i = 0; i < n; i++) {
		e[i] = (struct sender_event){.id = i + 1,
					     .kind = EVENT_ALERT,
					     .severity = 3,
					     .time = {INT64_C(1700000000000000000) + (int64_t)i},
					     .gateway = "gw/1"};
		e[i].line = line_of(i, &e[i].n);
	}
	return e;
}

static inline void
events_free(struct sender_event *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)e[i].line);
	free(e);
}

static inline void
pause_ms(int ms)
{
	const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* What a courier does.  Called before each try with what is acknowledged so far; NULL: nothing happens meanwhile. */
struct courier {
	const struct sender_calls *calls;
	void *state;
	size_t batch;
	void (*before)(void *arg, size_t done);
	void *arg;
	unsigned again, refused;  /* how often it was told so */
	char words[SENDER_WORDS]; /* of the last that was not DONE */
};

static inline struct courier
courier_open(const struct sender_calls *calls, const struct sender_config *cfg)
{
	char words[SENDER_WORDS] = "";
	struct courier c = {.calls = calls, .batch = cfg->batch, .state = calls->open(cfg, words)};

	assert_string_equal(words, "");
	assert_non_null(c.state);
	return c;
}

static inline void
courier_send(struct courier *c, const struct sender_event *e, size_t n)
{
	size_t done = 0;

	for (unsigned tries = 0; done < n; tries++) {
		size_t part = n - done < c->batch ? n - done : c->batch;
		struct sender_result r;

		assert_true(tries < TRIES_MAX);
		if (c->before)
			c->before(c->arg, done);
		c->calls->send(c->state, e + done, part, &r);
		assert_true(r.acknowledged <= part && (r.outcome != SENDER_DONE || r.acknowledged == part));
		assert_true(memchr(r.words, '\0', sizeof(r.words)) && !strchr(r.words, '\n'));
		done += r.acknowledged;
		if (r.outcome == SENDER_DONE)
			continue;
		assert_true(*r.words != '\0');
		memcpy(c->words, r.words, sizeof(c->words));
		c->again += r.outcome == SENDER_AGAIN;
		c->refused += r.outcome == SENDER_REFUSED;
		done += r.outcome == SENDER_REFUSED;
		pause_ms(PAUSE_MS);
	}
}

/* A receiver or its reader; output, where there is one, goes to a file. */
static inline pid_t
spawn(char *const argv[], const char *output)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen(output ? output : "/dev/null", "a", stdout) || !freopen("/dev/null", "a", stderr))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static inline void
reap(pid_t *pid, int with)
{
	if (*pid <= 0)
		return;
	kill(*pid, with);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* What a reader saw, in its order. */
struct seen {
	size_t n, first; /* events seen; of these: for the first time */
	uint64_t next;   /* the id that has to come */
};

/* Every event once at least and in order; again only with the same id and the same bytes. */
static inline void
see(struct seen *s, const struct sender_event *e, size_t n, uint64_t id, const char *line, size_t len)
{
	if (s->n == 0)
		s->next = 1;
	s->n++;
	assert_true(id >= 1 && id <= n && id <= s->next);
	assert_int_equal(len, e[id - 1].n);
	assert_memory_equal(line, e[id - 1].line, len);
	if (id < s->next)
		return;
	s->next++;
	s->first++;
}

/* A folder of this test's own. */
static char folder[64];

static inline void
folder_make(void)
{
	snprintf(folder, sizeof(folder), "/tmp/gatewitness-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static inline void
folder_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

static const char CERTIFICATES[] =
	"cd '%s' && exec >/dev/null 2>&1 &&"
	"new() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$1 -keyout "
	"$1.key"
	" -out $1.pem; } &&"
	"by() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$2 -keyout $2.key -out $2.csr "
	"&&"
	" printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >ext &&"
	" openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days 2 -extfile ext -out $2.pem; } &&"
	"new ca && new other && by ca server && by ca client && by other stranger &&"
	"openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -c1-64 >pin";

/* ca, other; server and client by ca, stranger by other: NAME.pem, NAME.key; pin: of the server's key. */
static inline void
certificates_make(void)
{
	char command[2048];

	snprintf(command, sizeof(command), CERTIFICATES, folder);
	assert_int_equal(system(command), 0);
}

/* A port that nobody listens at: taken, told and given back. */
static inline int
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static inline bool
connects(int to)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)to), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool fine = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	return fine;
}

#endif
