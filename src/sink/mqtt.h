/*
 * mqtt: a connection to an MQTT 5 broker that is kept, and what it answers to each message.
 *
 *	mqtt_up -> mqtt_put ... -> mqtt_settle -> mqtt_answer of each
 *
 * STATUS topic: "online" or "offline", retained; the broker says "offline" when the connection dies (last will).
 * The only file that knows libmosquitto is mqtt.c.
 */
#ifndef SINK_MQTT_H
#define SINK_MQTT_H

#include <time.h>

#include "sink/answers.h"
#include "sink/sender.h"

struct mqtt;

/* The broker keeps the latest heartbeat for whoever subscribes later. */
static inline bool
mqtt_retains(const struct sender_event *e)
{
	return e->kind == EVENT_HEARTBEAT;
}

/* Reason codes of the standard (section 2.4) that make a difference; WAITING: there is no answer. */
enum {
	MQTT_WAITING = ANSWERS_WAITING,
	MQTT_SUCCESS = 0,
	MQTT_NOBODY = 16, /* no matching subscribers: the broker drops it */
	MQTT_TOO_LARGE = 149,
	MQTT_FORMAT_INVALID = 153
};

/* Checks what can be checked without the broker.  NULL: `words`. */
struct mqtt *mqtt_new(const struct sender_config *cfg, const char *status, char words[SENDER_WORDS]);
void mqtt_free(struct mqtt *m); /* says "offline" first, and waits a second at most until it is heard */

/* Connects where there is no connection.  False: mqtt_words. */
bool mqtt_up(struct mqtt *m, const struct timespec *until);

/* The next message of a batch, at most cfg->batch, after mqtt_up.  TOO_LARGE: larger than the broker said it takes. */
enum mqtt_put { MQTT_PUT, MQTT_PUT_TOO_LARGE, MQTT_PUT_FAILED };
enum mqtt_put mqtt_put(struct mqtt *m, const char *topic, const struct sender_event *e);

/* Ends the batch: waits until all are answered.  False: connection or time ended before; what was not answered will not be
   sent again by itself. */
bool mqtt_settle(struct mqtt *m, const struct timespec *until);
int mqtt_answer(const struct mqtt *m, size_t i); /* the reason code, between settle and the next up */

/* What was last wrong. */
void mqtt_words(struct mqtt *m, char words[SENDER_WORDS]);

#endif
