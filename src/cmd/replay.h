/*
 * replay: the detectors over a store, from nothing, with other parameters: what they would have said.
 *
 *	store --pipeline_record, pipeline_pulse--> detectors (their own memory) --> findings
 *
 * The same records with the same parameters give the findings of the run that made them, but for how much of the wire
 * was seen, which is known of packets only.
 */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "cmd/store.h"
#include "detect/rules.h"
#include "sensor/enrich.h"

struct replay {
	const struct store *store;
	struct pipeline_config pipeline;  /* of the run (watch_pipeline) */
	const struct detect_rules *rules; /* NULL: none */
	const struct enrich *enrich;      /* its lists; NULL: none */
	void *arg;
	void (*finding)(void *arg, const struct finding *f);
	void (*progress)(void *arg, uint64_t items); /* so many more; may be NULL */
};

/* False: no memory. */
bool replay_run(const struct replay *r, const int64_t *params);

#endif
