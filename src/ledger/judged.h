/*
 * judged: findings and incidents back from a ledger's tables, in the order in which they were told.  What a row does not
 * hold (numbers, weights, other explanations) is empty.
 */
#ifndef LEDGER_JUDGED_H
#define LEDGER_JUDGED_H

#include "detect/detect.h"

struct judged {
	const char *folder;
	void *arg;
	void (*finding)(void *arg, const struct finding *f);   /* may be NULL */
	void (*incident)(void *arg, const struct incident *i); /* one that closed; may be NULL */
	/* settings whose names begin so, with the time from which they count; NULL: none */
	const char *prefix;
	void (*setting)(void *arg, struct when at, const char *name, const char *value);
};

/* False: a day could not be read; the others were told. */
bool judged_read(const struct judged *j);

#endif
