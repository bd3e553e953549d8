/*
 * days: see days.h.  Must not stop at a day that cannot be read: the others still tell.
 */
#include "ledger/days.h"

#include <stdlib.h>
#include <string.h>

void
days_begin(struct days *d, const char *folder)
{
	d->folder = folder;
	*d->error = '\0';
	d->number = days_in(folder, &d->n);
	d->next = 0;
	d->open = false;
}

static void
close_day(struct days *d)
{
	if (d->open)
		day_close(&d->day);
	d->open = false;
}

bool
days_next(struct days *d)
{
	char error[DATABASE_ERROR_MAX];

	close_day(d);
	while (!d->open && d->next < d->n) {
		d->open = day_read(&d->day, d->folder, d->number[d->next++], error);
		if (!d->open && !d->day.empty && !*d->error)
			memcpy(d->error, error, sizeof(error));
	}
	return d->open;
}

bool
days_end(struct days *d)
{
	close_day(d);
	free(d->number);
	d->number = NULL;
	d->n = d->next = 0;
	return !*d->error;
}
