/*
 * place: where an address is: the country, and the network's operator.  From a database outside (sensor/places.h);
 * the record carries it, so that a hunt sees what was known on the day.
 */
#ifndef SESSION_PLACE_H
#define SESSION_PLACE_H

#include "base/addr.h"
#include "base/text.h"

struct place {
	char country[2];     /* ISO 3166-1, zero: unknown */
	uint32_t as;         /* number of the autonomous system, 0: unknown */
	struct text as_name; /* valid while the database is */
};

struct place_lookup {
	void *arg;
	void (*find)(void *arg, const struct addr *a, struct place *out); /* NULL: nobody knows */
};

#endif
