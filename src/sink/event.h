/*
 * event: what a sink is told: one alert, one incident that closed, one session that ended, or the counters.
 *
 * Plain pointers into what the pipeline delivers, valid during the call.  Attributes (attribute.def) are read from it.
 */
#ifndef SINK_EVENT_H
#define SINK_EVENT_H

#include "sink/eve.h"

/* Bits, as sink.events has them in its words. */
enum event_kind {
	EVENT_ALERT = 1,    /* a finding that opens or worsens an incident, low and up (eve_alerts) */
	EVENT_INCIDENT = 2, /* one that closed */
	EVENT_SESSION = 4,  /* one that closed */
	EVENT_STATS = 8,
	EVENT_TLS = 16 /* Zeek's second line of a session; no kind of its own */
};
#define EVENT_WORDS "alerts|incidents|sessions|stats"

struct event {
	enum event_kind kind;
	bool test; /* of test-sink: nothing happened */
	struct when time;
	const struct finding *finding;     /* of an alert, else NULL */
	const struct session *session;     /* of a session; of an alert where there is one; else NULL */
	const struct incident *incident;   /* of an incident, else NULL */
	const struct counts *counts;       /* of stats, else NULL */
	const struct eve_capture *capture; /* of stats; of an alert for the ledger's head, may be NULL */
	struct eve_context *eve;           /* the sensor's name and the input's; EVE lines are made with it */
};

#endif
