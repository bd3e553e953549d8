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

size_t
shares_detect(size_t limit)
{
	size_t n = at_most(limit / 16, DETECT_MAX);

	return n < DETECT_MEMORY_MIN ? DETECT_MEMORY_MIN : n;
}

/* Alike in each run.  Where addresses are pseudonyms, only who has their key can tell what a tie is of. */
static struct hash_key
tie_key(const struct pipeline_config *cfg)
{
	static const struct hash_key PUBLIC = {UINT64_C(0x6761746577697474), UINT64_C(0x6e6573732e746965)};
	static const struct addr ALL = {
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct hash_key key = PUBLIC;
	struct addr a;

	if (cfg->privacy) {
		a = pseudonym_of(cfg->privacy, &ALL);
		memcpy(&key, a.b, sizeof(key));
	}
	return key;
}

void
shares_begin(struct shares *s, const struct pipeline_config *cfg)
{
	*s = (struct shares){
		.fragments = at_most(cfg->memory / 64, FRAGMENTS_MAX),
		.detect = cfg->detect,
		.flows = {.segment_bytes = cfg->memory / 16, .key = cfg->table, .tie = tie_key(cfg)},
		.tls = {.buffer_bytes = cfg->memory / 16,
			.intern_bytes = cfg->memory / 8,
			.identity = cfg->identity,
			.table = cfg->table},
	};
	s->detect.memory = cfg->detect.memory ? cfg->detect.memory : shares_detect(cfg->memory);
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
