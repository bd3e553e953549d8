/*
 * flow_stream: TCP bytes in order, each once, and holes told when they will not fill.
 */
#include "flow_help.h"
#include "session/session.h"

/* What flow_chunk gave, as text: one letter a side, '-N' for N bytes lost, '+N' for N cut. */
struct heard {
	char text[4096];
	size_t n;
};

static void
add_number(struct heard *h, char sign, uint32_t v)
{
	char digit[10];
	size_t n = 0;

	h->text[h->n++] = sign;
	do
		digit[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		h->text[h->n++] = digit[--n];
}

static void
listen(struct bench *b, struct flow *f, struct heard *h)
{
	const struct chunk *c;

	while (f && (c = flow_chunk(b->t, f))) {
		struct cur bytes = c->bytes;

		if (c->lost)
			add_number(h, '-', c->lost);
		h->text[h->n++] = c->side ? '<' : '>';
		h->n += cur_copy(&bytes, h->text + h->n, 512);
		if (c->cut_bytes)
			add_number(h, '+', c->cut_bytes);
	}
	h->text[h->n] = '\0';
}

static struct flow *
say_at(struct bench *b, struct heard *h, int64_t ms, uint32_t seq, const char *text)
{
	struct flow *f = put_tcp(b, ms, 0, TCP_ACK | TCP_PSH, seq, text);

	listen(b, f, h);
	return f;
}

static void
ack_at(struct bench *b, struct heard *h, int64_t ms, uint32_t ack, const char *text)
{
	struct packet p = tcp(ms, 1, TCP_ACK, 501, text);

	p.ack = ack;
	listen(b, put(b, &p, NULL), h);
}

static void
in_order_and_both_ways(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 101, "get ");
	say_at(&b, &h, 11, 105, "it");
	ack_at(&b, &h, 12, 107, "here");
	assert_string_equal(h.text, ">get >it<here");
	bench_close(&b);
}

static void
out_of_order_waits(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 107, "ccc");
	say_at(&b, &h, 11, 104, "bbb");
	assert_string_equal(h.text, "");
	say_at(&b, &h, 12, 101, "aaa");
	assert_string_equal(h.text, ">aaa>bbb>ccc");
	assert_int_equal(b.counts.out_of_order, 2);
	assert_int_equal(b.counts.gap, 0);
	bench_close(&b);
}

static void
sequence_wraps(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	put_tcp(&b, 0, 0, TCP_SYN, UINT32_MAX - 3, "");
	say_at(&b, &h, 10, UINT32_MAX - 2, "ab");
	say_at(&b, &h, 11, 3, "gh");
	say_at(&b, &h, 12, UINT32_MAX, "cdef");
	assert_string_equal(h.text, ">ab>cdef>gh");
	assert_int_equal(b.counts.gap, 0);
	bench_close(&b);
}

static void
retransmissions_are_swallowed_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	f = open_session(&b, 40000);
	say_at(&b, &h, 10, 101, "abcdef");
	say_at(&b, &h, 60, 101, "abcdef");
	say_at(&b, &h, 110, 104, "XXXghi"); /* half old: what was delivered first stays */
	say_at(&b, &h, 160, 109, "?");      /* keep-alive */
	assert_string_equal(h.text, ">abcdef>ghi");
	assert_int_equal(f->note[0].retransmits, 2);
	assert_int_equal(b.counts.overlap, 1);
	bench_close(&b);
}

static void
overlap_first_copy_wins_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 104, "def");
	say_at(&b, &h, 11, 110, "jkl");
	say_at(&b, &h, 12, 103, "cXXXghiXXXmn"); /* around both */
	say_at(&b, &h, 13, 101, "abYY");
	assert_string_equal(h.text, ">ab>c>def>ghi>jkl>mn");
	assert_int_equal(b.counts.overlap, 1);
	assert_int_equal(b.counts.overlap_differs, 2);
	bench_close(&b);
}

static void
held_segment_sent_again(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 104, "def");
	f = say_at(&b, &h, 90, 104, "def");
	say_at(&b, &h, 91, 101, "abc");
	assert_string_equal(h.text, ">abc>def");
	assert_int_equal(f->note[0].retransmits, 1);
	assert_int_equal(b.counts.overlap, 0);
	bench_close(&b);
}

static void
acknowledged_hole_is_a_capture_loss(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 104, "def");
	ack_at(&b, &h, 11, 107, "");
	assert_string_equal(h.text, "");
	f = say_at(&b, &h, 12, 107, "ghi");
	assert_string_equal(h.text, "-3>def>ghi");
	assert_int_equal(b.counts.gap, 1);
	assert_int_equal(f->note[0].gap_bytes, 3);
	assert_int_equal(b.counts.gap_bytes, 3);
	say_at(&b, &h, 13, 101, "abc"); /* too late: never delivered */
	assert_string_equal(h.text, "-3>def>ghi");
	bench_close(&b);
}

/* A request whose beginning was lost is told before the answer to it. */
static void
answer_gives_the_hole_up(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 104, "def");
	ack_at(&b, &h, 11, 107, "");
	ack_at(&b, &h, 20, 107, "answer");
	assert_string_equal(h.text, "-3>def<answer");
	bench_close(&b);
}

static void
half_acknowledged_hole_stays_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 107, "ghi");
	ack_at(&b, &h, 11, 104, "");
	say_at(&b, &h, 12, 110, "jkl");
	assert_string_equal(h.text, "");
	bench_close(&b);
}

static void
end_tells_what_was_held(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 104, "def");
	say_at(&b, &h, 11, 110, "jkl");
	f = flow_drain(b.t);
	listen(&b, f, &h);
	assert_string_equal(h.text, "-3>def-3>jkl");
	flow_free(b.t, f);
	bench_close(&b);
}

static void
one_direction_is_enough(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	say_at(&b, &h, 0, 1000, "abc");
	say_at(&b, &h, 1, 1006, "ghi");
	say_at(&b, &h, 6000, 1009, "jkl"); /* nobody acknowledges: patience ends */
	assert_string_equal(h.text, ">abc-3>ghi>jkl");
	f = put_tcp(&b, 6001, 0, TCP_FIN | TCP_ACK, 1012, "");
	assert_int_equal(f->end, FLOW_FIN);
	assert_false(f->flags & FLOW_ESTABLISHED);
	bench_close(&b);
}

static void
cut_payload_counts_in_sequence(void **state)
{
	struct heard h = {.n = 0};
	struct packet p = tcp(10, 0, TCP_ACK, 101, "abc");
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	p.payload_len = 10;
	listen(&b, put(&b, &p, NULL), &h);
	p = tcp(11, 0, TCP_ACK, 121, "xyz"); /* and one that waits */
	p.payload_len = 9;
	listen(&b, put(&b, &p, NULL), &h);
	say_at(&b, &h, 12, 111, "0123456789");
	say_at(&b, &h, 13, 130, "end");
	assert_string_equal(h.text, ">abc+7>0123456789>xyz+6>end");
	bench_close(&b);
}

static void
syn_and_fin_carry_data(void **state)
{
	struct heard h = {.n = 0};
	struct packet p = tcp(0, 0, TCP_SYN, 100, "fast");
	struct bench b;
	struct flow *f;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	f = put(&b, &p, NULL);
	listen(&b, f, &h);
	p = tcp(200, 0, TCP_SYN, 100, ""); /* again, without the data */
	assert_ptr_equal(put(&b, &p, NULL), f);
	p = tcp(300, 0, TCP_FIN | TCP_ACK, 105, "bye");
	listen(&b, put(&b, &p, NULL), &h);
	say_at(&b, &h, 400, 109, "after its FIN");
	assert_string_equal(h.text, ">fast>bye");
	assert_int_equal(f->side[0].next, 109);
	bench_close(&b);
}

/* A lone segment far ahead is the sender's word only: what follows in order is still read. */
static void
far_segment_does_not_derail_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 101 + (1 << 28), "junk");
	say_at(&b, &h, 20, 101 - (UINT32_C(1) << 28), "old junk");
	ack_at(&b, &h, 30, 101, "");
	say_at(&b, &h, 40, 101, "true");
	ack_at(&b, &h, 50, 105, "yes");
	say_at(&b, &h, 60, 105, "story");
	assert_string_equal(h.text, ">true<yes>story");
	bench_close(&b);
}

/* The capture stood still while gigabytes went by: new data looks old, until the peer acknowledges it. */
static void
stream_resumes_after_an_outage(void **state)
{
	struct heard h = {.n = 0};
	const uint32_t far = 101 + UINT32_C(3000000000);
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 14);
	open_session(&b, 40000);
	say_at(&b, &h, 10, 101, "a");
	ack_at(&b, &h, 20, far, "");
	say_at(&b, &h, 30, far, "b");
	assert_string_equal(h.text, ">a-2999999999>b");
	bench_close(&b);
}

static void
share_is_bounded_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;
	struct flow *f = NULL;

	(void)state;
	bench_open(&b, 4, 2048); /* four blocks */
	open_session(&b, 40000);
	for (uint32_t i = 0; i < 20; i++)
		f = say_at(&b, &h, 10 + i, 111 + 10 * i, "abcd");
	assert_true(b.counts.segment_no_memory > 0);
	assert_true(b.counts.gap > 5);
	say_at(&b, &h, 100, f->side[0].next, "goes on");
	assert_non_null(strstr(h.text, ">goes on"));
	flow_free(b.t, f);
	bench_close(&b);
}

/* What one connection may hold has its own bound, and its holes go when it is reached. */
static void
one_side_is_bounded_bad(void **state)
{
	struct heard h = {.n = 0};
	struct bench b;

	(void)state;
	bench_open(&b, 4, 1 << 20);
	open_session(&b, 40000);
	for (uint32_t i = 0; i < 257; i++)
		say_at(&b, &h, 10 + i, 105 + i, "x");
	assert_int_equal(b.counts.segment_no_memory, 0);
	assert_int_equal(b.counts.gap, 1);
	assert_int_equal(h.n, 2 + 2 * 257);
	bench_close(&b);
}

static void
same_flow(struct flow a, struct flow b)
{
	a.flags &= (uint8_t)~FLOW_SMOOTH;
	b.flags &= (uint8_t)~FLOW_SMOOTH;
	assert_memory_equal(&a, &b, sizeof(a));
}

/* A plain packet: no number of the pulse but sums can change. */
static void
same_pulse(const struct fed *fed, const struct packet *p)
{
	for (unsigned from = 0; from < 2; from++) {
		struct pulse quick = {0}, full = {0};

		pulse_packet(&quick, fed->flow, p, (struct pulse_what){.from_gateway = from, .plain = fed->plain});
		pulse_packet(&full, fed->flow, p, (struct pulse_what){.from_gateway = from});
		assert_memory_equal(&quick, &full, sizeof(full));
	}
}

/* Bytes in order, out of it, again, of a hole, with and without data, FIN and RST: a table that is allowed the short
   way and is told where to look says the same as one that is not. */
static void
short_way_is_the_long_way(void **state)
{
	static const uint8_t flags[16] = {[3] = TCP_FIN, [7] = TCP_RST, [11] = TCP_SYN};
	static const char text[] = "0123456789abcdefghijklmnopqrstuv";
	struct heard h[2] = {{.n = 0}, {.n = 0}};
	uint32_t rng = 1, sent[2] = {101, 501}, plain = 0;
	struct bench b[2];

	(void)state;
	bench_open(&b[0], 64, 1 << 14);
	bench_open(&b[1], 64, 1 << 14);
	for (int64_t i = 0; i < 4000; i++) {
		uint32_t r = rng = rng * 1664525 + 1013904223;
		unsigned side = r >> 31, len = r >> 28 & 3 ? r >> 20 & 31 : 0, odd = r >> 12 & 15;
		struct packet p = tcp(10 + i, side, TCP_ACK | (r >> 8 & 7 ? 0 : flags[odd]), 0, text + 32 - len);
		uint16_t port = (uint16_t)(40000 + i / 100);
		struct fed fed[2];

		if (i % 100 == 0) {
			open_session(&b[0], port);
			open_session(&b[1], port);
			sent[0] = 101;
			sent[1] = 501;
		}
		p.seq = sent[side];
		*(side ? &p.dport : &p.sport) = port;
		p.ack = sent[!side];
		p.seq += odd == 1 ? 7u : odd == 2 ? -9u : 0;
		p.ack += odd == 4 ? 5u : odd == 5 ? -5u : 0;
		sent[side] += odd == 6 ? 0 : p.seq + len - sent[side];
		for (unsigned way = 0; way < 2; way++) {
			uint64_t hash = flow_hash(b[way].t, &p);
			struct flow *maybe = flow_prefetch_item(b[way].t, hash);

			if (way && maybe)
				maybe->flags &= (uint8_t)~FLOW_SMOOTH;
			fed[way] = flow_feed(b[way].t, &p, hash, way ? NULL : maybe);
			h[way].n = 0;
			listen(&b[way], fed[way].flow, &h[way]);
		}
		plain += fed[0].plain;
		assert_false(fed[1].plain);
		assert_int_equal(!fed[0].flow, !fed[1].flow);
		assert_string_equal(h[0].text, h[1].text);
		assert_memory_equal(&b[0].counts, &b[1].counts, sizeof(b[0].counts));
		if (!fed[0].flow)
			continue;
		assert_int_equal(fed[0].side, fed[1].side);
		same_flow(*fed[0].flow, *fed[1].flow);
		same_pulse(&fed[0], &p);
	}
	assert_in_range(plain, 800, 3900); /* and both were taken */
	bench_close(&b[0]);
	bench_close(&b[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_both_ways),
		cmocka_unit_test(out_of_order_waits),
		cmocka_unit_test(sequence_wraps),
		cmocka_unit_test(retransmissions_are_swallowed_bad),
		cmocka_unit_test(overlap_first_copy_wins_bad),
		cmocka_unit_test(held_segment_sent_again),
		cmocka_unit_test(acknowledged_hole_is_a_capture_loss),
		cmocka_unit_test(answer_gives_the_hole_up),
		cmocka_unit_test(half_acknowledged_hole_stays_bad),
		cmocka_unit_test(end_tells_what_was_held),
		cmocka_unit_test(one_direction_is_enough),
		cmocka_unit_test(cut_payload_counts_in_sequence),
		cmocka_unit_test(syn_and_fin_carry_data),
		cmocka_unit_test(far_segment_does_not_derail_bad),
		cmocka_unit_test(stream_resumes_after_an_outage),
		cmocka_unit_test(share_is_bounded_bad),
		cmocka_unit_test(one_side_is_bounded_bad),
		cmocka_unit_test(short_way_is_the_long_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
