/*
 * keep: the ledger of read and run: opened where --ledger or ledger.folder says, told the settings, closed.
 */
#ifndef CMD_KEEP_H
#define CMD_KEEP_H

#include <limits.h>

#include "cmd/common.h"

struct keep {
	struct ledger *ledger; /* NULL: none is wanted */
	char folder[PATH_MAX]; /* that is written to */
	char final[PATH_MAX];  /* of an import: what it is called when it is whole */
	bool told;             /* that it is not written now */
};

/* --ledger, or ledger.folder; NULL: no ledger. */
const char *keep_folder(const struct common *c);
/* run: DIR itself.  EXIT_DONE, or the mistake was told. */
int keep_open(struct keep *k, struct common *c);
/* read: DIR/import-HASH, for which the captures are read once before. */
int keep_import(struct keep *k, struct common *c, const char **file, size_t files);
/* The captures of incidents, where evidence.ring and evidence.folder or a ledger say; after either of the above. */
int keep_evidence(struct keep *k, struct common *c);
/* The settings in force, from now on (keep_settings.c): all; those of a configuration that was read again; lists. */
void keep_settings(struct keep *k, struct common *c);
void keep_rules(struct keep *k, const struct config *config);
void keep_lists(struct keep *k, struct common *c);
/* What people want to have noted (ledger/request.h) goes into the chain, and is answered. */
void keep_requests(struct keep *k);

/* Each second: notes the state of the clock; says once that the ledger cannot be written, and once that it is again. */
void keep_poll(struct keep *k, struct common *c);
/* Closes it and, of an import, removes what was written. */
void keep_discard(struct keep *k, struct common *c);
/* Returns the exit code, at least `so_far`; an import that failed is not kept. */
int keep_close(struct keep *k, struct common *c, int so_far);

#endif
