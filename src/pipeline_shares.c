/*
 * pipeline_shares: memory.limit in parts: fragments, segments, messages, texts, detectors; connections get the rest.
 * Must not allocate; memory of a share that never fills is never touched.
 */
#include "pipeline_shares.h"

/* One connection in FULL_SHARE has room for a server's answer and a talk, when a flood of hellos fills the table. */
enum { FULL_SHARE = 2, ROOM_FOR_ALIGNMENT = 1 << 16 };
enum { FRAGMENTS_MAX = 4 << 20, DETECT_MAX = 16 << 20 };

static size_t
at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
shares_begin(struct shares *s, const struct pipeline_config *cfg)
{
	*s = (struct shares){
		.fragments = at_most(cfg->memory / 64, FRAGMENTS_MAX),
		.detect = cfg->detect,
		.flows = {.segment_bytes = cfg->memory / 16, .key = cfg->table},
		.tls = {.buffer_bytes = cfg->memory / 16,
			.intern_bytes = cfg->memory / 8,
			.identity = cfg->identity,
			.table = cfg->table},
	};
	s->detect.memory = at_most(cfg->memory / 16, DETECT_MAX);
	if (s->detect.memory < DETECT_MEMORY_MIN)
		s->detect.memory = DETECT_MEMORY_MIN;
	s->detect.table = cfg->table;
}

static void
size_for(struct shares *s, uint32_t flows)
{
	s->flows.flows = s->tls.halves = flows;
	s->tls.fulls = flows / FULL_SHARE + 1;
}

void
shares_fit(struct shares *s, size_t left, size_t live_bytes)
{
	uint32_t low = 16, high = UINT32_C(1) << 28;

	/* The sizes are monotone, so halve the interval. */
	while (low + 1 < high) {
		uint32_t mid = low + (high - low) / 2;

		size_for(s, mid);
		if (flows_bytes(&s->flows) + tls_bytes(&s->tls) + live_bytes * s->tls.fulls <=
		    left - ROOM_FOR_ALIGNMENT)
			low = mid;
		else
			high = mid;
	}
	size_for(s, low);
}
