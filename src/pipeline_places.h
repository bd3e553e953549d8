/*
 * pipeline_places: the side of a record that is not the gateway gets its country and operator.
 *
 * A small direct-mapped cache stands before the database, so that one busy client costs one look-up.  What it holds
 * decides nothing: the answer is the same with and without.
 */
#ifndef PIPELINE_PLACES_H
#define PIPELINE_PLACES_H

#include "session/place.h"
#include "session/session.h"

enum { PLACES_KEPT = 256 };

struct place_kept {
	struct addr addr;
	bool known;
	struct place place;
};

struct pipeline_places {
	struct place_lookup from;
	struct place_kept kept[PLACES_KEPT];
	char code[26 * 26][2]; /* AA to ZZ */
};

/* From now on; find NULL: nobody knows. */
void places_from(struct pipeline_places *p, const struct place_lookup *from);

/* The record's texts are valid while the database is. */
void places_fill(struct pipeline_places *p, struct session *s);

#endif
