/*
 * body: what a request over HTTP carries, made of events.  Pure.
 *
 * A line of the outbox may be several: a session is a `tls` and a `flow` line in EVE.
 */
#ifndef SINK_BODY_H
#define SINK_BODY_H

#include "base/out.h"
#include "sink/sender.h"

/* A body ends at the first event behind BODY_WANTED bytes (Splunk's limit was 1 MB for long); a line of EVE_LINE_MAX in
   JSON's longest escapes fits behind that. */
enum { BODY_WANTED = 1000000, BODY_ROOM = 4 << 20, BODY_KEY_MAX = 512 };

/* The next line in it, not empty; .p NULL: there is none. */
struct text body_line(struct text *rest);

/* Inside of quotes that are there already. */
void body_escaped(struct out *o, struct text t);

/* "SENSOR-ID-TIME", at most BODY_KEY_MAX bytes of letters, digits, dots and hyphens, others as %41: the same event has the same
   key, however often it is sent.  The time tells apart the ids of an outbox that was made anew. */
void body_key(struct out *o, const char *sensor, const struct sender_event *e);

#endif
