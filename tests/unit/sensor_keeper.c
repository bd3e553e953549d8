/*
 * keeper: what taps say has one order, whoever speaks first; windows and counters are summed; a tap that is lost or says
 * nonsense stops nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "sensor/keeper.h"

enum { TAPS = 2, TOLD = 64, HELD = 1 << 18 };

static const int64_t S = NS_PER_S;

struct site_of {
	struct config config;
	struct watch watch;
	struct keeper *keeper;
	struct channel *tap[TAPS]; /* the taps' ends */
	uint16_t told[TOLD];       /* source ports of sessions, 1000 + gateway of pulses */
	unsigned n;
	struct pulse pulse;
	char note[64];
	struct bytes message;
};

static void
on_session(void *arg, const struct session *s)
{
	struct site_of *x = arg;

	assert_true(x->n < TOLD);
	x->told[x->n++] = s->src_port;
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	struct site_of *x = arg;

	assert_true(x->n < TOLD);
	x->told[x->n++] = (uint16_t)(1000 + p->gateway);
	x->pulse = *p;
}

static void
on_note(void *arg, unsigned tap, const char *words)
{
	struct site_of *x = arg;

	snprintf(x->note, sizeof(x->note), "%u: %s", tap, words);
}

static void
join(struct site_of *x, unsigned i)
{
	struct channel_message m;
	struct tap_part part;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	x->tap[i] = channel_new(fd[1], &TAP_WIRE, HELD);
	assert_true(keeper_join(x->keeper, i, channel_new(fd[0], &TAP_WIRE, HELD)));
	assert_int_equal(channel_next(x->tap[i], &m), CHANNEL_MESSAGE);
	assert_int_equal(m.type, TAP_SETUP);
	assert_true(wire_get_part(&m.bytes, &part));
	assert_true(part.settled);
	assert_int_equal(part.gateways, 1);
	assert_int_equal(part.pipeline.part, PIPELINE_TAP);
	assert_true(part.pipeline.memory < 128 << 20 && part.pipeline.memory > 64 << 20);
}

static int
begin(void **state)
{
	struct site_of *x = calloc(1, sizeof(*x));
	struct watch_setup setup = {.config = &x->config,
				    .version = "0",
				    .taps = TAPS,
				    .tell = {.arg = x, .session = on_session, .pulse = on_pulse}};

	*state = x;
	config_init(&x->config);
	config_begin(&x->config);
	x->config.gateways = 1;
	assert_true(config_gateway_list(&x->config, "192.0.2.10"));
	assert_true(watch_open(&x->watch, &setup));
	x->keeper = keeper_new(&x->watch, &(struct keeper_tell){.arg = x, .note = on_note});
	assert_non_null(x->keeper);
	for (unsigned i = 0; i < TAPS; i++)
		join(x, i);
	return 0;
}

static int
end(void **state)
{
	struct site_of *x = *state;

	keeper_free(x->keeper);
	watch_close(&x->watch);
	for (unsigned i = 0; i < TAPS; i++)
		channel_free(x->tap[i]);
	bytes_free(&x->message);
	free(x);
	return 0;
}

static void
say(struct site_of *x, unsigned i, enum tap_says type)
{
	assert_true(channel_send(x->tap[i], (uint8_t)type, x->message.p, x->message.n));
	assert_true(channel_flush(x->tap[i]));
	x->message.n = 0;
}

static void
stamp(struct site_of *x, int64_t at, enum pipeline_phase phase, uint64_t number)
{
	const struct tap_stamp s = {.at = at, .phase = (uint8_t)phase, .number = number};

	wire_stamp(&x->message, &s);
}

/* A record that is known by its source port. */
static void
record(struct site_of *x, unsigned i, int64_t at, uint16_t port)
{
	const struct session s = {.kind = SESSION_CLOSE, .time = {at}, .src_port = port, .proto = PROTO_TCP};
	const struct tap_record r = {.said = 1};

	stamp(x, at, PHASE_FRAME, port);
	wire_record(&x->message, &r, &s);
	say(x, i, TAP_RECORD);
}

static void
beat(struct site_of *x, unsigned i, int64_t at, uint64_t frames, enum tap_says type)
{
	const struct tap_counts c = {.counts = {.frames = frames}, .open = 3, .kernel_drops = frames / 10};

	stamp(x, at, PHASE_BEAT, 0);
	wire_counts(&x->message, &c);
	say(x, i, type);
}

static void
first(struct site_of *x, unsigned i, int64_t at)
{
	stamp(x, at, PHASE_ENDED, 0);
	say(x, i, TAP_FIRST);
}

static void
work(struct site_of *x)
{
	for (unsigned i = 0; i < TAPS; i++)
		keeper_take(x->keeper, i);
	keeper_work(x->keeper);
}

static void
told(struct site_of *x, const uint16_t *want, unsigned n)
{
	work(x);
	assert_int_equal(x->n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(x->told[i], want[i]);
}

static void
one_order(void **state)
{
	struct site_of *x = *state;

	first(x, 0, 1 * S);
	record(x, 0, 1 * S + 5, 1);
	record(x, 0, 1 * S + 7, 4); /* the same time as tap 1's: the frame's number decides */
	told(x, (uint16_t[]){0}, 0);
	assert_false(x->watch.began);
	first(x, 1, 1 * S + 2);
	record(x, 1, 1 * S + 6, 2);
	record(x, 1, 1 * S + 7, 3);
	told(x, (uint16_t[]){1, 2, 3}, 3);
	assert_int_equal(x->watch.first.ns, 1 * S);
	beat(x, 1, 2 * S, 70, TAP_BEAT);
	told(x, (uint16_t[]){1, 2, 3, 4}, 4);
	record(x, 1, 2 * S + 1, 5);
	told(x, (uint16_t[]){1, 2, 3, 4}, 4);
	beat(x, 0, 2 * S, 30, TAP_BEAT);
	told(x, (uint16_t[]){1, 2, 3, 4}, 4);
	assert_int_equal(x->watch.tapped.frames, 100);
	assert_int_equal(x->watch.capture.kernel_drops, 10);
	assert_int_equal(x->watch.tapped_open, 6);
	beat(x, 0, INT64_MAX, 40, TAP_END);
	told(x, (uint16_t[]){1, 2, 3, 4, 5}, 5);
	assert_int_equal(keeper_take(x->keeper, 0), KEEPER_FINE);
	beat(x, 1, INT64_MAX, 71, TAP_END);
	work(x);
	assert_int_equal(keeper_take(x->keeper, 0), KEEPER_ENDED);
	assert_true(keeper_done(x->keeper));
	assert_int_equal(x->watch.tapped.frames, 111);
}

static void
window(struct site_of *x, unsigned i, int64_t at, uint32_t others, uint8_t gateway, uint32_t packets)
{
	struct pulse_window w = {.end = {at}, .others = others, .count = gateway != 0};

	w.pulse[0] = (struct pulse){.time = {at}, .gateway = gateway, .packets_to = packets, .bytes_to = 10 * packets};
	stamp(x, at, PHASE_PULSE, 0);
	wire_window(&x->message, &w);
	say(x, i, TAP_WINDOW);
}

static void
windows_are_summed(void **state)
{
	struct site_of *x = *state;

	first(x, 0, 1 * S);
	first(x, 1, 1 * S);
	window(x, 0, 10 * S, 4, 1, 6);
	window(x, 1, 10 * S, 3, 1, 7);
	told(x, (uint16_t[]){1001}, 1);
	assert_int_equal(x->pulse.packets_to, 13);
	assert_int_equal(x->pulse.bytes_to, 130);
	assert_int_equal(x->pulse.others, 7);
	assert_int_equal(x->pulse.time.ns, 10 * S);
	beat(x, 0, 10 * S, 1, TAP_BEAT); /* heard once: silence is news while anybody speaks */
	beat(x, 1, 10 * S, 1, TAP_BEAT);
	beat(x, 0, 20 * S, 1, TAP_BEAT);
	window(x, 1, 20 * S, 5, 0, 0);
	told(x, (uint16_t[]){1001, 1001}, 2);
	assert_int_equal(x->pulse.packets_to, 0);
	assert_int_equal(x->pulse.others, 5);
	beat(x, 1, 20 * S, 1, TAP_BEAT);
	window(x, 0, 30 * S, 1, 1, 2);
	window(x, 1, 30 * S, 1, 3, 2);
	told(x, (uint16_t[]){1001, 1001, 1001, 1003}, 4);
}

static void
lost_tap_stops_nobody(void **state)
{
	struct site_of *x = *state;

	first(x, 0, 1 * S);
	first(x, 1, 1 * S);
	beat(x, 0, 2 * S, 10, TAP_BEAT);
	beat(x, 1, 2 * S, 20, TAP_BEAT);
	record(x, 0, 2 * S + 1, 1);
	record(x, 0, 2 * S + 9, 3);
	told(x, (uint16_t[]){0}, 0);
	channel_free(x->tap[1]);
	x->tap[1] = NULL;
	told(x, (uint16_t[]){1, 3}, 2);
	assert_int_equal(keeper_take(x->keeper, 1), KEEPER_GONE);
	assert_string_equal(keeper_error(x->keeper, 1), "it stopped before its end");
	keeper_lost(x->keeper, 1, "signal 11");
	join(x, 1);
	record(x, 0, 3 * S + 1, 4);
	told(x, (uint16_t[]){1, 3}, 2); /* its successor is waited for */
	beat(x, 1, 4 * S, 5, TAP_BEAT);
	beat(x, 0, 4 * S, 11, TAP_BEAT);
	told(x, (uint16_t[]){1, 3, 4}, 3);
	assert_int_equal(x->watch.tapped.frames, 11 + 20 + 5);
}

/* While what it said waits, it is lost: that is worked in, nobody waits for more, and who follows comes after. */
static void
lost_tap_is_heard_out(void **state)
{
	struct site_of *x = *state;

	first(x, 0, 1 * S);
	first(x, 1, 1 * S);
	record(x, 1, 2 * S, 7);
	work(x);
	keeper_lost(x->keeper, 1, "stopped");
	channel_free(x->tap[1]);
	join(x, 1);
	assert_false(keeper_join(x->keeper, 1, NULL));
	record(x, 0, 1 * S + 1, 6);
	record(x, 0, 3 * S, 8);
	told(x, (uint16_t[]){6, 7}, 2);
	record(x, 1, 2 * S + 5, 9);
	told(x, (uint16_t[]){6, 7, 9}, 3);
}

/* Each as the body of a message of that type. */
struct nonsense {
	enum tap_says type;
	const char *error;
	void (*put)(struct bytes *to);
};

static void
put_stamp(struct bytes *to, uint8_t phase)
{
	const struct tap_stamp s = {.at = 1, .phase = phase};

	wire_stamp(to, &s);
}

static void
bad_phase(struct bytes *to)
{
	put_stamp(to, PHASE_FRAME + 1);
}

static void
put_session(struct bytes *to, const struct session *s, uint16_t capture)
{
	const struct tap_record r = {.capture = capture};

	put_stamp(to, PHASE_FRAME);
	wire_record(to, &r, s);
}

static void
bad_role(struct bytes *to)
{
	put_session(to, &(struct session){.kind = SESSION_CLOSE, .role = ROLE_OUTBOUND + 1}, 0);
}

static void
bad_gateway(struct bytes *to)
{
	put_session(to, &(struct session){.kind = SESSION_CLOSE, .gateway = GATEWAYS_MAX + 1}, 0);
}

static void
bad_capture(struct bytes *to)
{
	put_session(to, &(struct session){.kind = SESSION_CLOSE}, 1);
}

/* A fingerprint is written into JSON as it is. */
static void
bad_plain(struct bytes *to)
{
	put_session(to, &(struct session){.kind = SESSION_CLOSE, .ja4 = TEXT_LIT("t13\",\"x\":\"")}, 0);
}

static void
longer_than_it_is(struct bytes *to)
{
	put_session(to, &(struct session){.kind = SESSION_CLOSE}, 0);
	bytes_u8(to, 0);
}

static void
gateways_twice(struct bytes *to)
{
	struct pulse_window w = {.count = 2, .pulse = {{.gateway = 2}, {.gateway = 2}}};

	put_stamp(to, PHASE_PULSE);
	wire_window(to, &w);
}

static void
setup_from_a_tap(struct bytes *to)
{
	wire_part(to, &(struct tap_part){.settled = true});
}

static void
evidence_that_nobody_wants(struct bytes *to)
{
	wire_picked(to, &(struct evidence_picked){.incident = 1});
}

/* It has not ended. */
static void
nothing(struct bytes *to)
{
	(void)to;
}

static const struct nonsense NONSENSE[] = {
	{TAP_FIRST, "a message that nobody understands", bad_phase},
	{TAP_RECORD, "a record that is none", bad_role},
	{TAP_RECORD, "a record that is none", bad_gateway},
	{TAP_RECORD, "a record that is none", bad_capture},
	{TAP_RECORD, "a record that is none", bad_plain},
	{TAP_RECORD, "a record that is none", longer_than_it_is},
	{TAP_WINDOW, "a window that is none", gateways_twice},
	{TAP_SETUP, "a message that nobody understands", setup_from_a_tap},
	{TAP_PICKED, "evidence that is none", evidence_that_nobody_wants},
	{TAP_LAST, "a message that nobody understands", nothing},
};

static void
nonsense_is_the_end_of_a_tap(void **state)
{
	struct site_of *x = *state;

	first(x, 0, 1);
	first(x, 1, 1);
	for (size_t i = 0; i < sizeof(NONSENSE) / sizeof(NONSENSE[0]); i++) {
		NONSENSE[i].put(&x->message);
		say(x, 1, NONSENSE[i].type);
		record(x, 0, 2, (uint16_t)(i + 1));
		work(x);
		assert_int_equal(keeper_take(x->keeper, 1), KEEPER_GONE);
		assert_string_equal(keeper_error(x->keeper, 1), NONSENSE[i].error);
		assert_int_equal(x->n, i + 1);
		keeper_lost(x->keeper, 1, keeper_error(x->keeper, 1));
		channel_free(x->tap[1]);
		join(x, 1);
	}
	assert_true(channel_send(x->tap[1], TAP_NOTE, "one\nline", 8));
	assert_true(channel_flush(x->tap[1]));
	work(x);
	assert_string_equal(x->note, "1: one?line");
}

/* There and back, and cut anywhere: none. */
static void
record_reads_back(void **state)
{
	struct site_of *x = *state;
	const struct session s = {.id = 1,
				  .kind = SESSION_UPDATE,
				  .time = {5 * NS_PER_US},
				  .gateway = 2,
				  .role = ROLE_INBOUND,
				  .sni = TEXT_LIT("gw.example.org"),
				  .ja4 = TEXT_LIT("t13d1516h2_8daaf6152771_02713d6af862")};
	const struct tap_record r = {3, 4, 5};
	struct tap_record back;
	static struct row row;
	struct cur c;

	wire_record(&x->message, &r, &s);
	for (size_t n = 0; n < x->message.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact, x->message.p, n);
		c = cur_of(exact, n);
		assert_false(wire_get_record(&c, &back, &row));
		free(exact);
	}
	c = bytes_cur(&x->message);
	assert_true(wire_get_record(&c, &back, &row));
	assert_int_equal(row.session.said, 3);
	assert_int_equal(row.session.shown, 4);
	assert_int_equal(row.session.capture, 5);
	assert_int_equal(row.session.time.ns, 5 * NS_PER_US);
	assert_int_equal(row.session.sni.len, 14);
	assert_memory_equal(row.session.sni.p, "gw.example.org", 14);
}

/* Exactly so many bytes, so that a sanitizer sees whoever reads on. */
static bool
is_wanted(const struct bytes *b, size_t n, struct evidence_wanted *w)
{
	uint8_t *exact = malloc(n + 1);
	struct cur c = cur_of(memcpy(exact, b->p, n), n);
	bool is = wire_get_wanted(&c, w);

	free(exact);
	return is;
}

static void
evidence_reads_back(void **state)
{
	enum { HEAD = 41 };
	static const uint8_t BYTES[] = "frame";
	struct site_of *x = *state;
	const struct evidence_wanted w = {.incident = 7,
					  .time = {5},
					  .most = 1 << 20,
					  .peer = {{1, 2}},
					  .has_peer = true,
					  .sessions = 2,
					  .session = {8, 9}};
	const struct evidence_picked p = {7, {.bytes = cur_of(BYTES, 5), .wire_len = 60, .link = 1, .time = {6}}, true};
	struct evidence_wanted wanted;
	struct evidence_picked picked;
	struct cur c;

	wire_wanted(&x->message, &w);
	for (size_t n = 0; n < x->message.n; n++) /* without some of the sessions it is another one */
		assert_int_equal(is_wanted(&x->message, n, &wanted), n >= HEAD && (n - HEAD) % 8 == 0);
	assert_true(is_wanted(&x->message, x->message.n, &wanted));
	assert_memory_equal(&wanted, &w, sizeof(w));
	x->message.p[HEAD - 1] = 4; /* a flag that is none */
	assert_false(is_wanted(&x->message, x->message.n, &wanted));
	x->message.n = 0;
	wire_picked(&x->message, &p);
	c = bytes_cur(&x->message);
	assert_true(wire_get_picked(&c, &picked));
	assert_int_equal(picked.incident, 7);
	assert_true(picked.tells);
	assert_int_equal(picked.frame.time.ns, 6);
	assert_int_equal(cur_left(&picked.frame.bytes), 5);
	assert_memory_equal(picked.frame.bytes.p, BYTES, 5);
	x->message.p[9] = 4; /* shorter on the wire than it is */
	c = bytes_cur(&x->message);
	assert_false(wire_get_picked(&c, &picked));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_order, begin, end),
		cmocka_unit_test_setup_teardown(windows_are_summed, begin, end),
		cmocka_unit_test_setup_teardown(lost_tap_stops_nobody, begin, end),
		cmocka_unit_test_setup_teardown(lost_tap_is_heard_out, begin, end),
		cmocka_unit_test_setup_teardown(nonsense_is_the_end_of_a_tap, begin, end),
		cmocka_unit_test_setup_teardown(record_reads_back, begin, end),
		cmocka_unit_test_setup_teardown(evidence_reads_back, begin, end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
