/*
 * record_in: a session record or a pulse back from its JSON: the other way of session/json.c and session/pulse.c, by
 * the same session.def and pulse.def.
 *
 * What session_json leaves out is absent again; bytes that were no UTF-8 are U+FFFD (a JSON text holds no others), a
 * number beyond 2^63 keeps its first 53 bits.  Members that are not in session.def are passed over: a later version
 * may have more.
 */
#ifndef SENSOR_RECORD_IN_H
#define SENSOR_RECORD_IN_H

#include "sensor/json_in.h"
#include "session/session.h"

enum { RECORD_ROOM = 1 << 16 };

/* What a record points to that is not in the JSON as it stands. */
struct record_room {
	size_t used;
	char bytes[RECORD_ROOM];
	struct exchange exchange[EXCHANGES_KEPT];
	struct exchange_pair pair[PAIRS_KEPT];
};

/* *s lives as long as both others.  NULL: fine, else the member that is missing, or is not what it has to be. */
const char *record_in(struct session *s, struct record_room *room, const struct json *record);

/* NULL: fine, else the member that is missing, or is not what it has to be. */
const char *pulse_in(struct pulse *p, const struct json *pulse);

#endif
