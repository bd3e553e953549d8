/*
 * days: a ledger's days, one after the other, in the order in which they were written.
 *
 *	days_begin(&all, folder);
 *	while (days_next(&all))
 *		... all.day ...
 *	fine = days_end(&all);
 */
#ifndef LEDGER_DAYS_H
#define LEDGER_DAYS_H

#include "ledger/day.h"

struct days {
	const char *folder;
	struct day day;                 /* that is open for reading */
	char error[DATABASE_ERROR_MAX]; /* of the first that cannot be read; "": there was none so far */
	/* where it is */
	int64_t *number;
	size_t n, next;
	bool open;
};

void days_begin(struct days *d, const char *folder);
/* The next one that can be read; false: there is none. */
bool days_next(struct days *d);
/* At any time.  False: d->error; a day that a sensor is about to make counts as read. */
bool days_end(struct days *d);

#endif
