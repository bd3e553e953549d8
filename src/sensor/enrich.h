/*
 * enrich: what is known from outside: lists of indicators and places.  Read at start, and anew while a capture runs:
 *
 *	SIGHUP -> enrich_reload: a thread reads the files -> enrich_poll, between two batches: the pipeline's pointers
 *
 * The thread touches no state of the pipeline; frames go on meanwhile.
 */
#ifndef SENSOR_ENRICH_H
#define SENSOR_ENRICH_H

#include "pipeline.h"
#include "sensor/lists.h"
#include "sensor/places.h"

struct enrich;

struct enrich_wanted {
	struct lists_wanted lists;
	const char *country, *asn; /* files */
	struct lists_tell tell;    /* called by whoever calls, never by the thread */
};

/* NULL: told.  The texts that *want points to must outlive it. */
struct enrich *enrich_new(const struct enrich_wanted *want);
void enrich_free(struct enrich *e);

const struct lists *enrich_lists(const struct enrich *e);

/* For the pipeline, from now on. */
void enrich_use(const struct enrich *e, struct pipeline *p);

/* For what asks about addresses before they become pseudonyms. */
void enrich_before(const struct enrich *e, struct place_lookup *places, const struct indicators **indicators);

/* A list in force that has addresses; NULL: none has. */
const char *enrich_with_addresses(const struct enrich *e);

/* Begins to read all files anew; asked while it reads: once more after that. */
void enrich_reload(struct enrich *e);
/* When they are read: uses them, tells, lets go of the old, and says so. */
bool enrich_poll(struct enrich *e, struct pipeline *p);

#endif
