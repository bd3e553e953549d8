/*
 * sender_mqtt: events as MQTT 5 messages of QoS 1, on BASE/KIND[/GATEWAY] (topic.h), with user properties sensor and
 * event-id.  Must not take "nobody subscribes" for delivered: the broker drops such a message.
 */
#include "sink/sender.h"

#include <stdio.h>
#include <stdlib.h>

#include "sink/deadline.h"
#include "sink/mqtt.h"
#include "sink/topic.h"

struct sender_mqtt {
	struct sender_config cfg;
	struct mqtt *link;
	char base[TOPIC_BASE_MAX], status[TOPIC_MAX];
};

/* As many as the connection takes; how many. */
static size_t
put(struct sender_mqtt *s, const struct sender_event *e, size_t n, enum mqtt_put *last)
{
	char topic[TOPIC_MAX];
	size_t i;

	*last = MQTT_PUT;
	for (i = 0; i < n; i++) {
		topic_event(topic, s->base, &e[i]);
		*last = mqtt_put(s->link, topic, &e[i]);
		if (*last != MQTT_PUT)
			break;
	}
	return i;
}

/* Why it stopped before this event.  Refused is only what is wrong with the event itself: a missing right or a full store
   is mended at the broker. */
static void
explain(struct sender_mqtt *s, const struct sender_event *e, int reason, struct sender_result *r)
{
	char topic[TOPIC_MAX];

	mqtt_words(s->link, r->words);
	if (reason == MQTT_TOO_LARGE || reason == MQTT_FORMAT_INVALID)
		r->outcome = SENDER_REFUSED;
	if (reason != MQTT_NOBODY)
		return;
	topic_event(topic, s->base, e);
	snprintf(r->words, sizeof(r->words),
		 "nobody subscribes to %.120s, so %.100s would drop it; it waits until somebody does", topic,
		 s->cfg.address);
}

/* What the broker retains it has, whoever subscribes. */
static bool
is_taken(const struct sender_event *e, int reason)
{
	return reason == MQTT_SUCCESS || (reason == MQTT_NOBODY && mqtt_retains(e));
}

static void
deliver(struct sender_mqtt *s, const struct sender_event *e, size_t n, const struct timespec *until,
	struct sender_result *r)
{
	enum mqtt_put last;
	size_t sent = put(s, e, n, &last);
	bool all = mqtt_settle(s->link, until);

	while (r->acknowledged < sent && is_taken(&e[r->acknowledged], mqtt_answer(s->link, r->acknowledged)))
		r->acknowledged++;
	if (r->acknowledged == n) {
		r->outcome = SENDER_DONE;
		snprintf(r->words, sizeof(r->words), "%.100s acknowledged %zu of %zu", s->cfg.address, n, n);
	} else if (all && r->acknowledged == sent && last == MQTT_PUT_TOO_LARGE) {
		r->outcome = SENDER_REFUSED;
		snprintf(r->words, sizeof(r->words), "%.100s takes no message of %zu bytes; raise its max_packet_size",
			 s->cfg.address, e[sent].n);
	} else {
		explain(s, &e[r->acknowledged], mqtt_answer(s->link, r->acknowledged), r);
	}
}

static void
mqtt_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct sender_mqtt *s = state;
	const struct timespec until = deadline_after(s->cfg.timeout_ns);

	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	if (mqtt_up(s->link, &until))
		deliver(s, e, n, &until, r);
	else
		mqtt_words(s->link, r->words);
}

static void
mqtt_close(void *state)
{
	struct sender_mqtt *s = state;

	mqtt_free(s->link);
	free(s);
}

static void *
mqtt_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct sender_mqtt *s = calloc(1, sizeof(*s));

	if (!s) {
		snprintf(words, SENDER_WORDS, "no memory");
		return NULL;
	}
	s->cfg = *cfg;
	if (!topic_base(s->base, cfg)) {
		snprintf(words, SENDER_WORDS, "topic %.100s: a topic has no + and no #, and less than %d bytes",
			 cfg->topic, TOPIC_BASE_MAX);
	} else {
		topic_status(s->status, s->base);
		s->link = mqtt_new(cfg, s->status, words);
	}
	if (s->link)
		return s;
	free(s);
	return NULL;
}

const struct sender_calls SENDER_MQTT = {mqtt_open, mqtt_send, mqtt_close};
