/*
 * sink_batch: which events of a message that was refused are given up, and which are tried again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../common/no_tls.h"
#include "sink/batch.h"

enum { EVENTS = 100 };

static const struct sender_config config = {.name = "t",
					    .sensor = "s",
					    .address = "",
					    .url = "http://127.0.0.1:9/",
					    NO_TLS,
					    .user = "",
					    .secret = "",
					    .timeout_ns = 10 * NS_PER_S,
					    .batch = EVENTS};

/* A receiver that refuses messages with one of these ids in it, or all. */
struct receiver {
	uint64_t bad[4];
	bool refuses_all;
	unsigned messages;
};

static struct sender_event events[EVENTS];

static bool
is_bad(const struct receiver *to, uint64_t id)
{
	for (unsigned i = 0; i < 4; i++)
		if (to->bad[i] == id)
			return true;
	return to->refuses_all;
}

static struct batch_sent
receive(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS])
{
	struct receiver *to = state;

	memcpy(words, "words", 6);
	to->messages++;
	for (size_t i = 0; i < n; i++)
		if (is_bad(to, e[i].id))
			return (struct batch_sent){.took = n, .outcome = SENDER_REFUSED, .together = true};
	return (struct batch_sent){.took = n, .acknowledged = n, .outcome = SENDER_DONE};
}

static int
begin(void **state)
{
	static struct batch b;
	char words[SENDER_WORDS];

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = (struct sender_event){.id = i + 1, .line = "x", .n = 1};
	b = batch_of(http_open(&config, "/", words), receive, EVENTS);
	*state = &b;
	return b.http ? 0 : -1;
}

static int
end(void **state)
{
	http_close(((struct batch *)*state)->http);
	return 0;
}

/* Ids given up on the way; what is left when the receiver is to be tried again later. */
static size_t
send_all(struct batch *b, struct receiver *to, uint64_t refused[4], unsigned *refusals)
{
	struct sender_result r;
	size_t done = 0;

	*refusals = 0;
	while (done < EVENTS) {
		batch_send(b, to, events + done, EVENTS - done, &r);
		done += r.acknowledged;
		if (r.outcome == SENDER_AGAIN)
			break;
		if (r.outcome == SENDER_REFUSED && *refusals < 4)
			refused[(*refusals)++] = events[done++].id;
	}
	return EVENTS - done;
}

static void
the_bad_ones_are_found(void **state)
{
	struct receiver to = {.bad = {1, 50, 51, 100}};
	uint64_t refused[4] = {0};
	unsigned n;

	assert_int_equal(send_all(*state, &to, refused, &n), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(refused, to.bad, sizeof(refused));
	assert_true(to.messages < 60);
}

static void
none_is_given_up_where_all_are_refused(void **state)
{
	struct receiver to = {.refuses_all = true};
	uint64_t refused[4];
	unsigned n;

	assert_int_equal(send_all(*state, &to, refused, &n), EVENTS);
	assert_int_equal(n, 0);
}

static void
one_that_is_alone_has_its_time(void **state)
{
	struct batch *b = *state;
	struct receiver to = {.refuses_all = true};
	struct sender_result r;

	batch_send(b, &to, events, 1, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_string_equal(r.words, "words");
	b->patience_ns = 0;
	batch_send(b, &to, events, 1, &r);
	assert_int_equal(r.outcome, SENDER_REFUSED);
	b->patience_ns = 3600 * NS_PER_S;
	batch_send(b, &to, events + 1, 1, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_bad_ones_are_found, begin, end),
		cmocka_unit_test_setup_teardown(none_is_given_up_where_all_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(one_that_is_alone_has_its_time, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
