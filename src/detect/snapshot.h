/*
 * snapshot: what was learnt of the gateways, as bytes: kept between runs, and in the ledger for a hunt.
 *
 *	"GWMEMORY" version order | time | gates | sections: table or array of a detector | hash
 *
 * A section whose layout is not today's (another version or size) is left out and counted: that detector
 * learns anew.  Bytes that are cut or altered are refused whole, and nothing is changed.  Little-endian machines only,
 * as all that Debian 12 runs on here are; the order mark tells.
 */
#ifndef DETECT_SNAPSHOT_H
#define DETECT_SNAPSHOT_H

#include "base/cur.h"
#include "detect/detect.h"

/* At least as many bytes as detect_save needs now. */
size_t detect_saved_size(const struct detect *d);
void detect_save(const struct detect *d, struct out *o);

/* Of the tables and arrays, and how much they hold: with the same layout all of a snapshot is taken, and what is learnt
   from then on is the same. */
uint64_t detect_layout(const struct detect *d);

enum snapshot_verdict { SNAPSHOT_TAKEN, SNAPSHOT_FOREIGN, SNAPSHOT_NEWER, SNAPSHOT_DAMAGED };

struct snapshot_report {
	unsigned sections, left_out; /* tables and arrays taken; not taken: other layout, or no such detector */
	uint64_t items, no_room;     /* remembered things taken; those that found no room (a smaller memory.limit) */
	uint64_t unsound;            /* those whose contents cannot be */
	struct when time;            /* when it was made */
};

/* Into a detect that has judged nothing yet. */
enum snapshot_verdict detect_load(struct detect *d, struct cur bytes, struct snapshot_report *report);

/* The hash at its end: against torn writes; who may write the file can make one. */
uint64_t snapshot_seal(const void *bytes, size_t n);

#endif
