/*
 * A flood through the whole pipeline in a small memory: every connection is told exactly once, the oldest goes first,
 * and not one before the table is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "pipeline.h"

enum { MEMORY = 8 << 20, FLOWS = 50000, FRAME = 54 };

struct told {
	uint32_t closed, evicted;
	struct when oldest;
	bool in_order;
};

static void
on_session(void *arg, const struct session *s)
{
	struct told *t = arg;

	t->closed += s->kind == SESSION_CLOSE;
	if (s->end != FLOW_EVICTED)
		return;
	t->evicted++;
	t->in_order &= !when_before(s->start, t->oldest);
	t->oldest = s->start;
}

/* A SYN from a source of its own. */
static struct frame
syn(uint8_t bytes[FRAME], uint32_t number)
{
	static const uint8_t like[FRAME] = {2,    0, 0,   0,  0,    1,  2,    0,    0,    0,    0, 2, 8,   0,
					    0x45, 0, 0,   40, 0,    1,  0,    0,    64,   6,    0, 0, 198, 18,
					    0,    0, 192, 0,  2,    10, 0x9c, 0x40, 0x01, 0xbb, 0, 0, 0,   1,
					    0,    0, 0,   0,  0x50, 2,  0xfa, 0xf0, 0,    0,    0, 0};

	memcpy(bytes, like, FRAME);
	bytes[28] = (uint8_t)(number >> 8);
	bytes[29] = (uint8_t)number;
	bytes[27] = (uint8_t)(18 + (number >> 16));
	return (struct frame){cur_of(bytes, FRAME), FRAME, 1, {INT64_C(1704067200) * NS_PER_S + number * NS_PER_US}};
}

static void
flood_tells_each_once(void **state)
{
	struct told told = {.in_order = true};
	struct pipeline_sink to = {.arg = &told, .session = on_session};
	int64_t params[256];
	struct pipeline_config cfg = {.memory = MEMORY,
				      .table = {7, 9},
				      .update_ns = NS_PER_S,
				      .detect = {.incident_idle_ns = NS_PER_S, .params = params}};
	void *memory = aligned_alloc(64, MEMORY);
	struct pipeline *p;
	uint32_t most = 0;

	(void)state;
	assert_true(crypt_init());
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	p = pipeline_new(memory, &cfg, &to);
	for (uint32_t i = 0; i < FLOWS; i++) {
		uint8_t bytes[FRAME];
		struct frame f = syn(bytes, i);

		pipeline_frames(p, &f, 1);
		most = pipeline_open(p) > most ? pipeline_open(p) : most;
	}
	assert_in_range(most, 1000, FLOWS - 1000);
	assert_int_equal(told.evicted, FLOWS - most);
	pipeline_end(p);
	assert_int_equal(told.closed, FLOWS);
	assert_int_equal(pipeline_counts(p)->flow_new, FLOWS);
	assert_true(told.in_order);
	pipeline_close(p);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(flood_tells_each_once)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
