/*
 * cmd_bench: what `gatewitness bench` times is what it says: whole TLS 1.3 conversations of eight exchanges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "cmd/bench_traffic.h"
#include "pipeline.h"

enum { MEMORY = 64 << 20, FRAMES = 40 * BENCH_CHUNK, EXCHANGES = 8 };

struct told {
	unsigned whole, others;
};

static void
on_session(void *arg, const struct session *s)
{
	struct told *t = arg;

	if (s->kind != SESSION_CLOSE || s->end == FLOW_INPUT_END)
		return;
	assert_int_equal(s->version, 0x0304);
	assert_int_equal(s->sni.len, strlen("gw.example.org"));
	if (s->exchanges == EXCHANGES && !s->gap_bytes_in)
		t->whole++;
	else
		t->others++;
}

static void
conversations_are_whole(void **state)
{
	struct told told = {.whole = 0};
	struct pipeline_sink to = {.arg = &told, .session = on_session};
	int64_t params[256];
	struct pipeline_config cfg = {.memory = MEMORY,
				      .table = {7, 9},
				      .update_ns = NS_PER_S,
				      .detect = {.incident_idle_ns = NS_PER_S, .params = params}};
	void *memory = aligned_alloc(64, MEMORY);
	struct bench_traffic *traffic = bench_traffic_new();
	struct pipeline *p;

	(void)state;
	assert_true(crypt_init());
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	p = pipeline_new(memory, &cfg, &to);
	assert_non_null(traffic);
	assert_non_null(p);
	for (unsigned done = 0; done < FRAMES; done += BENCH_CHUNK) {
		const struct frame *f = bench_traffic_next(traffic, BENCH_CHUNK);

		for (unsigned i = 0; i < BENCH_CHUNK; i += PIPELINE_BATCH)
			pipeline_frames(p, f + i, PIPELINE_BATCH);
	}
	pipeline_end(p);
	assert_true(told.whole > 1000);
	assert_int_equal(told.others, 0);
	assert_int_equal(pipeline_counts(p)->tls_bad, 0);
	pipeline_close(p);
	bench_traffic_free(traffic);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(conversations_are_whole)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
