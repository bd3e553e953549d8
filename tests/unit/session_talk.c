/* talk: exchanges out of records, and what is left of them when there are many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "session/talk.h"

enum { CLIENT = 0, SERVER = 1 };

static void
say(struct talk *k, uint8_t side, uint32_t plain, double seconds)
{
	const struct tls_event ev = {.side = side,
				     .type = 23,
				     .application = true,
				     .plain = plain,
				     .time = {1700000000 * NS_PER_S + (int64_t)(seconds * 1e6) * NS_PER_US}};

	talk_record(k, &ev);
}

static void
build(struct session *s, struct session_scratch *scratch, struct talk *k)
{
	const struct flow flow = {.flags = 0};
	const struct tls_facts tls = {.carrier = CARRIER_TCP};

	session_build(s, scratch, &(struct session_source){.flow = &flow, .tls = &tls, .talk = k});
}

static void
exchanges(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;

	(void)state;
	talk_init(&k, CLIENT);
	say(&k, CLIENT, 300, 0);
	say(&k, CLIENT, 100, 0.001);
	say(&k, SERVER, 16384, 0.101);
	say(&k, SERVER, 1000, 0.131);
	say(&k, SERVER, 500, 0.141);
	say(&k, CLIENT, 50, 2.141);
	say(&k, SERVER, 70, 2.191);
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 2);
	assert_int_equal(s.exchange_count, 2);
	assert_int_equal(s.exchange[0].request, 400);
	assert_int_equal(s.exchange[0].response, 17884);
	assert_int_equal(s.exchange[0].think_us, 0);
	assert_int_equal(s.exchange[0].server_us, 100000);
	assert_int_equal(s.exchange[0].reply_us, 40000);
	assert_int_equal(s.exchange[1].request, 50);
	assert_int_equal(s.exchange[1].response, 70);
	assert_int_equal(s.exchange[1].think_us, 2000000);
	assert_int_equal(s.exchange[1].server_us, 50000);
	assert_int_equal(s.exchange[1].reply_us, 0);
	assert_int_equal(s.request_bytes, 450);
	assert_int_equal(s.response_bytes, 17954);
	assert_int_equal(s.request_min, 50);
	assert_int_equal(s.request_max, 400);
	assert_int_equal(s.response_min, 70);
	assert_int_equal(s.response_max, 17884);
	assert_int_equal(s.request_squares, 400 * 400 + 50 * 50);
	assert_int_equal(s.small_out, 2);
	assert_int_equal(s.small_in, 1);
	assert_int_equal(s.idle_max_us, 2000000);
	assert_false(s.server_first);
	assert_int_equal(s.pair_count, 2);
	/* looking does not change it */
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 2);
}

static void
the_one_going_on(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;

	(void)state;
	talk_init(&k, SERVER); /* the flow's side 1 is the client here */
	say(&k, SERVER, 300, 0);
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 1);
	assert_int_equal(s.exchange[0].request, 300);
	assert_int_equal(s.exchange[0].response, 0);
	say(&k, CLIENT, 20, 1);
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 1);
	assert_int_equal(s.exchange[0].response, 20);
	say(&k, CLIENT, 22, 2);
	build(&s, &scratch, &k);
	assert_int_equal(s.exchange[0].response, 42);
	assert_int_equal(s.response_bytes, 42);
}

static void
server_speaks_first(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;

	(void)state;
	talk_init(&k, CLIENT);
	say(&k, SERVER, 90, 0);
	say(&k, CLIENT, 10, 1);
	say(&k, SERVER, 30, 1.5);
	build(&s, &scratch, &k);
	assert_true(s.server_first);
	assert_int_equal(s.exchanges, 2);
	assert_int_equal(s.exchange[0].request, 0);
	assert_int_equal(s.exchange[0].response, 90);
	assert_int_equal(s.exchange[1].request, 10);
}

static void
many(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;
	uint32_t counted = 0;

	(void)state;
	talk_init(&k, CLIENT);
	for (unsigned i = 0; i < 1000; i++) {
		say(&k, CLIENT, 100, i);
		say(&k, SERVER, i % 2 ? 500 : 1000 + i, i + 0.1);
	}
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 1000);
	assert_int_equal(s.exchange_count, EXCHANGES_KEPT);
	assert_int_equal(s.exchange[15].response, 500);
	assert_int_equal(s.request_bytes, 100000);
	assert_int_equal(s.request_squares, 1000 * 10000);
	assert_int_equal(s.pair_count, PAIRS_KEPT);
	assert_int_equal(s.pair[0].request, 100);
	assert_int_equal(s.pair[0].response, 500);
	assert_int_equal(s.pair[0].count, 500);
	for (unsigned i = 0; i < s.pair_count; i++) {
		counted += s.pair[i].count;
		assert_true(i == 0 || s.pair[i].count <= s.pair[i - 1].count);
	}
	assert_int_equal(counted, 1000);
}

static void
no_turn_bad(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;
	struct tls_event ev = {.side = CLIENT, .type = 22, .plain = 400};

	(void)state;
	talk_init(&k, CLIENT);
	talk_record(&k, &ev);  /* handshake */
	say(&k, CLIENT, 0, 0); /* an empty record */
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 0);
	assert_int_equal(s.pair_count, 0);
}

/* Sizes and times at the end of their range stay there. */
static void
saturates_bad(void **state)
{
	struct session_scratch scratch;
	struct session s;
	struct talk k;

	(void)state;
	talk_init(&k, CLIENT);
	for (unsigned i = 0; i < 3; i++)
		say(&k, CLIENT, UINT32_MAX, 0);
	say(&k, SERVER, UINT32_MAX, 1e6);
	say(&k, SERVER, UINT32_MAX, 5); /* time runs backwards */
	say(&k, CLIENT, UINT32_MAX, 5);
	say(&k, SERVER, UINT32_MAX, 5);
	build(&s, &scratch, &k);
	assert_int_equal(s.exchanges, 2);
	assert_int_equal(s.exchange[0].request, UINT32_MAX);
	assert_int_equal(s.exchange[0].server_us, UINT32_MAX);
	assert_int_equal(s.exchange[0].reply_us, 0);
	assert_int_equal(s.idle_max_us, UINT32_MAX);
	assert_true(s.request_squares == UINT64_MAX);
	assert_int_equal(s.pair[0].request, (1u << PAIR_SIZE_BITS) - 1);
	assert_int_equal(s.pair[0].count, 2);
	assert_true(sizeof(struct talk) <= 480);
}

/* So many requests of a size after so many of other sizes. */
static bool
repeats(unsigned others, unsigned alike, uint32_t spread)
{
	struct talk k;

	talk_init(&k, CLIENT);
	for (unsigned i = 0; i < others + alike; i++) {
		say(&k, CLIENT, i < others ? 500 + 50 * i : 173 + i % 2 * spread, i);
		say(&k, SERVER, 1700 + 11 * i, i + 0.1);
	}
	return k.repeats;
}

/* Known when the first request after the exchanges that are kept begins. */
static void
repetition(void **state)
{
	(void)state;
	assert_false(repeats(0, EXCHANGES_KEPT, 0));
	assert_true(repeats(0, EXCHANGES_KEPT + 1, 0));
	assert_true(repeats(0, EXCHANGES_KEPT + 1, 4));
	assert_false(repeats(0, EXCHANGES_KEPT + 1, 5));
	assert_true(repeats(4, EXCHANGES_KEPT - 3, 0));
	assert_false(repeats(5, EXCHANGES_KEPT - 4, 0));
	assert_false(repeats(EXCHANGES_KEPT, 100, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges),  cmocka_unit_test(the_one_going_on), cmocka_unit_test(server_speaks_first),
		cmocka_unit_test(many),       cmocka_unit_test(no_turn_bad),      cmocka_unit_test(saturates_bad),
		cmocka_unit_test(repetition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
