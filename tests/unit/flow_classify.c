/*
 * flow_classify: nDPI's answers through our bounds.
 * The hello is what Python's ssl module (OpenSSL 3.0) sends; its padding extension is zeros up to the end.
 */
#include "flow_help.h"

#include "flow/classify.h"

static const uint8_t HELLO[517] = {
	/* clang-format off */
	0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x6d, 0x4b, 0xe4, 0x88, 0x82, 0xbb, 0xf3,
	0x49, 0x2e, 0x2b, 0x3f, 0x56, 0x95, 0x95, 0xcd, 0xc5, 0xea, 0xbc, 0x99, 0x17, 0xb9, 0xd8, 0x68, 0x80, 0x68,
	0x0d, 0xb7, 0x8a, 0xad, 0x3c, 0xbc, 0x8f, 0x20, 0x1a, 0xd0, 0xb1, 0xde, 0x1b, 0xe2, 0x1c, 0xc7, 0x7a, 0xb6,
	0x86, 0xfc, 0xe2, 0x37, 0xfd, 0xc2, 0xc8, 0xaa, 0xd3, 0x6d, 0x3b, 0xc5, 0xc0, 0x3e, 0xe4, 0x39, 0xc1, 0x59,
	0xa7, 0x36, 0x64, 0x6c, 0x00, 0x24, 0x13, 0x02, 0x13, 0x03, 0x13, 0x01, 0xc0, 0x2c, 0xc0, 0x30, 0xc0, 0x2b,
	0xc0, 0x2f, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x24, 0xc0, 0x28, 0xc0, 0x23, 0xc0, 0x27, 0x00, 0x9f, 0x00, 0x9e,
	0x00, 0x6b, 0x00, 0x67, 0x00, 0xff, 0x01, 0x00, 0x01, 0x8f, 0x00, 0x00, 0x00, 0x14, 0x00, 0x12, 0x00, 0x00,
	0x0f, 0x76, 0x70, 0x6e, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x63, 0x6f, 0x6d, 0x00, 0x0b,
	0x00, 0x04, 0x03, 0x00, 0x01, 0x02, 0x00, 0x0a, 0x00, 0x16, 0x00, 0x14, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x1e,
	0x00, 0x19, 0x00, 0x18, 0x01, 0x00, 0x01, 0x01, 0x01, 0x02, 0x01, 0x03, 0x01, 0x04, 0x00, 0x23, 0x00, 0x00,
	0x00, 0x16, 0x00, 0x00, 0x00, 0x17, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x2a, 0x00, 0x28, 0x04, 0x03, 0x05, 0x03,
	0x06, 0x03, 0x08, 0x07, 0x08, 0x08, 0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06,
	0x04, 0x01, 0x05, 0x01, 0x06, 0x01, 0x03, 0x03, 0x03, 0x01, 0x03, 0x02, 0x04, 0x02, 0x05, 0x02, 0x06, 0x02,
	0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03, 0x00, 0x2d, 0x00, 0x02, 0x01, 0x01, 0x00, 0x33, 0x00,
	0x26, 0x00, 0x24, 0x00, 0x1d, 0x00, 0x20, 0x81, 0xfc, 0xb1, 0x42, 0xf4, 0x13, 0x69, 0x8a, 0x56, 0xb9, 0x40,
	0xcf, 0x87, 0x91, 0xb1, 0xe3, 0x01, 0x4d, 0x22, 0x1d, 0x69, 0x95, 0x4a, 0x63, 0x30, 0x0e, 0x0b, 0xff, 0x9d,
	0x5f, 0x4c, 0x01, 0x00, 0x15, 0x00, 0xde,
	/* clang-format on */
};

struct opened {
	struct counts counts;
	struct classify *c;
};

static bool
start(struct opened *o, uint32_t calls, uint32_t flows)
{
	const struct classify_config cfg = {calls, flows};

	o->counts = (struct counts){0};
	o->c = classify_new(&cfg, &o->counts);
#ifdef WITHOUT_NDPI
	assert_null(o->c);
	skip();
#endif
	assert_non_null(o->c);
	return true;
}

static struct flow
a_flow(bool v6)
{
	struct packet p = tcp(0, 0, TCP_SYN, 0, "");
	struct flow f = {.addr = {p.src, p.dst}, .port = {40000, 443}, .proto = PROTO_TCP};

	if (v6)
		f.addr[0].b[0] = f.addr[1].b[0] = 0x20;
	return f;
}

static struct chunk
a_piece(const void *bytes, size_t n, unsigned side, int64_t ms)
{
	return (struct chunk){.bytes = cur_of(bytes, n), .side = (uint8_t)side, .time = at_ms(ms)};
}

static void
hello_is_tls(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct classify_answer a;
		struct flow f = a_flow(v6);
		struct opened o;
		uint32_t handle = 0;
		char name[64];

		if (!start(&o, 1000, 4))
			return;
		for (size_t at = 0; at < sizeof(HELLO); at += 300) { /* in two segments */
			struct chunk p = a_piece(HELLO + at, at ? sizeof(HELLO) - at : 300, 0, 1);

			classify_feed(o.c, &f, &p, &handle);
		}
		assert_int_not_equal(handle, 0);
		classify_answer(o.c, &f, &handle, &a);
		assert_true(handle & CLASSIFY_DONE);
		assert_true(a.answered);
		assert_true(a.is_tls);
		assert_string_equal(classify_protocol(o.c, a.master, a.app, name, sizeof(name)), "TLS");
		assert_null(classify_protocol(o.c, a.master, a.app, name, 3));
		classify_end(o.c, handle);
		classify_free(o.c);
	}
}

static void
answers_are_shared(void **state)
{
	uint32_t first = 0;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 1))
		return;
	for (int i = 0; i < 20; i++) {
		struct flow f = a_flow(false);
		struct chunk p = a_piece(HELLO, sizeof(HELLO), 0, 1);
		struct classify_answer a;
		uint32_t handle = 0;

		classify_feed(o.c, &f, &p, &handle);
		classify_answer(o.c, &f, &handle, &a);
		assert_true(a.answered); /* the only place for a flow was given back */
		assert_true(!first || handle == first);
		first = handle;
	}
	assert_int_equal(o.counts.ndpi_skipped, 0);
	classify_free(o.c);
}

static void
plain_text_is_not_tls_bad(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: x\r\n\r\n";
	struct chunk p = a_piece(text, sizeof(text) - 1, 0, 1);
	struct flow f = a_flow(false);
	struct classify_answer a;
	uint32_t handle = 0;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 4))
		return;
	classify_feed(o.c, &f, &p, &handle);
	classify_answer(o.c, &f, &handle, &a);
	assert_true(a.answered);
	assert_false(a.is_tls);
	classify_free(o.c);
}

/* The port alone says nothing: 443, and bytes of no protocol. */
static void
garbage_is_unknown_bad(void **state)
{
	struct flow f = a_flow(false);
	struct classify_answer a;
	uint32_t handle = 0;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 4))
		return;
	for (int i = 0; i < 20; i++) {
		struct chunk p = a_piece("\xf3\x01\x99\x42\x07\xee", 6, (unsigned)i & 1, i);

		classify_feed(o.c, &f, &p, &handle);
	}
	assert_true(handle & CLASSIFY_DONE); /* after a bounded number of pieces */
	assert_true(o.counts.ndpi_calls <= 8);
	classify_answer(o.c, &f, &handle, &a);
	assert_false(a.is_tls);
	classify_free(o.c);
}

static void
budget_skips_whole_flows_bad(void **state)
{
	struct flow f = a_flow(false);
	struct classify_answer a;
	uint32_t skipped = 0;
	struct opened o;

	(void)state;
	if (!start(&o, 20, 100))
		return;
	for (int i = 0; i < 40; i++) { /* all within one millisecond of packet time */
		struct chunk p = a_piece(HELLO, sizeof(HELLO), 0, 5);
		uint32_t handle = 0;

		classify_feed(o.c, &f, &p, &handle);
		classify_answer(o.c, &f, &handle, &a);
		skipped += !a.answered;
	}
	assert_true(skipped > 20 && skipped < 40);
	assert_int_equal(o.counts.ndpi_skipped, skipped);
	assert_true(o.counts.ndpi_calls <= 20);
	struct chunk p = a_piece(HELLO, sizeof(HELLO), 0, 1005); /* a second later there is budget again */
	uint32_t handle = 0;
	classify_feed(o.c, &f, &p, &handle);
	classify_answer(o.c, &f, &handle, &a);
	assert_true(a.answered);
	classify_free(o.c);
}

static void
holes_and_early_ends_bad(void **state)
{
	struct chunk p = a_piece(HELLO, 100, 0, 1);
	struct flow f = a_flow(false);
	struct classify_answer a;
	uint32_t handle = 0;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 2))
		return;
	classify_feed(o.c, &f, &p, &handle);
	p.lost = 7;
	classify_feed(o.c, &f, &p, &handle);
	assert_true(handle & CLASSIFY_DONE);
	handle = 0;
	p.lost = 0;
	classify_feed(o.c, &f, &p, &handle);
	classify_end(o.c, handle); /* evicted before it has answered */
	handle = 0;
	classify_answer(o.c, &f, &handle, &a);
	assert_false(a.answered);
	classify_end(o.c, 0);
	classify_free(o.c);
}

/* A thousand visits of one program cost nDPI one; another place, another name, or another answer of the server does
   not look like it. */
static void
equal_hellos_are_asked_once(void **state)
{
	struct chunk p = a_piece(HELLO, sizeof(HELLO), 0, 1);
	struct flow f = a_flow(false);
	struct classify_answer a;
	uint32_t first = 0, handle;
	uint64_t calls;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 4))
		return;
	f.last = p.time;
	classify_hello(o.c, &f, &p, 77, &first);
	classify_answer(o.c, &f, &first, &a);
	assert_true(a.is_tls);
	calls = o.counts.ndpi_calls;
	for (unsigned i = 0; i < 100; i++) {
		f.port[0]++;
		handle = 0;
		classify_hello(o.c, &f, &p, 77, &handle);
		assert_int_equal(handle, first);
	}
	assert_int_equal(o.counts.ndpi_calls, calls);
	handle = 0;
	classify_hello(o.c, &f, &p, 78, &handle);
	classify_end(o.c, handle);
	assert_int_equal(o.counts.ndpi_calls, ++calls);
	f.addr[1].b[15]++;
	handle = 0;
	classify_hello(o.c, &f, &p, 77, &handle);
	classify_end(o.c, handle);
	assert_int_equal(o.counts.ndpi_calls, ++calls);
	f.addr[1].b[15]--;
	classify_server(o.c, &f, 77, 1);
	classify_server(o.c, &f, 77, 2);
	handle = 0;
	classify_hello(o.c, &f, &p, 77, &handle);
	classify_end(o.c, handle);
	assert_int_equal(o.counts.ndpi_calls, ++calls);
	classify_free(o.c);
}

/* The first of many at once: whoever is still under examination takes the answer of who was done. */
static void
one_answer_ends_all_examinations(void **state)
{
	struct chunk p = a_piece(HELLO, sizeof(HELLO), 0, 1);
	struct flow f = a_flow(false);
	uint32_t first = 0, second = 0;
	struct classify_answer a;
	uint64_t calls;
	struct opened o;

	(void)state;
	if (!start(&o, 1000, 4))
		return;
	f.last = p.time;
	classify_hello(o.c, &f, &p, 77, &first);
	classify_hello(o.c, &f, &p, 77, &second);
	classify_answer(o.c, &f, &first, &a);
	calls = o.counts.ndpi_calls;
	classify_feed(o.c, &f, &p, &second);
	assert_int_equal(second, first);
	assert_int_equal(o.counts.ndpi_calls, calls);
	classify_free(o.c);
}

static void
risks_have_names(void **state)
{
	(void)state;
#ifndef WITHOUT_NDPI
	assert_non_null(classify_risk(1));
#endif
	assert_null(classify_risk(64));
	assert_non_null(classify_version());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_tls),
		cmocka_unit_test(answers_are_shared),
		cmocka_unit_test(plain_text_is_not_tls_bad),
		cmocka_unit_test(garbage_is_unknown_bad),
		cmocka_unit_test(budget_skips_whole_flows_bad),
		cmocka_unit_test(holes_and_early_ends_bad),
		cmocka_unit_test(equal_hellos_are_asked_once),
		cmocka_unit_test(one_answer_ends_all_examinations),
		cmocka_unit_test(risks_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
