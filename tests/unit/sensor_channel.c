/* channel: what is put on one end comes out of the other; what no message is breaks it, with the reason. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/channel.h"

enum { NUMBER = 1, WORDS = 3, BLOB = 4, BLOB_MAX = 100000 };
static const struct channel_kind KIND[] = {
	[NUMBER] = {"a number", 8, 8}, [WORDS] = {"words", 0, 20}, [BLOB] = {"a blob", 1, BLOB_MAX}};
static const struct channel_kinds KINDS = {KIND, 5};

struct pair {
	struct channel *a, *b;
	int raw; /* the end that writes whatever it likes */
};

static struct pair
pair_open(size_t held)
{
	int fd[2];
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	p.a = channel_new(fd[0], &KINDS, held);
	p.b = channel_new(fd[1], &KINDS, held);
	p.raw = fd[0];
	assert_non_null(p.a);
	assert_non_null(p.b);
	return p;
}

static void
pair_close(struct pair *p)
{
	channel_free(p->a);
	channel_free(p->b);
}

static void
arrives_whole(void **state)
{
	struct pair p = pair_open(1 << 16);
	struct channel_message m;

	(void)state;
	assert_int_equal(channel_next(p.b, &m), CHANNEL_NOTHING);
	assert_true(channel_send(p.a, NUMBER, "12345678", 8));
	assert_true(channel_send(p.a, WORDS, NULL, 0));
	assert_true(channel_send(p.a, WORDS, "hello", 5));
	assert_int_equal(channel_next(p.b, &m), CHANNEL_NOTHING);
	assert_int_equal(channel_waiting(p.a), 8 + 5 + 3 * CHANNEL_HEAD);
	assert_true(channel_flush(p.a));
	assert_int_equal(channel_waiting(p.a), 0);
	assert_int_equal(channel_next(p.b, &m), CHANNEL_MESSAGE);
	assert_int_equal(m.type, NUMBER);
	assert_int_equal(cur_left(&m.bytes), 8);
	assert_memory_equal(m.bytes.p, "12345678", 8);
	assert_int_equal(channel_next(p.b, &m), CHANNEL_MESSAGE);
	assert_int_equal(cur_left(&m.bytes), 0);
	assert_int_equal(channel_next(p.b, &m), CHANNEL_MESSAGE);
	assert_memory_equal(m.bytes.p, "hello", 5);
	channel_free(p.a);
	assert_int_equal(channel_next(p.b, &m), CHANNEL_ENDED);
	assert_int_equal(channel_next(p.b, &m), CHANNEL_ENDED);
	assert_string_equal(channel_error(p.b), "");
	channel_free(p.b);
}

/* A byte at a time, and messages longer than one read. */
static void
arrives_in_pieces(void **state)
{
	static const uint8_t wire[] = {NUMBER, 8, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, WORDS, 1, 0, 0, 'x'};
	static uint8_t blob[BLOB_MAX];
	struct pair p = pair_open(1 << 16);
	struct channel_message m;
	unsigned messages = 0;
	enum channel_result is;

	(void)state;
	for (size_t i = 0; i < sizeof(wire); i++) {
		assert_int_equal(write(p.raw, &wire[i], 1), 1);
		is = channel_next(p.b, &m);
		assert_int_equal(is, i == 11 || i == 16 ? CHANNEL_MESSAGE : CHANNEL_NOTHING);
		messages += is == CHANNEL_MESSAGE;
	}
	assert_int_equal(messages, 2);
	for (size_t i = 0; i < sizeof(blob); i++)
		blob[i] = (uint8_t)(i * 7);
	assert_true(channel_send(p.a, BLOB, blob, sizeof(blob)));
	do {
		assert_true(channel_flush(p.a));
		is = channel_next(p.b, &m);
	} while (is == CHANNEL_NOTHING);
	assert_int_equal(is, CHANNEL_MESSAGE);
	assert_int_equal(cur_left(&m.bytes), sizeof(blob));
	assert_memory_equal(m.bytes.p, blob, sizeof(blob));
	pair_close(&p);
}

/* What is held is bounded; what was read makes room again. */
static void
holds_so_much(void **state)
{
	static const uint8_t blob[1000];
	struct pair p = pair_open(BLOB_MAX + CHANNEL_HEAD);
	struct channel_message m;
	size_t sent = 0, got = 0;

	(void)state;
	while (channel_send(p.a, BLOB, blob, sizeof(blob)))
		sent++;
	assert_int_equal(sent, (BLOB_MAX + CHANNEL_HEAD) / (1000 + CHANNEL_HEAD));
	for (unsigned round = 0; round < 4; round++) {
		for (;;) { /* until nobody takes it */
			size_t before = sent;

			assert_true(channel_flush(p.a));
			while (channel_send(p.a, BLOB, blob, sizeof(blob)))
				sent++;
			if (sent == before)
				break;
		}
		while (channel_next(p.b, &m) == CHANNEL_MESSAGE)
			got++;
	}
	assert_true(sent > got && got > 4 * 50);
	while (channel_waiting(p.a)) {
		assert_true(channel_flush(p.a));
		while (channel_next(p.b, &m) == CHANNEL_MESSAGE)
			got++;
	}
	assert_int_equal(got, sent);
	pair_close(&p);
}

struct wrong {
	const char *bytes;
	size_t n;
	bool ends;
	const char *error;
};
static const struct wrong WRONG[] = {
	{"\x00\x00\x00\x00", 4, false, "a message of type 0, which is none"},
	{"\x02\x00\x00\x00", 4, false, "a message of type 2, which is none"},
	{"\x05\x00\x00\x00", 4, false, "a message of type 5, which is none"},
	{"\xff\xff\xff\xff", 4, false, "a message of type 255, which is none"},
	{"\x01\x07\x00\x00", 4, false, "a number of 7 bytes: at least 8, at most 8"},
	{"\x03\x15\x00\x00", 4, false, "words of 21 bytes: at least 0, at most 20"},
	{"\x04\x00\x00\x00", 4, false, "a blob of 0 bytes: at least 1, at most 100000"},
	{"\x04\xff\xff\xff", 4, false, "a blob of 16777215 bytes: at least 1, at most 100000"},
	{"\x01\x08\x00", 3, true, "it ended within a message"},
	{"\x01\x08\x00\x00xxxxxxx", 11, true, "it ended within a message"},
};

static void
breaks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		struct pair p = pair_open(1 << 10);
		struct channel_message m;

		assert_true(channel_send(p.a, WORDS, "good", 4));
		assert_true(channel_flush(p.a));
		assert_int_equal(write(p.raw, WRONG[i].bytes, WRONG[i].n), WRONG[i].n);
		if (WRONG[i].ends)
			shutdown(p.raw, SHUT_WR);
		assert_int_equal(channel_next(p.b, &m), CHANNEL_MESSAGE);
		assert_int_equal(channel_next(p.b, &m), CHANNEL_BROKEN);
		assert_string_equal(channel_error(p.b), WRONG[i].error);
		assert_int_equal(channel_next(p.b, &m), CHANNEL_BROKEN);
		assert_false(channel_send(p.b, WORDS, "x", 1));
		assert_false(channel_flush(p.b));
		pair_close(&p);
	}
}

static void
peer_is_gone(void **state)
{
	struct pair p = pair_open(1 << 10);

	(void)state;
	channel_free(p.b);
	assert_true(channel_send(p.a, WORDS, "x", 1));
	assert_false(channel_drain(p.a));
	assert_string_equal(channel_error(p.a), "cannot be written: Broken pipe");
	channel_free(p.a);
	assert_null(channel_new(-1, &KINDS, 100));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives_whole), cmocka_unit_test(arrives_in_pieces), cmocka_unit_test(holds_so_much),
		cmocka_unit_test(breaks),        cmocka_unit_test(peer_is_gone),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
