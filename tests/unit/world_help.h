/*
 * world_help: a sensor that is told who a world's gateway is, and attacks on it, for the tests that run a world through
 * the product's pipeline.
 */
#ifndef TESTS_UNIT_WORLD_HELP_H
#define TESTS_UNIT_WORLD_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../world/attacks.h"
#include "../world/records.h"

enum { SENSOR_MEMORY = 128 << 20, FLOODS = 26 /* of the catalogue */ };

static inline struct pipeline *
sensor_new(void *memory, const struct world *w, struct detect_config detect, const struct pipeline_sink *to)
{
	const struct pipeline_config cfg = {.memory = SENSOR_MEMORY,
					    .table = {1, 2},
					    .identity = WORLD_IDENTITY,
					    .identity_id = 1,
					    .sensor = 1,
					    .scope_gateway = true,
					    .update_ns = MINUTE(4),
					    .detect = detect};
	struct pipeline *p = pipeline_new(memory, &cfg, to);
	struct gateway_addr addrs[GATEWAY_TOLD];

	gateway_told(w, addrs);
	pipeline_gateways(p, addrs, GATEWAY_TOLD);
	return p;
}

/* Each variant at one kind of gateway, so far from each other; floods are left to detect_flood. */
static inline void
attacks_begin(struct world *w, int64_t apart)
{
	for (unsigned i = w->cfg.kind; i < attack_count(); i += KINDS)
		if (attack_at(i)->behaviour != FLOODS && attack_fits(attack_at(i), w))
			attack_start(w, i, WORLD_BEGIN + HOUR(2) + apart * i);
}

#endif
