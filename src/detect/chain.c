/*
 * chain: a finding after others of the same gateway or actor means more than it does alone.
 * Must not make findings of its own: it raises those that are made.
 */
#include "detect/frame.h"

enum scope { SAME_ACTOR, SAME_GATEWAY, SAME_PROGRAM };

static const struct chain {
	const char *name, *words;
	enum severity severity;
	enum scope scope;
	uint16_t then;
	int64_t window_s;
	uint64_t first; /* DETECTOR_BIT */
} CHAINS[] = {
#define CHAIN(name, severity, window, scope, then, first, words)                                                       \
	{#name, words, SEVERITY_##severity, scope, DETECTOR_##then, window, first},
#include "detect/chain.def"
#undef CHAIN
};

/* The newest finding that this chain can begin with, NULL: none. */
static const struct trace *
begun_by(const struct detect *d, const struct chain *c, const struct finding *f, uint64_t actor_detectors)
{
	const struct trace *newest = NULL;

	for (enum detector_id id = 1; id < DETECTOR_END; id++) {
		const struct trace *t = NULL;

		if (c->first >> id & 1 && (c->scope != SAME_ACTOR || actor_detectors >> id & 1))
			t = trace_of(d, f->gateway, id, f->time, c->window_s);
		if (!t || when_before(f->time, t->time))
			continue;
		if (c->scope == SAME_PROGRAM && (t->program == 0 || t->program != f->program))
			continue;
		if (!newest || when_before(newest->time, t->time))
			newest = t;
	}
	return newest;
}

bool
chain_raise(const struct detect *d, struct finding *f, uint64_t actor_detectors)
{
	for (unsigned i = 0; i < sizeof(CHAINS) / sizeof(CHAINS[0]); i++) {
		const struct chain *c = &CHAINS[i];
		const struct trace *t = c->then == f->detector ? begun_by(d, c, f, actor_detectors) : NULL;

		if (!t)
			continue;
		if (f->severity < c->severity)
			f->severity = (uint8_t)c->severity;
		f->chain = c->name;
		f->chain_words = c->words;
		f->chain_incident = t->incident;
		f->chain_s = when_since(f->time, t->time) / NS_PER_S;
		return true;
	}
	return false;
}
