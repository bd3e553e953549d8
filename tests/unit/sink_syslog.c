/*
 * sink_syslog: the bytes of a message (RFC 5424), by datagram; what does not fit one, and a port where nobody is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/no_tls.h"
#include "detect/detect.h"
#include "sink/sender.h"

extern const struct sender_calls SENDER_SYSLOG;

static int receiver;
static char address[32], words[SENDER_WORDS];
static struct sender_config config = {.name = "s",
				      .sensor = "probe one",
				      .address = address,
				      .url = "",
				      .transport = SENDER_UDP,
				      NO_TLS,
				      .timeout_ns = NS_PER_S,
				      .batch = 10};

static int
set_up(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	(void)state;
	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(receiver, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(receiver, (struct sockaddr *)&a, &n), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(a.sin_port));
	return 0;
}

static void
expect(const char *text)
{
	char bytes[70000];
	ssize_t n = recv(receiver, bytes, sizeof(bytes) - 1, 0);

	assert_true(n > 0);
	bytes[n] = '\0';
	assert_string_equal(bytes, text);
}

static void
messages(void **state)
{
	const struct sender_event e[] = {{.id = 7,
					  .kind = EVENT_ALERT,
					  .severity = SEVERITY_CRITICAL,
					  .time = {1747000000 * NS_PER_S + 1234567},
					  .gateway = "vpn",
					  .line = "a \"line\" with ] and |",
					  .n = 21},
					 {.id = UINT64_MAX,
					  .kind = EVENT_STATS,
					  .severity = SEVERITY_CRITICAL, /* of no meaning here */
					  .time = {-1},
					  .gateway = "a\"]\\",
					  .line = "\xc3\xbc",
					  .n = 2}};
	void *s = SENDER_SYSLOG.open(&config, words);
	struct sender_result r;

	(void)state;
	assert_non_null(s);
	SENDER_SYSLOG.send(s, e, 2, &r);
	assert_int_equal(r.outcome, SENDER_DONE);
	assert_int_equal(r.acknowledged, 2);
	expect("<170>1 2025-05-11T21:46:40.001234Z probe_one gatewitness - alert [gatewitness@32473 id=\"7\" "
	       "gateway=\"vpn\"] "
	       "a \"line\" with ] and |");
	expect("<174>1 1969-12-31T23:59:59.999999Z probe_one gatewitness - stats [gatewitness@32473 "
	       "id=\"18446744073709551615\" gateway=\"a\\\"\\]\\\\\"] \xc3\xbc");
	SENDER_SYSLOG.close(s);
}

/* The first goes, the second never will: it is said which. */
static void
too_long(void **state)
{
	char *line = calloc(1, 66000);
	struct sender_event e[2] = {{.id = 1, .kind = EVENT_ALERT, .gateway = "", .line = "x", .n = 1},
				    {.id = 2, .kind = EVENT_ALERT, .gateway = "", .line = line, .n = 66000}};
	void *s = SENDER_SYSLOG.open(&config, words);
	struct sender_result r;

	(void)state;
	memset(line, 'x', 66000);
	SENDER_SYSLOG.send(s, e, 2, &r);
	assert_int_equal(r.outcome, SENDER_REFUSED);
	assert_int_equal(r.acknowledged, 1);
	assert_non_null(strstr(r.words, "66000 bytes is no datagram's; take transport = tcp or tls"));
	SENDER_SYSLOG.close(s);
	free(line);
}

/* A connected socket is told of a port where nobody is, by the next send. */
static void
nobody(void **state)
{
	const struct sender_event e = {.id = 1, .kind = EVENT_ALERT, .gateway = "", .line = "x", .n = 1};
	void *s = SENDER_SYSLOG.open(&config, words);
	struct sender_result r = {.outcome = SENDER_DONE};

	(void)state;
	close(receiver);
	for (unsigned i = 0; i < 100 && r.outcome == SENDER_DONE; i++) {
		SENDER_SYSLOG.send(s, &e, 1, &r);
		usleep(1000);
	}
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_int_equal(r.acknowledged, 0);
	assert_non_null(strstr(r.words, "Connection refused"));
	SENDER_SYSLOG.close(s);
}

static void
several(void **state)
{
	struct sender_config two = config;

	(void)state;
	two.address = "a:1,b:2";
	assert_null(SENDER_SYSLOG.open(&two, words));
	assert_non_null(strstr(words, "one receiver"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(messages), cmocka_unit_test(too_long),
					   cmocka_unit_test(nobody), cmocka_unit_test(several)};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
