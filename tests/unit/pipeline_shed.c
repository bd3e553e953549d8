/*
 * pipeline_shed: when cores are short, payload behind handshakes is left out, and nothing else: the same sessions, the
 * same handshakes, all of what a gateway began; and afterwards everything is read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "pipeline.h"
#include "sensor/input.h"
#include "sensor/load.h"

enum { MEMORY = 64 << 20, SESSIONS = 512 };

struct seen {
	uint64_t id;
	uint8_t role;
	bool client_hello, server_hello, established;
	uint32_t exchanges, gap;
};

struct run {
	struct seen session[SESSIONS];
	unsigned n;
	uint64_t bad, shed, exchanges;
};

static void
on_session(void *arg, const struct session *s)
{
	struct run *r = arg;

	if (s->kind != SESSION_CLOSE)
		return;
	assert_true(r->n < SESSIONS);
	r->session[r->n++] = (struct seen){s->id,
					   s->role,
					   s->client_hello,
					   s->server_hello,
					   s->established,
					   s->exchanges,
					   s->gap_bytes_in + s->gap_bytes_out};
	r->exchanges += s->exchanges;
}

/* The level of each batch of frames. */
typedef enum shed_level level_fn(unsigned batch);

static enum shed_level
never(unsigned batch)
{
	(void)batch;
	return SHED_NOTHING;
}

static enum shed_level
always(unsigned batch)
{
	(void)batch;
	return SHED_NDPI;
}

static enum shed_level
tunnels(unsigned batch)
{
	(void)batch;
	return SHED_TUNNELS;
}

static enum shed_level
now_and_then(unsigned batch)
{
	return batch % 4 < 2 ? SHED_EXCHANGES : SHED_NOTHING;
}

static void
play(struct run *r, level_fn *level)
{
	static const struct gateway_addr gateway = {.addr = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 10}},
						    .gateway = 1,
						    .listens = true,
						    .calls = true};
	struct pipeline_sink to = {.arg = r, .session = on_session};
	int64_t params[256];
	struct pipeline_config cfg = {.memory = MEMORY,
				      .table = {7, 9},
				      .update_ns = 240 * NS_PER_S,
				      .detect = {.incident_idle_ns = NS_PER_S, .params = params}};
	void *memory = aligned_alloc(64, MEMORY);
	struct frame frames[PIPELINE_BATCH];
	struct pipeline *p;
	struct input in;
	size_t n;

	*r = (struct run){.n = 0};
	assert_true(crypt_init());
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	p = pipeline_new(memory, &cfg, &to);
	pipeline_gateways(p, &gateway, 1);
	assert_true(input_open(&in, "tests/demo/demo.pcap"));
	for (unsigned batch = 0; (n = input_frames(&in, frames, 8)) > 0; batch++) {
		pipeline_shed(p, level(batch));
		pipeline_frames(p, frames, n);
	}
	input_close(&in);
	pipeline_end(p);
	r->bad = pipeline_counts(p)->tls_bad;
	r->shed = pipeline_shed_bytes(p);
	pipeline_close(p);
	free(memory);
}

static const struct seen *
find(const struct run *r, uint64_t id)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->session[i].id == id)
			return &r->session[i];
	return NULL;
}

static void
same_but_payload(const struct run *all, const struct run *less)
{
	unsigned outbound = 0, holes = 0;

	assert_int_equal(less->n, all->n);
	assert_int_equal(less->bad, all->bad);
	for (unsigned i = 0; i < all->n; i++) {
		const struct seen *a = &all->session[i], *b = find(less, a->id);

		assert_non_null(b);
		assert_int_equal(b->role, a->role);
		assert_int_equal(b->client_hello, a->client_hello);
		assert_int_equal(b->server_hello, a->server_hello);
		assert_int_equal(b->established, a->established);
		holes += b->gap > a->gap;
		if (a->role != ROLE_OUTBOUND)
			continue;
		outbound++;
		assert_int_equal(b->gap, a->gap);
		assert_int_equal(b->exchanges, a->exchanges);
	}
	assert_true(outbound > 10);
	assert_true(holes > 20);
}

static void
handshakes_and_calls_are_never_shed(void **state)
{
	static struct run all, less;

	(void)state;
	play(&all, never);
	assert_int_equal(all.shed, 0);
	assert_true(all.exchanges > 100);
	play(&less, always);
	assert_true(less.shed > 100000);
	assert_true(less.exchanges < all.exchanges);
	same_but_payload(&all, &less);
}

static void
everything_is_read_again(void **state)
{
	static struct run all, less, some;

	(void)state;
	play(&all, never);
	play(&less, always);
	play(&some, now_and_then);
	assert_in_range(some.shed, 1, less.shed - 1);
	assert_in_range(some.exchanges, less.exchanges + 1, all.exchanges - 1);
	same_but_payload(&all, &some);
}

/* None of the demo's connections lasts a minute and carries a megabyte. */
static void
short_ones_are_no_tunnels(void **state)
{
	static struct run all, less;

	(void)state;
	play(&all, never);
	play(&less, tunnels);
	assert_int_equal(less.shed, 0);
	assert_int_equal(less.exchanges, all.exchanges);
}

static void
levels_follow_the_load(void **state)
{
	struct load l = {.level = SHED_NOTHING};
	const struct load_seen fine = {20, 1300, 0}, late = {700, 1300, 0}, between = {400, 1300, 0},
			       slow = {200, 300, 0};

	(void)state;
	assert_false(load_look(&l, &fine));
	assert_false(load_look(&l, &slow)); /* a block handed over late is no load */
	assert_true(load_look(&l, &late));
	assert_int_equal(l.level, SHED_TUNNELS);
	for (unsigned i = 0; i < 30; i++)
		assert_false(load_look(&l, &between));
	assert_true(load_look(&l, &late));
	assert_true(load_look(&l, &(struct load_seen){0, 1300, 5})); /* frames were lost */
	assert_int_equal(l.level, SHED_NDPI);
	assert_false(load_look(&l, &(struct load_seen){900, 1300, 9}));
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(load_look(&l, &(struct load_seen){20, 1300, 9}), i % 10 == 9);
	assert_int_equal(l.level, SHED_NOTHING);
	for (unsigned i = 0; i < SHED_LEVELS; i++)
		assert_non_null(load_words((enum shed_level)i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes_and_calls_are_never_shed),
		cmocka_unit_test(everything_is_read_again),
		cmocka_unit_test(short_ones_are_no_tunnels),
		cmocka_unit_test(levels_follow_the_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
