/*
 * sensor_post: nothing is lost between the outbox and a receiver: down at start, killed in the middle, slow, refusing, closing
 * after each message, its courier killed again and again.  Receivers and couriers are processes of the test, over TCP on
 * loopback; tests/sink/syslog.sh has real ones.  CHAOS=10 makes each ten times as long (make sinks-chaos).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../common/no_tls.h"
#include "sensor/courier.h"
#include "sensor/courier_message.h"
#include "sensor/post.h"

static char folder[64], outbox[96], out[96], address[2][32];
static unsigned chaos = 1;

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* --- a receiver ------------------------------------------------------------------------------------------------------ */

enum mode { READS, SLOW, CLOSES, REFUSES };

static uint16_t
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

/* Octet counting (RFC 6587 3.4.1): bytes of whole messages, at most `most` of these; each becomes a line of the file. */
static size_t
take_messages(int to, const char *bytes, size_t n, unsigned most)
{
	size_t done = 0;

	while (most--) {
		char *end;
		size_t len = strtoul(bytes + done, &end, 10), head = (size_t)(end - bytes) - done + 1;

		if (done >= n || *end != ' ' || done + head + len > n)
			break;
		if (write(to, end + 1, len) < 0 || write(to, "\n", 1) < 0)
			_exit(3);
		done += head + len;
	}
	return done;
}

/* Writes before it reads: what a killed one has not written is unread, and the system answers with a reset. */
static void
receive(int fd, enum mode mode)
{
	static char bytes[(1 << 18) + 1];
	int to = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes) - 1, MSG_PEEK)) > 0) {
		size_t done;

		bytes[n] = '\0';
		done = take_messages(to, bytes, (size_t)n, mode == CLOSES ? 1 : mode == SLOW ? 5 : UINT32_MAX);
		for (size_t left = done; left;)
			left -= (size_t)recv(fd, bytes, left, 0);
		if (mode == CLOSES && done)
			break;
		if (!done || mode == SLOW)
			usleep(1000);
	}
	close(to);
	close(fd);
}

static pid_t
start_receiver(const char *at, enum mode mode)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd, on = 1, pipes[2];
	char ready;
	pid_t pid;

	a.sin_port = htons((uint16_t)strtoul(strrchr(at, ':') + 1, NULL, 10));
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid) {
		close(pipes[1]);
		assert_int_equal(read(pipes[0], &ready, 1), 1);
		close(pipes[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0 || write(pipes[1], "r", 1) != 1)
		_exit(2);
	for (;;) {
		const struct linger reset = {1, 0};
		int one = accept(fd, NULL, NULL);

		if (mode == REFUSES) {
			setsockopt(one, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			close(one);
		} else {
			receive(one, mode);
		}
	}
}

static void
kill_it(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- a courier ------------------------------------------------------------------------------------------------------- */

static bool
goes_on(void *arg)
{
	(void)arg;
	return true;
}

static struct sinks_wanted
wanted(unsigned sinks, unsigned batch)
{
	static const char *const NAMES[] = {"one", "two"};
	struct sinks_wanted w = {.count = sinks, .network = true, .size = 1 << 30, .age_ns = 30 * 86400 * NS_PER_S};

	snprintf(w.outbox, sizeof(w.outbox), "%s", outbox);
	for (unsigned i = 0; i < sinks; i++) {
		struct sink_config *s = &w.sink[i];

		*s = (struct sink_config){
			.kind = SINK_KIND_syslog, .events = EVENT_ALERT, .secret_file = "", .secret_env = ""};
		snprintf(s->name, sizeof(s->name), "%s", NAMES[i]);
		s->sender = (struct sender_config){.name = NAMES[i],
						   .sensor = "test",
						   .address = address[i],
						   .url = "",
						   .transport = SENDER_TCP,
						   NO_TLS,
						   .timeout_ns = 2 * NS_PER_S,
						   .batch = batch};
	}
	return w;
}

static pid_t
start_courier(struct post *p, const struct sinks_wanted *w, unsigned i)
{
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		const struct courier_duty duty = {NULL, goes_on, -1};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd = 3; fd < 64; fd++)
			if (fd != pair[1])
				close(fd);
		_exit((int)courier_work(channel_new(pair[1], &COURIER_KINDS, COURIER_HARD), delivery_new(&w->sink[i]),
					&duty));
	}
	close(pair[1]);
	post_link(p, w->sink[i].name, pair[0]);
	return pid;
}

/* --- the keeper ------------------------------------------------------------------------------------------------------ */

static struct post *
open_post(const struct sinks_wanted *w)
{
	char error[OUTBOX_ERROR_MAX] = "";
	struct post *p = post_open(w, (struct when){1000 * NS_PER_S}, error);

	if (!p)
		fail_msg("%s", error);
	return p;
}

static void
close_post(struct post *p)
{
	char error[OUTBOX_ERROR_MAX] = "";

	if (!post_close(p, error))
		fail_msg("%s", error);
}

static void
add(struct post *p, unsigned number, uint32_t sinks)
{
	char line[300];
	int n = snprintf(line, sizeof(line), "event %u with some words behind it, as an alert has them: %0200u", number,
			 0);

	outbox_add(post_outbox(p),
		   &(struct sender_event){.kind = EVENT_ALERT,
					  .severity = 3,
					  .time = {(1000 + (int64_t)number) * NS_PER_S},
					  .gateway = "vpn",
					  .line = line,
					  .n = (size_t)n},
		   sinks);
}

/* What the keeper's loop does, for so long, or until sink i has everything. */
static bool
turn(struct post *p, int64_t ms, int until)
{
	const int64_t end = now_ns() + ms * NS_PER_MS;
	struct pollfd fd[SINKS_MAX];

	do {
		post_poll(p, now_ns(), (struct when){1000 * NS_PER_S});
		if (until >= 0 && outbox_waiting(post_outbox(p), (unsigned)until) == 0)
			return true;
		(void)poll(fd, (nfds_t)post_fds(p, fd), 5);
	} while (now_ns() < end);
	return false;
}

/* The file has every event from 0 to n - 1; each comes first behind the one before it, and again only under its id. */
static void
verify(unsigned n)
{
	uint64_t *id = calloc(n, sizeof(*id)), last = 0;
	FILE *f = fopen(out, "r");
	char line[4096];
	unsigned next = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, " id=\""), *event = strstr(line, "event ");
		uint64_t this = at ? strtoull(at + 5, NULL, 10) : 0;
		unsigned number = event ? (unsigned)strtoul(event + 6, NULL, 10) : n;

		if (number > next || number >= n)
			fail_msg("%u after %u: %s", number, next, line);
		if (number < next && id[number] != this)
			fail_msg("event %u has two ids", number);
		if (number == next) {
			assert_true(this > last);
			id[next++] = last = this;
		}
	}
	fclose(f);
	free(id);
	if (next != n)
		fail_msg("%u of %u arrived", next, n);
}

static int
set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "/tmp/post-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(outbox, sizeof(outbox), "%s/outbox.db", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	for (unsigned i = 0; i < 2; i++)
		snprintf(address[i], sizeof(address[i]), "127.0.0.1:%u", free_port());
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* --- what may happen ------------------------------------------------------------------------------------------------- */

static void
down_at_start(void **state)
{
	const struct sinks_wanted w = wanted(1, 100);
	struct post *p = open_post(&w);
	pid_t courier = start_courier(p, &w, 0), receiver;
	char words[OUTBOX_ERROR_MAX];
	struct outbox_status s;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		add(p, i, 1);
	assert_false(turn(p, 1000, 0));
	s = outbox_status(post_outbox(p), 0);
	assert_int_equal(s.waiting, 500);
	assert_int_equal(s.oldest.ns, 1000 * NS_PER_S);
	assert_non_null(strstr(s.error, "Connection refused"));
	assert_true(post_notice(p, words));
	assert_non_null(strstr(words, "sink one: 127.0.0.1"));
	assert_false(post_notice(p, words));
	receiver = start_receiver(address[0], READS);
	assert_true(turn(p, 10000, 0));
	assert_true(post_notice(p, words));
	assert_string_equal(words, "sink one: is well again");
	assert_string_equal(outbox_status(post_outbox(p), 0).error, "");
	verify(500);
	close_post(p);
	kill_it(receiver);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
}

static void
receiver_killed(void **state)
{
	const struct sinks_wanted w = wanted(1, 50);
	struct post *p = open_post(&w);
	pid_t courier = start_courier(p, &w, 0), receiver = start_receiver(address[0], SLOW);
	unsigned n = 0;

	(void)state;
	for (unsigned k = 0; k < 4 * chaos; k++) {
		for (unsigned i = 0; i < 200; i++)
			add(p, n++, 1);
		(void)turn(p, 20 + 7 * (k % 10), -1);
		kill_it(receiver);
		(void)turn(p, 50, -1);
		receiver = start_receiver(address[0], k % 2 ? READS : SLOW);
	}
	assert_true(turn(p, 60000 * chaos, 0));
	verify(n);
	close_post(p);
	kill_it(receiver);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
}

static void
with_receiver(enum mode mode, unsigned n)
{
	const struct sinks_wanted w = wanted(1, 100);
	struct post *p = open_post(&w);
	pid_t courier = start_courier(p, &w, 0), receiver = start_receiver(address[0], mode);

	for (unsigned i = 0; i < n; i++)
		add(p, i, 1);
	assert_true(turn(p, 120000, 0));
	verify(n);
	close_post(p);
	kill_it(receiver);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
}

static void
slow(void **state)
{
	(void)state;
	with_receiver(SLOW, 1000 * chaos);
}

static void
closing_after_each(void **state)
{
	(void)state;
	with_receiver(CLOSES, 300 * chaos);
}

static void
refusing(void **state)
{
	const struct sinks_wanted w = wanted(1, 100);
	struct post *p = open_post(&w);
	pid_t courier = start_courier(p, &w, 0), receiver = start_receiver(address[0], REFUSES);

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		add(p, i, 1);
	assert_false(turn(p, 1500, 0));
	kill_it(receiver);
	receiver = start_receiver(address[0], READS);
	assert_true(turn(p, 10000, 0));
	verify(300);
	close_post(p);
	kill_it(receiver);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
}

/* At any moment of its work; the keeper is told by the end of the channel, and starts another. */
static void
courier_killed(void **state)
{
	const struct sinks_wanted w = wanted(1, 20);
	struct post *p = open_post(&w);
	pid_t receiver = start_receiver(address[0], SLOW), courier = start_courier(p, &w, 0);
	unsigned n = 0;

	(void)state;
	for (unsigned k = 0; k < 20 * chaos; k++) {
		for (unsigned i = 0; i < 50; i++)
			add(p, n++, 1);
		(void)turn(p, 3 + k % 23, -1);
		kill_it(courier);
		(void)turn(p, 1, -1);
		courier = start_courier(p, &w, 0);
	}
	assert_true(turn(p, 60000, 0));
	verify(n);
	close_post(p);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
	kill_it(receiver);
}

/* One that is dead, and one that is well: the second gets everything at once, and the keeper never waits. */
static void
one_is_dead(void **state)
{
	const struct sinks_wanted w = wanted(2, 100);
	struct post *p = open_post(&w);
	pid_t receiver = start_receiver(address[1], READS), one = start_courier(p, &w, 0),
	      two = start_courier(p, &w, 1);
	const unsigned n = 2000 * chaos;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		add(p, i, 3);
	assert_true(turn(p, 20000 * chaos, 1));
	verify(n);
	assert_int_equal(outbox_waiting(post_outbox(p), 0), n);
	close_post(p);
	kill_it(receiver);
	kill_it(one);
	assert_int_equal(waitpid(two, NULL, 0), two);
}

/* A thousand alerts a day for a week, the sensor started again each day; then they come, oldest first. */
static void
week(void **state)
{
	const struct sinks_wanted w = wanted(1, 500);
	struct post *p = open_post(&w);
	pid_t receiver, courier;

	(void)state;
	for (unsigned day = 0; day < 7; day++) {
		for (unsigned i = 0; i < 1000; i++)
			add(p, 1000 * day + i, 1);
		(void)turn(p, 5, -1);
		close_post(p);
		p = open_post(&w);
		assert_int_equal(outbox_waiting(post_outbox(p), 0), 1000 * (day + 1));
	}
	receiver = start_receiver(address[0], READS);
	courier = start_courier(p, &w, 0);
	assert_true(turn(p, 30000, 0));
	verify(7000);
	close_post(p);
	kill_it(receiver);
	assert_int_equal(waitpid(courier, NULL, 0), courier);
}

static void
burst(void **state)
{
	const int64_t began = now_ns();

	(void)state;
	with_receiver(READS, 10000 * chaos);
	print_message("%u alerts in %.1f s\n", 10000 * chaos, (double)(now_ns() - began) / NS_PER_S);
}

/* As read does it: no courier, no file; a receiver that is not there is an error in the end. */
static void
directly(void **state)
{
	struct sinks_wanted w = wanted(1, 100);
	char error[OUTBOX_ERROR_MAX] = "";
	struct post *p;
	pid_t receiver = start_receiver(address[0], READS);

	(void)state;
	*w.outbox = '\0';
	p = open_post(&w);
	for (unsigned i = 0; i < 1050; i++) {
		add(p, i, 1);
		post_poll(p, now_ns(), (struct when){0});
	}
	assert_int_equal(outbox_waiting(post_outbox(p), 0), 50);
	close_post(p);
	verify(1050);
	kill_it(receiver);
	p = open_post(&w);
	add(p, 0, 1);
	assert_false(post_close(p, error));
	assert_non_null(strstr(error, "sink one: 1 of 1 events were not acknowledged: 127.0.0.1"));
}

/* What a courier may say is read with care: a lying one loses its connection, and nothing else happens. */
static void
liar(void **state)
{
	static const uint8_t SAYS[][12] = {{9, 0, 0, 0},
					   {COURIER_TAKEN, 255, 255, 255},
					   {COURIER_LINES, 4, 0, 0, 1, 1, 1, 1},
					   {COURIER_TAKEN, 8, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}};
	const struct sinks_wanted w = wanted(1, 100);
	struct post *p = open_post(&w);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pollfd fd[SINKS_MAX];
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		post_link(p, "one", pair[0]);
		add(p, i, 1);
		(void)turn(p, 2, -1);
		assert_int_equal(write(pair[1], SAYS[i], sizeof(SAYS[i])), sizeof(SAYS[i]));
		(void)turn(p, 20, -1);
		assert_int_equal(post_fds(p, fd), 0);
		close(pair[1]);
		assert_int_equal(outbox_waiting(post_outbox(p), 0), i + 1);
	}
	close_post(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(down_at_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(receiver_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closing_after_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refusing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(courier_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_is_dead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(week, set_up, tear_down),
		cmocka_unit_test_setup_teardown(burst, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directly, set_up, tear_down),
		cmocka_unit_test_setup_teardown(liar, set_up, tear_down),
	};
	const char *knob = getenv("CHAOS");

	if (knob)
		chaos = (unsigned)strtoul(knob, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
