/*
 * places: country and operator of an address, from databases in MaxMind's format: GeoLite2, DB-IP Lite, IPinfo Lite.
 * The only part that knows libmaxminddb.
 */
#ifndef SENSOR_PLACES_H
#define SENSOR_PLACES_H

#include "session/place.h"

enum { PLACES_ERROR_MAX = 512 };

struct places;

/* Either file may be NULL or empty: off; both: *out is NULL.  False: error is one line. */
bool places_open(struct places **out, const char *country, const char *asn, char error[PLACES_ERROR_MAX]);
void places_close(struct places *p);

/* Valid while p is; p NULL: nobody knows. */
struct place_lookup places_lookup(struct places *p);

#endif
