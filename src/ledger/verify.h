/*
 * verify: what of a ledger is whole, and what is not and where; needs no sensor.
 *
 * A sealed day is held against its seal; one that contradicts it, and the open one, entry by entry against the chain.
 */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "ledger/chain.h"

enum verify_kind {
	VERIFY_WHOLE,
	VERIFY_OPEN,    /* whole, but not sealed yet */
	VERIFY_EXPIRED, /* taken by retention: the seal is what is left */
	VERIFY_TORN,    /* cut by a power failure: what the next start takes back */
	VERIFY_MISSING,
	VERIFY_UNREADABLE, /* no rights, locked, the disk fails: nothing is known of it */
	VERIFY_ALTERED
};
const char *verify_word(enum verify_kind kind); /* "whole", "open" ... */

/* A chain head that somebody else kept. */
struct anchor {
	char date[CHAIN_DATE];
	int64_t commit;
	struct digest head;
	bool met;
};

struct verify {
	const char *folder;
	const uint8_t *public; /* whose seals are believed; NULL: those of the first seal */
	struct anchor *anchor;
	size_t anchors;
	void *arg;
	void (*say)(void *arg, enum verify_kind kind, const char *words);
	/* found */
	uint64_t count[VERIFY_ALTERED + 1]; /* of what was said */
	uint64_t days, rows;
};

/* A chain head as a line of statistics has it: "ledger":{"date":"2025-05-01","commit":17,"head":"..."}.  False: the
   line has none. */
bool anchor_read(struct anchor *a, const char *line, size_t n);

/* False: the folder holds no day of a ledger, which is said. */
bool verify_folder(struct verify *v);

static inline bool
verify_fine(const struct verify *v)
{
	return !v->count[VERIFY_TORN] && !v->count[VERIFY_MISSING] && !v->count[VERIFY_UNREADABLE] &&
	       !v->count[VERIFY_ALTERED];
}

#endif
