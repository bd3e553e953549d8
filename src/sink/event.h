/*
 * event: what a sink is told: one alert, one incident that closed, one session that ended, the counters, or a sign of life.
 *
 * Plain pointers into what the pipeline delivers, valid during the call.  Attributes (attribute.def) are read from it.
 */
#ifndef SINK_EVENT_H
#define SINK_EVENT_H

#include "sink/eve.h"

/* Bits, as sink.events has them in its words: a finding that opens or worsens an incident, low and up (eve_alerts); an incident
   that closed; a session that closed; counters; a sign of life. */
enum event_kind {
#define EVENT(name, bit, one, many) EVENT_##name = (bit),
#include "sink/event.def"
#undef EVENT
	EVENT_TLS = 32 /* Zeek's second line of a session; no kind of its own */
};

/* "alerts|incidents|...": of event.def */
extern const char EVENT_NAMES[];
#define EVENT_WORDS (EVENT_NAMES + 1)

struct event_words {
	const char *one, *many;
};
/* Of the first of these kinds. */
struct event_words event_words(unsigned kinds);

/* A sign of life: who misses it knows that the sensor is silent. */
struct heartbeat {
	uint64_t number;     /* of this run, from 1 on */
	uint64_t every_s;    /* the next one comes after so long */
	uint64_t waiting;    /* lines of all network sinks */
	unsigned troubles;   /* that last */
	const char *trouble; /* title of the worst; NULL: none */
};

struct event {
	enum event_kind kind;
	bool test; /* of test-sink: nothing happened */
	struct when time;
	const struct finding *finding;     /* of an alert, else NULL */
	const struct session *session;     /* of a session; of an alert where there is one; else NULL */
	const struct incident *incident;   /* of an incident, else NULL */
	const struct counts *counts;       /* of stats and heartbeats, else NULL */
	const struct eve_capture *capture; /* the same; of an alert for the ledger's head, may be NULL */
	const struct heartbeat *heartbeat; /* of a heartbeat, else NULL */
	struct eve_context *eve;           /* the sensor's name and the input's; EVE lines are made with it */
};

#endif
