/* pulse: what a packet counts for, and whether the other direction of the mirror is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "session/session.h"

static const struct addr CLIENT = {{[15] = 1}}, GATEWAY = {{[15] = 2}};

static struct flow
connection(void)
{
	return (struct flow){.addr = {CLIENT, GATEWAY}, .proto = PROTO_TCP};
}

static void
count(struct pulse *p, const struct flow *f, bool from, uint8_t flags, uint32_t ack, uint32_t bytes)
{
	struct packet k = {.proto = PROTO_TCP, .tcp_flags = flags, .ack = ack, .payload_len = bytes};

	k.src = from ? GATEWAY : CLIENT;
	k.dst = from ? CLIENT : GATEWAY;
	pulse_packet(p, f, &k, (struct pulse_what){.from_gateway = from});
}

static void
data_segments(void **state)
{
	struct flow f = connection();
	struct pulse p = {0};

	(void)state;
	f.side[1].packets = 1;
	count(&p, &f, false, TCP_SYN, 0, 0);
	count(&p, &f, true, TCP_SYN | TCP_ACK, 0, 0);
	count(&p, &f, false, TCP_ACK, 0, 500);
	count(&p, &f, true, TCP_ACK, 0, 0);
	count(&p, &f, true, TCP_ACK, 0, 1400);
	count(&p, &f, true, TCP_ACK, 0, 1400);
	assert_int_equal(p.data_to, 1);
	assert_int_equal(p.data_from, 2);
	assert_int_equal(p.packets_to, 2);
	assert_int_equal(p.packets_from, 4);
	assert_int_equal(p.acks_unseen, 0);
}

static void
half_a_mirror(void **state)
{
	struct flow f = connection();
	struct pulse p = {0};

	(void)state;
	/* nothing of the gateway was ever seen, but the client acknowledges */
	count(&p, &f, false, TCP_SYN, 0, 0);
	count(&p, &f, false, TCP_RST | TCP_ACK, 77, 0);
	assert_int_equal(p.acks_unseen, 0);
	count(&p, &f, false, TCP_ACK, 77, 0);
	assert_int_equal(p.acks_unseen, 1);
	/* seen up to 1000, and acknowledged so far, over and over: the gateway is silent */
	f.side[1].packets = 5;
	f.side[1].next = 1000;
	for (unsigned i = 0; i < 9; i++)
		count(&p, &f, false, TCP_ACK, 1000 - i * 100, 300);
	assert_int_equal(p.acks_unseen, 1);
	/* further: something went by unseen; unless it is held, waiting for what comes before */
	count(&p, &f, false, TCP_ACK, 1001, 0);
	assert_int_equal(p.acks_unseen, 2);
	f.side[1].segments = 1;
	count(&p, &f, false, TCP_ACK, 2000, 0);
	assert_int_equal(p.acks_unseen, 2);
	/* the numbers wrap */
	f.side[1].segments = 0;
	f.side[1].next = UINT32_MAX;
	count(&p, &f, false, TCP_ACK, 5, 0);
	assert_int_equal(p.acks_unseen, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_segments),
		cmocka_unit_test(half_a_mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
