/*
 * topic: where in a broker's tree an event goes.
 *
 *	BASE/status
 *	BASE/alerts/GATEWAY	also incidents, sessions, stats, heartbeats; what is of no gateway has no third level
 */
#ifndef SINK_TOPIC_H
#define SINK_TOPIC_H

#include "sink/sender.h"

enum { TOPIC_BASE_MAX = 512, TOPIC_MAX = 1024 };

/* The sink's topic, else gatewitness/SENSOR.  False: it is too long or has wildcards in it. */
bool topic_base(char base[TOPIC_BASE_MAX], const struct sender_config *cfg);
void topic_status(char topic[TOPIC_MAX], const char *base);
void topic_event(char topic[TOPIC_MAX], const char *base, const struct sender_event *e);

#endif
